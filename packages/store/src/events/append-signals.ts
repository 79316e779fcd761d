/**
 * Tells readers in this process that events were appended, when they are committed. A listener is called in a turn of its
 * own: what it throws is not the appender's.
 */
export class AppendSignals {
  readonly #listeners = new Map<string, Set<(head: number) => void>>()

  on(sessionId: string, listener: (head: number) => void): () => void {
    const listeners = this.#listeners.get(sessionId) ?? new Set()
    this.#listeners.set(sessionId, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(sessionId) === listeners) this.#listeners.delete(sessionId)
    }
  }

  tell(sessionId: string, head: number): void {
    for (const listener of this.#listeners.get(sessionId) ?? []) queueMicrotask(() => listener(head))
  }
}
