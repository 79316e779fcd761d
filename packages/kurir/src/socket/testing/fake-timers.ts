import type { Schedule } from '../../events/schedule.js'

/** Timers that a test lets ring. */
export class FakeTimers {
  readonly waiting: { readonly ring: () => void; readonly delayMs: number }[] = []

  readonly schedule: Schedule = (ring, delayMs) => {
    const timer = { ring, delayMs }
    this.waiting.push(timer)
    return () => void this.#remove(timer)
  }

  /** Lets everything ring that waits now and is due within `ms`. */
  ring(ms: number): void {
    for (const timer of this.waiting.filter(({ delayMs }) => delayMs <= ms)) {
      this.#remove(timer)
      timer.ring()
    }
  }

  #remove(timer: (typeof this.waiting)[number]): void {
    const index = this.waiting.indexOf(timer)
    if (index >= 0) this.waiting.splice(index, 1)
  }
}
