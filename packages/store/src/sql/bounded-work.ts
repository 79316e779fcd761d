import { KurirError } from 'kurir'
import { TRANSACTION_LIMIT_MS } from './sql.js'

/** A piece of work whose time is limited: after it, its statements are refused. */
export interface BoundedWork {
  /** @throws what ended the work */
  check(): void
  /** Runs the work; statements that it still sends later are refused. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** A transaction may not keep others waiting for ever: the work inside it has a deadline. */
export function boundedWork(limitMs: number = TRANSACTION_LIMIT_MS): BoundedWork {
  let ended: KurirError | undefined
  return {
    check() {
      if (ended !== undefined) throw ended
    },
    async run<T>(work: () => Promise<T>): Promise<T> {
      let timer: NodeJS.Timeout | undefined
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          ended = timedOut(limitMs)
          reject(ended)
        }, limitMs)
      })
      try {
        return await Promise.race([work(), deadline])
      } finally {
        clearTimeout(timer)
        ended ??= new KurirError('store-transaction-ended', 'The transaction that this belongs to has ended', {
          statusCode: 409,
        })
      }
    },
  }
}

function timedOut(limitMs: number): KurirError {
  return new KurirError(
    'store-transaction-timeout',
    'A transaction was open for too long and was rolled back. Inside of it use the parts that it is given: those of the ' +
      'store wait until it has ended',
    { statusCode: 408, data: { limitMs } },
  )
}
