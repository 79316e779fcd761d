import { getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { parseDecimal } from '../messages/stanza-values.js'
import type { SocketCore } from './core.js'
import { KeyedQueue } from './scheduling.js'

/** Something that the server keeps has changed while this device was away (docs/protocol/04, 3.1). */
export interface DirtyBit {
  readonly type: string
  /** Unix seconds as text; what is cleaned has this time. */
  readonly timestamp: string | undefined
  /** Whether this part of it is concerned: the server names parts, or none when it is all of them. */
  concerns(part: string): boolean
}

export type DirtyBitHandler = (bit: DirtyBit) => Promise<void>

/** Who fetches what has changed, by the type of the bit. Several may want the same one. */
export class DirtyBits {
  readonly #byType = new Map<string, DirtyBitHandler[]>()

  on(type: string, handler: DirtyBitHandler): void {
    const handlers = this.#byType.get(type)
    if (handlers) handlers.push(handler)
    else this.#byType.set(type, [handler])
  }

  /** Runs the handlers of this bit side by side. One that fails fails the whole, when all are through. */
  async handle(bit: DirtyBit): Promise<void> {
    const running = (this.#byType.get(bit.type) ?? []).map(handler => handler(bit))
    for (const outcome of await Promise.allSettled(running)) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
  }
}

/** Bits in one stanza that are looked at; the server knows five types. */
const mostBits = 20

/**
 * Fetches what bits say has changed, and cleans them with their own time; what nobody here fetches is cleaned at once. A
 * bit whose fetch failed stays, and the server speaks of it again with the next connection.
 */
export class DirtyBitReceiver {
  readonly #core: SocketCore
  readonly #queue = new KeyedQueue()

  constructor(core: SocketCore) {
    this.#core = core
  }

  /** Takes an `<ib>`; others than those with `<dirty>` mean nothing here. */
  receive(bulletin: BinaryNode): void {
    for (const node of getBinaryNodeChildren(bulletin, 'dirty').slice(0, mostBits)) {
      const bit = dirtyBitOf(node)
      if (bit !== undefined) void this.#queue.run(bit.type, () => this.#handle(bit))
    }
  }

  /** Resolves when every bit so far is cleaned or left. */
  settled(): Promise<void> {
    return this.#queue.drain()
  }

  async #handle(bit: DirtyBit): Promise<void> {
    const { connection, creds, dirtyBits, ev, logger } = this.#core
    if (connection.phase !== 'open') return
    const { type, timestamp } = bit
    const seconds = parseDecimal(timestamp)
    if (type === 'account_sync' && seconds !== undefined && seconds !== creds.lastAccountSyncTimestamp) {
      ev.emit('creds.update', { lastAccountSyncTimestamp: seconds })
    }
    try {
      await dirtyBits.handle(bit)
      await connection.query(buildClean(type, timestamp))
    } catch (error) {
      if (connection.phase === 'open') logger.warn({ err: error, type }, 'what changed meanwhile could not be fetched')
    }
  }
}

function dirtyBitOf(node: BinaryNode): DirtyBit | undefined {
  const { type, timestamp } = node.attrs
  if (!type) return undefined
  const parts = new Set(Array.isArray(node.content) ? node.content.map(({ tag }) => tag) : [])
  return { type, timestamp, concerns: part => parts.size === 0 || parts.has(part) }
}

/** One bit in each request, as the web client does it. */
export function buildClean(type: string, timestamp: string | undefined): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'urn:xmpp:whatsapp:dirty' },
    content: [{ tag: 'clean', attrs: { type, ...(timestamp === undefined ? {} : { timestamp }) } }],
  }
}
