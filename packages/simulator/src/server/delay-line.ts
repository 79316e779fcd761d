import type { CancelSchedule, Clock } from '../clock.js'

interface Waiting {
  readonly dueAt: number
  readonly task: () => void
}

/**
 * Runs tasks a fixed time after they came, in their order: one direction of a slow link. A delay without end holds them
 * until `letGo`.
 */
export class DelayLine {
  readonly #clock: Clock
  readonly #delay: () => number
  readonly #waiting: Waiting[] = []
  #cancel: CancelSchedule | undefined

  constructor(clock: Clock, delay: () => number) {
    this.#clock = clock
    this.#delay = delay
  }

  push(task: () => void): void {
    const delay = this.#delay()
    if (delay <= 0 && this.#waiting.length === 0) {
      task()
      return
    }
    this.#waiting.push({ dueAt: this.#clock.now() + delay, task })
    if (this.#waiting.length === 1) this.#arm(delay)
  }

  /** What was held without end is due now. */
  letGo(): void {
    const held = this.#waiting.findIndex(({ dueAt }) => dueAt === Number.POSITIVE_INFINITY)
    if (held < 0) return
    const now = this.#clock.now()
    this.#waiting.push(...this.#waiting.splice(held).map(({ task }) => ({ dueAt: now, task })))
    if (held === 0) this.#run()
  }

  /** Drops what has not run yet. */
  clear(): void {
    this.#waiting.length = 0
    this.#cancel?.()
  }

  #arm(delay: number): void {
    if (delay === Number.POSITIVE_INFINITY) return
    this.#cancel = this.#clock.schedule(Math.max(0, delay), () => this.#run())
  }

  #run(): void {
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined) return
      const remaining = first.dueAt - this.#clock.now()
      if (remaining > 0) {
        this.#arm(remaining)
        return
      }
      this.#waiting.shift()
      first.task()
    }
  }
}
