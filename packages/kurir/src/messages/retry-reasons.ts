import { KurirError } from '../errors/index.js'

/** Why a device could not read a message; travels in the `error` attribute of a retry receipt (docs/protocol/02, 10.2). */
export const RetryReason = {
  UnknownError: 0,
  SignalErrorNoSession: 1,
  SignalErrorInvalidKey: 2,
  SignalErrorInvalidKeyId: 3,
  SignalErrorInvalidMessage: 4,
  SignalErrorInvalidSignature: 5,
  SignalErrorFutureMessage: 6,
  SignalErrorBadMac: 7,
  SignalErrorInvalidSession: 8,
  SignalErrorInvalidMsgKey: 9,
  BadBroadcastEphemeralSetting: 10,
  UnknownCompanionNoPrekey: 11,
  AdvFailure: 12,
  StatusRevokeDelay: 13,
  0: 'UnknownError',
  1: 'SignalErrorNoSession',
  2: 'SignalErrorInvalidKey',
  3: 'SignalErrorInvalidKeyId',
  4: 'SignalErrorInvalidMessage',
  5: 'SignalErrorInvalidSignature',
  6: 'SignalErrorFutureMessage',
  7: 'SignalErrorBadMac',
  8: 'SignalErrorInvalidSession',
  9: 'SignalErrorInvalidMsgKey',
  10: 'BadBroadcastEphemeralSetting',
  11: 'UnknownCompanionNoPrekey',
  12: 'AdvFailure',
  13: 'StatusRevokeDelay',
} as const
export type RetryReason = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13

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
