import { generateKeyPair, type KeyPair, rawPublicKey, typedPublicKey, x25519 } from '../crypto/curve.js'
import { shortHkdf } from '../crypto/short-hmac.js'
import { xeddsaVerify } from '../crypto/xeddsa.js'
import { copyKey, type LocalIdentity, type RatchetEnvironment, ratchetRoot, type Session } from './session.js'
import { SignalError } from './signal-error.js'
import type { PreKeySignalMessage } from './signal-message.js'

/** The public keys of a device, as the service hands them out. Public keys may have 32 bytes, or 33 with type 05. */
export interface E2ESession {
  registrationId: number
  identityKey: Uint8Array
  signedPreKey: { keyId: number; publicKey: Uint8Array; signature: Uint8Array }
  /** Absent when the device has run out of one-time prekeys. */
  preKey?: { keyId: number; publicKey: Uint8Array }
}

const rootInfo = Buffer.from('WhisperText')
const discontinuity = Buffer.alloc(32, 0xff)
const noMarks = new Uint8Array(0)

/**
 * Begins a session with a device from its bundle (docs/protocol/02 §2.2). The signed prekey must be signed by the
 * identity of the bundle: nothing else ties the bundle to its owner.
 *
 * @throws SignalError `untrusted-prekey-signature`, `invalid-prekey-bundle`
 */
export function initiateSession(local: LocalIdentity, bundle: E2ESession, environment: RatchetEnvironment): Session {
  checkNumbers(bundle)
  const remoteIdentity = bundleKey(bundle.identityKey)
  const signedPreKey = bundleKey(bundle.signedPreKey.publicKey)
  const preKey = bundle.preKey === undefined ? undefined : bundleKey(bundle.preKey.publicKey)
  if (!xeddsaVerify(remoteIdentity, typedPublicKey(signedPreKey), bundle.signedPreKey.signature)) {
    throw new SignalError('untrusted-prekey-signature', { keyId: bundle.signedPreKey.keyId })
  }
  const generate = environment.generateKeyPair ?? generateKeyPair
  const baseKey = generate()
  const ownRatchet = generate()
  const rootKey = agreeOn('invalid-prekey-bundle', () => [
    x25519(local.keyPair, signedPreKey),
    x25519(baseKey, remoteIdentity),
    x25519(baseKey, signedPreKey),
    ...(preKey === undefined ? [] : [x25519(baseKey, preKey)]),
  ])
  const first = ratchetRoot(x25519(ownRatchet, signedPreKey), rootKey)
  return {
    baseKey: copyKey(baseKey.public),
    initiator: 'us',
    remoteIdentity: copyKey(remoteIdentity),
    remoteRegistrationId: bundle.registrationId,
    rootKey: first.rootKey,
    ownRatchet,
    remoteRatchet: copyKey(signedPreKey),
    previousCounter: 0,
    sending: { key: first.chainKey, next: 0 },
    receiving: [],
    finished: noMarks,
    pendingPreKey: { signedPreKeyId: bundle.signedPreKey.keyId, preKeyId: bundle.preKey?.keyId },
    createdAt: environment.now,
    usedAt: environment.now,
  }
}

/** The own private keys that a prekey message names. */
export interface ResponderKeys {
  readonly signedPreKey: KeyPair
  readonly preKey: KeyPair | undefined
}

/**
 * The responder's side of a prekey message. The session cannot send yet: reading the message inside makes the first
 * ratchet step, and proves that the other side owns its identity key.
 *
 * @throws SignalError `invalid-message-key`
 */
export function respondToPreKeyMessage(
  local: LocalIdentity,
  keys: ResponderKeys,
  message: PreKeySignalMessage,
  now: number,
): Session {
  const { signedPreKey, preKey } = keys
  const { identityKey, baseKey } = message
  const rootKey = agreeOn('invalid-message-key', () => [
    x25519(signedPreKey, identityKey),
    x25519(local.keyPair, baseKey),
    x25519(signedPreKey, baseKey),
    ...(preKey === undefined ? [] : [x25519(preKey, baseKey)]),
  ])
  return {
    baseKey: copyKey(baseKey),
    initiator: 'them',
    remoteIdentity: copyKey(identityKey),
    remoteRegistrationId: message.registrationId,
    rootKey,
    ownRatchet: signedPreKey,
    remoteRatchet: copyKey(baseKey),
    previousCounter: 0,
    sending: undefined,
    receiving: [],
    finished: noMarks,
    pendingPreKey: undefined,
    createdAt: now,
    usedAt: now,
  }
}

/** `HKDF(ff×32 ‖ DH1 ‖ DH2 ‖ DH3 [‖ DH4], "WhisperText")`: the root key; the chain key that follows it has no use. */
function agreeOn(failure: 'invalid-prekey-bundle' | 'invalid-message-key', secrets: () => Uint8Array[]): Uint8Array {
  let shared: Uint8Array[]
  try {
    shared = secrets()
  } catch (cause) {
    throw new SignalError(failure, { detail: 'a public key cannot be agreed with' }, cause)
  }
  return copyKey(shortHkdf(Buffer.concat([discontinuity, ...shared]), 32, rootInfo))
}

function bundleKey(publicKey: Uint8Array): Uint8Array {
  try {
    return rawPublicKey(publicKey)
  } catch (cause) {
    throw new SignalError('invalid-prekey-bundle', { detail: 'a public key is malformed' }, cause)
  }
}

function checkNumbers({ registrationId, signedPreKey, preKey }: E2ESession): void {
  const numbers = [registrationId, signedPreKey.keyId, preKey?.keyId ?? 0]
  if (numbers.every(number => Number.isInteger(number) && number >= 0 && number <= 0xffff_ffff)) return
  throw new SignalError('invalid-prekey-bundle', { detail: 'an id is not a 32-bit number' })
}
