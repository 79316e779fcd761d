import { AsyncLocalStorage } from 'node:async_hooks'
import type {
  Awaitable,
  SignalDataSet,
  SignalDataType,
  SignalDataTypeMap,
  SignalKeyStoreWithTransaction,
} from '../key-store.js'

interface Transaction {
  readonly scopes: Set<string>
  readonly pending: Map<string, unknown>
  readonly releases: (() => void)[]
}

/**
 * A key store in memory that keeps the contract of `SignalKeyStoreWithTransaction` to the letter: a lock per scope,
 * kept until the outermost transaction ends; all writes at once or none. For tests of this room; values are handed out
 * as they were put in.
 */
export class MemoryKeyStore implements SignalKeyStoreWithTransaction {
  readonly rows = new Map<string, unknown>()
  /** Commits so far, for tests that count them. */
  commits = 0
  reads = 0
  /** Called before a commit; throwing makes the commit fail. */
  beforeCommit: () => Awaitable<void> = () => {}
  readonly #context = new AsyncLocalStorage<Transaction>()
  readonly #locks = new Map<string, Promise<void>>()

  async get<T extends SignalDataType>(type: T, ids: string[]): Promise<{ [id: string]: SignalDataTypeMap[T] }> {
    this.reads++
    const pending = this.#context.getStore()?.pending
    const found: { [id: string]: SignalDataTypeMap[T] } = {}
    for (const id of ids) {
      const key = `${type}\n${id}`
      const value = pending?.has(key) ? pending.get(key) : this.rows.get(key)
      if (value !== undefined && value !== null) found[id] = value as SignalDataTypeMap[T]
    }
    return found
  }

  async set(data: SignalDataSet): Promise<void> {
    const transaction = this.#context.getStore()
    for (const [type, rows] of Object.entries(data)) {
      for (const [id, value] of Object.entries(rows ?? {})) {
        const key = `${type}\n${id}`
        if (transaction) transaction.pending.set(key, value)
        else this.#write(key, value)
      }
    }
  }

  isInTransaction(): boolean {
    return this.#context.getStore() !== undefined
  }

  async transaction<T>(work: () => Promise<T>, scope: string): Promise<T> {
    const outer = this.#context.getStore()
    if (outer) {
      await this.#lock(outer, scope)
      return work()
    }
    const transaction: Transaction = { scopes: new Set(), pending: new Map(), releases: [] }
    await this.#lock(transaction, scope)
    try {
      const result = await this.#context.run(transaction, work)
      await this.beforeCommit()
      for (const [key, value] of transaction.pending) this.#write(key, value)
      this.commits++
      return result
    } finally {
      for (const release of transaction.releases) release()
    }
  }

  ids(type: SignalDataType): string[] {
    return [...this.rows.keys()].filter(key => key.startsWith(`${type}\n`)).map(key => key.slice(type.length + 1))
  }

  value<T extends SignalDataType>(type: T, id: string): SignalDataTypeMap[T] | undefined {
    return this.rows.get(`${type}\n${id}`) as SignalDataTypeMap[T] | undefined
  }

  async #lock(transaction: Transaction, scope: string): Promise<void> {
    if (transaction.scopes.has(scope)) return
    while (this.#locks.has(scope)) await this.#locks.get(scope)
    let resolve = (): void => {}
    const promise = new Promise<void>(done => {
      resolve = done
    })
    this.#locks.set(scope, promise)
    transaction.scopes.add(scope)
    transaction.releases.push(() => {
      this.#locks.delete(scope)
      resolve()
    })
  }

  #write(key: string, value: unknown): void {
    if (value === null || value === undefined) this.rows.delete(key)
    else this.rows.set(key, value)
  }
}
