import { KurirError } from '../errors/kurir-error.js'

/** Statuses that another try may change. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/** A media host, or a server that a program named, gave an HTTP status that is no success. */
export class MediaTransferError extends KurirError<{ readonly host: string }> {
  override readonly name: string = 'MediaTransferError'
  /** The HTTP status; also in `output.statusCode`. */
  readonly status: number
  /** Milliseconds that the server wants to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(code: string, options: TransferErrorOptions) {
    const { statusCode, retryable, host, retryAfterMs } = options
    super(code, `${host} answered ${statusCode}`, { statusCode, retryable, data: { host } })
    this.status = statusCode
    this.retryAfterMs = retryAfterMs
  }
}

interface TransferErrorOptions {
  readonly statusCode: number
  readonly retryable: boolean
  readonly host: string
  readonly retryAfterMs: number | undefined
}

/** A server gave no file. */
export function downloadFailed(status: number, { host }: URL, retryAfter?: string): MediaTransferError {
  return new MediaTransferError('media-download-failed', {
    statusCode: status,
    retryable: passing.has(status),
    host,
    retryAfterMs: milliseconds(retryAfter),
  })
}

/** A media host took no file. */
export function uploadRefused(status: number, { host }: URL, retryAfter?: string): MediaTransferError {
  return new MediaTransferError('media-upload-refused', {
    statusCode: status,
    retryable: passing.has(status),
    host,
    retryAfterMs: milliseconds(retryAfter),
  })
}

/** A Retry-After header in seconds; dates are not used here. */
function milliseconds(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined
}

const usualDelayMs = 1000
/** Longer than this nobody waits for a file. */
const longestDelayMs = 30_000

/** Milliseconds before the next try: what the server asks for, or one step more each time. */
export function retryDelay(error: unknown, attempt: number, stepMs: number = usualDelayMs): number {
  const asked = error instanceof MediaTransferError ? error.retryAfterMs : undefined
  return Math.min(asked ?? stepMs * attempt, longestDelayMs)
}
