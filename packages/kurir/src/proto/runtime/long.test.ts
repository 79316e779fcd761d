import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Long } from './long.js'

const signed = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

describe('Long', () => {
  it('keeps every 64-bit integer', () => {
    fc.assert(
      fc.property(signed, value => {
        const long = Long.fromBigInt(value)
        expect(long.toBigInt()).toBe(value)
        expect(long.toString()).toBe(value.toString())
        expect(long.toNumber()).toBe(Number(value))
        expect(Long.fromString(value.toString())).toEqual(long)
      }),
    )
    fc.assert(
      fc.property(unsigned, value => {
        const long = Long.fromBigInt(value, true)
        expect(long.toBigInt()).toBe(value)
        expect(long.toString()).toBe(value.toString())
        expect(long.toNumber()).toBe(Number(value))
        expect(Long.fromValue(value.toString(), true)).toEqual(long)
      }),
    )
  })

  it('comes from numbers, cut to an integer', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), value => {
        expect(Long.fromNumber(value).toNumber()).toBe(value)
      }),
    )
    expect(Long.fromNumber(1.9).toNumber()).toBe(1)
    expect(Long.fromNumber(-1.9).toNumber()).toBe(-1)
    expect(Long.fromNumber(2 ** 60).toBigInt()).toBe(2n ** 60n)
    expect(Long.fromNumber(Number.NaN).toNumber()).toBe(0)
    expect(Long.fromNumber(Number.POSITIVE_INFINITY).toNumber()).toBe(0)
  })

  it('has signed halves, as the npm package `long` does', () => {
    expect(Long.fromBigInt(2n ** 64n - 2n, true)).toMatchObject({ low: -2, high: -1, unsigned: true })
    expect((new Long(1, 0) as { __isLong__?: boolean }).__isLong__).toBe(true)
    expect(Object.keys(new Long(1, 0))).toEqual(['low', 'high', 'unsigned'])
  })

  it('takes other objects with two halves', () => {
    expect(Long.fromValue({ low: 5, high: 1, unsigned: true }).toNumber()).toBe(4_294_967_301)
    expect(Long.fromValue({ low: -1, high: -1, unsigned: false }, true).toBigInt()).toBe(2n ** 64n - 1n)
    expect(Long.isLong({ low: 1, high: 2 })).toBe(true)
    expect(Long.isLong(5)).toBe(false)
    expect(Long.isLong(null)).toBe(false)
  })

  it('compares by value', () => {
    const five = Long.fromNumber(5, true)
    expect(five.equals(5)).toBe(true)
    expect(five.equals('5')).toBe(true)
    expect(five.compare(6n)).toBe(-1)
    expect(five.compare(Long.fromNumber(-1))).toBe(1)
    expect(new Long(0, 0).isZero()).toBe(true)
    expect(five.isZero()).toBe(false)
    expect(new Long(-1, 0, true).toInt()).toBe(4_294_967_295)
  })

  it('is decimal text in JSON, and in other bases on demand', () => {
    expect(JSON.stringify({ at: Long.fromBigInt(2n ** 63n, true) })).toBe('{"at":"9223372036854775808"}')
    expect(Long.fromNumber(255).toString(16)).toBe('ff')
    expect(`${Long.fromNumber(-3)}`).toBe('-3')
    expect(Number(Long.fromNumber(1_720_000_000))).toBe(1_720_000_000)
  })

  it.each(['', 'x', '1.5', '12345678901234567890x'])('refuses %j', text => {
    expect(() => Long.fromString(text)).toThrow(SyntaxError)
  })
})
