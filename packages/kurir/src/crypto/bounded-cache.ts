/**
 * A small least-recently-used cache on a `Map`, whose insertion order is the order of use. For the hot caches of this
 * room, where the sizes are counts and nothing expires. A large one that is full drops a 512th part at a time.
 */
export class BoundedCache<Value> {
  readonly #entries = new Map<string, Value>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#limit) this.#makeRoom()
  }

  /** Many at once: to find the oldest, a `Map` walks over all that was deleted before it. */
  #makeRoom(): void {
    let surplus = Math.max(1, this.#limit >> 9)
    for (const oldest of this.#entries.keys()) {
      if (surplus === 0) return
      this.#entries.delete(oldest)
      surplus -= 1
    }
  }
}
