import { KurirError } from '../errors/kurir-error.js'

/** Resolves after `ms` milliseconds. The timer keeps the process alive. */
export function delay(ms: number): Promise<void> {
  return delayCancellable(ms).delay
}

/**
 * A {@link delay} that can be given up: `cancel` rejects it with `cancelled` (500). Cancelling after the time is over
 * does nothing.
 */
export function delayCancellable(ms: number): { delay: Promise<void>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  let reject: (reason: KurirError) => void = () => {}
  const waiting = new Promise<void>((resolve, rejectWaiting) => {
    timer = setTimeout(resolve, ms)
    reject = rejectWaiting
  })
  return {
    delay: waiting,
    cancel: () => {
      clearTimeout(timer)
      reject(new KurirError('cancelled', 'Cancelled', { statusCode: 500, data: { milliseconds: ms } }))
    },
  }
}

/**
 * A promise with a deadline: the executor runs at once, and when it has not settled after `ms` milliseconds the promise
 * rejects with `timed-out` (408), whose `data.stack` tells who waited. Without `ms` (or with 0) there is no deadline.
 */
export function promiseTimeout<T>(
  ms: number | undefined,
  promise: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  if (!ms) return new Promise(promise)
  // Taken here: in the timer's callback nothing of the caller is left on the stack.
  const { stack } = new Error()
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(deadlineError(ms, stack)), ms)
    const settle =
      <Value>(settled: (value: Value) => void) =>
      (value: Value): void => {
        clearTimeout(timer)
        settled(value)
      }
    try {
      promise(settle(resolve), settle(reject))
    } catch (error) {
      settle(reject)(error)
    }
  })
}

function deadlineError(milliseconds: number, stack: string | undefined): KurirError {
  return new KurirError('timed-out', 'Timed Out', { statusCode: 408, retryable: true, data: { milliseconds, stack } })
}
