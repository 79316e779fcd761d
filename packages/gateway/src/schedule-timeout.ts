import type { ScheduleTask } from './sessions/session.js'

export const scheduleTimeout: ScheduleTask = (task, milliseconds) => {
  const timer = setTimeout(task, milliseconds)
  return () => clearTimeout(timer)
}
