import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import { Completion, type EventOutcome } from './completion.js'
import { EventDispatcher, type EventListener } from './event-dispatcher.js'
import { type BaileysEvent, type BaileysEventMap, batchOf, type EventBatch } from './event-map.js'
import type { ProcessHandler } from './handler-queue.js'
import { HeldChatUpdates } from './held-chat-updates.js'
import { HistoryCache } from './merge-history.js'
import { type BufferableEvent, isBufferable, PendingEvents, type Precedence } from './pending-events.js'
import { type Schedule, unrefSchedule } from './schedule.js'

/** The part of the emitter that programs written for Baileys name. */
export interface BaileysEventEmitter {
  /** Calls `listener` for each payload of `event`. What it throws is logged. */
  on<Event extends BaileysEvent>(event: Event, listener: EventListener<Event>): void
  off<Event extends BaileysEvent>(event: Event, listener: EventListener<Event>): void
  /** Takes off the listeners of one event, or all named listeners. `process` handlers stay. */
  removeAllListeners(event?: BaileysEvent): void
  /** @returns false only after `destroy`. */
  emit<Event extends BaileysEvent>(event: Event, payload: BaileysEventMap[Event]): boolean
}

/** The emitter of a socket (docs/protocol/04, 7.2 to 7.4). */
export interface BaileysBufferableEventEmitter extends BaileysEventEmitter {
  once<Event extends BaileysEvent>(event: Event, listener: EventListener<Event>): void
  listenerCount(event: BaileysEvent): number
  /**
   * Calls `handler` with everything that belongs together, after the named listeners. Each handler gets its batches in
   * order, one at a time: a promise it returns is awaited before its next batch. What it throws is logged.
   *
   * Never await in a handler what only happens after its own next batch, such as `emitAndWait`.
   *
   * @returns takes the handler off; batches that wait for it are dropped.
   */
  process(handler: ProcessHandler): () => void
  /** Holds the bufferable events back until `flush`, at most for the buffer's time limit. Calls nest. */
  buffer(): void
  /** Delivers what is held back, merged, and stops buffering whatever the nesting. @returns false when not buffering. */
  flush(): boolean
  isBuffering(): boolean
  /** Holds events back while `work` runs; 100 ms after the last such work has ended, everything is delivered. */
  createBufferedFunction<Args extends unknown[], Result>(
    work: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result>
  /**
   * Emits, and resolves when the event has been handled: delivered to the named listeners, and every `process` handler
   * has finished with the batch it went out in, also when it was buffered and merged before. What handlers threw is in
   * `failures`. A chat update that is held back for its condition counts as handled.
   *
   * @throws KurirError `events-destroyed` (428) when the emitter was destroyed first: the event was not delivered.
   */
  emitAndWait<Event extends BaileysEvent>(event: Event, payload: BaileysEventMap[Event]): Promise<EventOutcome>
  /** Resolves when everything emitted so far, buffered or not, has been handled. Throws like `emitAndWait`. */
  whenHandled(): Promise<EventOutcome>
  /** The most batches that wait for a slow `process` handler: slow down when it grows. */
  backlog(): number
  /** Drops what is buffered and takes everybody off; `flush` first to deliver it. Batches sent out are still handled. */
  destroy(): void
}

export interface EventBufferOptions {
  /** Milliseconds after which a buffer that nobody flushed is released. Default 30 000. */
  readonly bufferTimeoutMs?: number
  /** Milliseconds from the end of the last buffered function to the flush. Default 100. */
  readonly bufferedFunctionDelayMs?: number
  /** Items held back at most; what has come is then delivered, and buffering goes on. Default 20 000. */
  readonly maxBufferedItems?: number
  /** Conditional chat updates held at most; beyond it the oldest are delivered undecided. Default 10 000. */
  readonly maxHeldChatUpdates?: number
  /** Ids of history items remembered against duplicates; beyond it a flush forgets them. Default 10 000. */
  readonly maxHistoryIds?: number
  /** Delivered chats remembered for conditional updates. Default 10 000. */
  readonly maxKnownChats?: number
  /** Milliseconds that one call of a `process` handler may keep its later batches waiting. Default 300 000. */
  readonly handlerTimeoutMs?: number
  /** Batches that may wait for one `process` handler before later ones go ahead. Default 10 000. */
  readonly maxHandlerBacklog?: number
  readonly schedule?: Schedule
}

type Settings = Required<EventBufferOptions>

const defaults: Settings = {
  bufferTimeoutMs: 30_000,
  bufferedFunctionDelayMs: 100,
  maxBufferedItems: 20_000,
  maxHeldChatUpdates: 10_000,
  maxHistoryIds: 10_000,
  maxKnownChats: 10_000,
  handlerTimeoutMs: 300_000,
  maxHandlerBacklog: 10_000,
  schedule: unrefSchedule,
}

/** Makes the emitter of a socket. Nothing is delivered twice, and nothing but `destroy` loses what was emitted. */
export const makeEventBuffer = (logger: ILogger, options: EventBufferOptions = {}): BaileysBufferableEventEmitter =>
  new EventBuffer(logger, { ...defaults, ...options })

/** One time of buffering, from the first `buffer` to the flush. */
interface Session {
  holders: number
  readonly cancelDeadline: () => void
  cancelFlush: (() => void) | undefined
}

/** Methods are own functions without `this`, so that a program can take them off the emitter. */
class EventBuffer implements BaileysBufferableEventEmitter {
  readonly #logger: ILogger
  readonly #settings: Settings
  readonly #dispatcher: EventDispatcher
  readonly #held: HeldChatUpdates
  readonly #history: HistoryCache
  #pending: PendingEvents
  /** Resolves when what is pending has been handled; made when somebody asks. */
  #completion: Completion | undefined
  #session: Session | undefined
  #destroyed = false

  constructor(logger: ILogger, settings: Settings) {
    this.#logger = logger
    this.#settings = settings
    this.#dispatcher = new EventDispatcher(logger, {
      schedule: settings.schedule,
      timeoutMs: settings.handlerTimeoutMs,
      maxBacklog: settings.maxHandlerBacklog,
    })
    this.#history = new HistoryCache(settings.maxHistoryIds)
    this.#held = new HeldChatUpdates({
      maxHeld: settings.maxHeldChatUpdates,
      maxKnownChats: settings.maxKnownChats,
      onFailure: (error, chatId) => logger.error({ error, chatId }, 'condition of a chat update failed, it is applied'),
    })
    this.#pending = new PendingEvents(this.#history, this.#held)
  }

  readonly on = <Event extends BaileysEvent>(event: Event, listener: EventListener<Event>): void => {
    if (!this.#destroyed) this.#dispatcher.add(event, listener, false)
  }

  readonly once = <Event extends BaileysEvent>(event: Event, listener: EventListener<Event>): void => {
    if (!this.#destroyed) this.#dispatcher.add(event, listener, true)
  }

  readonly off = <Event extends BaileysEvent>(event: Event, listener: EventListener<Event>): void => {
    this.#dispatcher.remove(event, listener)
  }

  readonly removeAllListeners = (event?: BaileysEvent): void => this.#dispatcher.removeAll(event)

  readonly listenerCount = (event: BaileysEvent): number => this.#dispatcher.count(event)

  readonly process = (handler: ProcessHandler): (() => void) =>
    this.#destroyed ? () => {} : this.#dispatcher.process(handler)

  readonly backlog = (): number => this.#dispatcher.backlog

  readonly emit = <Event extends BaileysEvent>(event: Event, payload: BaileysEventMap[Event]): boolean => {
    if (this.#destroyed) return false
    const name: BaileysEvent = event
    if (isBufferable(name)) this.#take(name, batchOf(event, payload))
    else this.#dispatcher.dispatchOne(event, payload)
    return true
  }

  readonly emitAndWait = <Event extends BaileysEvent>(
    event: Event,
    payload: BaileysEventMap[Event],
  ): Promise<EventOutcome> => {
    if (this.#destroyed) return abandoned()
    const name: BaileysEvent = event
    if (isBufferable(name)) return this.#takeAndWait(name, batchOf(event, payload))
    const completion = new Completion()
    this.#dispatcher.dispatchOne(event, payload, completion)
    completion.release()
    return completion.promise
  }

  readonly whenHandled = (): Promise<EventOutcome> => {
    if (this.#destroyed) return abandoned()
    const completion = new Completion()
    this.#dispatcher.mark(completion)
    if (this.#pending.size > 0) {
      this.#completion ??= new Completion()
      completion.follow(this.#completion)
    }
    completion.release()
    return completion.promise
  }

  readonly buffer = (): void => {
    if (this.#destroyed) return
    this.#session ??= {
      holders: 0,
      cancelDeadline: this.#settings.schedule(this.#onDeadline, this.#settings.bufferTimeoutMs),
      cancelFlush: undefined,
    }
    this.#session.holders += 1
  }

  readonly flush = (): boolean => {
    if (!this.#session) return false
    this.#endSession()
    this.#deliverAll()
    return true
  }

  readonly isBuffering = (): boolean => this.#session !== undefined

  readonly createBufferedFunction =
    <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      this.buffer()
      const session = this.#session
      try {
        return await work(...args)
      } finally {
        this.#letGo(session)
      }
    }

  readonly destroy = (): void => {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#endSession()
    this.#dispatcher.close()
    this.#history.clear()
    this.#pending = new PendingEvents(this.#history, this.#held)
    this.#completion?.abandon(destroyedError())
    this.#completion = undefined
  }

  readonly #onDeadline = (): void => {
    this.#logger.warn({ timeoutMs: this.#settings.bufferTimeoutMs }, 'event buffer not flushed in time, releasing it')
    this.flush()
  }

  /** A buffered function ended. One that outlived its buffer does not shorten the next one (docs/protocol/04, 7.4). */
  #letGo(session: Session | undefined): void {
    if (!session || session !== this.#session) return
    session.holders -= 1
    if (session.holders > 0) return
    session.cancelFlush ??= this.#settings.schedule(() => {
      session.cancelFlush = undefined
      if (session === this.#session && session.holders === 0) this.flush()
    }, this.#settings.bufferedFunctionDelayMs)
  }

  #endSession(): void {
    this.#session?.cancelDeadline()
    this.#session?.cancelFlush?.()
    this.#session = undefined
  }

  #take(event: BufferableEvent, given: EventBatch): void {
    this.#makeWay(given)
    if (this.#session) this.#merge(event, given)
    else this.#send(given, undefined)
  }

  #takeAndWait(event: BufferableEvent, given: EventBatch): Promise<EventOutcome> {
    this.#makeWay(given)
    if (this.#destroyed) return abandoned()
    if (this.#session) {
      this.#completion ??= new Completion()
      // Read before merging, which delivers a full buffer.
      const { promise } = this.#completion
      this.#merge(event, given)
      return promise
    }
    const completion = new Completion()
    this.#send(given, completion)
    completion.release()
    return completion.promise
  }

  /** Delivers what must leave before `given`. A listener called meanwhile may emit more of it, or end the buffering. */
  #makeWay(given: EventBatch): void {
    while (this.#session) {
      const precedence = this.#pending.precedence(given)
      if (!precedence) return
      this.#deliverFirst(precedence)
    }
  }

  #merge(event: BufferableEvent, given: EventBatch): void {
    this.#pending.take(event, given)
    const released = this.#held.takeReleased()
    if (released.length > 0) this.#pending.take('chats.update', { 'chats.update': released })
    if (this.#pending.size > this.#settings.maxBufferedItems) {
      this.#logger.debug({ items: this.#pending.size }, 'event buffer is full, delivering')
      this.#deliverAll()
    }
  }

  #deliverFirst(precedence: Precedence): void {
    if (precedence === 'everything') this.#deliverAll()
    else {
      const batch = precedence === 'chats.delete' ? this.#pending.takeChatDeletions() : this.#pending.takeMessages()
      if (batch) this.#dispatch(batch, this.#completion)
    }
  }

  /** The buffer is emptied before anybody is called: what listeners emit or buffer meanwhile starts afresh. */
  #deliverAll(): void {
    const completion = this.#completion
    this.#completion = undefined
    this.#history.trim()
    if (this.#pending.size > 0) {
      const batches = this.#pending.takeAll()
      this.#pending = new PendingEvents(this.#history, this.#held)
      for (const batch of batches) {
        if (this.#destroyed) completion?.abandon(destroyedError())
        else this.#dispatch(batch, completion)
      }
    }
    completion?.release()
  }

  #dispatch(batch: EventBatch, completion: Completion | undefined): void {
    this.#held.noteDelivered(batch)
    this.#dispatcher.dispatch(batch, completion)
  }

  /** Delivers at once, and then what was held for the chats that have come. */
  #send(batch: EventBatch, completion: Completion | undefined): void {
    this.#dispatch(batch, completion)
    const accepted = this.#held.releaseAfter(batch)
    if (accepted.length > 0) this.#dispatch({ 'chats.update': accepted }, completion)
  }
}

const abandoned = (): Promise<EventOutcome> => {
  const completion = new Completion()
  completion.abandon(destroyedError())
  return completion.promise
}

const destroyedError = (): KurirError =>
  new KurirError('events-destroyed', 'The event emitter was destroyed before the event was delivered', {
    statusCode: 428,
    retryable: true,
  })
