import { BoundedCache } from '../crypto/bounded-cache.js'
import type { SignalKeyStore } from './key-store.js'

const cachedUserLimit = 10_000
/** An absent mapping is looked up in the store again after this time: another process may have stored one. */
const absenceLifetimeMs = 60_000

interface CachedUser {
  /** undefined: the store had none. */
  readonly user: string | undefined
  readonly until: number
}

/** The LID and phone-number users that have been looked up lately; shared by everyone who uses one key store. */
export class LIDMappingCache {
  #lidUsers = new BoundedCache<CachedUser>(cachedUserLimit)
  #pnUsers = new BoundedCache<CachedUser>(cachedUserLimit)
  /** Counts the mappings stored: whoever resolved an address before a change can tell that it may be outdated. */
  revision = 0

  lidUser(pnUser: string, now: number): CachedUser | undefined {
    return alive(this.#lidUsers.get(pnUser), now)
  }

  pnUser(lidUser: string, now: number): CachedUser | undefined {
    return alive(this.#pnUsers.get(lidUser), now)
  }

  rememberLid(pnUser: string, lidUser: string): void {
    this.#lidUsers.set(pnUser, { user: lidUser, until: Number.POSITIVE_INFINITY })
  }

  rememberPn(lidUser: string, pnUser: string): void {
    this.#pnUsers.set(lidUser, { user: pnUser, until: Number.POSITIVE_INFINITY })
  }

  rememberNoLid(pnUser: string, now: number): void {
    this.#lidUsers.set(pnUser, { user: undefined, until: now + absenceLifetimeMs })
  }

  rememberNoPn(lidUser: string, now: number): void {
    this.#pnUsers.set(lidUser, { user: undefined, until: now + absenceLifetimeMs })
  }

  clear(): void {
    this.#lidUsers = new BoundedCache<CachedUser>(cachedUserLimit)
    this.#pnUsers = new BoundedCache<CachedUser>(cachedUserLimit)
  }
}

const caches = new WeakMap<SignalKeyStore, LIDMappingCache>()

export function lidMappingCacheOf(keys: SignalKeyStore): LIDMappingCache {
  const existing = caches.get(keys)
  if (existing !== undefined) return existing
  const created = new LIDMappingCache()
  caches.set(keys, created)
  return created
}

function alive(cached: CachedUser | undefined, now: number): CachedUser | undefined {
  return cached !== undefined && cached.until > now ? cached : undefined
}
