import { RecordSlots, type StoredSlot } from '../auth/record-slots.js'
import type { BaileysBufferableEventEmitter } from '../events/event-buffer.js'
import type { MessageUpsertType, WAMessage } from '../events/message-types.js'
import type { ILogger } from '../logger/logger.js'
import { decodeInboxRecord, encodeInboxRecord } from '../messages/inbox-record.js'
import type { IncomingMessage } from '../messages/incoming.js'
import type { SignalKeyStore } from '../signal/key-store.js'
import { HandledNames, handledRowIds } from './handled-names.js'
import { type MessageMemory, messageName } from './message-memory.js'

/** Unhandled messages that may be open; what comes then waits undecrypted and unconfirmed, and is safe with the server. */
export const INBOX_LIMIT = 10_000

/** A message in the inbox. */
export interface InboxEntry {
  /** Undefined: the store does not keep it, this process does. */
  readonly slot: number | undefined
  /** Empty: not to be remembered as handled. */
  readonly name: string
  readonly message: WAMessage
  readonly type: MessageUpsertType
  readonly sequence: number
  /** How often it was handed over again. */
  readonly deliveries: number
  /** The message has the form in which it is emitted; its record has the sender's. */
  readonly isClean: boolean
}

/**
 * Received messages from the step of the ratchet until their event was handled (docs/guarantees.md). The record is
 * committed with the step; it goes when the handlers are through. What a process leaves behind is handed over by the
 * next one, in order. One inbox per linked device and process.
 */
export class Inbox {
  readonly #memory: MessageMemory
  readonly #slots = new RecordSlots('inbox')
  readonly #names = new HandledNames()
  /** Stored in a transaction whose outcome is not known yet. */
  readonly #pending = new Map<IncomingMessage, InboxEntry>()
  #undelivered: InboxEntry[] = []
  #handled: InboxEntry[] = []
  #sequence = 0
  /** Entries that nobody has handled yet. */
  #open = 0
  #waiting: (() => void)[] = []
  #loading: Promise<void> | undefined
  #clearing: Promise<void> | undefined
  #logger: ILogger | undefined

  constructor(memory: MessageMemory) {
    this.#memory = memory
  }

  /** @param store as the program has handed it in, without transactions */
  attach(store: SignalKeyStore, logger: ILogger): void {
    this.#slots.attach(store, logger)
    this.#logger = logger
  }

  /** What is to be handed over before anything new, in the order of arrival; marked with `redelivered`. */
  async takeUndelivered(): Promise<InboxEntry[]> {
    this.#loading ??= this.#load()
    try {
      await this.#loading
    } catch (error) {
      this.#loading = undefined
      throw error
    }
    const found = this.#undelivered.map(entry => ({ ...entry, deliveries: entry.deliveries + 1 }))
    this.#undelivered = []
    found.sort((left, right) => left.sequence - right.sequence)
    for (const { message, deliveries } of found) message.redelivered = deliveries
    await this.#countDelivery(found)
    return found
  }

  /** Resolves when there is room for another message; undefined when there is. */
  room(): Promise<void> | undefined {
    return this.#open < INBOX_LIMIT ? undefined : new Promise(resolve => this.#waiting.push(resolve))
  }

  /** Keeps a message; within the transaction that takes the step of the ratchet. */
  async store(incoming: IncomingMessage, message: WAMessage, keys: SignalKeyStore): Promise<void> {
    const name = messageName(incoming)
    if (this.#memory.progressOf(name) === 'handed-over') return
    const taken = this.#slots.take()
    const slot = typeof taken === 'object' ? await taken : taken
    this.#sequence += 1
    const type = incoming.offline ? 'append' : 'notify'
    const sequence = this.#sequence
    const entry: InboxEntry = { slot, name, message, type, sequence, deliveries: 0, isClean: false }
    this.#pending.set(incoming, entry)
    this.#open += 1
    if (slot !== undefined) await keys.set({ inbox: { [slot]: encodeInboxRecord(entry) } })
  }

  /** The entry of a message whose transaction has been committed; once. */
  committed(incoming: IncomingMessage): InboxEntry | undefined {
    const entry = this.#pending.get(incoming)
    this.#pending.delete(incoming)
    return entry
  }

  /** The transaction failed, or what it decrypted is not to be handed over. */
  discard(incoming: IncomingMessage): void {
    const entry = this.committed(incoming)
    if (entry) void this.#clear([{ ...entry, name: '' }])
  }

  /** What follows from it could not be stored: the next connection hands it over again. */
  postpone(entry: InboxEntry): void {
    this.#undelivered.push({ ...entry, isClean: true })
  }

  /** The entries were emitted: they go when everybody is through with it. */
  watch(entries: readonly InboxEntry[], ev: BaileysBufferableEventEmitter): void {
    ev.whenHandled().then(
      () => this.#clear(entries),
      // The emitter was destroyed: the next connection hands them over.
      () => {
        for (const entry of entries) this.postpone(entry)
      },
    )
  }

  /** Resolves when the store has let go of what is handled. */
  async settled(): Promise<void> {
    await this.#clearing
  }

  /** For the process after this one; an entry of this process has been counted already. */
  async #countDelivery(found: readonly InboxEntry[]): Promise<void> {
    const rows = found.flatMap(entry =>
      entry.slot === undefined || entry.isClean ? [] : [{ slot: entry.slot, record: encodeInboxRecord(entry) }],
    )
    if (rows.length === 0) return
    try {
      await this.#slots.rewrite(rows)
    } catch (error) {
      this.#logger?.warn({ err: error }, 'how often messages were handed over could not be stored')
    }
  }

  async #load(): Promise<void> {
    const { slots, further } = await this.#slots.load(handledRowIds)
    for (const name of this.#names.load(further)) this.#memory.note(name, 'handed-over')
    const damaged = slots.filter(stored => !this.#read(stored)).map(({ slot }) => slot)
    if (damaged.length > 0) await this.#slots.clear(damaged)
  }

  /** Damaged records are dropped: nobody can read them, and the key is used up. */
  #read({ slot, record }: StoredSlot): boolean {
    try {
      const entry = { slot, ...decodeInboxRecord(record), isClean: false }
      this.#sequence = Math.max(this.#sequence, entry.sequence)
      this.#memory.note(entry.name, 'handed-over')
      this.#undelivered.push(entry)
      this.#open += 1
      return true
    } catch (error) {
      this.#logger?.error({ err: error, slot }, 'a stored message could not be read')
      return false
    }
  }

  /** Removes records; those that come while the store is busy go together. Never rejects. */
  async #clear(entries: readonly InboxEntry[]): Promise<void> {
    this.#open -= entries.length
    for (const resolve of this.#waiting.splice(0, Math.max(0, INBOX_LIMIT - this.#open))) resolve()
    if (!this.#slots.isUsable) return
    this.#handled.push(...entries)
    this.#clearing ??= this.#clearAll()
    return this.#clearing
  }

  async #clearAll(): Promise<void> {
    // Not in the turn of the caller: what it adds goes along.
    await undefined
    for (;;) {
      const batch = this.#handled
      this.#handled = []
      if (batch.length === 0) break
      const names = batch.flatMap(({ name }) => (name === '' ? [] : [name]))
      try {
        await this.#slots.clear(
          batch.flatMap(({ slot }) => slot ?? []),
          this.#names.add(names),
        )
      } catch (error) {
        // They stay, and go with the next ones; a restart would hand them over again.
        this.#logger?.warn({ err: error }, 'handled messages could not be removed from the key store')
        this.#handled.unshift(...batch)
        break
      }
    }
    this.#clearing = undefined
  }
}
