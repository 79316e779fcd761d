/**
 * Notices a dead connection (docs/protocol/01, keep-alive from the client, the rule marked Kurir): pings when nothing
 * was received for `intervalMs`, and calls `onLost` when nothing came for another `graceMs` after a ping was due.
 * Deadlines start when the connection opens, so one that never says anything is noticed too.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions
  #lastReceived = 0
  #timer: NodeJS.Timeout | undefined
  #pinged = false

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
    this.#pinged = false
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
    const silence = clock() - this.#lastReceived
    if (this.#pinged && silence >= intervalMs + graceMs) {
      this.stop()
      onLost(silence)
      return
    }
    if (silence >= intervalMs && !this.#pinged) {
      this.#pinged = true
      ping()
    }
    this.#schedule(Math.max(this.#pinged ? intervalMs + graceMs - silence : intervalMs - silence, 1))
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
