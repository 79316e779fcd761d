import { KurirError } from '../errors/kurir-error.js'

/** A piece of history that cannot be read, or that goes beyond a limit (code `invalid-history`, status 400). */
export function invalidHistory(what: string, cause?: unknown): KurirError<{ readonly what: string }> {
  return new KurirError('invalid-history', `The history cannot be read: ${what}`, {
    statusCode: 400,
    data: { what },
    cause,
  })
}
