import { describe, expect, it } from 'vitest'
import { SeededRandom } from './random.js'

describe('seeded random', () => {
  it('repeats a run under the same seed and differs under another', () => {
    const draw = (seed: string) => new SeededRandom(seed).bytes(32).toString('hex')
    expect(draw('a')).toBe(draw('a'))
    expect(draw('a')).not.toBe(draw('b'))
  })

  it('keeps purposes apart: drawing for one does not shift another', () => {
    const once = new SeededRandom('a')
    const twice = new SeededRandom('a')
    twice.bytes(100)
    expect(once.fork('faults').uint32()).toBe(twice.fork('faults').uint32())
    expect(once.fork('faults').uint32()).not.toBe(once.fork('keys').uint32())
  })

  it('keeps chances', () => {
    const random = new SeededRandom('chance')
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.25)).filter(Boolean).length
    expect(hits).toBeGreaterThan(2300)
    expect(hits).toBeLessThan(2700)
    expect(random.chance(0)).toBe(false)
    expect(random.chance(1)).toBe(true)
  })

  it('picks every value, and fills bytes of any length', () => {
    const random = new SeededRandom('values')
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']))
    expect(() => random.pick([])).toThrow(RangeError)
    for (let length = 0; length < 10; length += 1) expect(random.bytes(length)).toHaveLength(length)
  })

  it('gives decimal digits without a leading zero', () => {
    const random = new SeededRandom('digits')
    for (let round = 0; round < 100; round += 1) expect(random.digits(15)).toMatch(/^[1-9]\d{14}$/)
  })
})
