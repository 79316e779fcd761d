import type { CacheStore } from '../auth/cacheable-key-store.js'

export type { CacheStore } from '../auth/cacheable-key-store.js'

/** A cache that can handle several entries at once. */
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
