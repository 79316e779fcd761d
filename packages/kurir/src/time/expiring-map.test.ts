import { describe, expect, it } from 'vitest'
import { ExpiringMap } from './expiring-map.js'

let now = 1_700_000_000_000
const clock = () => now

describe('ExpiringMap', () => {
  it('drops the least recently used first', () => {
    const map = new ExpiringMap<number>({ limit: 2, ttlMs: 10, clock })
    map.set('a', 1)
    map.set('b', 2)
    expect(map.get('a')).toBe(1)
    map.set('c', 3)
    expect(map.has('b')).toBe(false)
    expect(map.get('a')).toBe(1)
    expect(map.size).toBe(2)
  })

  it('keeps a large number within the limit and little below it', () => {
    const map = new ExpiringMap<number>({ limit: 5120, ttlMs: 10, clock })
    for (let index = 0; index < 20_000; index += 1) {
      map.set(String(index), index)
      expect(map.size).toBeLessThanOrEqual(5120)
    }
    expect(map.size).toBeGreaterThan(5109)
    expect(map.get('19999')).toBe(19_999)
    expect(map.get('14000')).toBeUndefined()
  })

  it('renews the age of what is read only when told to', () => {
    const still = new ExpiringMap<number>({ limit: 2, ttlMs: 10, clock })
    const renewed = new ExpiringMap<number>({ limit: 2, ttlMs: 10, renewOnGet: true, clock })
    still.set('a', 1)
    renewed.set('a', 1)
    now += 8
    expect([still.get('a'), renewed.get('a')]).toEqual([1, 1])
    now += 8
    expect([still.get('a'), renewed.get('a')]).toEqual([undefined, 1])
  })
})
