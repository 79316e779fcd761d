/** A cache the user may supply (docs/protocol/06): values are opaque to it. */
export interface CacheStore {
  get<T>(key: string): Promise<T> | T | undefined
  set<T>(key: string, value: T): Promise<void> | void | number | boolean
  del(key: string): Promise<void> | void | number | boolean
  flushAll(): Promise<void> | void
  close?(): void
}

export interface PossiblyExtendedCacheStore extends CacheStore {
  mget?: <T>(keys: string[]) => Promise<Record<string, T | undefined>>
  mset?: <T>(entries: { key: string; value: T }[]) => Promise<void> | void | number | boolean
  mdel?: (keys: string[]) => Promise<void> | void | number | boolean
}

/** Seconds that Baileys' own caches keep their entries. */
export const DEFAULT_CACHE_TTLS = {
  SIGNAL_STORE: 300,
  MSG_RETRY: 3600,
  CALL_OFFER: 300,
  USER_DEVICES: 300,
} as const
