import { type DeliverFrame, encodeValue } from '@kurir/remote/wire'
import type { ConsumerRepository } from '@kurir/store'
import type { ILogger } from 'kurir/logger'
import type { ScheduleTask } from '../sessions/session.js'
import { pauseBefore } from '../sessions/session-state.js'
import { Lanes, type QueuedEvent, type Run } from './lanes.js'

/** A program that takes part in a subscription. */
export interface Consumer {
  /** Events that may be on their way to it. */
  readonly credit: number
  deliver(frame: Omit<DeliverFrame, 'subscription'>): void
}

export interface DeliveryParts {
  readonly session: string
  readonly name: string
  readonly consumers: Pick<ConsumerRepository, 'pending' | 'delivered' | 'acknowledge' | 'fail'>
  readonly logger: ILogger
  readonly schedule: ScheduleTask
  readonly random: () => number
}

/** Events that are in memory at most, and how many are read at a time. */
const windowSize = 2000
const pageSize = 500
/** More events than this are a backlog. */
const backlogSize = 200
/** Events of one run: a program that fails in the middle of one has only so many waiting behind. */
const longestRun = 64
/** Handlers may fail so often before an event goes to the dead letters. */
const maxFailures = 5
/** Programs may die so often with an event in their hands. */
const maxLosses = 10
const longestText = 1000

/**
 * A named subscription of a session: reads the log from where the name has come to, hands the events to the programs of
 * that name, and remembers what they have handled.
 */
export class Delivery {
  readonly #parts: DeliveryParts
  readonly #lanes = new Lanes<Consumer>()
  /** Programs, and how many events are on their way to each. */
  readonly #consumers = new Map<Consumer, number>()
  /** Read up to here; undefined before the first page. */
  #readUpTo: number | undefined
  #hasMore = true
  #deliveredUpTo = 0
  #handled: number[] = []
  #writing: Promise<void> | undefined
  #isPumping = false
  readonly #timers = new Set<() => void>()

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  get isIdle(): boolean {
    return this.#consumers.size === 0
  }

  join(consumer: Consumer): void {
    this.#consumers.set(consumer, 0)
    this.#pump()
  }

  /** The program has gone: what it had is delivered again, to whoever is there. */
  leave(consumer: Consumer): void {
    if (!this.#consumers.delete(consumer)) return
    const runs = this.#lanes.runsOf(consumer)
    const suspect = oldest(runs)
    for (const run of runs) {
      for (const event of run.events) event.redelivered += 1
      this.#lanes.giveBack(run)
    }
    if (suspect !== undefined) this.#lost(suspect)
    this.#pump()
  }

  /** There may be more in the log. */
  wake(): void {
    this.#hasMore = true
    this.#pump()
  }

  handled(consumer: Consumer, id: number, cursor: number): void {
    const run = this.#lanes.run(id, consumer)
    if (run === undefined) return
    this.#confirm(consumer, this.#lanes.handled(run, cursor))
    this.#pump()
  }

  failed(consumer: Consumer, id: number, cursor: number, error: { code?: string; message: string }): void {
    const run = this.#lanes.run(id, consumer)
    if (run === undefined) return
    this.#confirm(consumer, this.#lanes.handled(run, cursor - 1))
    const [event] = run.events
    this.#free(consumer, run.events.length)
    this.#lanes.giveBack(run)
    if (event?.row.cursor !== cursor) return
    event.redelivered += 1
    this.#lanes.block(run.lane)
    void this.#countFailure(run.lane, event, error)
  }

  /** Resolves when everything that was handled so far is written. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async close(): Promise<void> {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    await this.settled()
  }

  #confirm(consumer: Consumer, events: readonly QueuedEvent[]): void {
    this.#free(consumer, events.length)
    for (const { row } of events) this.#handled.push(row.cursor)
    this.#write()
  }

  #free(consumer: Consumer, count: number): void {
    const underWay = this.#consumers.get(consumer)
    if (underWay !== undefined) this.#consumers.set(consumer, underWay - count)
  }

  /** One write at a time, each with everything that was handled by then. */
  #write(): void {
    if (this.#writing !== undefined || this.#handled.length === 0) return
    const cursors = this.#handled
    this.#handled = []
    const { consumers, session, name, logger } = this.#parts
    this.#writing = consumers
      .acknowledge(session, name, cursors)
      .then(() => undefined)
      .catch(error => {
        logger.error({ err: error, session, name }, 'what was handled could not be written, trying again')
        this.#handled = [...cursors, ...this.#handled]
        return this.#pause(1)
      })
      .finally(() => {
        this.#writing = undefined
        this.#write()
      })
  }

  #pause(attempt: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#parts.schedule(
        () => {
          this.#timers.delete(cancelled)
          resolve()
        },
        pauseBefore(attempt, this.#parts.random()),
      )
      const cancelled = () => {
        cancel()
        resolve()
      }
      this.#timers.add(cancelled)
    })
  }

  async #countFailure(lane: string, event: QueuedEvent, error: { code?: string; message: string }): Promise<void> {
    const { consumers, session, name, logger } = this.#parts
    const { cursor } = event.row
    try {
      const told = { ...error, message: error.message.slice(0, longestText) }
      const { attempts, isDead } = await consumers.fail(session, name, cursor, told, { maxAttempts: maxFailures })
      if (isDead) {
        logger.error({ session, name, cursor, attempts }, 'an event could not be handled and goes to the dead letters')
        this.#lanes.drop(lane, cursor)
      } else await this.#pause(attempts)
    } catch (problem) {
      logger.error({ err: problem, session, name, cursor }, 'a failure could not be written')
      await this.#pause(1)
    }
    this.#lanes.unblock(lane)
    this.#pump()
  }

  /** A program that dies again and again with the same event in its hands cannot handle it. */
  #lost(event: QueuedEvent): void {
    event.lost += 1
    if (event.lost < maxLosses) return
    const { consumers, session, name, logger } = this.#parts
    const { cursor, chat = '' } = event.row
    logger.error({ session, name, cursor }, 'programs end when they get an event: it goes to the dead letters')
    this.#lanes.block(chat)
    consumers
      .fail(session, name, cursor, { message: 'The program ended each time' }, { maxAttempts: 1 })
      .then(() => this.#lanes.drop(chat, cursor))
      .catch(error => logger.error({ err: error, session, name, cursor }, 'a failure could not be written'))
      .finally(() => {
        this.#lanes.unblock(chat)
        this.#pump()
      })
  }

  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    void this.#deliver()
      .catch(async error => {
        const { logger, session, name } = this.#parts
        logger.error({ err: error, session, name }, 'events could not be delivered, trying again')
        await this.#pause(1)
        this.#hasMore = true
      })
      .finally(() => {
        this.#isPumping = false
        if (this.#canGoOn()) this.#pump()
      })
  }

  #canGoOn(): boolean {
    if (this.#consumers.size === 0) return false
    return (this.#lanes.hasReady && this.#freest() !== undefined) || (this.#hasMore && this.#lanes.size < windowSize)
  }

  async #deliver(): Promise<void> {
    while (this.#canGoOn()) {
      if (this.#hasMore && this.#lanes.size < windowSize) await this.#read()
      await this.#handOut()
    }
  }

  async #read(): Promise<void> {
    const { consumers, session, name } = this.#parts
    this.#hasMore = false
    const { events, next } = await consumers.pending(session, name, {
      ...(this.#readUpTo !== undefined && { after: this.#readUpTo }),
      limit: pageSize,
    })
    this.#readUpTo = Math.max(next, this.#readUpTo ?? 0)
    if (events.length > 0) this.#hasMore = true
    this.#lanes.add(events)
  }

  /** Before an event goes out it is written that it does: after a crash it comes again with a mark. */
  async #handOut(): Promise<void> {
    const runs: Run<Consumer>[] = []
    for (;;) {
      const free = this.#freest()
      if (free === undefined) break
      const [consumer, room] = free
      const run = this.#lanes.take(consumer, Math.min(room, longestRun))
      if (run === undefined) break
      this.#consumers.set(consumer, (this.#consumers.get(consumer) ?? 0) + run.events.length)
      runs.push(run)
    }
    const newest = this.#newestOf(runs)
    if (newest > this.#deliveredUpTo) {
      await this.#parts.consumers.delivered(this.#parts.session, this.#parts.name, newest)
      this.#deliveredUpTo = newest
    }
    // Whoever has gone meanwhile has given its runs back.
    for (const run of runs) if (this.#lanes.run(run.id, run.owner) === run) send(run)
  }

  /** A backlog is marked as far as it was read: one write for many events, and only a crash of the gateway shows it. */
  #newestOf(runs: readonly Run<Consumer>[]): number {
    const newest = Math.max(0, ...runs.map(({ events }) => events.at(-1)?.row.cursor ?? 0))
    return runs.length > 0 && this.#lanes.size > backlogSize ? Math.max(newest, this.#readUpTo ?? 0) : newest
  }

  /** The program with most room, and its room. */
  #freest(): [Consumer, number] | undefined {
    let best: [Consumer, number] | undefined
    for (const [consumer, underWay] of this.#consumers) {
      const room = consumer.credit - underWay
      if (room > 0 && room > (best?.[1] ?? 0)) best = [consumer, room]
    }
    return best
  }
}

function send({ id, lane, owner, events }: Run<Consumer>): void {
  owner.deliver({
    run: id,
    lane,
    events: events.map(({ row, redelivered }) => ({
      cursor: row.cursor,
      at: row.at,
      event: row.event,
      body: encodeValue(row.payload),
      redelivered,
    })),
  })
}

function oldest(runs: readonly Run<Consumer>[]): QueuedEvent | undefined {
  return runs
    .flatMap(({ events }) => events[0] ?? [])
    .reduce<QueuedEvent | undefined>(
      (first, event) => (first && first.row.cursor < event.row.cursor ? first : event),
      undefined,
    )
}
