import { KurirError } from 'kurir/errors'
import type { proto } from 'kurir/proto'
import type { CancelSchedule, Clock } from '../clock.js'
import type { OpenedAddOn } from './phone-opening.js'

/** A message that a phone has decrypted: from somebody, or a copy of what an own companion sent. */
export interface PhoneMessage {
  readonly id: string
  /** The chat as the stanza names it: a user or a group. */
  readonly chat: string
  /** The chat by phone number; the group JID for groups. */
  readonly chatPn: string
  /** Device JID of the author, in the addressing of the stanza. */
  readonly sender: string
  /** Phone number JID of the author's account. */
  readonly senderPn: string
  readonly fromMe: boolean
  /** The text, when it is a text message. */
  readonly text: string | undefined
  /** The decrypted content. */
  readonly message: proto.IMessage
  /** What a vote, an answer to an event or another sealed add-on says, when the phone knows the message it is about. */
  readonly addOn: OpenedAddOn | undefined
  /** Unix seconds. */
  readonly timestamp: number
  readonly pushName: string | undefined
  /** Number of a post within its channel; undefined for all other messages. */
  readonly serverId: number | undefined
  /** True when it had waited while the phone was offline. */
  readonly offline: boolean
  /** How often the phone had to ask for it again. */
  readonly retries: number
}

/** A receipt that a phone has got: for its own messages, or about reading on own other devices. */
export interface PhoneReceipt {
  readonly ids: readonly string[]
  readonly from: string
  readonly participant: string | undefined
  /** `delivery` when the stanza has no type. */
  readonly type: string
  /** Unix seconds. */
  readonly timestamp: number
}

export type Predicate<Entry> = (entry: Entry) => boolean

interface Waiting<Entry> {
  readonly predicate: Predicate<Entry>
  readonly resolve: (entry: Entry) => void
  readonly cancel: CancelSchedule
}

const LIMIT = 50_000

/** Everything of one kind that a phone has got, with waiting for what is still to come. */
export class PhoneLog<Entry> {
  readonly entries: Entry[] = []
  readonly #clock: Clock
  readonly #name: string
  readonly #waiting = new Set<Waiting<Entry>>()
  readonly #listeners = new Set<(entry: Entry) => void>()

  constructor(clock: Clock, name: string) {
    this.#clock = clock
    this.#name = name
  }

  add(entry: Entry): void {
    if (this.entries.length >= LIMIT) this.entries.shift()
    this.entries.push(entry)
    for (const waiting of this.#waiting) {
      if (!waiting.predicate(entry)) continue
      this.#waiting.delete(waiting)
      waiting.cancel()
      waiting.resolve(entry)
    }
    for (const listener of this.#listeners) listener(entry)
  }

  /** Calls `listener` for every later entry; the returned function ends that. */
  listen(listener: (entry: Entry) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * The first entry that fits, among those that are there and those that will come.
   *
   * @throws KurirError `timed-out`
   */
  wait(predicate: Predicate<Entry>, timeoutMs: number): Promise<Entry> {
    const present = this.entries.find(predicate)
    if (present !== undefined) return Promise.resolve(present)
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.schedule(timeoutMs, () => {
        this.#waiting.delete(waiting)
        reject(
          new KurirError('timed-out', `No such ${this.#name} came within ${timeoutMs} ms`, {
            statusCode: 408,
            data: { present: this.entries.length },
          }),
        )
      })
      const waiting: Waiting<Entry> = { predicate, resolve, cancel }
      this.#waiting.add(waiting)
    })
  }
}
