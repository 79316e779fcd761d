import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import type { BaileysBufferableEventEmitter } from './event-buffer.js'
import {
  type EventFilter,
  type EventFilterMap,
  isMessageFilter,
  type MessageFilter,
  type MessageScope,
  readMessages,
} from './event-filters.js'
import type { BaileysEvent, EventBatch } from './event-map.js'

export interface EventManagerOptions {
  readonly logger: ILogger
}

export interface HandlerOptions<Filter extends EventFilter> extends MessageScope {
  /** Lets only the payloads through that it accepts. */
  readonly where?: (payload: EventFilterMap[Filter]) => boolean
}

/** A handler as `list` shows it. */
export interface HandlerInfo {
  readonly name: string
  readonly filter: EventFilter
  /** Payloads handled without an error so far. */
  readonly handled: number
  readonly failed: number
}

/** A handler that is on; taken off, it keeps running what it has begun and nothing more. */
interface Handler {
  info: HandlerInfo
  on: boolean
  unsubscribe: () => void
}

type Work<Filter extends EventFilter> = (payload: EventFilterMap[Filter]) => unknown

/**
 * Named handlers on an emitter: each gets what its filter selects, one payload at a time and in order, and neither a
 * slow nor a failing handler touches the others. Use it where handlers come and go by name; for everything else `on` and
 * `process` do.
 *
 * ```ts
 * const manager = new EventManager(socket.ev, { logger })
 * manager.add('ping', 'message:text', ({ chat }) => socket.sendMessage(chat, { text: 'pong' }), {
 *   where: ({ text }) => text === 'ping',
 * })
 * ```
 */
export class EventManager {
  readonly #ev: Pick<BaileysBufferableEventEmitter, 'process'>
  readonly #logger: ILogger
  readonly #handlers = new Map<string, Handler>()

  constructor(ev: Pick<BaileysBufferableEventEmitter, 'process'>, { logger }: EventManagerOptions) {
    this.#ev = ev
    this.#logger = logger
  }

  /**
   * Adds a handler. A promise it returns is awaited before its next payload; what it throws is logged with its name.
   *
   * @throws KurirError `handler-exists` (409) when the name is taken.
   */
  add<Filter extends EventFilter>(
    name: string,
    filter: Filter,
    work: Work<Filter>,
    options: HandlerOptions<Filter> = {},
  ): void {
    if (this.#handlers.has(name)) {
      throw new KurirError('handler-exists', 'A handler of this name is there already', {
        statusCode: 409,
        data: { name },
      })
    }
    const handler: Handler = { info: { name, filter, handled: 0, failed: 0 }, on: true, unsubscribe: () => {} }
    handler.unsubscribe = this.#ev.process(batch => {
      const payloads = select(filter, batch, options)
      return payloads.length === 0 ? undefined : this.#handle(handler, payloads, work, options)
    })
    this.#handlers.set(name, handler)
  }

  /** Takes a handler off; what waits for it is dropped. @returns false when there is none of this name. */
  remove(name: string): boolean {
    const handler = this.#handlers.get(name)
    if (!handler) return false
    handler.on = false
    handler.unsubscribe()
    return this.#handlers.delete(name)
  }

  list(): readonly HandlerInfo[] {
    return Array.from(this.#handlers.values(), handler => handler.info)
  }

  /** Takes every handler off. */
  clear(): void {
    for (const name of [...this.#handlers.keys()]) this.remove(name)
  }

  async #handle<Filter extends EventFilter>(
    handler: Handler,
    payloads: readonly EventFilterMap[Filter][],
    work: Work<Filter>,
    { where }: HandlerOptions<Filter>,
  ): Promise<void> {
    for (const payload of payloads) {
      if (!handler.on) return
      try {
        if (where && !where(payload)) continue
        await work(payload)
        handler.info = { ...handler.info, handled: handler.info.handled + 1 }
      } catch (error) {
        handler.info = { ...handler.info, failed: handler.info.failed + 1 }
        this.#logger.error({ error, handler: handler.info.name }, 'named event handler failed')
      }
    }
  }
}

/** What the filter finds in the batch. */
const select = <Filter extends EventFilter>(
  filter: Filter,
  batch: EventBatch,
  scope: MessageScope,
): EventFilterMap[Filter][] => {
  const name: EventFilter = filter
  const found = isMessageFilter(name) ? selectMessages(name, batch, scope) : selectEvent(name, batch)
  return found as EventFilterMap[Filter][]
}

const selectMessages = (filter: MessageFilter, batch: EventBatch, scope: MessageScope): unknown[] =>
  readMessages(filter, batch, scope)

const selectEvent = (event: BaileysEvent, batch: EventBatch): unknown[] => {
  const payload = batch[event]
  return payload === undefined ? [] : [payload]
}
