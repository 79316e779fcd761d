/**
 * Runs tasks one after another for each key, tasks of different keys side by side. A failing task does not stop the
 * ones behind it. Keys without work use no memory.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<void>>()

  /** Resolves or rejects with the task's own outcome. */
  run<T>(key: string, task: () => Promise<T> | T): Promise<T> {
    const previous = this.#tails.get(key)
    const result = previous ? previous.then(task, task) : Promise.resolve().then(task)
    const settled: Promise<void> = result.then(
      () => this.#release(key, settled),
      () => this.#release(key, settled),
    )
    this.#tails.set(key, settled)
    return result
  }

  get size(): number {
    return this.#tails.size
  }

  /** Resolves when everything that is queued now has ended. */
  async drain(): Promise<void> {
    await Promise.all(this.#tails.values())
  }

  #release(key: string, settled: Promise<void>): void {
    if (this.#tails.get(key) === settled) this.#tails.delete(key)
  }
}

/** Baileys' `{ mutex }` shape: one task at a time. */
export interface Mutex {
  mutex<T>(code: () => T | Promise<T>): Promise<T>
}

export const makeMutex = (): Mutex => {
  const queue = new KeyedQueue()
  return { mutex: code => queue.run('', async () => code()) }
}

/** Shares one running call among all who ask for the same key meanwhile. */
export class Coalescer<T> {
  readonly #running = new Map<string, Promise<T>>()

  run(key: string, task: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key)
    if (running) return running
    const started = task().finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }
}
