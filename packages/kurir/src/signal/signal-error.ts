import { KurirError } from '../errors/index.js'
import { RetryReason } from './retry-reason.js'

interface Failure {
  /** Texts of libsignal-node where it has one for the case: programs written for Baileys compare them. */
  readonly message: string
  /** Absent: asking the sender again would not help. */
  readonly retryReason?: RetryReason
}

/** Every way in which the Signal room refuses something. */
const failures = {
  /** There is nothing to encrypt or decrypt with for this device. */
  'no-session': { message: 'No session record', retryReason: RetryReason.SignalErrorNoSession },
  'no-sender-key': { message: 'No session found to decrypt message', retryReason: RetryReason.SignalErrorNoSession },
  /** The one-time prekey that a prekey message names has been used or never existed. */
  'invalid-prekey-id': { message: 'Invalid PreKey ID', retryReason: RetryReason.SignalErrorInvalidKeyId },
  'missing-signed-prekey': { message: 'Missing SignedPreKey', retryReason: RetryReason.SignalErrorInvalidKeyId },
  'bad-mac': { message: 'Bad MAC', retryReason: RetryReason.SignalErrorBadMac },
  /** This very message has been decrypted before: deliver what is in the inbox, do not ask for it again. */
  'duplicate-message': { message: 'Key used already or never filled' },
  'message-too-far-ahead': {
    message: 'Over 25000 messages into the future!',
    retryReason: RetryReason.SignalErrorFutureMessage,
  },
  'invalid-message': { message: 'The message is malformed', retryReason: RetryReason.SignalErrorInvalidMessage },
  'unsupported-message-version': {
    message: 'Incompatible version number on message',
    retryReason: RetryReason.SignalErrorInvalidMessage,
  },
  'invalid-message-key': {
    message: 'The message names an unusable key',
    retryReason: RetryReason.SignalErrorInvalidKey,
  },
  /** The bundle of a device is not signed by that device: nothing may be encrypted with it. */
  'untrusted-prekey-signature': {
    message: 'Invalid signature on device key',
    retryReason: RetryReason.SignalErrorInvalidSignature,
  },
  'invalid-prekey-bundle': {
    message: 'The keys of the device are malformed',
    retryReason: RetryReason.SignalErrorInvalidKey,
  },
  'invalid-sender-key-signature': {
    message: 'Invalid signature!',
    retryReason: RetryReason.SignalErrorInvalidSignature,
  },
  'invalid-session-record': {
    message: 'The stored session cannot be read',
    retryReason: RetryReason.SignalErrorInvalidSession,
  },
  'invalid-sender-key-record': {
    message: 'The stored sender key cannot be read',
    retryReason: RetryReason.SignalErrorInvalidSession,
  },
  /** A JID that names no device of an account. */
  'invalid-signal-address': { message: 'The JID has no Signal address' },
  'transactions-required': { message: 'The key store has no transactions' },
} as const satisfies Record<string, Failure>

export type SignalErrorCode = keyof typeof failures

export interface SignalErrorData {
  /** What to write into a retry receipt; absent when no retry must be asked for. */
  readonly retryReason?: RetryReason
  readonly jid?: string
  readonly address?: string
  readonly group?: string
  readonly keyId?: number
  readonly counter?: number
  /** What exactly is wrong, for logs. */
  readonly detail?: string
}

/** A refusal of the Signal room. `data.retryReason` says whether, and with which code, a retry may be asked for. */
export class SignalError extends KurirError<SignalErrorData> {
  override readonly name = 'SignalError'
  override readonly code: SignalErrorCode

  constructor(code: SignalErrorCode, data: SignalErrorData = {}, cause?: unknown) {
    const failure: Failure = failures[code]
    const { retryReason } = failure
    super(code, failure.message, {
      statusCode: 400,
      data: retryReason === undefined ? data : { retryReason, ...data },
      ...(cause === undefined ? {} : { cause }),
    })
    this.code = code
  }

  /** Adds what only the caller knows: whose message it was. */
  locate(where: Pick<SignalErrorData, 'jid' | 'address' | 'group'>): this {
    this.data = { ...this.data, ...where }
    return this
  }
}
