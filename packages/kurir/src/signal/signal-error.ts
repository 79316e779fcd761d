import { KurirError } from '../errors/index.js'

/** Reason codes of a retry receipt, `<retry error=…>` (docs/protocol/02 §10.2). */
export const RetryReason = {
  unknown: 0,
  noSession: 1,
  invalidKey: 2,
  invalidKeyId: 3,
  invalidMessage: 4,
  invalidSignature: 5,
  futureMessage: 6,
  badMac: 7,
  invalidSession: 8,
  invalidMessageKey: 9,
  badBroadcastEphemeralSetting: 10,
  unknownCompanion: 11,
  advFailure: 12,
  statusRevokeDelay: 13,
} as const
export type RetryReason = (typeof RetryReason)[keyof typeof RetryReason]

interface Failure {
  /** Texts of libsignal-node where it has one for the case: programs written for Baileys compare them. */
  readonly message: string
  /** Absent: asking the sender again would not help. */
  readonly retryReason?: RetryReason
}

/** Every way in which the Signal room refuses something. */
const failures = {
  /** There is nothing to encrypt or decrypt with for this device. */
  'no-session': { message: 'No session record', retryReason: RetryReason.noSession },
  'no-sender-key': { message: 'No session found to decrypt message', retryReason: RetryReason.noSession },
  /** The one-time prekey that a prekey message names has been used or never existed. */
  'invalid-prekey-id': { message: 'Invalid PreKey ID', retryReason: RetryReason.invalidKeyId },
  'missing-signed-prekey': { message: 'Missing SignedPreKey', retryReason: RetryReason.invalidKeyId },
  'bad-mac': { message: 'Bad MAC', retryReason: RetryReason.badMac },
  /** This very message has been decrypted before: deliver what is in the inbox, do not ask for it again. */
  'duplicate-message': { message: 'Key used already or never filled' },
  'message-too-far-ahead': {
    message: 'Over 25000 messages into the future!',
    retryReason: RetryReason.futureMessage,
  },
  'invalid-message': { message: 'The message is malformed', retryReason: RetryReason.invalidMessage },
  'unsupported-message-version': {
    message: 'Incompatible version number on message',
    retryReason: RetryReason.invalidMessage,
  },
  'invalid-message-key': { message: 'The message names an unusable key', retryReason: RetryReason.invalidKey },
  /** The bundle of a device is not signed by that device: nothing may be encrypted with it. */
  'untrusted-prekey-signature': {
    message: 'Invalid signature on device key',
    retryReason: RetryReason.invalidSignature,
  },
  'invalid-prekey-bundle': { message: 'The keys of the device are malformed', retryReason: RetryReason.invalidKey },
  'invalid-sender-key-signature': { message: 'Invalid signature!', retryReason: RetryReason.invalidSignature },
  'invalid-session-record': {
    message: 'The stored session cannot be read',
    retryReason: RetryReason.invalidSession,
  },
  'invalid-sender-key-record': {
    message: 'The stored sender key cannot be read',
    retryReason: RetryReason.invalidSession,
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
