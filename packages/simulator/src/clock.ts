/** Time as the simulator sees it. Pass another one to make expiry and time stamps depend on a test instead of the day. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Runs `task` once after `milliseconds`; the returned function cancels it. Must not keep the process alive. */
  schedule(milliseconds: number, task: () => void): CancelSchedule
}

export type CancelSchedule = () => void

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(milliseconds, task) {
    const timer = setTimeout(task, milliseconds)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Unix seconds of a clock, as stanzas carry them. */
export const unixSeconds = (clock: Clock): number => Math.floor(clock.now() / 1000)
