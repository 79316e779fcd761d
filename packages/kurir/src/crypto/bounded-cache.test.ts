import { describe, expect, it } from 'vitest'
import { BoundedCache } from './bounded-cache.js'

describe('BoundedCache', () => {
  it('drops what has not been used for longest', () => {
    const cache = new BoundedCache<number>(3)
    for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index)
    expect(cache.get('a')).toBe(0)
    cache.set('b', 9)
    cache.set('d', 3)
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.get('d')]).toEqual([0, 9, undefined, 3])
  })

  it('never grows beyond its limit', () => {
    const cache = new BoundedCache<number>(10)
    for (let index = 0; index < 1000; index += 1) {
      cache.set(String(index), index)
      expect(cache.size).toBeLessThanOrEqual(10)
    }
    expect(cache.get('999')).toBe(999)
  })
})
