/** A timer that starts over each time it is started; see {@link debouncedTimeout}. */
export type DebouncedTimeout = ReturnType<typeof debouncedTimeout>

/**
 * A restartable timer: `start` (again) and the task runs once `intervalMs` milliseconds have passed without another
 * `start`. Interval and task may be replaced at any time; they count from the next start, the task at once.
 */
export function debouncedTimeout(intervalMs = 1000, task?: () => void) {
  let timer: NodeJS.Timeout | undefined
  let interval = intervalMs
  let action = task
  return {
    start: (newIntervalMs?: number, newTask?: () => void): void => {
      action = newTask ?? action
      interval = newIntervalMs || interval
      clearTimeout(timer)
      timer = setTimeout(() => action?.(), interval)
    },
    cancel: (): void => {
      clearTimeout(timer)
      timer = undefined
    },
    setTask: (newTask: () => void): (() => void) => {
      action = newTask
      return newTask
    },
    setInterval: (newInterval: number): number => {
      interval = newInterval
      return newInterval
    },
  }
}
