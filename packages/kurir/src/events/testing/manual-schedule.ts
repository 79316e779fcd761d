import type { Schedule } from '../schedule.js'

/** Timers that fire when the test says so. */
export const manualSchedule = () => {
  let now = 0
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>()
  const schedule: Schedule = (callback, delayMs) => {
    const timer = { at: now + delayMs, callback }
    timers.add(timer)
    return () => timers.delete(timer)
  }
  return {
    schedule,
    /** Timers that still have to fire. */
    pending: (): number => timers.size,
    /** Lets time pass, firing what comes due in order. */
    advance: (ms: number): void => {
      const end = now + ms
      for (;;) {
        const due = [...timers].filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0]
        if (!due) break
        timers.delete(due)
        now = due.at
        due.callback()
      }
      now = end
    },
  }
}
