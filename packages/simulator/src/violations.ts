import type { BinaryNode } from 'kurir/binary'

/** What was wrong, as a stable name. */
export type ViolationKind =
  /** A frame that is no valid node, or a broken handshake message. */
  | 'malformed-frame'
  /** A stanza that no form of the schema fits. */
  | 'invalid-stanza'
  /** A stanza that the service knows nothing to do with. */
  | 'unknown-stanza'
  /** A registration payload with a missing or wrong part. */
  | 'invalid-registration'
  /** A signature that does not hold: prekeys, registration, ADV. */
  | 'invalid-signature'
  /** A one-time prekey used twice, or one that was never handed out. */
  | 'prekey-reuse'
  /** Prekeys uploaded with another identity or other values under known ids. */
  | 'prekey-upload'
  /** A device-identity that is not the one this device was linked with. */
  | 'wrong-device-identity'
  /** A participant hash that fits no device set the group has had. */
  | 'wrong-phash'
  /** A message addressed to a device twice, or to the sending device itself. */
  | 'wrong-fan-out'
  /** A receipt or ack for something that was never delivered to this device. */
  | 'unexpected-receipt'
  /** An answer to a request of the service that does not fit. */
  | 'unexpected-answer'
  /** Encrypted content that no client sends, or that its stanza does not fit; a phone has read it. */
  | 'invalid-message'
  /** A patch of app state that does not hold, or that the current client would not write. */
  | 'invalid-app-state'
  /** A request to the media host that no client sends, or a file that is not what its token says. */
  | 'invalid-media-request'

/** One breach of the protocol by a client. */
export interface Violation {
  readonly kind: ViolationKind
  /** What was expected, in one sentence. */
  readonly message: string
  /** Device JID (phone number form) of the client; absent before it has logged in. */
  readonly device?: string
  /** The stanza at fault, when there is one. */
  readonly stanza?: BinaryNode
  /** Milliseconds since the Unix epoch. */
  readonly at: number
}

export type ViolationListener = (violation: Violation) => void

const LIMIT = 10_000

/** Everything clients did wrong, oldest first; after 10,000 entries the oldest are dropped. */
export class ViolationLog {
  readonly entries: Violation[] = []
  readonly #listeners = new Set<ViolationListener>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  report(kind: ViolationKind, message: string, context: { device?: string; stanza?: BinaryNode } = {}): void {
    const violation: Violation = { kind, message, ...context, at: this.#now() }
    if (this.entries.length >= LIMIT) this.entries.shift()
    this.entries.push(violation)
    for (const listener of this.#listeners) listener(violation)
  }

  /** Calls `listener` for every later violation; the returned function ends that. */
  listen(listener: ViolationListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  clear(): void {
    this.entries.length = 0
  }
}
