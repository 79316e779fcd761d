import { timedOut } from './connection-errors.js'

/**
 * Waits for work, but not for ever.
 *
 * @throws KurirError `timed-out` (408) with this stage when the work takes longer
 */
export async function withDeadline<T>(stage: string, milliseconds: number, work: T | Promise<T>): Promise<T> {
  if (!(work instanceof Promise)) return work
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(stage, milliseconds)), milliseconds)
  })
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer))
}
