import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import type {
  SignalDataSet,
  SignalDataType,
  SignalDataTypeMap,
  SignalKeyStore,
  SignalKeyStoreWithTransaction,
  TransactionCapabilityOptions,
} from '../signal/key-store.js'
import { type LockOwner, ScopeLocks } from './scope-locks.js'

export interface TransactionalKeyStore extends SignalKeyStoreWithTransaction {
  /**
   * A transaction over several scopes, taken in ascending order: the way to hold more than one without the danger of
   * waiting for each other.
   */
  transactionOver<T>(scopes: readonly string[], work: () => Promise<T>): Promise<T>
  /** Resolves when the transactions that have begun are committed or thrown away. */
  settled(): Promise<void>
}

/**
 * Adds transactions to a key store (docs/protocol/02 §14).
 *
 * `transaction(work, scope)` runs `work` under the lock named `scope`. What it writes is collected and handed to the
 * store in one `set` when the outermost call ends, or thrown away when that call throws; nobody else sees it before.
 * Reads inside see the pending writes and are kept, so that a record is read once. Transactions over different scopes
 * run side by side.
 *
 * A nested call takes its own scope too, keeps the lock until the outermost call has been committed, and commits with
 * it; when it throws, its own writes alone are discarded. The outermost call waits for nested ones that were not
 * awaited. Where two transactions would wait for each other, the one that asks last fails with `transaction-deadlock`:
 * take scopes in ascending order, or at once by `transactionOver`.
 *
 * @param opts `maxCommitRetries` tries of the store's `set`, `delayBetweenTriesMs` apart; errors that are not retryable
 *   end the tries. The last error is the cause of `transaction-commit-failed`.
 */
export function addTransactionCapability(
  state: SignalKeyStore,
  logger: ILogger,
  opts: TransactionCapabilityOptions,
): TransactionalKeyStore {
  const locks = new ScopeLocks()
  const current = () => innermostLayer(locks)
  let running = 0
  let whenSettled: (() => void)[] = []
  const rootEnded = () => {
    running -= 1
    if (running > 0) return
    const waiting = whenSettled
    whenSettled = []
    for (const resolve of waiting) resolve()
  }

  // No promise where nothing has to be waited for: this runs for every message.
  const run = async <T>(layer: Layer, scopes: readonly string[], work: () => Promise<T>): Promise<T> => {
    let heir: Layer | undefined
    if (layer.parent === undefined) running += 1
    try {
      for (const scope of scopes.length > 1 ? new Set([...scopes].sort()) : scopes) {
        const granted = layer.lock(locks, scope)
        if (granted !== undefined) await granted
      }
      const result = await context.run({ locks, layer, outer: liveFrame() }, work)
      if (!layer.endAtOnce()) await layer.end()
      if (layer.parent !== undefined) layer.parent.writes.merge(layer.writes)
      else if (!layer.writes.isEmpty) await commit(state, layer.writes, logger, opts)
      heir = layer.parent
      return result
    } finally {
      if (!layer.endAtOnce()) await layer.end()
      if (layer.parent === undefined) {
        locks.releaseTree(layer)
        rootEnded()
      } else locks.leave(layer, heir)
    }
  }

  const transactionOver = <T>(scopes: readonly string[], work: () => Promise<T>): Promise<T> => {
    const layer = new Layer(current())
    return layer.parent === undefined ? run(layer, scopes, work) : layer.within(() => run(layer, scopes, work))
  }

  const store: TransactionalKeyStore = {
    get: (type, ids) => current()?.read(state, type, ids) ?? state.get(type, ids),
    set: data => {
      const layer = current()
      if (layer === undefined) return state.set(data)
      layer.writes.add(data)
    },
    isInTransaction: () => current() !== undefined,
    transaction: (work, scope) => transactionOver([scope], work),
    transactionOver,
    settled: () => (running === 0 ? Promise.resolve() : new Promise(resolve => whenSettled.push(resolve))),
  }
  const clear = state.clear?.bind(state)
  return clear === undefined ? store : { ...store, clear }
}

/** Where code runs: in which transaction of which key store, and what that was started from. */
interface Frame {
  /** Stands for the key store. */
  readonly locks: ScopeLocks
  readonly layer: Layer
  readonly outer: Frame | undefined
}

/** One for all key stores: Node looks at every such storage whenever a promise is made. */
const context = new AsyncLocalStorage<Frame>()

/** The innermost call that has not ended; code that was left running after its transaction works without one. */
function innermostLayer(locks: ScopeLocks): Layer | undefined {
  let frame = context.getStore()
  while (frame !== undefined && (frame.locks !== locks || frame.layer.ended)) frame = frame.outer
  return frame?.layer
}

/** The current frame without those that have ended: a loop that starts its next round inside the last one keeps none. */
function liveFrame(): Frame | undefined {
  let frame = context.getStore()
  while (frame?.layer.ended) frame = frame.outer
  return frame
}

type RecordValue = SignalDataTypeMap[SignalDataType] | null

/** Records by type and id; null is a record that does not exist. */
class RecordTable {
  private readonly types = new Map<SignalDataType, Map<string, RecordValue>>()

  get isEmpty(): boolean {
    return this.types.size === 0
  }

  /** Undefined when nothing is known about the record. */
  get(type: SignalDataType, id: string): RecordValue | undefined {
    return this.types.get(type)?.get(id)
  }

  put(type: SignalDataType, id: string, value: RecordValue): void {
    let records = this.types.get(type)
    if (records === undefined) {
      records = new Map()
      this.types.set(type, records)
    }
    records.set(id, value)
  }

  add(data: SignalDataSet): void {
    for (const [type, records] of Object.entries(data) as [SignalDataType, { [id: string]: RecordValue }][]) {
      for (const [id, value] of Object.entries(records ?? {})) this.put(type, id, value ?? null)
    }
  }

  merge(other: RecordTable): void {
    for (const [type, records] of other.types) {
      for (const [id, value] of records) this.put(type, id, value)
    }
  }

  clear(): void {
    this.types.clear()
  }

  toDataSet(): SignalDataSet {
    const data: Partial<Record<SignalDataType, { [id: string]: RecordValue }>> = {}
    for (const [type, records] of this.types) data[type] = Object.fromEntries(records)
    return data as SignalDataSet
  }
}

/** One transaction call: what it has written, on top of the calls that it is nested in. */
class Layer implements LockOwner {
  readonly parent: Layer | undefined
  readonly root: Layer
  readonly children = new Set<Layer>()
  readonly writes = new RecordTable()
  ended = false
  /** Of the outermost call: what its tree has read from the store. */
  private readonly reads = new RecordTable()
  private readGeneration = 0
  private readonly running = new Set<Promise<unknown>>()

  constructor(parent: Layer | undefined) {
    this.parent = parent
    this.root = parent?.root ?? this
  }

  /** Runs the call as a part of the one that it is nested in. */
  async within<T>(call: () => Promise<T>): Promise<T> {
    const { parent } = this
    if (parent === undefined) return await call()
    // Before the call: whether a lock may be waited for depends on who waits for whom.
    parent.children.add(this)
    const running = call()
    parent.running.add(running)
    try {
      return await running
    } finally {
      parent.children.delete(this)
      parent.running.delete(running)
    }
  }

  /** Takes a lock; undefined when there is nothing to wait for. */
  lock(locks: ScopeLocks, scope: string): Promise<void> | undefined {
    const { isNew, granted } = locks.acquire(this, scope)
    const isOutdating = isNew && this.parent !== undefined
    if (granted !== undefined) return isOutdating ? granted.then(() => this.root.forgetReads()) : granted
    if (isOutdating) this.root.forgetReads()
    return undefined
  }

  /** Ends the call if no nested one is running; false when {@link end} has to be awaited. */
  endAtOnce(): boolean {
    if (this.running.size > 0) return false
    this.ended = true
    return true
  }

  /** Waits for nested calls and takes no more of them, nor writes. */
  async end(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running)
    this.ended = true
  }

  async read<T extends SignalDataType>(
    state: SignalKeyStore,
    type: T,
    ids: string[],
  ): Promise<{ [id: string]: SignalDataTypeMap[T] }> {
    const missing = ids.filter(id => this.known(type, id) === undefined)
    if (missing.length > 0) {
      const { root } = this
      const generation = root.readGeneration
      const fetched = await state.get(type, missing)
      if (generation === root.readGeneration) {
        for (const id of missing) root.reads.put(type, id, fetched[id] ?? null)
      }
      return this.answer(type, ids, fetched)
    }
    return this.answer(type, ids, {})
  }

  private answer<T extends SignalDataType>(
    type: T,
    ids: readonly string[],
    fetched: { [id: string]: SignalDataTypeMap[T] },
  ): { [id: string]: SignalDataTypeMap[T] } {
    const records: { [id: string]: RecordValue } = {}
    for (const id of ids) {
      const known = this.known(type, id)
      records[id] = known === undefined ? (fetched[id] ?? null) : known
    }
    // Baileys' contract: every id is answered, null for a record that is not there.
    return records as { [id: string]: SignalDataTypeMap[T] }
  }

  private known(type: SignalDataType, id: string): RecordValue | undefined {
    for (let layer: Layer | undefined = this; layer !== undefined; layer = layer.parent) {
      const written = layer.writes.get(type, id)
      if (written !== undefined) return written
    }
    return this.root.reads.get(type, id)
  }

  /** A lock that is new to the tree may have been waited for: what was read before may have changed since. */
  private forgetReads(): void {
    this.reads.clear()
    this.readGeneration++
  }
}

async function commit(
  state: SignalKeyStore,
  writes: RecordTable,
  logger: ILogger,
  { maxCommitRetries, delayBetweenTriesMs }: TransactionCapabilityOptions,
): Promise<void> {
  if (writes.isEmpty) return
  const data = writes.toDataSet()
  for (let attempt = 1; ; attempt++) {
    try {
      return await state.set(data)
    } catch (error) {
      if (KurirError.is(error) && !error.retryable) throw error
      if (attempt >= maxCommitRetries) throw commitFailed(attempt, error)
      logger.warn({ error, attempt, maxCommitRetries }, 'key store: commit failed, trying again')
      await delay(delayBetweenTriesMs)
    }
  }
}

function commitFailed(attempts: number, cause: unknown): KurirError {
  return new KurirError('transaction-commit-failed', `The key store refused a transaction ${attempts} times`, {
    retryable: true,
    data: { attempts },
    cause,
  })
}
