import type { ILogger } from '../logger/logger.js'
import type { SignalKeyStore } from '../signal/key-store.js'
import { ExpiringMap } from '../time/expiring-map.js'
import { withDeadline } from './deadline.js'
import { Deliveries } from './deliveries.js'
import { Inbox } from './inbox.js'
import { MessageMemory } from './message-memory.js'
import { OfferedKeys } from './offered-keys.js'
import { Outbox } from './outbox.js'

const RETRY_REQUESTS = 10_000
const RETRY_REQUESTS_MS = 3_600_000

/** What a linked device knows beyond one connection: the next one of the same program goes on with it. */
export class DeviceMemory {
  /** Messages that were taken over, also where the receipts for them got lost. */
  readonly messages = new MessageMemory()
  readonly offeredKeys = new OfferedKeys()
  /** What devices have confirmed to have. */
  readonly deliveries = new Deliveries()
  /** How often a message was asked for: over broken connections too, or the requests would never end. */
  readonly retryRequests = new ExpiringMap<number>({ limit: RETRY_REQUESTS, ttlMs: RETRY_REQUESTS_MS })
  readonly inbox = new Inbox(this.messages)
  readonly outbox = new Outbox()
  #lastSettled: (() => Promise<void>) | undefined

  /** @param store as the program has handed it in, without transactions */
  attach(store: SignalKeyStore, logger: ILogger): void {
    this.inbox.attach(store, logger)
    this.outbox.attach(store, logger)
  }

  /**
   * Announces a new connection. Resolves when what the one before was writing is written: two of them must not take steps
   * of the same ratchets, each with its own locks and its own view of the store.
   *
   * @throws KurirError `timed-out` (408) when that takes longer than `timeoutMs`
   */
  async succeed(settled: () => Promise<void>, timeoutMs: number): Promise<void> {
    const before = this.#lastSettled?.()
    this.#lastSettled = settled
    if (before !== undefined) await withDeadline('predecessor', timeoutMs, before)
  }
}

const memories = new WeakMap<object, DeviceMemory>()

/** The memory that goes with these credentials, over all connections of the process. */
export function deviceMemoryOf(creds: object): DeviceMemory {
  const known = memories.get(creds)
  if (known) return known
  const made = new DeviceMemory()
  memories.set(creds, made)
  return made
}
