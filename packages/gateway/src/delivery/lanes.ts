import type { PendingEvent } from '@kurir/store'

/** An event on its way through a subscription. */
export interface QueuedEvent {
  readonly row: PendingEvent
  /** How often it has been handed out before, as far as is known. */
  redelivered: number
  /** How often the program that had it went away, while it was the oldest that the program had. */
  lost: number
}

/** Events of one lane that a program has, in order. */
export interface Run<Owner> {
  readonly id: number
  readonly lane: string
  readonly owner: Owner
  /** Those that are not handled yet. */
  events: QueuedEvent[]
}

interface Lane<Owner> {
  readonly name: string
  queue: QueuedEvent[]
  run: Run<Owner> | undefined
  /** After a failure nothing of the lane goes out before its time. */
  isBlocked: boolean
}

/**
 * Which events of a subscription wait, and which are on their way to whom. A lane has at most one run under way, so its
 * order holds whatever fails and whoever goes away; different lanes go side by side.
 */
export class Lanes<Owner> {
  readonly #lanes = new Map<string, Lane<Owner>>()
  /** Lanes that a run can be taken from, those that have waited longest first. */
  readonly #ready = new Set<Lane<Owner>>()
  readonly #runs = new Map<number, Run<Owner>>()
  #nextRun = 1
  #size = 0

  /** Events that wait or are on their way. */
  get size(): number {
    return this.#size
  }

  /** Adds events in the order of the log. */
  add(rows: readonly PendingEvent[]): void {
    for (const row of rows) {
      const name = row.chat ?? ''
      const lane = this.#lanes.get(name) ?? { name, queue: [], run: undefined, isBlocked: false }
      this.#lanes.set(name, lane)
      lane.queue.push({ row, redelivered: row.isRedelivered ? Math.max(1, row.attempts) : 0, lost: 0 })
      this.#size += 1
      this.#look(lane)
    }
  }

  get hasReady(): boolean {
    return this.#ready.size > 0
  }

  /** The next run of at most `limit` events, for this owner. */
  take(owner: Owner, limit: number): Run<Owner> | undefined {
    const [lane] = this.#ready
    if (lane === undefined) return undefined
    const run: Run<Owner> = { id: this.#nextRun, lane: lane.name, owner, events: lane.queue.splice(0, limit) }
    this.#nextRun += 1
    lane.run = run
    this.#runs.set(run.id, run)
    this.#look(lane)
    return run
  }

  run(id: number, owner: Owner): Run<Owner> | undefined {
    const run = this.#runs.get(id)
    return run?.owner === owner ? run : undefined
  }

  runsOf(owner: Owner): Run<Owner>[] {
    return [...this.#runs.values()].filter(run => run.owner === owner)
  }

  /** The events of a run up to `cursor` are handled; returns them. */
  handled(run: Run<Owner>, cursor: number): QueuedEvent[] {
    const rest = run.events.findIndex(({ row }) => row.cursor > cursor)
    const handled = rest < 0 ? run.events : run.events.slice(0, rest)
    run.events = rest < 0 ? [] : run.events.slice(rest)
    this.#size -= handled.length
    if (run.events.length === 0) this.#close(run, [])
    return handled
  }

  /** The run is over; what is left of it waits again, before all others of its lane. */
  giveBack(run: Run<Owner>): void {
    this.#close(run, run.events)
  }

  /** Takes the first of the events that wait in a lane out for good. */
  drop(name: string, cursor: number): void {
    const lane = this.#lanes.get(name)
    if (lane?.queue[0]?.row.cursor !== cursor) return
    lane.queue.shift()
    this.#size -= 1
    this.#look(lane)
  }

  block(name: string): void {
    const lane = this.#lanes.get(name)
    if (lane === undefined) return
    lane.isBlocked = true
    this.#look(lane)
  }

  unblock(name: string): void {
    const lane = this.#lanes.get(name)
    if (lane === undefined) return
    lane.isBlocked = false
    this.#look(lane)
  }

  #close(run: Run<Owner>, left: readonly QueuedEvent[]): void {
    this.#runs.delete(run.id)
    const lane = this.#lanes.get(run.lane)
    if (lane === undefined) return
    lane.run = undefined
    lane.queue = left.length === 0 ? lane.queue : [...left, ...lane.queue]
    this.#look(lane)
  }

  #look(lane: Lane<Owner>): void {
    const isReady = lane.queue.length > 0 && lane.run === undefined && !lane.isBlocked
    if (isReady) this.#ready.add(lane)
    else this.#ready.delete(lane)
    if (lane.queue.length === 0 && lane.run === undefined && !lane.isBlocked) this.#lanes.delete(lane.name)
  }
}
