import type { MessageUpsertType, WAMessage } from '../events/message-types.js'
import { cleanMessage } from '../messages/clean.js'
import type { SocketCore } from './core.js'
import type { InboxEntry } from './inbox.js'

/** A message whose consequences cannot be stored is given up after so many tries. */
const MOST_DELIVERIES = 10

export type Upsert = (message: WAMessage, type: MessageUpsertType) => Promise<void>

/**
 * Hands received messages over to the program: emits them, applies what follows from them, and lets the inbox go of them
 * when everybody is through.
 */
export class HandOver {
  readonly #core: SocketCore
  readonly #upsert: Upsert
  /** Handed over in this turn of the event loop: one look at the handlers serves all of them. */
  #emitted: InboxEntry[] = []
  #recovering: Promise<void> | undefined

  constructor(core: SocketCore, upsert: Upsert) {
    this.#core = core
    this.#upsert = upsert
  }

  /**
   * Hands over what earlier processes and connections have left, once; nothing new may be handled before it resolves.
   *
   * @throws what the key store throws: the next call tries again
   */
  recover(): Promise<void> {
    this.#recovering ??= this.#recover().catch(error => {
      this.#recovering = undefined
      throw error
    })
    return this.#recovering
  }

  /**
   * @param entry undefined for what is not in the inbox
   * @throws what the handing over failed with, for a message without entry
   */
  async handOver(message: WAMessage, type: MessageUpsertType, entry: InboxEntry | undefined): Promise<void> {
    const { creds, memory, logger } = this.#core
    try {
      if (entry?.isClean !== true) cleanMessage(message, creds.me?.id ?? '', creds.me?.lid ?? '')
      await this.#upsert(message, type)
    } catch (error) {
      if (entry === undefined) throw error
      const facts = { err: error, id: message.key.id, deliveries: entry.deliveries }
      if (entry.deliveries < MOST_DELIVERIES) {
        logger.warn(facts, 'what follows from a message was not stored: it comes again')
        memory.inbox.postpone(entry)
        return
      }
      // It has been emitted so often; those behind it must not wait for it for ever.
      logger.error(facts, 'what follows from a message is given up')
    }
    if (entry === undefined) return
    if (this.#emitted.length === 0) setImmediate(() => this.#watch())
    this.#emitted.push(entry)
  }

  /**
   * At the end of a connection: delivers what is held back, and waits until the inbox has let go of what is handled by
   * then. Handlers that still work are not waited for: one of them may be waiting for the end.
   */
  async close(): Promise<void> {
    const { ev, memory } = this.#core
    ev.flush()
    this.#watch()
    await new Promise(resolve => setImmediate(resolve))
    await memory.inbox.settled()
  }

  #watch(): void {
    const entries = this.#emitted
    this.#emitted = []
    if (entries.length > 0) this.#core.memory.inbox.watch(entries, this.#core.ev)
  }

  async #recover(): Promise<void> {
    const { memory, logger } = this.#core
    const undelivered = await memory.inbox.takeUndelivered()
    if (undelivered.length > 0) logger.info({ messages: undelivered.length }, 'handing over messages again')
    for (const entry of undelivered) await this.handOver(entry.message, entry.type, entry)
  }
}
