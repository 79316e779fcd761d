/**
 * Notices a dead connection (docs/protocol/01, keep-alive from the client, the rule marked Kurir): pings when nothing
 * was received for `intervalMs`, and calls `onLost` when nothing came for another `graceMs` after a ping was due.
 * Deadlines start when the connection opens, so one that never says anything is noticed too.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions
  #lastReceived = 0
  #timer: NodeJS.Timeout | undefined
  #pingedAt: number | undefined

  constructor(options: KeepAliveOptions) {
    this.#options = options
  }

  start(): void {
    this.stop()
    this.#lastReceived = this.#options.clock()
    this.#schedule(this.#options.intervalMs)
  }

  /** Call for every received frame of any kind. */
  received(): void {
    this.#lastReceived = this.#options.clock()
    this.#pingedAt = undefined
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#check(), milliseconds)
    this.#timer.unref()
  }

  #check(): void {
    const { intervalMs, graceMs, clock, ping, onLost } = this.#options
    const now = clock()
    const silence = now - this.#lastReceived
    if (this.#pingedAt !== undefined && now - this.#pingedAt >= graceMs) {
      this.stop()
      onLost(silence)
      return
    }
    if (this.#pingedAt === undefined && silence >= intervalMs) {
      // Measured from the ping, not from the last frame: a machine that slept may find its connection alive.
      this.#pingedAt = now
      ping()
    }
    this.#schedule(Math.max(this.#pingedAt === undefined ? intervalMs - silence : this.#pingedAt + graceMs - now, 1))
  }
}

export interface KeepAliveOptions {
  readonly intervalMs: number
  readonly graceMs: number
  readonly clock: () => number
  readonly ping: () => void
  /** Called once, with the milliseconds of silence. */
  readonly onLost: (silenceMs: number) => void
}
