import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import type { SignalKeyStore } from '../signal/key-store.js'
import { type CacheStore, makeCacheableSignalKeyStore } from './cacheable-key-store.js'
import { makeMemoryKeyStore } from './memory.js'

/** A store whose calls end when the test says so, in any order. */
function slowStore() {
  const inner = makeMemoryKeyStore()
  const calls: { readonly name: string; end(error?: Error): void }[] = []
  const wait = (name: string) =>
    new Promise<void>((resolve, reject) => {
      calls.push({ name, end: error => (error === undefined ? resolve() : reject(error)) })
    })
  const store: SignalKeyStore = {
    get: async (type, ids) => {
      const found = await inner.get(type, ids)
      await wait(`get ${ids.join()}`)
      return found
    },
    set: async data => {
      await wait('set')
      await inner.set(data)
    },
  }
  return { inner, calls, store }
}

const one = (keys: SignalKeyStore, id: string) =>
  Promise.resolve(keys.get('lid-mapping', [id])).then(found => found[id])
const put = (keys: SignalKeyStore, id: string, value: string | null) =>
  Promise.resolve(keys.set({ 'lid-mapping': { [id]: value } }))

async function settled(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}

describe('makeCacheableSignalKeyStore', () => {
  it('asks the store once for each record', async () => {
    const inner = makeMemoryKeyStore()
    const asked: string[][] = []
    const keys = makeCacheableSignalKeyStore({
      get: (type, ids) => {
        asked.push(ids)
        return inner.get(type, ids)
      },
      set: data => inner.set(data),
    })
    await inner.set({ 'lid-mapping': { a: '1', b: '2' } })
    expect(await keys.get('lid-mapping', ['a'])).toEqual({ a: '1' })
    expect(await keys.get('lid-mapping', ['a', 'b', 'c'])).toEqual({ a: '1', b: '2', c: null })
    expect(await keys.get('lid-mapping', ['a', 'b'])).toEqual({ a: '1', b: '2' })
    await put(keys, 'a', null)
    expect(await one(keys, 'a')).toBeNull()
    expect(asked).toEqual([['a'], ['b', 'c']])
  })

  it('does not keep a value that the store refused', async () => {
    const { store, calls, inner } = slowStore()
    const keys = makeCacheableSignalKeyStore(store)
    await put(inner, 'a', 'old')
    const write = put(keys, 'a', 'new')
    await settled()
    calls.shift()?.end(new Error('disk full'))
    await expect(write).rejects.toThrow('disk full')
    const read = one(keys, 'a')
    await settled()
    calls.shift()?.end()
    expect(await read).toBe('old')
  })

  it('does not keep an old value that a read brings after a write', async () => {
    const { store, calls, inner } = slowStore()
    const keys = makeCacheableSignalKeyStore(store)
    await put(inner, 'a', 'old')
    const read = one(keys, 'a')
    await settled()
    const write = put(keys, 'a', 'new')
    await settled()
    const [readCall, writeCall] = calls.splice(0)
    writeCall?.end()
    await write
    readCall?.end()
    expect(await read).toBe('old')
    const again = one(keys, 'a')
    await settled()
    calls.shift()?.end()
    expect(await again).toBe('new')
  })

  it('is bounded: the oldest records go', async () => {
    const inner = makeMemoryKeyStore()
    let asked = 0
    const keys = makeCacheableSignalKeyStore({
      get: (type, ids) => {
        asked++
        return inner.get(type, ids)
      },
      set: data => inner.set(data),
    })
    const records = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [String(index), 'x']))
    await keys.set({ 'lid-mapping': records })
    await one(keys, '10000')
    expect(asked).toBe(0)
    await one(keys, '0')
    expect(asked).toBe(1)
  })

  it('forgets everything on clear, and has no clear where the store has none', async () => {
    const inner = makeMemoryKeyStore()
    const keys = makeCacheableSignalKeyStore(inner)
    await put(keys, 'a', '1')
    await keys.clear?.()
    expect(await one(keys, 'a')).toBeNull()
    expect(makeCacheableSignalKeyStore({ get: inner.get, set: inner.set }).clear).toBeUndefined()
  })

  it('uses a cache of the user, asynchronous or not', async () => {
    const values = new Map<string, unknown>()
    const cache: CacheStore = {
      get: async <T>(key: string) => values.get(key) as T,
      set: async (key, value) => void values.set(key, value),
      del: async key => void values.delete(key),
      flushAll: async () => values.clear(),
    }
    const keys = makeCacheableSignalKeyStore(makeMemoryKeyStore(), silentLogger, cache)
    await put(keys, 'a', '1')
    expect(values).toEqual(new Map([['lid-mapping.a', '1']]))
    expect(await one(keys, 'a')).toBe('1')
    await put(keys, 'a', null)
    expect(values).toEqual(new Map([['lid-mapping.a', null]]))
  })

  it('has the value of the store when all is quiet, whatever overlapped', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('put' as const),
        id: fc.constantFrom('a', 'b'),
        value: fc.option(fc.nat().map(String), { nil: null }),
      }),
      fc.record({ kind: fc.constant('get' as const), id: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constant('end' as const), which: fc.nat(), fails: fc.boolean() }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const { store, calls, inner } = slowStore()
        const keys = makeCacheableSignalKeyStore(store)
        const running: Promise<unknown>[] = []
        for (const current of steps) {
          if (current.kind === 'put') running.push(put(keys, current.id, current.value).catch(() => {}))
          else if (current.kind === 'get') running.push(one(keys, current.id).catch(() => {}))
          else
            calls
              .splice(current.which % Math.max(1, calls.length), 1)[0]
              ?.end(current.fails ? new Error('x') : undefined)
          await settled()
        }
        for (const call of calls.splice(0)) call.end()
        await Promise.all(running)
        for (const id of ['a', 'b']) {
          const read = one(keys, id)
          await settled()
          for (const call of calls.splice(0)) call.end()
          expect(await read).toEqual(await one(inner, id))
        }
      }),
      { numRuns: 200 },
    )
  })
})
