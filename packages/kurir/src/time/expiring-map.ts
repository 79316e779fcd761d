/** A clock in milliseconds; `Date.now` unless a test brings its own. */
export type Clock = () => number

export interface ExpiringMapOptions {
  /** Entries kept at most; the least recently used go first, of a large limit a 512th part at a time. */
  readonly limit: number
  readonly ttlMs: number
  /** Reading an entry renews its age. */
  readonly renewOnGet?: boolean
  readonly clock?: Clock
}

/**
 * A bounded map whose entries age. Old entries are dropped when they are met, so no timer keeps the process alive and
 * an idle map costs nothing.
 */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, { value: Value; since: number }>()
  readonly #options: ExpiringMapOptions
  readonly #clock: Clock

  constructor(options: ExpiringMapOptions) {
    this.#options = options
    this.#clock = options.clock ?? Date.now
  }

  /** Entries held, expired ones that nobody has met yet included. */
  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const now = this.#clock()
    this.#entries.delete(key)
    if (now - entry.since > this.#options.ttlMs) return undefined
    if (this.#options.renewOnGet === true) entry.since = now
    this.#entries.set(key, entry)
    return entry.value
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, since: this.#clock() })
    if (this.#entries.size > this.#options.limit) this.#makeRoom()
  }

  /** Many at once: to find the oldest, a `Map` walks over all that was deleted before it. */
  #makeRoom(): void {
    let surplus = Math.max(1, this.#options.limit >> 9)
    for (const oldest of this.#entries.keys()) {
      if (surplus === 0) return
      this.#entries.delete(oldest)
      surplus -= 1
    }
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}
