import { describe, expect, it } from 'vitest'
import { constantTimeEqual, randomBytes, randomInt } from './random.js'

describe('randomBytes', () => {
  it('never hands out the same memory or the same bytes twice', () => {
    const taken = Array.from({ length: 2000 }, () => randomBytes(24))
    expect(new Set(taken.map(bytes => bytes.toString('hex'))).size).toBe(2000)
    const before = taken.map(bytes => bytes.toString('hex'))
    for (const bytes of taken.filter((_, index) => index % 2 === 0)) bytes.fill(0)
    taken.forEach((bytes, index) => {
      expect(bytes.toString('hex')).toBe(index % 2 === 0 ? '00'.repeat(24) : before[index])
    })
    expect(randomBytes(24).equals(Buffer.alloc(24))).toBe(false)
  })

  it('gives every length, on both sides of the pooled size', () => {
    for (const length of [0, 1, 31, 255, 256, 257, 4096, 5000]) {
      expect(randomBytes(length).byteLength).toBe(length)
    }
    expect(randomBytes(5000).subarray(4900).equals(Buffer.alloc(100))).toBe(false)
  })

  it('uses every value of a byte about equally often', () => {
    const counts = new Array<number>(256).fill(0)
    for (let round = 0; round < 1024; round += 1) {
      for (const byte of randomBytes(100)) counts[byte] = counts[byte]! + 1
    }
    // 400 expected, standard deviation 20.
    for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(160)
  })
})

describe('randomInt', () => {
  it('reaches both ends of the range and nothing else', () => {
    const seen = new Set(Array.from({ length: 2000 }, () => randomInt(5, 9)))
    expect([...seen].sort()).toEqual([5, 6, 7, 8])
    expect(randomInt(-1, 0)).toBe(-1)
  })

  it('refuses empty, fractional and too wide ranges', () => {
    for (const [minimum, limit] of [
      [1, 1],
      [2, 1],
      [0.5, 3],
      [0, 2 ** 49],
      [0, Number.NaN],
    ] as const) {
      expect(() => randomInt(minimum, limit)).toThrowError(RangeError)
    }
  })
})

describe('constantTimeEqual', () => {
  it('compares contents and never throws on different lengths', () => {
    expect(constantTimeEqual(Buffer.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(constantTimeEqual(Buffer.of(1, 2), Buffer.of(1, 3))).toBe(false)
    expect(constantTimeEqual(Buffer.of(1, 2), Buffer.of(1, 2, 3))).toBe(false)
    expect(constantTimeEqual(Buffer.alloc(0), Buffer.alloc(0))).toBe(true)
  })
})
