import { counterLimit } from './message-chain.js'
import {
  type DecryptAttempt,
  type DecryptFailure,
  decryptInSession,
  encryptInSession,
  knowsChain,
  type LocalIdentity,
  type RatchetEnvironment,
  type Session,
  sameKey,
} from './session.js'
import { allSessions, type SessionRecord, withNewSession, withStep } from './session-record.js'
import { SignalError } from './signal-error.js'
import { encodePreKeySignalMessage, type PreKeySignalMessage, type SignalMessage } from './signal-message.js'
import { type ResponderKeys, respondToPreKeyMessage } from './x3dh.js'

/**
 * A jump in a session that we no longer use ourselves is small: limiting it keeps the cost of a forged message low,
 * which is tried on every archived session.
 */
const archivedJumpLimit = 2000

export interface Encrypted {
  readonly record: SessionRecord
  readonly type: 'pkmsg' | 'msg'
  readonly ciphertext: Buffer
}

export interface Decrypted {
  readonly record: SessionRecord
  readonly session: Session
  readonly plaintext: Buffer
}

/**
 * Encrypts with the current session of a record. Until the other side has answered, the result is a prekey message.
 *
 * @throws SignalError `no-session`
 */
export function encryptWithRecord(
  record: SessionRecord,
  plaintext: Uint8Array,
  local: LocalIdentity,
  now: number,
): Encrypted {
  const { current } = record
  if (current?.sending === undefined) throw new SignalError('no-session', { detail: 'no open session' })
  if (current.sending.next >= counterLimit) throw new SignalError('no-session', { detail: 'the chain is used up' })
  const { session, body } = encryptInSession(current, current.sending, plaintext, local, now)
  const advanced: SessionRecord = { current: session, archived: record.archived }
  const { pendingPreKey } = current
  if (pendingPreKey === undefined) return { record: advanced, type: 'msg', ciphertext: body }
  const ciphertext = encodePreKeySignalMessage({
    preKeyId: pendingPreKey.preKeyId,
    signedPreKeyId: pendingPreKey.signedPreKeyId,
    registrationId: local.registrationId,
    baseKey: current.baseKey,
    identityKey: local.keyPair.public,
    message: body,
  })
  return { record: advanced, type: 'pkmsg', ciphertext }
}

/**
 * Decrypts a `msg`. The session that has read from the message's chain before answers for it alone; if there is none,
 * the current session is tried and then the archived ones. Failed tries leave no trace.
 *
 * @throws SignalError `no-session`, `duplicate-message`, `bad-mac`, `message-too-far-ahead`, `invalid-message`,
 *   `invalid-message-key`
 */
export function decryptMessage(
  record: SessionRecord,
  message: SignalMessage,
  local: LocalIdentity,
  environment: RatchetEnvironment,
): Decrypted {
  const sessions = allSessions(record)
  const owner = sessions.find(session => knowsChain(session, message.ratchetKey))
  if (owner !== undefined) {
    const attempt = decryptInSession(owner, message, local, environment)
    return accept(record, owner, attempt, message)
  }
  let failure: DecryptFailure | undefined
  for (const session of sessions) {
    const limit = session === record.current ? undefined : archivedJumpLimit
    const attempt = decryptInSession(session, message, local, environment, limit)
    if (attempt.outcome === 'decrypted') return accept(record, session, attempt, message)
    failure ??= attempt.outcome
  }
  throw new SignalError(failure ?? 'no-session', { counter: message.counter })
}

/** The session that a prekey message has begun before, if it is a repetition. */
export function findInitiatedSession(record: SessionRecord, message: PreKeySignalMessage): Session | undefined {
  return allSessions(record).find(session => sameKey(session.baseKey, message.baseKey))
}

/**
 * Decrypts a `pkmsg` of a session that exists already: the other side has not seen an answer yet.
 *
 * @throws SignalError as {@link decryptMessage}
 */
export function decryptRepeatedPreKeyMessage(
  record: SessionRecord,
  session: Session,
  message: PreKeySignalMessage,
  local: LocalIdentity,
  environment: RatchetEnvironment,
): Decrypted {
  // A base key of ours, or the base key of a session with somebody else: nobody honest sends that.
  if (session.initiator === 'us' || !sameKey(session.remoteIdentity, message.identityKey)) {
    throw new SignalError('invalid-message', { detail: 'the base key belongs to another session' })
  }
  return accept(record, session, decryptInSession(session, message.message, local, environment), message.message)
}

/**
 * Decrypts the first `pkmsg` of a session: the session is built, and kept as the current one if the message proves
 * genuine.
 *
 * @throws SignalError as {@link decryptMessage}
 */
export function decryptFirstPreKeyMessage(
  record: SessionRecord,
  message: PreKeySignalMessage,
  keys: ResponderKeys,
  local: LocalIdentity,
  environment: RatchetEnvironment,
): Decrypted {
  const session = respondToPreKeyMessage(local, keys, message, environment.now)
  const attempt = decryptInSession(session, message.message, local, environment)
  if (attempt.outcome !== 'decrypted') throw new SignalError(attempt.outcome, { counter: message.message.counter })
  const { plaintext } = attempt
  return { record: withNewSession(record, attempt.session), session: attempt.session, plaintext }
}

function accept(
  record: SessionRecord,
  before: Session,
  attempt: DecryptAttempt,
  { counter }: SignalMessage,
): Decrypted {
  if (attempt.outcome !== 'decrypted') throw new SignalError(attempt.outcome, { counter })
  const { session, plaintext } = attempt
  return { record: withStep(record, before, session), session, plaintext }
}
