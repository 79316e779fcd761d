import { loggedEvents, type SessionView } from '@kurir/remote/wire'
import type { Store, StoredAuthState } from '@kurir/store'
import type { BaileysEvent, BaileysEventMap, UserFacingSocketConfig, WASocket } from 'kurir'
import type { EventBatch } from 'kurir/events'
import type { ILogger } from 'kurir/logger'
import { CallRunner } from '../calls/call-runner.js'
import { Delivery } from '../delivery/delivery.js'
import { EventRecorder } from './event-recorder.js'
import { type ScheduleTask, Session } from './session.js'
import { sessionView } from './session-view.js'

/** What every session of a gateway is given. */
export interface HostParts {
  readonly store: Store
  readonly logger: ILogger
  readonly makeSocket: (config: UserFacingSocketConfig) => WASocket
  readonly socketConfig: Partial<UserFacingSocketConfig>
  readonly clock: () => number
  readonly random: () => number
  readonly schedule: ScheduleTask
}

/** A program that is attached to a session. */
export interface Watcher {
  stateChanged(view: SessionView): void
  live(event: BaileysEvent, payload: BaileysEventMap[BaileysEvent]): void
}

/** A session with everything around it: its socket, its event log, its subscriptions, the programs that are attached. */
export class HostedSession {
  readonly session: Session
  readonly calls: CallRunner
  readonly #parts: HostParts
  readonly #auth: StoredAuthState
  readonly #recorder: EventRecorder
  readonly #watchers = new Set<Watcher>()
  readonly #deliveries = new Map<string, Delivery>()
  readonly #stopWaking: () => void

  private constructor(id: string, auth: StoredAuthState, parts: HostParts) {
    const { store, logger, makeSocket, socketConfig, clock, random, schedule } = parts
    this.#parts = parts
    this.#auth = auth
    this.#recorder = new EventRecorder({
      record: batch => store.record(id, batch),
      logger,
      random,
      schedule,
    })
    this.session = new Session({
      id,
      logger,
      makeSocket,
      config: { getMessage: store.getMessage(id), ...socketConfig },
      auth: auth.state,
      takeEvents: batch => this.#recorder.take(batch),
      changed: () => this.#changed(),
      live: batch => this.#live(batch),
      clock,
      random,
      schedule,
    })
    this.calls = new CallRunner(this.session, clock)
    this.#stopWaking = store.events.onAppend(id, () => {
      for (const delivery of this.#deliveries.values()) delivery.wake()
    })
  }

  static async open(id: string, parts: HostParts): Promise<HostedSession> {
    return new HostedSession(id, await parts.store.auth(id), parts)
  }

  get id(): string {
    return this.session.id
  }

  get view(): SessionView {
    return sessionView(this.session)
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** From now on, what happens is kept for this name. One that is known goes on where it was. */
  async openSubscription(name: string): Promise<void> {
    await this.#parts.store.consumers.open(this.id, name, { from: 'head', events: loggedEvents })
  }

  /** The subscription of this name; see `Delivery`. */
  delivery(name: string): Delivery {
    const known = this.#deliveries.get(name)
    if (known !== undefined) return known
    const { store, logger, schedule, random } = this.#parts
    const delivery = new Delivery({ session: this.id, name, consumers: store.consumers, logger, schedule, random })
    this.#deliveries.set(name, delivery)
    return delivery
  }

  /** Nobody of this name is left: what it has handled is written, and it is forgotten here. */
  async release(name: string): Promise<void> {
    const delivery = this.#deliveries.get(name)
    if (delivery === undefined || !delivery.isIdle) return
    await delivery.settled()
    if (!delivery.isIdle || this.#deliveries.get(name) !== delivery) return
    this.#deliveries.delete(name)
    await delivery.close()
  }

  /** Ends the connection, lets what is under way come to its end, and lets go of the session's data. */
  async close(): Promise<void> {
    await this.session.stop()
    await this.#recorder.close()
    this.#stopWaking()
    for (const delivery of this.#deliveries.values()) await delivery.close()
    await this.#auth.close()
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher.stateChanged(this.view)
  }

  #live(batch: EventBatch): void {
    for (const event of Object.keys(batch) as BaileysEvent[]) {
      const payload = batch[event]
      if (payload === undefined) continue
      for (const watcher of this.#watchers) watcher.live(event, payload)
    }
  }
}
