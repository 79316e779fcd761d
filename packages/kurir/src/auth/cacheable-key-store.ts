import { type ILogger, silentLogger } from '../logger/logger.js'
import type { SignalDataSet, SignalDataType, SignalDataTypeMap, SignalKeyStore } from '../signal/key-store.js'
import { ExpiringMap } from '../time/expiring-map.js'

/** A cache that the user may supply; values are opaque to it. */
export interface CacheStore {
  get<T>(key: string): Promise<T> | T | undefined
  set<T>(key: string, value: T): Promise<void> | void | number | boolean
  del(key: string): Promise<void> | void | number | boolean
  flushAll(): Promise<void> | void
  close?(): void
}

/** Records kept by the default cache. */
const defaultEntries = 10_000
const defaultTtlMs = 300_000

/**
 * Puts a cache in front of a key store: reads come from it, writes go through it. The default cache holds 10,000
 * records for five minutes.
 *
 * A record is taken from the cache before the store is written and put back when the store has confirmed it, so a write
 * that fails, or reads and writes that overtake each other, never leave a value here that the store does not have.
 * Deleted records are remembered as such. Records are shared with the cache: do not change what `get` returned.
 */
export function makeCacheableSignalKeyStore(
  store: SignalKeyStore,
  logger: ILogger = silentLogger,
  cache: CacheStore = boundedCache(),
): SignalKeyStore {
  const overlaps = new OverlapWatch()
  const keyOf = (type: string, id: string) => `${type}.${id}`
  const fill = async (access: Access, key: string, value: unknown) => {
    if (access.isDisturbed(key)) return
    await cache.set(key, value)
    if (access.isDisturbed(key)) await cache.del(key)
  }

  const cachedStore: SignalKeyStore = {
    ...(store.isVolatile === undefined ? {} : { isVolatile: store.isVolatile }),
    async get<T extends SignalDataType>(type: T, ids: string[]) {
      const records: { [id: string]: SignalDataTypeMap[T] } = {}
      const missing: string[] = []
      for (const id of ids) {
        const cached = await cache.get<SignalDataTypeMap[T]>(keyOf(type, id))
        if (cached === undefined) missing.push(id)
        else records[id] = cached
      }
      if (missing.length === 0) return records
      logger.trace({ type, missing: missing.length }, 'key store: not in the cache')
      const read = overlaps.begin(
        'read',
        missing.map(id => keyOf(type, id)),
      )
      try {
        const fetched = await store.get(type, missing)
        for (const id of missing) {
          const value = fetched[id]
          if (value === undefined) continue
          records[id] = value
          if (value !== null) await fill(read, keyOf(type, id), value)
        }
      } finally {
        read.end()
      }
      return records
    },

    async set(data: SignalDataSet) {
      const entries = entriesOf(data, keyOf)
      const write = overlaps.begin(
        'write',
        entries.map(([key]) => key),
      )
      try {
        for (const [key] of entries) await cache.del(key)
        await store.set(data)
        for (const [key, value] of entries) await fill(write, key, value)
      } finally {
        write.end()
      }
    },
  }
  const { clear } = store
  if (clear === undefined) return cachedStore
  return {
    ...cachedStore,
    async clear() {
      overlaps.disturbAll()
      await clear.call(store)
      overlaps.disturbAll()
      await cache.flushAll()
    },
  }
}

interface Access {
  /** Whether another access may have changed the record meanwhile. */
  isDisturbed(key: string): boolean
  end(): void
}

/** Notices writes that overlap in time with other accesses to the record: their order is the store's secret. */
class OverlapWatch {
  private readonly open = new Map<string, Set<OpenAccess>>()

  begin(kind: 'read' | 'write', keys: readonly string[]): Access {
    const access: OpenAccess = { kind, disturbed: new Set() }
    for (const key of keys) {
      const others = this.open.get(key) ?? new Set()
      for (const other of others) {
        if (kind === 'write') other.disturbed.add(key)
        if (other.kind === 'write') access.disturbed.add(key)
      }
      this.open.set(key, others.add(access))
    }
    return {
      isDisturbed: key => access.disturbed.has(key),
      end: () => {
        for (const key of keys) {
          const others = this.open.get(key)
          others?.delete(access)
          if (others?.size === 0) this.open.delete(key)
        }
      },
    }
  }

  disturbAll(): void {
    for (const [key, accesses] of this.open) for (const access of accesses) access.disturbed.add(key)
  }
}

interface OpenAccess {
  readonly kind: 'read' | 'write'
  readonly disturbed: Set<string>
}

function entriesOf(data: SignalDataSet, keyOf: (type: string, id: string) => string): [key: string, value: unknown][] {
  const entries: [string, unknown][] = []
  for (const [type, records] of Object.entries(data)) {
    for (const [id, value] of Object.entries(records ?? {})) entries.push([keyOf(type, id), value ?? null])
  }
  return entries
}

function boundedCache(): CacheStore {
  // A deleted record is kept as an entry of its own kind: its value is null.
  const entries = new ExpiringMap<{ readonly value: unknown }>({ limit: defaultEntries, ttlMs: defaultTtlMs })
  return {
    get: <T>(key: string) => entries.get(key)?.value as T | undefined,
    set: (key, value) => {
      entries.set(key, { value })
    },
    del: key => {
      entries.delete(key)
    },
    flushAll: () => entries.clear(),
  }
}
