import { KurirError } from 'kurir/errors'

/** An error as it travels. */
export interface DecodedError {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly statusCode?: unknown
  readonly retryable?: unknown
  readonly data?: unknown
  readonly cause?: unknown
  /** Further members of the error's class, such as `backoffSeconds`. */
  readonly more?: unknown
}

const longestText = 4096
/** Causes of causes that are told. */
const deepestCause = 4
/** Members that every error has, or that are not for others. */
const notCopied = new Set([
  'name',
  'code',
  'message',
  'retryable',
  'isBoom',
  'isServer',
  'data',
  'output',
  'cause',
  'stack',
])

/** What of an error is told to the other side: never its stack, which names files of this machine. */
export function encodeError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { code: 'internal-error', message: String(error).slice(0, longestText) }
  const message = error.message.slice(0, longestText)
  const cause = error.cause === undefined || depth >= deepestCause ? {} : { cause: encodeError(error.cause, depth + 1) }
  if (!KurirError.is(error)) return { name: error.name, code: 'internal-error', message, ...cause }
  return {
    name: error.name,
    code: error.code,
    message,
    statusCode: error.output.statusCode,
    retryable: error.retryable,
    ...(isPlain(error.data) && { data: error.data }),
    ...moreOf(error),
    ...cause,
  }
}

function moreOf(error: Error): { readonly more?: Record<string, unknown> } {
  const more = Object.entries(error).filter(([name, value]) => !notCopied.has(name) && isPlain(value))
  return more.length === 0 ? {} : { more: Object.fromEntries(more) }
}

/** Numbers, texts, and objects and lists of them. */
function isPlain(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return value.length <= longestText
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return true
  if (typeof value !== 'object' || depth > 8) return false
  if (value instanceof Uint8Array || value instanceof Date) return true
  const prototype = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false
  return Object.values(value).every(item => item === undefined || isPlain(item, depth + 1))
}

/** The error that {@link encodeError} told of: a KurirError with the same code, number, data and name. */
export function decodeError(told: DecodedError, depth = 0): KurirError {
  const { statusCode, cause, more } = told
  const isStatus = typeof statusCode === 'number' && statusCode >= 100 && statusCode <= 999
  const hasCause = typeof cause === 'object' && cause !== null && depth < deepestCause
  const error = new KurirError(textOf(told.code, 'internal-error'), textOf(told.message, 'Unknown error'), {
    statusCode: isStatus ? statusCode : 500,
    retryable: told.retryable === true,
    ...('data' in told && { data: told.data }),
    ...(hasCause && { cause: decodeError(cause, depth + 1) }),
  })
  if (typeof more === 'object' && more !== null) {
    for (const [name, value] of Object.entries(more)) {
      if (!notCopied.has(name)) Object.defineProperty(error, name, { value, enumerable: true })
    }
  }
  Object.defineProperty(error, 'name', { value: textOf(told.name, 'KurirError') })
  return error
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value.slice(0, longestText) : otherwise
}
