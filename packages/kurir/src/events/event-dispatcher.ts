import type { ILogger } from '../logger/logger.js'
import type { Completion } from './completion.js'
import { type BaileysEvent, type BaileysEventMap, batchOf, type EventBatch } from './event-map.js'
import { HandlerQueue, type HandlerQueueOptions, isPromiseLike, type ProcessHandler } from './handler-queue.js'

/** A named listener. A returned promise is not awaited; its rejection is logged. */
export type EventListener<Event extends BaileysEvent> = (payload: BaileysEventMap[Event]) => void

interface Entry<Event extends BaileysEvent> {
  readonly listener: EventListener<Event>
  readonly once: boolean
}

type Entries = { [Event in BaileysEvent]?: readonly Entry<Event>[] }

/**
 * Hands batches to the named listeners (key by key, in order of subscription) and then to the `process` handlers.
 * Nobody's failure reaches the emitter or keeps the others from their turn: it is logged (docs/protocol/04, 7.2).
 */
export class EventDispatcher {
  readonly #logger: ILogger
  readonly #queueOptions: HandlerQueueOptions
  /** Lists are replaced, never changed: a dispatch under way keeps the one it began with. */
  #listeners: Entries = {}
  #queues: readonly HandlerQueue[] = []

  constructor(logger: ILogger, options: Pick<HandlerQueueOptions, 'schedule' | 'timeoutMs' | 'maxBacklog'>) {
    this.#logger = logger
    this.#queueOptions = {
      ...options,
      onFailure: (error, batch) => logger.error({ error, events: Object.keys(batch) }, 'event handler failed'),
      onLeftBehind: (reason, waiting) =>
        logger.warn({ reason, waiting }, 'event handler takes too long, later events go ahead without it'),
    }
  }

  add<Event extends BaileysEvent>(event: Event, listener: EventListener<Event>, once: boolean): void {
    this.#set(event, [...this.#entries(event), { listener, once }])
  }

  /** Takes off the latest subscription of `listener`, as Node's emitter does. */
  remove<Event extends BaileysEvent>(event: Event, listener: EventListener<Event>): void {
    const entries = this.#entries(event)
    const index = entries.findLastIndex(entry => entry.listener === listener)
    if (index >= 0) this.#set(event, entries.toSpliced(index, 1))
  }

  removeAll(event: BaileysEvent | undefined): void {
    if (event === undefined) this.#listeners = {}
    else delete this.#listeners[event]
  }

  count(event: BaileysEvent): number {
    return this.#entries(event).length
  }

  process(handler: ProcessHandler): () => void {
    const queue = new HandlerQueue(handler, this.#queueOptions)
    this.#queues = [...this.#queues, queue]
    return () => {
      this.#queues = this.#queues.filter(other => other !== queue)
      queue.close()
    }
  }

  /** The most batches that wait for one `process` handler. */
  get backlog(): number {
    return this.#queues.reduce((most, queue) => Math.max(most, queue.waiting), 0)
  }

  /** One event, as a batch of its own. */
  dispatchOne<Event extends BaileysEvent>(
    event: Event,
    payload: BaileysEventMap[Event],
    completion?: Completion,
  ): void {
    const queues = this.#queues
    this.#callListeners(event, payload, this.#listeners)
    if (queues.length > 0) deliver(queues, batchOf(event, payload), completion)
  }

  dispatch(batch: EventBatch, completion?: Completion): void {
    // Taken first: a listener that ends the connection does not keep the batch from those who were there.
    const queues = this.#queues
    const listeners = this.#listeners
    for (const event of Object.keys(batch) as BaileysEvent[]) this.#callListenersOf(event, batch, listeners)
    deliver(queues, batch, completion)
  }

  /** Lets `completion` wait for everything that the `process` handlers have been given so far. */
  mark(completion: Completion): void {
    for (const queue of this.#queues) queue.deliver(undefined, completion)
  }

  /** Takes everybody off. What the `process` handlers have already been given still reaches them. */
  close(): void {
    this.#listeners = {}
    this.#queues = []
  }

  #callListenersOf<Event extends BaileysEvent>(event: Event, batch: EventBatch, listeners: Entries): void {
    const payload = batch[event]
    if (payload !== undefined) this.#callListeners(event, payload, listeners)
  }

  #callListeners<Event extends BaileysEvent>(event: Event, payload: BaileysEventMap[Event], listeners: Entries): void {
    const entries: readonly Entry<Event>[] | undefined = listeners[event]
    if (entries === undefined) return
    for (const entry of entries) {
      if (entry.once && !takeOff(listeners, event, entry)) continue
      try {
        const result: unknown = entry.listener(payload)
        if (isPromiseLike(result)) result.then(undefined, error => this.#report(error, event))
      } catch (error) {
        this.#report(error, event)
      }
    }
  }

  #entries<Event extends BaileysEvent>(event: Event): readonly Entry<Event>[] {
    return this.#listeners[event] ?? []
  }

  #set<Event extends BaileysEvent>(event: Event, entries: readonly Entry<Event>[]): void {
    setEntries(this.#listeners, event, entries)
  }

  #report(error: unknown, event: BaileysEvent): void {
    this.#logger.error({ error, event }, 'event listener failed')
  }
}

const deliver = (queues: readonly HandlerQueue[], batch: EventBatch, completion: Completion | undefined): void => {
  for (const queue of queues) queue.deliver(batch, completion)
}

const setEntries = <Event extends BaileysEvent>(
  listeners: Entries,
  event: Event,
  entries: readonly Entry<Event>[],
): void => {
  const lists: { [E in BaileysEvent]?: readonly Entry<E>[] | undefined } = listeners
  if (entries.length === 0) delete listeners[event]
  else lists[event] = entries as Entries[Event]
}

/** @returns false when a nested emission has used the subscription up already. */
const takeOff = <Event extends BaileysEvent>(listeners: Entries, event: Event, entry: Entry<Event>): boolean => {
  const entries: readonly Entry<Event>[] = listeners[event] ?? []
  if (!entries.includes(entry)) return false
  setEntries(
    listeners,
    event,
    entries.filter(other => other !== entry),
  )
  return true
}
