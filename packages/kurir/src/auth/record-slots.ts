import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import type { SignalDataSet, SignalKeyStore } from '../signal/key-store.js'

/** Record types that are kept in slots. */
export type SlotRecordType = 'inbox' | 'outbox'

/** A record that a load has found. */
export interface StoredSlot {
  readonly slot: number
  readonly record: Uint8Array
}

/** Rows of the type that are no slots, such as a summary; null deletes. */
export type FurtherRows = Readonly<Record<string, Uint8Array | null>>

/** Id of the row that says how many slots there are. */
const COUNT_ID = 'slots'
/** Slots that one write of the count makes room for. */
const BLOCK = 64
/** More is taken for a damaged count. */
const MOST_SLOTS = 1_000_000
const IDS_PER_READ = 256

/**
 * Keeps records in a key store that cannot list its ids: in numbered slots, of which a row tells the number. A slot is
 * used again when its record is gone, so there are never many more slots than records were there at a time.
 *
 * A slot's record is written by the owner, in whatever transaction it belongs to; everything else here goes to the store
 * directly. A store that refuses or forgets the type is noticed with the first record: `take` then answers undefined, as
 * for one that ends with the process.
 */
export class RecordSlots {
  readonly #type: SlotRecordType
  #store: SignalKeyStore | undefined
  #logger: ILogger | undefined
  #isUsable = true
  /** Slots that the stored count covers. */
  #covered = 0
  /** Slots that have been used: all free ones of them are in `#free`. */
  #used = 0
  readonly #free: number[] = []
  #growing: Promise<void> | undefined

  constructor(type: SlotRecordType) {
    this.#type = type
  }

  /** False once the store has turned out not to keep records of this type. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  /** The store as the program has handed it in, without transactions. */
  attach(store: SignalKeyStore, logger: ILogger): void {
    this.#store = store
    this.#logger = logger
    if (store.isVolatile === true) this.#isUsable = false
  }

  /** Finds what an earlier process has left, with the further rows of these ids. Once, before anything else. */
  async load(
    furtherIds: readonly string[],
  ): Promise<{ readonly slots: StoredSlot[]; readonly further: ReadonlyMap<string, Uint8Array> }> {
    const slots: StoredSlot[] = []
    const further = new Map<string, Uint8Array>()
    if (!this.#isUsable) return { slots, further }
    const count = countOf((await this.#read([COUNT_ID])).get(COUNT_ID))
    if (count === 0) return { slots, further }
    const ids = [...Array.from({ length: count }, (_, slot) => String(slot)), ...furtherIds]
    for (let start = 0; start < ids.length; start += IDS_PER_READ) {
      for (const [id, record] of await this.#read(ids.slice(start, start + IDS_PER_READ))) {
        if (furtherIds.includes(id)) further.set(id, record)
        else slots.push({ slot: Number(id), record })
      }
    }
    this.#covered = count
    this.#used = slots.reduce((most, { slot }) => Math.max(most, slot + 1), 0)
    const taken = new Set(slots.map(({ slot }) => slot))
    for (let slot = this.#used - 1; slot >= 0; slot -= 1) if (!taken.has(slot)) this.#free.push(slot)
    return { slots, further }
  }

  /** A slot for a record; undefined when the store does not keep such records. */
  take(): number | Promise<number | undefined> | undefined {
    if (!this.#isUsable) return undefined
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#used < this.#covered) return this.#used++
    return this.#takeNew()
  }

  /** Deletes the records of slots, with a change of further rows; the slots are free when it resolves. */
  async clear(slots: readonly number[], further: FurtherRows = {}): Promise<void> {
    if (!this.#isUsable) return
    const rows: Record<string, Uint8Array | null> = { ...further }
    for (const slot of slots) rows[slot] = null
    await this.#write(rows)
    this.#free.push(...slots)
  }

  /** Rewrites records in place. */
  async rewrite(records: readonly StoredSlot[]): Promise<void> {
    await this.#write(Object.fromEntries(records.map(({ slot, record }) => [slot, record])))
  }

  async #takeNew(): Promise<number | undefined> {
    while (this.#isUsable && this.#used >= this.#covered) {
      this.#growing ??= this.#grow().finally(() => {
        this.#growing = undefined
      })
      await this.#growing
      const free = this.#free.pop()
      if (free !== undefined) return free
    }
    return this.#isUsable ? this.#used++ : undefined
  }

  /** The count is stored before a slot beyond it is used: no record is ever out of sight. */
  async #grow(): Promise<void> {
    const count = this.#covered + BLOCK
    const isFirst = this.#covered === 0
    try {
      await this.#write({ [COUNT_ID]: bytesOf(count) })
      if (isFirst && countOf((await this.#read([COUNT_ID])).get(COUNT_ID)) !== count) {
        this.#giveUp(undefined)
        return
      }
    } catch (error) {
      // A store that has taken such rows before is in trouble; one that has not does not know them.
      if (!isFirst || KurirError.is(error)) throw error
      this.#giveUp(error)
      return
    }
    this.#covered = count
  }

  #giveUp(error: unknown): void {
    this.#isUsable = false
    this.#logger?.warn(
      { err: error, type: this.#type },
      'the key store does not keep records of this type: messages are not safe from a crash of the process',
    )
  }

  async #read(ids: string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    const records: { [id: string]: unknown } = (await this.#store?.get(this.#type, ids)) ?? {}
    for (const id of ids) {
      const record = records[id]
      if (record instanceof Uint8Array) found.set(id, record)
    }
    return found
  }

  async #write(rows: FurtherRows): Promise<void> {
    const data: SignalDataSet = { [this.#type]: rows }
    await this.#store?.set(data)
  }
}

function bytesOf(count: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(count)
  return bytes
}

function countOf(bytes: Uint8Array | undefined): number {
  if (bytes?.byteLength !== 4) return 0
  const count = Buffer.from(bytes).readUInt32BE()
  return count > MOST_SLOTS ? 0 : count
}
