import { afterEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { CacheStore } from './cache-store.js'
import { RetryCounters } from './retry-counters.js'

const BOB = '2:3@lid'

function cacheOver(stored: Map<string, unknown>): CacheStore {
  return {
    get: async <T>(key: string) => stored.get(key) as T,
    set: (key, value) => stored.set(key, value).size,
    del: key => stored.delete(key),
    flushAll: () => stored.clear(),
  }
}

const countersOver = (cache?: CacheStore) =>
  new RetryCounters(new ExpiringMap({ limit: 10, ttlMs: 1000 }), cache, silentLogger)

afterEach(() => vi.useRealTimers())

describe('RetryCounters', () => {
  it('count without a cache', async () => {
    const counters = countersOver()
    expect(await counters.countOf('M1', BOB)).toBe(0)
    await counters.set('M1', BOB, 2)
    expect([await counters.countOf('M1', BOB), await counters.countOf('M1', '2@lid')]).toEqual([2, 0])
    await counters.forget('M1', BOB)
    expect([await counters.countOf('M1', BOB), counters.has('M1', BOB)]).toEqual([0, false])
  })

  it('are kept in the cache of the program, by message id and device, and shared through it', async () => {
    const stored = new Map<string, unknown>()
    const counters = countersOver(cacheOver(stored))
    await counters.set('M1', BOB, 2)
    expect([...stored]).toEqual([['M1:2:3@lid', 2]])
    expect(await countersOver(cacheOver(stored)).countOf('M1', BOB)).toBe(2)
    stored.set('M1:2:3@lid', 4)
    expect(await counters.countOf('M1', BOB)).toBe(4)
    await counters.forget('M1', BOB)
    expect(stored.size).toBe(0)
  })

  it.each(['5', Number.NaN, 1.5, {}, null, -1])('do not believe %s', async value => {
    const counters = countersOver(cacheOver(new Map([['M1:2:3@lid', value]])))
    expect(await counters.countOf('M1', BOB)).toBe(0)
  })

  it('go on in the process when the cache fails', async () => {
    const failing = () => {
      throw new Error('down')
    }
    const counters = countersOver({ get: failing, set: async () => failing(), del: failing, flushAll: failing })
    await counters.set('M1', BOB, 1)
    expect(await counters.countOf('M1', BOB)).toBe(1)
    await counters.forget('M1', BOB)
    expect(await counters.countOf('M1', BOB)).toBe(0)
  })

  it('do not wait for ever for a cache that hangs', async () => {
    vi.useFakeTimers()
    const counters = countersOver({ ...cacheOver(new Map()), get: () => new Promise(() => {}) })
    const counted = counters.countOf('M1', BOB)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await counted).toBe(0)
  })
})
