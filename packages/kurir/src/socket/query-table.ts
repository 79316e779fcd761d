import type { BinaryNode } from '../binary/node.js'
import { timedOut } from './connection-errors.js'

interface PendingQuery {
  readonly resolve: (node: BinaryNode) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout | undefined
}

/**
 * The queries that wait for an answer, by stanza id. Every one ends: with the answer, with a typed time-out, or with
 * the reason the connection ended (docs/protocol/01, IQ: the rule marked Kurir).
 */
export class QueryTable {
  readonly #pending = new Map<string, PendingQuery>()

  get size(): number {
    return this.#pending.size
  }

  /** Waits for the stanza with this id. Without `timeoutMs` only the end of the connection ends the wait. */
  wait(id: string, timeoutMs: number | undefined): Promise<BinaryNode> {
    return new Promise((resolve, reject) => {
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              this.#pending.delete(id)
              reject(timedOut('query', timeoutMs, { id }))
            }, timeoutMs)
      this.#pending.set(id, { resolve, reject, timer })
    })
  }

  /** Hands a received stanza to its waiter. Returns false when nobody waits for that id. */
  settle(node: BinaryNode): boolean {
    const id = node.attrs['id']
    if (id === undefined) return false
    const pending = this.#pending.get(id)
    if (!pending) return false
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    pending.resolve(node)
    return true
  }

  /** Withdraws one wait, e.g. because the request could not be written. */
  reject(id: string, error: Error): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    pending.reject(error)
  }

  /** The connection ended: every wait rejects with the reason. */
  rejectAll(error: Error): void {
    for (const id of [...this.#pending.keys()]) this.reject(id, error)
  }
}
