/**
 * The one error base of Kurir. Every error that leaves the library is a `KurirError` (or a subclass), so a program can
 * branch on `code` (stable text), on `output.statusCode` (the number that Baileys programs look at) or on `retryable`.
 *
 * The class has the shape of a Boom error, so `error instanceof Boom` and `error.output.statusCode` work as they do
 * with Baileys. `docs/errors.md` lists every code.
 */
export class KurirError<Data = unknown> extends Error {
  override readonly name: string = 'KurirError'
  /** Stable, documented identifier such as `timed-out`; never translated, never reworded. */
  readonly code: string
  /** True when the same call may succeed later without any change. */
  readonly retryable: boolean
  /** Boom compatibility marker. */
  readonly isBoom = true
  readonly isServer: boolean
  /** The ids needed to find the cause (stanza id, jid, field …); never secrets. */
  data: Data
  readonly output: ErrorOutput

  constructor(code: string, message: string, options: KurirErrorOptions<Data> = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.data = options.data as Data
    const statusCode = options.statusCode ?? 500
    this.isServer = statusCode >= 500
    this.output = {
      statusCode,
      payload: { statusCode, error: code, message, code },
      headers: {},
    }
  }

  /** True for errors of any copy of this library (two installed versions do not share a class). */
  static is(error: unknown): error is KurirError {
    return error instanceof Error && 'isBoom' in error && 'code' in error && 'retryable' in error
  }
}

export interface KurirErrorOptions<Data = unknown> {
  /** HTTP-like status, Baileys' convention; 500 when absent. */
  readonly statusCode?: number
  readonly retryable?: boolean
  readonly data?: Data
  readonly cause?: unknown
}

export interface ErrorOutput {
  statusCode: number
  payload: { statusCode: number; error: string; message: string; code: string }
  headers: Record<string, string>
}
