import type { Completion } from './completion.js'
import type { EventBatch } from './event-map.js'
import type { Schedule } from './schedule.js'

/** A `process` handler. A returned promise is awaited before this handler gets its next batch. */
export type ProcessHandler = (events: EventBatch) => void | Promise<void>

export interface HandlerQueueOptions {
  readonly schedule: Schedule
  /** How long one batch may keep later ones waiting, in milliseconds. */
  readonly timeoutMs: number
  /** How many batches may wait. */
  readonly maxBacklog: number
  /** Told of what the handler threw or rejected with. */
  readonly onFailure: (error: unknown, batch: EventBatch) => void
  /** Told when a running call no longer holds up the batches after it. */
  readonly onLeftBehind: (reason: 'timeout' | 'backlog', waiting: number) => void
}

interface Item {
  /** Absent for a marker that only asks to be told when its turn has come. */
  readonly batch: EventBatch | undefined
  readonly completion: Completion | undefined
}

/**
 * Feeds one `process` handler: one batch at a time, in order, nothing skipped. A handler that returns no promise is
 * called within `deliver`.
 *
 * A call that never settles must not silence the handler or fill the memory: after `timeoutMs`, or when `maxBacklog`
 * batches wait, the next batches go ahead beside it. Its own completion stays open until it settles.
 */
export class HandlerQueue {
  readonly #handler: ProcessHandler
  readonly #options: HandlerQueueOptions
  #waiting: Item[] = []
  #head = 0
  /** The call that later batches wait for; an object so that a left-behind call can be told from its successor. */
  #current: object | undefined
  #cancelTimeout: (() => void) | undefined
  #closed = false

  constructor(handler: ProcessHandler, options: HandlerQueueOptions) {
    this.#handler = handler
    this.#options = options
  }

  /** Batches that wait for the running call. */
  get waiting(): number {
    return this.#waiting.length - this.#head
  }

  deliver(batch: EventBatch | undefined, completion?: Completion): void {
    if (this.#closed) return
    completion?.hold()
    const item = { batch, completion }
    if (this.#current === undefined) {
      this.#run(item)
      return
    }
    this.#waiting.push(item)
    if (this.waiting > this.#options.maxBacklog) this.#leaveBehind('backlog')
    else this.#cancelTimeout ??= this.#options.schedule(() => this.#leaveBehind('timeout'), this.#options.timeoutMs)
  }

  /** Forgets the batches that wait: the handler was taken off. A running call goes on. */
  close(): void {
    this.#closed = true
    const dropped = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    this.#clearTimeout()
    for (const item of dropped) item.completion?.release()
  }

  /** Calls the handler for `first` and for all that wait, until a call returns a promise. */
  #run(first: Item): void {
    for (let item: Item | undefined = first; item !== undefined; item = this.#next()) {
      const call = {}
      this.#current = call
      const running = this.#call(item)
      if (running !== undefined) {
        const settled = item
        running.then(
          () => this.#settle(call, settled),
          error => {
            this.#fail(error, settled)
            this.#settle(call, settled)
          },
        )
        return
      }
      item.completion?.release()
      // Left behind while it ran: the batches after it are already being served.
      if (this.#current !== call) return
    }
    this.#current = undefined
    this.#clearTimeout()
  }

  #call(item: Item): PromiseLike<void> | undefined {
    if (item.batch === undefined) return undefined
    try {
      const result = this.#handler(item.batch)
      return isPromiseLike(result) ? result : undefined
    } catch (error) {
      this.#fail(error, item)
      return undefined
    }
  }

  #fail(error: unknown, item: Item): void {
    item.completion?.fail(error)
    this.#options.onFailure(error, item.batch ?? {})
  }

  #settle(call: object, item: Item): void {
    item.completion?.release()
    if (this.#current === call) this.#advance()
  }

  #leaveBehind(reason: 'timeout' | 'backlog'): void {
    this.#options.onLeftBehind(reason, this.waiting)
    this.#advance()
  }

  #advance(): void {
    this.#clearTimeout()
    this.#current = undefined
    const next = this.#next()
    if (next === undefined) return
    if (this.waiting > 0) {
      this.#cancelTimeout = this.#options.schedule(() => this.#leaveBehind('timeout'), this.#options.timeoutMs)
    }
    this.#run(next)
  }

  #next(): Item | undefined {
    const item = this.#waiting[this.#head]
    if (item === undefined) return undefined
    this.#head += 1
    // The array is cut only when half of it is spent, so taking an item costs the same however many wait.
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  #clearTimeout(): void {
    this.#cancelTimeout?.()
    this.#cancelTimeout = undefined
  }
}

export const isPromiseLike = (value: unknown): value is PromiseLike<void> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
