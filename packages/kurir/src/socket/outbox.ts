import { RecordSlots, type StoredSlot } from '../auth/record-slots.js'
import type { ILogger } from '../logger/logger.js'
import { decodeOutboxRecord, encodeOutboxRecord, type OutboxRecord } from '../messages/outbox-record.js'
import { proto } from '../proto/index.js'
import type { SignalKeyStore } from '../signal/key-store.js'

/** A sent message, with what this process knows beyond the record. */
export interface OutboxEntry extends Omit<OutboxRecord, 'content'> {
  readonly message: proto.IMessage
  /** `sending`: its `sendMessage` has not resolved yet, and takes it back if it fails. */
  readonly phase: 'sending' | 'sent'
  /** Undefined: in this process only. */
  readonly slot: number | undefined
  /** Unix milliseconds of the last sending by this process. */
  readonly triedAt: number
}

/** Answered messages that are kept for retry requests. */
const ANSWERED_LIMIT = 256
const UNANSWERED_LIMIT = 2000
/** Larger ones are remembered by the process only. */
const LARGEST_STORED = 262_144
/** Nothing is sent again, nor for a retry request, after a day. */
export const OUTBOX_AGE_MS = 24 * 3_600_000

/**
 * Sent messages: in the key store before they leave, until the server has answered and some time after it. What is
 * unanswered when a connection or a process ends is sent again by the next one, with the same id; what is answered
 * serves retry requests. One outbox per linked device and process.
 */
export class Outbox {
  readonly #slots = new RecordSlots('outbox')
  /** By id, in the order of sending. */
  readonly #entries = new Map<string, OutboxEntry>()
  #answered = 0
  #sequence = 0
  #loading: Promise<void> | undefined
  /** Slots whose records are to be removed, and records to be written, with the next batch. */
  #gone: number[] = []
  #changed = new Map<number, string>()
  #writing: Promise<void> | undefined
  #logger: ILogger | undefined

  /** @param store as the program has handed it in, without transactions */
  attach(store: SignalKeyStore, logger: ILogger): void {
    this.#slots.attach(store, logger)
    this.#logger = logger
  }

  /** Reads what earlier processes have left; everything else waits for it. @throws what the key store throws */
  load(now: number): Promise<void> {
    this.#loading ??= this.#load(now).catch(error => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /** Keeps a message that is about to be sent; durable when it resolves. */
  async add(sent: Pick<OutboxEntry, 'id' | 'jid' | 'options' | 'message' | 'sentAt'>): Promise<void> {
    await this.load(sent.sentAt)
    const { id, jid, options, message, sentAt } = sent
    this.#drop(id)
    this.#makeRoom()
    this.#sequence += 1
    const sequence = this.#sequence
    const content = this.#slots.isUsable ? proto.Message.encode(message).finish() : undefined
    const taken = content === undefined || content.byteLength > LARGEST_STORED ? undefined : this.#slots.take()
    const slot = typeof taken === 'object' ? await taken : taken
    const facts = { id, jid, options, sentAt, sequence, state: 'unanswered', attempts: 0 } as const
    this.#entries.set(id, { ...facts, message, phase: 'sending', slot, triedAt: sentAt })
    if (slot === undefined || content === undefined) return
    await this.#slots.rewrite([{ slot, record: encodeOutboxRecord({ ...facts, content }) }])
  }

  get(id: string): OutboxEntry | undefined {
    return this.#entries.get(id)
  }

  /** Its stanza was written: from here it is ours to bring it through. */
  sent(id: string): void {
    const entry = this.#entries.get(id)
    if (entry) this.#entries.set(id, { ...entry, phase: 'sent' })
  }

  /** It was not sent, or will not be any more. */
  remove(id: string): void {
    this.#drop(id)
    this.#write()
  }

  /** The server has it. @param keep for retry requests */
  answered(id: string, keep: boolean): void {
    const entry = this.#entries.get(id)
    if (!entry || entry.state === 'answered') return
    if (keep) {
      this.#answered += 1
      this.#change({ ...entry, state: 'answered', phase: 'sent' })
      this.#makeRoom()
    } else this.#drop(id)
    this.#write()
  }

  /** Counts another sending. */
  tried(id: string, triedAt: number): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    this.#change({ ...entry, triedAt, attempts: entry.attempts + 1 })
    this.#write()
  }

  /** What was sent and not answered, in the order of sending. */
  unanswered(): OutboxEntry[] {
    return [...this.#entries.values()].filter(({ state, phase }) => state === 'unanswered' && phase === 'sent')
  }

  /** Resolves when the store holds what has been told so far. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #load(now: number): Promise<void> {
    const { slots } = await this.#slots.load([])
    const found = slots.flatMap(stored => this.#read(stored))
    found.sort((left, right) => left.sequence - right.sequence)
    for (const entry of found) {
      this.#sequence = Math.max(this.#sequence, entry.sequence)
      if (now - entry.sentAt > OUTBOX_AGE_MS && entry.state === 'answered') this.#gone.push(entry.slot)
      else this.#entries.set(entry.id, entry)
      if (this.#entries.get(entry.id)?.state === 'answered') this.#answered += 1
    }
    this.#write()
  }

  #read({ slot, record }: StoredSlot): (OutboxEntry & { readonly slot: number })[] {
    try {
      const { content, ...facts } = decodeOutboxRecord(record)
      return [{ ...facts, message: proto.Message.decode(content), phase: 'sent', slot, triedAt: 0 }]
    } catch (error) {
      this.#logger?.error({ err: error, slot }, 'a stored sent message could not be read')
      this.#gone.push(slot)
      return []
    }
  }

  /** The oldest answered ones go, and beyond the limit the oldest of all. */
  #makeRoom(): void {
    if (this.#answered <= ANSWERED_LIMIT && this.#entries.size - this.#answered < UNANSWERED_LIMIT) return
    const state = this.#answered > ANSWERED_LIMIT ? 'answered' : 'unanswered'
    for (const entry of this.#entries.values()) {
      if (entry.state !== state) continue
      this.#drop(entry.id)
      return
    }
  }

  #change(entry: OutboxEntry): void {
    this.#entries.set(entry.id, entry)
    if (entry.slot !== undefined) this.#changed.set(entry.slot, entry.id)
  }

  #drop(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    this.#entries.delete(id)
    if (entry.state === 'answered') this.#answered -= 1
    if (entry.slot === undefined) return
    this.#changed.delete(entry.slot)
    this.#gone.push(entry.slot)
  }

  /** Writes what has changed; changes that come while the store is busy go together. */
  #write(): void {
    this.#writing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    // What this turn of the event loop still brings goes along: answers come in bursts.
    await new Promise(resolve => setImmediate(resolve))
    while (this.#gone.length > 0 || this.#changed.size > 0) {
      const gone = this.#gone
      const changed = this.#changed
      this.#gone = []
      this.#changed = new Map()
      try {
        await this.#slots.clear(gone, this.#rows(changed))
      } catch (error) {
        // A restart sends again what was answered: the server and the recipients know the id.
        this.#logger?.warn({ err: error }, 'the outbox could not be written')
        this.#gone.push(...gone)
        for (const [slot, id] of changed) if (!this.#changed.has(slot)) this.#changed.set(slot, id)
        break
      }
    }
    this.#writing = undefined
  }

  #rows(changed: ReadonlyMap<number, string>): Record<string, Uint8Array> {
    const rows: Record<string, Uint8Array> = {}
    for (const [slot, id] of changed) {
      const entry = this.#entries.get(id)
      if (entry?.slot !== slot) continue
      rows[slot] = encodeOutboxRecord({ ...entry, content: proto.Message.encode(entry.message).finish() })
    }
    return rows
  }
}
