import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeVault } from './vault.js'

const damaged = expect.objectContaining({ code: 'store-damaged' })

describe('a vault', () => {
  const key = randomBytes(32)
  const vault = makeVault(key)

  it('opens what it sealed, and what it sealed in an earlier process', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (plain, place) => {
        const sealed = vault.seal(plain, place)
        expect(vault.open(sealed, place)).toEqual(Buffer.from(plain))
        expect(makeVault(key).open(sealed, place)).toEqual(Buffer.from(plain))
      }),
    )
  })

  it('opens nothing that was changed in any bit', () => {
    const sealed = vault.seal(Buffer.from('secret'), 'here')
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => vault.open(changed, 'here')).toThrowError(damaged)
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => vault.open(sealed.subarray(0, length), 'here')).toThrowError(damaged)
    }
  })

  it('opens nothing at another place, nor with another key', () => {
    const sealed = vault.seal(Buffer.from('secret'), 'here')
    expect(() => vault.open(sealed, 'there')).toThrowError(damaged)
    expect(() => makeVault(randomBytes(32)).open(sealed, 'here')).toThrowError(damaged)
  })

  it('never uses a nonce twice with a key', () => {
    const headers = new Set<string>()
    const header = (sealed: Buffer) => sealed.subarray(0, 23).toString('hex')
    for (const each of [vault, makeVault(key), makeVault(key)]) {
      for (let count = 0; count < 200; count += 1) headers.add(header(each.seal(Buffer.from('same'), 'here')))
    }
    expect(headers.size).toBe(600)
  })

  it('opens what more processes wrote than it keeps keys for', () => {
    const sealed = Array.from({ length: 300 }, () => makeVault(key).seal(Buffer.from('old'), 'here'))
    for (const each of [...sealed, ...sealed.reverse()]) expect(vault.open(each, 'here').toString()).toBe('old')
  })
})
