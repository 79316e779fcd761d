import { KurirError } from '../errors/index.js'
import { RetryReason } from '../signal/retry-reason.js'

export { RetryReason }

const largestReason = 13

/**
 * Reads the `error` attribute: undefined when absent or not a number, unknown for numbers that are not in the table.
 */
export function parseRetryReason(text: string | undefined): RetryReason | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined
  const code = Number(text)
  return code <= largestReason ? (code as RetryReason) : RetryReason.UnknownError
}

/** Reasons that say "our sessions have drifted apart": the session is rebuilt at once. */
export function isMacReason(reason: RetryReason | undefined): boolean {
  return reason === RetryReason.SignalErrorInvalidMessage || reason === RetryReason.SignalErrorBadMac
}

/**
 * Reasons that no further message on the same session can cure: without a new session the next copy fails like the
 * last. The others concern this message, this group key or the requester itself.
 */
export function needsNewSession(reason: RetryReason | undefined): boolean {
  switch (reason) {
    case RetryReason.SignalErrorNoSession:
    case RetryReason.SignalErrorInvalidKey:
    case RetryReason.SignalErrorInvalidKeyId:
    case RetryReason.SignalErrorInvalidMessage:
    case RetryReason.SignalErrorBadMac:
    case RetryReason.SignalErrorInvalidSession:
    case RetryReason.SignalErrorInvalidMsgKey:
    case RetryReason.UnknownCompanionNoPrekey:
      return true
    default:
      return false
  }
}

/**
 * The reason to write into a retry receipt, from the error that decryption ended with. Errors of the Signal layer carry
 * it in `data.retryReason`.
 */
export function retryReasonOf(error: unknown): RetryReason | undefined {
  if (!KurirError.is(error)) return undefined
  const { data } = error
  if (typeof data === 'object' && data !== null && 'retryReason' in data) {
    const reason = data.retryReason
    if (typeof reason === 'number' && reason in RetryReason) return reason as RetryReason
  }
  switch (error.code) {
    case 'invalid-padding':
      return RetryReason.SignalErrorInvalidMessage
    case 'device-identity-invalid':
      return RetryReason.AdvFailure
    case 'device-identity-missing':
      return RetryReason.UnknownCompanionNoPrekey
    case 'mac-mismatch':
      return RetryReason.SignalErrorBadMac
    default:
      return undefined
  }
}
