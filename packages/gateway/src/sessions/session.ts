import type { AuthenticationState, ConnectionState, UserFacingSocketConfig, WASocket } from 'kurir'
import { KurirError } from 'kurir/errors'
import type { EventBatch } from 'kurir/events'
import type { ILogger } from 'kurir/logger'
import { explain, pauseBefore, type SessionState, verdictOn } from './session-state.js'

/** Gives back what it was told to do; runs `task` after `milliseconds` unless taken back. */
export type ScheduleTask = (task: () => void, milliseconds: number) => () => void

export interface SessionParts {
  readonly id: string
  readonly logger: ILogger
  readonly makeSocket: (config: UserFacingSocketConfig) => WASocket
  /** Config of every socket: service, `getMessage` … */
  readonly config: Partial<UserFacingSocketConfig>
  readonly auth: AuthenticationState & { saveCreds(): Promise<void> }
  /** Takes what a socket reports. What it has not resolved is reported again by the next connection. */
  readonly takeEvents: (batch: EventBatch) => Promise<void>
  /** Hears of every change of state, and of live events. */
  readonly changed: (state: SessionState) => void
  readonly live: (batch: EventBatch) => void
  readonly clock: () => number
  /** 0 to 1. */
  readonly random: () => number
  readonly schedule: ScheduleTask
}

/** The phases of a connection have deadlines of their own; this one is for what should never happen. */
const connectDeadlineMs = 120_000
/** How long an orderly end waits for what is under way. */
const drainDeadlineMs = 10_000

/**
 * Keeps one session connected. It alone makes sockets for the session, one after the other, and decides what follows when
 * one ends: at once after linking, later with growing pauses, never after logout or replacement.
 */
export class Session {
  readonly #parts: SessionParts
  #state: SessionState
  #socket: WASocket | undefined
  /** Attempts since the connection was open. */
  #attempt = 0
  #cancelTimer: () => void = () => {}
  readonly #waiting = new Set<(state: SessionState) => void>()

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#state = { kind: 'stopped', since: parts.clock() }
  }

  get id(): string {
    return this.#parts.id
  }

  get state(): SessionState {
    return this.#state
  }

  get credentials(): AuthenticationState['creds'] {
    return this.#parts.auth.creds
  }

  /** Answers 'why is it not connected?'; empty while it is. */
  explain(): string {
    return explain(this.#state, this.#parts.clock())
  }

  /** Connects, and stays connected. Does nothing while it is at it; a pause is cut short. */
  start(): void {
    if (this.#state.kind === 'stopped' || this.#state.kind === 'ended' || this.#state.kind === 'waiting') {
      this.#attempt = 0
      this.#connect()
    }
  }

  /** Ends the connection in order and stays stopped: what was received is handled first, for 10 s at most. */
  async stop(): Promise<void> {
    this.#cancelTimer()
    const socket = this.#socket
    this.#socket = undefined
    if (this.#state.kind !== 'stopped') this.#enter({ kind: 'stopped', since: this.#parts.clock() })
    if (socket === undefined) return
    await within(drainDeadlineMs, socket.ev.whenHandled()).catch(() => {})
    await socket.end(undefined)
    await within(drainDeadlineMs, socket.ev.whenHandled()).catch(() => {})
    await this.#parts.auth.saveCreds()
  }

  /** Removes the device from the account. */
  async logout(): Promise<void> {
    const socket = await this.openSocket(drainDeadlineMs)
    await socket.logout()
  }

  /**
   * The socket, as soon as it is connected.
   *
   * @throws KurirError `session-not-open` (503) after `timeoutMs`, or at once when it is not going to connect
   */
  async openSocket(timeoutMs: number): Promise<WASocket> {
    const isOver = ({ kind }: SessionState) => kind === 'open' || kind === 'stopped' || kind === 'ended'
    await this.#until(isOver, timeoutMs)
    if (this.#state.kind !== 'open' || this.#socket === undefined) throw this.#notOpen()
    return this.#socket
  }

  /**
   * A code to type on the phone, in place of the QR. Starts the session if need be.
   *
   * @throws KurirError `already-linked` (409), `session-not-open` (503), and those of `requestPairingCode` of the socket
   */
  async requestPairingCode(phoneNumber: string, customCode?: string): Promise<string> {
    this.start()
    await this.#until(({ kind }) => kind !== 'connecting', connectDeadlineMs)
    if (this.#state.kind === 'open') {
      throw new KurirError('already-linked', 'The session is linked to an account', { statusCode: 409 })
    }
    if (this.#state.kind !== 'pairing' || this.#socket === undefined) throw this.#notOpen()
    return await this.#socket.requestPairingCode(phoneNumber, customCode)
  }

  #connect(): void {
    const { makeSocket, config, auth, logger, clock, schedule } = this.#parts
    this.#cancelTimer()
    this.#attempt += 1
    this.#enter({ kind: 'connecting', since: clock(), attempt: this.#attempt })
    try {
      const socket = makeSocket({ ...config, auth, logger })
      this.#socket = socket
      this.#listen(socket)
      this.#cancelTimer = schedule(() => this.#stuck(socket), connectDeadlineMs)
    } catch (error) {
      this.#ended(error)
    }
  }

  #listen(socket: WASocket): void {
    const { takeEvents, live } = this.#parts
    socket.ev.on('connection.update', update => {
      if (socket === this.#socket) this.#update(update)
    })
    socket.ev.on('presence.update', presence => live({ 'presence.update': presence }))
    socket.ev.process(async batch => {
      if (batch['creds.update']) await this.#parts.auth.saveCreds()
      await takeEvents(batch)
    })
  }

  #update({ connection, qr, lastDisconnect }: Partial<ConnectionState>): void {
    const since = this.#parts.clock()
    if (qr !== undefined) {
      this.#cancelTimer()
      this.#enter({ kind: 'pairing', since, qr })
    }
    if (connection === 'open') {
      this.#cancelTimer()
      this.#attempt = 0
      this.#enter({ kind: 'open', since })
    }
    if (connection === 'close') {
      this.#socket = undefined
      this.#ended(lastDisconnect?.error)
    }
  }

  #ended(error: unknown): void {
    this.#cancelTimer()
    const verdict = verdictOn(error)
    const since = this.#parts.clock()
    if (verdict.kind === 'never') {
      this.#parts.logger.error({ err: error, session: this.id, reason: verdict.reason }, 'the session has ended')
      this.#enter({ kind: 'ended', since, reason: verdict.reason, error })
    } else if (verdict.kind === 'at-once') this.#connect()
    else {
      const attempt = Math.max(1, this.#attempt)
      const pause = pauseBefore(attempt, this.#parts.random())
      this.#parts.logger.warn({ err: error, session: this.id, pause }, 'the connection ended, connecting again')
      this.#enter({ kind: 'waiting', since, attempt, until: since + pause, error })
      this.#cancelTimer = this.#parts.schedule(() => this.#connect(), pause)
    }
  }

  #stuck(socket: WASocket): void {
    if (socket !== this.#socket) return
    this.#socket = undefined
    const error = new KurirError('timed-out', 'The session did not connect in time', {
      statusCode: 408,
      retryable: true,
      data: { stage: 'connecting', milliseconds: connectDeadlineMs },
    })
    void socket.end(error).catch(() => {})
    this.#ended(error)
  }

  #enter(state: SessionState): void {
    this.#state = state
    this.#parts.changed(state)
    for (const look of [...this.#waiting]) look(state)
  }

  /** Resolves when the state is such, or when the time is over. */
  #until(isSuch: (state: SessionState) => boolean, timeoutMs: number): Promise<void> {
    if (isSuch(this.#state)) return Promise.resolve()
    return new Promise(resolve => {
      const done = () => {
        this.#waiting.delete(look)
        cancel()
        resolve()
      }
      const look = (state: SessionState) => {
        if (isSuch(state)) done()
      }
      const cancel = this.#parts.schedule(done, timeoutMs)
      this.#waiting.add(look)
    })
  }

  #notOpen(): KurirError {
    const isPassing = this.#state.kind === 'connecting' || this.#state.kind === 'waiting'
    return new KurirError('session-not-open', `The session is not connected. ${this.explain()}`, {
      statusCode: 503,
      retryable: isPassing,
      data: { session: this.id, state: this.#state.kind },
    })
  }
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>(resolve => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer))
}
