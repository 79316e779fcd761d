/** Runs `callback` once after `delayMs`; the returned function cancels it. Passed in where time matters. */
export type Schedule = (callback: () => void, delayMs: number) => () => void

/** The process's timers. They never keep the process alive. */
export const unrefSchedule: Schedule = (callback, delayMs) => {
  const timer = setTimeout(callback, delayMs)
  timer.unref()
  return () => clearTimeout(timer)
}
