import { createHash, createHmac, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freeMemory, initialState, makeScriptBlock, makeSha256Block, makeWasmBlock } from './sha256-block.js'
import { chainStep, nextChainKey, shortHkdf, shortHmac, shortHmacLimit, shortHmacWith } from './short-hmac.js'

const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength, size: 'max' })

describe('short HMAC and HKDF', () => {
  it('RFC 5869, test cases 1 and 3', () => {
    const input = new Uint8Array(22).fill(0x0b)
    const salt = Uint8Array.from({ length: 13 }, (_, index) => index)
    const info = Uint8Array.from({ length: 10 }, (_, index) => 0xf0 + index)
    expect(Buffer.from(shortHkdf(input, 42, info, salt)).toString('hex')).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    )
    expect(Buffer.from(shortHkdf(input, 42, new Uint8Array(0))).toString('hex')).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
  })

  it('agree with node:crypto', () => {
    fc.assert(
      fc.property(bytes(300), fc.integer({ min: 1, max: 300 }), bytes(223), bytes(64), (input, length, info, salt) => {
        const expected = Buffer.from(hkdfSync('sha256', input, salt, info, length))
        expect(Buffer.from(shortHkdf(input, length, info, salt))).toEqual(expected)
      }),
    )
    fc.assert(
      fc.property(bytes(64), key => {
        const { seed, nextKey } = chainStep(key)
        expect(Buffer.from(seed)).toEqual(createHmac('sha256', key).update(Buffer.of(1)).digest())
        expect(Buffer.from(nextKey)).toEqual(createHmac('sha256', key).update(Buffer.of(2)).digest())
        expect(nextChainKey(key)).toEqual(nextKey)
      }),
    )
    fc.assert(
      fc.property(bytes(64), bytes(512), bytes(512), (key, first, second) => {
        const expected = createHmac('sha256', key).update(first).update(second).digest()
        expect(Buffer.from(shortHmac(key, first, second))).toEqual(expected)
        expect(shortHmac(key, Buffer.concat([first, second]))).toEqual(new Uint8Array(expected))
      }),
    )
  })

  it('agree with node:crypto for every length', () => {
    const all = Uint8Array.from({ length: shortHmacLimit }, (_, index) => index * 7)
    for (let length = 0; length <= shortHmacLimit; length++) {
      const part = all.subarray(0, length)
      expect(Buffer.from(shortHmac(all.subarray(0, length % 65), part))).toEqual(
        createHmac('sha256', all.subarray(0, length % 65))
          .update(part)
          .digest(),
      )
    }
  })

  it('of many inputs under one key agree with it too, and do not mix keys up', () => {
    fc.assert(
      fc.property(bytes(64), bytes(64), bytes(300), bytes(300), (one, other, first, second) => {
        const [macOfOne, macOfOther] = [shortHmacWith(one), shortHmacWith(other)]
        const target = Buffer.alloc(97, 7)
        macOfOne(first, target, 1)
        macOfOther(second, target, 33)
        macOfOne(second, target, 65)
        expect([...target.subarray(0, 1)]).toEqual([7])
        expect(target.subarray(1, 33)).toEqual(createHmac('sha256', one).update(first).digest())
        expect(target.subarray(33, 65)).toEqual(createHmac('sha256', other).update(second).digest())
        expect(target.subarray(65)).toEqual(createHmac('sha256', one).update(second).digest())
      }),
    )
    expect(() => shortHmacWith(new Uint8Array(65))).toThrow(RangeError)
    expect(() => shortHmacWith(new Uint8Array(1))(new Uint8Array(shortHmacLimit + 1), Buffer.alloc(32), 0)).toThrow(
      RangeError,
    )
  })

  it('results stay what they are when the next one is computed', () => {
    const first = chainStep(new Uint8Array(32))
    const copy = { seed: first.seed.slice(), nextKey: first.nextKey.slice() }
    const derived = shortHkdf(first.seed, 80, Buffer.from('a'))
    const derivedCopy = derived.slice()
    chainStep(first.nextKey)
    shortHkdf(first.nextKey, 80, Buffer.from('b'))
    expect(first).toEqual(copy)
    expect(derived).toEqual(derivedCopy)
  })

  it('refuse what they are not made for', () => {
    const short = new Uint8Array(32)
    expect(() => shortHkdf(short, 32, new Uint8Array(224))).toThrow(RangeError)
    expect(() => shortHkdf(short, 32, short, new Uint8Array(65))).toThrow(RangeError)
    expect(() => shortHkdf(short, 8161, short)).toThrow(RangeError)
    expect(() => shortHkdf(new Uint8Array(1025), 32, short)).toThrow(RangeError)
    expect(() => shortHmac(new Uint8Array(65), short)).toThrow(RangeError)
    expect(() => shortHmac(short, new Uint8Array(1000), new Uint8Array(25))).toThrow(RangeError)
  })
})

describe.each([
  ['WebAssembly', makeWasmBlock],
  ['JavaScript', makeScriptBlock],
  ['the chosen one', makeSha256Block],
])('block function: %s', (_, make) => {
  it('hashes blocks as node:crypto does', () => {
    const { memory, compress, digest } = make()
    const [block, state, out] = [freeMemory + 64, freeMemory + 192, freeMemory + 256]
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 119, maxLength: 119 }), fc.integer(), (message, mask) => {
        const padded = Buffer.alloc(128)
        padded.set(message)
        padded[119] = 0x80
        padded.writeUInt32BE(119 * 8, 124)
        const masked = Buffer.from(padded)
        for (let at = 0; at < 64; at += 4) masked.writeInt32BE(padded.readInt32BE(at) ^ mask, at)
        memory.set(masked, block)
        compress(block, mask, initialState, state)
        memory.set(padded.subarray(64), block)
        compress(block, 0, state, state)
        digest(state, out)
        expect(Buffer.from(memory.slice(out, out + 32))).toEqual(createHash('sha256').update(message).digest())
      }),
    )
  })
})
