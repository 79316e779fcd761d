import type { ILogger } from '../logger/logger.js'
import type { ExpiringMap } from '../time/expiring-map.js'
import type { CacheStore } from './cache-store.js'
import { withDeadline } from './deadline.js'

/** A cache that has not answered after so long counts as one that fails. */
const CACHE_DEADLINE_MS = 2_000

/**
 * How often messages were asked for, by message id and device: theirs by us, and ours by them. Counted in this process,
 * and in the `msgRetryCounterCache` of the program under `<id>:<device>` as in Baileys; the larger count holds. A cache
 * that fails is logged and does without: counters only make the asking end, no message depends on them.
 */
export class RetryCounters {
  readonly #own: ExpiringMap<number>
  readonly #cache: CacheStore | undefined
  readonly #logger: ILogger

  constructor(own: ExpiringMap<number>, cache: CacheStore | undefined, logger: ILogger) {
    this.#own = own
    this.#cache = cache
    this.#logger = logger
  }

  /** Never rejects. */
  async countOf(id: string, device: string): Promise<number> {
    const name = nameOf(id, device)
    const own = this.#own.get(name) ?? 0
    const shared = await this.#withCache(cache => cache.get<unknown>(name))
    return typeof shared === 'number' && Number.isSafeInteger(shared) ? Math.max(own, shared) : own
  }

  /** Whether this process has counted. */
  has(id: string, device: string): boolean {
    return this.#own.has(nameOf(id, device))
  }

  /** Never rejects. */
  async set(id: string, device: string, count: number): Promise<void> {
    const name = nameOf(id, device)
    this.#own.set(name, count)
    await this.#withCache(cache => cache.set(name, count))
  }

  /** Never rejects. */
  async forget(id: string, device: string): Promise<void> {
    const name = nameOf(id, device)
    this.#own.delete(name)
    await this.#withCache(cache => cache.del(name))
  }

  async #withCache<T>(use: (cache: CacheStore) => T | Promise<T>): Promise<T | undefined> {
    const cache = this.#cache
    if (cache === undefined) return undefined
    try {
      return await withDeadline('retry-counters', CACHE_DEADLINE_MS, use(cache))
    } catch (error) {
      this.#logger.warn({ err: error }, 'msgRetryCounterCache failed')
      return undefined
    }
  }
}

function nameOf(id: string, device: string): string {
  return `${id}:${device}`
}
