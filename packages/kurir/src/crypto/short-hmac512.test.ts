import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assembleSha512 } from './sha512-wasm.js'
import { shortHmac512With } from './short-hmac512.js'
import { instantiate } from './wasm-module.js'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' })

function mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const target = Buffer.alloc(64 + 3, 7)
  shortHmac512With(key)(parts, target, 3, 64)
  expect(target.subarray(0, 3)).toEqual(Buffer.alloc(3, 7))
  return target.subarray(3)
}

const expected = (key: Uint8Array, ...parts: readonly Uint8Array[]) => {
  const hmac = createHmac('sha512', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

describe('HMAC-SHA512 of short inputs', () => {
  it('is computed here, not in node:crypto', () => {
    expect(() => instantiate(assembleSha512())).not.toThrow()
  })

  it('RFC 4231, test case 2', () => {
    expect(mac(Buffer.from('Jefe'), Buffer.from('what do ya want '), Buffer.from('for nothing?')).toString('hex')).toBe(
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    )
  })

  it('agrees with node:crypto for every length', () => {
    const all = Uint8Array.from({ length: 4200 }, (_, index) => index * 7)
    for (let length = 0; length <= all.length; length += length < 600 ? 1 : 97) {
      const key = all.subarray(0, length % 129)
      expect(mac(key, all.subarray(0, length)), `${length} bytes`).toEqual(expected(key, all.subarray(0, length)))
    }
  })

  it('agrees with node:crypto for any parts', () => {
    fc.assert(
      fc.property(bytes(128), bytes(300), bytes(5000), bytes(20), (key, head, body, tail) => {
        expect(mac(key, head, body, tail)).toEqual(expected(key, head, body, tail))
      }),
    )
  })

  it('writes as much as is wanted, and keeps keys apart', () => {
    const [one, other] = [shortHmac512With(Buffer.alloc(32, 1)), shortHmac512With(Buffer.alloc(32, 2))]
    const target = Buffer.alloc(64)
    one([Buffer.from('a')], target, 0, 32)
    other([Buffer.from('b')], target, 32, 16)
    expect(target.subarray(0, 32)).toEqual(expected(Buffer.alloc(32, 1), Buffer.from('a')).subarray(0, 32))
    expect(target.subarray(32, 48)).toEqual(expected(Buffer.alloc(32, 2), Buffer.from('b')).subarray(0, 16))
    expect(target.subarray(48)).toEqual(Buffer.alloc(16))
  })

  it('refuses a key that would have to be hashed first', () => {
    expect(() => shortHmac512With(Buffer.alloc(129))).toThrow(RangeError)
  })
})
