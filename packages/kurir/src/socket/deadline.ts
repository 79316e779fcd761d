import { timedOut } from './connection-errors.js'

/**
 * Waits for work, but not for ever.
 *
 * @throws KurirError `timed-out` (408) with this stage when the work takes longer
 */
export async function withDeadline(stage: string, milliseconds: number, work: void | Promise<void>): Promise<void> {
  if (work === undefined) return
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(stage, milliseconds)), milliseconds)
  })
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer))
}
