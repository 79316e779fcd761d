import type { BaileysEvent, BaileysEventMap } from 'kurir'
import { KurirError } from 'kurir/errors'
import type { BaileysBufferableEventEmitter, EventOutcome } from 'kurir/events'
import type { ILogger } from 'kurir/logger'
import { encodeError } from '../wire/errors.js'
import { isEventName } from '../wire/event-rules.js'
import type { ClientFrames, DeliveredEvent, DeliverFrame } from '../wire/protocol.js'
import { decodeValue, encodeValue } from '../wire/values.js'

export interface SubscriptionParts {
  readonly ev: BaileysBufferableEventEmitter
  readonly logger: ILogger
  readonly send: <Name extends keyof ClientFrames>(name: Name, frame: ClientFrames[Name]) => void
  readonly name: string
  /** Events that may be on the way. */
  readonly credit: number
}

/** The one subscription of a socket. */
const number = 1
/** Cursors that are remembered, so that what the gateway sends again after a broken connection is not handled twice. */
const maxRemembered = 10_000

/**
 * Hands what the gateway delivers to the events of the socket: one lane in order, lanes side by side. An event is
 * reported as handled when every `process` handler is through with it.
 */
export class Subscription {
  readonly #parts: SubscriptionParts
  readonly #handled = new Set<number>()
  readonly #running = new Map<number, Promise<EventOutcome>>()
  /** How far each run has been handled, where that is not reported yet. */
  readonly #reports = new Map<number, number>()
  /** The connection that runs belong to; what was begun on an earlier one is not reported on the next. */
  #connection = {}
  #isWanted = false

  constructor(parts: SubscriptionParts) {
    this.#parts = parts
  }

  get isWanted(): boolean {
    return this.#isWanted
  }

  /** Somebody listens: from now on events are asked for, on every connection. */
  begin(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    this.subscribe()
  }

  /** On a new connection. */
  subscribe(): void {
    this.interrupt()
    if (!this.#isWanted) return
    const { name, credit } = this.#parts
    this.#parts.send('subscribe', { subscription: number, name, credit })
  }

  /** The connection is gone: what has not been begun will be delivered again. */
  interrupt(): void {
    this.#connection = {}
    this.#reports.clear()
  }

  deliver(frame: DeliverFrame): void {
    void this.#handleRun(frame, this.#connection)
  }

  async #handleRun({ run, events }: DeliverFrame, connection: object): Promise<void> {
    for (const event of events) {
      if (connection !== this.#connection) return
      const failure = await this.#handle(event)
      if (connection !== this.#connection) return
      const { cursor } = event
      if (failure === undefined) this.#report(run, cursor)
      else {
        this.#flush()
        this.#parts.send('failed', {
          subscription: number,
          run,
          cursor,
          error: encodeValue(encodeError(failure.error)),
        })
        return
      }
    }
  }

  /** Tells the gateway of everything that is handled by now. */
  async reportAll(): Promise<void> {
    // Handlers that are through have not been noticed yet: that takes a turn.
    await new Promise(resolve => setImmediate(resolve))
    this.#flush()
  }

  /** What is handled in one turn of the event loop is reported with one frame for each run. */
  #report(run: number, cursor: number): void {
    if (this.#reports.size === 0) setImmediate(() => this.#flush())
    this.#reports.set(run, cursor)
  }

  #flush(): void {
    const reports = [...this.#reports]
    this.#reports.clear()
    for (const [run, cursor] of reports) this.#parts.send('handled', { subscription: number, run, cursor })
  }

  async #handle(event: DeliveredEvent): Promise<{ readonly error: unknown } | undefined> {
    const { cursor } = event
    if (this.#handled.has(cursor)) return undefined
    try {
      const running = this.#running.get(cursor) ?? this.#emit(event)
      this.#running.set(cursor, running)
      const { failures } = await running
      if (failures.length > 0) return { error: failures[0] }
      this.#remember(cursor)
      return undefined
    } catch (error) {
      return { error }
    } finally {
      this.#running.delete(cursor)
    }
  }

  #emit({ event, body, redelivered }: DeliveredEvent): Promise<EventOutcome> {
    if (!isEventName(event)) {
      this.#parts.logger.debug({ event }, 'an event of a newer gateway is passed over')
      return Promise.resolve({ failures: [] })
    }
    const payload = decodeValue(body)
    if (redelivered > 0) markRedelivered(event, payload, redelivered)
    return this.#parts.ev.emitAndWait(event, payload as BaileysEventMap[BaileysEvent])
  }

  #remember(cursor: number): void {
    this.#handled.add(cursor)
    if (this.#handled.size <= maxRemembered) return
    for (const oldest of this.#handled) {
      this.#handled.delete(oldest)
      return
    }
  }
}

/** Messages say themselves that they come again (docs/guarantees.md). */
function markRedelivered(event: BaileysEvent, payload: unknown, redelivered: number): void {
  if (event !== 'messages.upsert' || typeof payload !== 'object' || payload === null) return
  const messages: unknown = Reflect.get(payload, 'messages')
  if (!Array.isArray(messages)) throw new KurirError('malformed-frame', 'An event has no messages', { statusCode: 400 })
  for (const message of messages) {
    const before: unknown = message.redelivered
    message.redelivered = (typeof before === 'number' ? before : 0) + redelivered
  }
}
