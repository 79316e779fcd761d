import { aesCbcDecrypt, aesCbcEncrypt } from '../crypto/aes.js'
import { generateKeyPair, type KeyPair, x25519 } from '../crypto/curve.js'
import { hmacSha256 } from '../crypto/digest.js'
import { constantTimeEqual } from '../crypto/random.js'
import { chainStep, shortHkdf, shortHmac, shortHmacLimit } from '../crypto/short-hmac.js'
import {
  closeChain,
  jumpLimit,
  lookUpSeed,
  newReceivingChain,
  type ReceivingChain,
  type SendingChain,
} from './message-chain.js'
import { associatedData, encodeSignalMessage, macLength, type SignalMessage } from './signal-message.js'

/** Receiving chains with something left to read, per session; the oldest goes first (docs/protocol/02 §2.5). */
export const receivingChainLimit = 5
/** Chains remembered as read to their end, so that a repeated message on one of them is known as a duplicate. */
export const finishedChainLimit = 32
/** Bytes of a ratchet key by which a finished chain is remembered. */
export const finishedChainMarkLength = 8

/** The own long-term keys, as every operation needs them. */
export interface LocalIdentity {
  readonly keyPair: KeyPair
  readonly registrationId: number
}

/** A receiving chain and the ratchet key (raw 32 bytes) that names it. */
export interface RatchetChain extends ReceivingChain {
  readonly ratchetKey: Uint8Array
}

/** What the initiator has to repeat in every message until the first answer (docs/protocol/02 §2.2). */
export interface PendingPreKey {
  readonly signedPreKeyId: number
  readonly preKeyId: number | undefined
}

/**
 * One double ratchet with one device. Values are never changed in place: a step makes a new session, and the old one
 * stays valid until the caller has stored the new one. Keys are raw 32 bytes.
 */
export interface Session {
  /** The initiator's base key: the name of the session. */
  readonly baseKey: Uint8Array
  readonly initiator: 'us' | 'them'
  readonly remoteIdentity: Uint8Array
  readonly remoteRegistrationId: number
  readonly rootKey: Uint8Array
  readonly ownRatchet: KeyPair
  readonly remoteRatchet: Uint8Array
  /** Counter of the last message on our previous sending chain. */
  readonly previousCounter: number
  /** Absent until the first answer in a session that the other side initiated. */
  readonly sending: SendingChain | undefined
  /** Oldest first. */
  readonly receiving: readonly RatchetChain[]
  /** Marks of finished chains, eight bytes each, oldest first. */
  readonly finished: Uint8Array
  readonly pendingPreKey: PendingPreKey | undefined
  /** Milliseconds since 1970; kept for the JSON form and for diagnosis. */
  readonly createdAt: number
  readonly usedAt: number
}

const ratchetInfo = Buffer.from('WhisperRatchet')
const messageKeysInfo = Buffer.from('WhisperMessageKeys')

/** What a ratchet step needs from outside, so that tests can repeat recorded conversations. */
export interface RatchetEnvironment {
  readonly now: number
  readonly generateKeyPair?: () => KeyPair
}

/** Encrypts the next message on the sending chain of a session. */
export function encryptInSession(
  session: Session,
  sending: SendingChain,
  plaintext: Uint8Array,
  local: LocalIdentity,
  now: number,
): { readonly session: Session; readonly body: Buffer } {
  const { seed, nextKey } = chainStep(sending.key)
  const keys = messageKeys(seed)
  const body = encodeSignalMessage(
    {
      senderIdentity: local.keyPair.public,
      receiverIdentity: session.remoteIdentity,
      ratchetKey: session.ownRatchet.public,
      counter: sending.next,
      previousCounter: session.previousCounter,
      ciphertext: aesCbcEncrypt(keys.cipherKey, keys.iv, plaintext),
    },
    input => macOf(keys.macKey, input),
  )
  const advanced: SendingChain = { key: nextKey, next: sending.next + 1 }
  const { receiving, finished, pendingPreKey } = session
  return { session: advance(session, { sending: advanced, receiving, finished, pendingPreKey, usedAt: now }), body }
}

export type DecryptFailure =
  | 'bad-mac'
  | 'duplicate-message'
  | 'message-too-far-ahead'
  | 'invalid-message'
  | 'invalid-message-key'

/** A failed attempt is a value, not an exception: with several sessions most attempts fail. */
export type DecryptAttempt =
  | { readonly outcome: 'decrypted'; readonly session: Session; readonly plaintext: Buffer }
  | { readonly outcome: DecryptFailure }

/** True when the message belongs to a chain that this session has read from, so that no other session can read it. */
export function knowsChain(session: Session, ratchetKey: Uint8Array): boolean {
  return findChain(session, ratchetKey) !== undefined || isFinished(session, ratchetKey)
}

/**
 * Decrypts one message. The MAC is checked before anything is decrypted, and what the message changes is computed
 * after that, in the returned session only.
 */
export function decryptInSession(
  session: Session,
  message: SignalMessage,
  local: LocalIdentity,
  environment: RatchetEnvironment,
  limit = jumpLimit,
): DecryptAttempt {
  const known = findChain(session, message.ratchetKey)
  if (known === undefined && isFinished(session, message.ratchetKey)) return { outcome: 'duplicate-message' }
  const turn = known === undefined ? agree(session.ownRatchet, message.ratchetKey, session.rootKey) : undefined
  if (turn === undefined && known === undefined) return { outcome: 'invalid-message-key' }
  const chain = turn === undefined ? known : { ...newReceivingChain(turn.chainKey), ratchetKey: message.ratchetKey }
  if (chain === undefined) return { outcome: 'invalid-message-key' }
  const lookup = lookUpSeed(chain, message.counter, limit)
  if (lookup.outcome !== 'found') return lookup
  const keys = messageKeys(lookup.seed)
  const plaintext = open(message, keys, session.remoteIdentity, local)
  if (typeof plaintext === 'string') return { outcome: plaintext }
  const { key, next, skipped } = lookup.settle()
  const read: RatchetChain = { ratchetKey: known?.ratchetKey ?? copyKey(message.ratchetKey), key, next, skipped }
  if (turn === undefined) {
    const { receiving, finished } = keptChains(session, replaceChain(session, read))
    const { sending } = session
    const changes = { sending, receiving, finished, pendingPreKey: undefined, usedAt: environment.now }
    return { outcome: 'decrypted', session: advance(session, changes), plaintext }
  }
  const stepped = takeTurn(session, read, turn.rootKey, message.previousCounter, environment)
  return stepped === undefined
    ? { outcome: 'invalid-message-key' }
    : { outcome: 'decrypted', session: stepped, plaintext }
}

/** A step along the chains. Spelled out: spreading an object of this size costs as much as hashing a block. */
function advance(
  session: Session,
  changes: Pick<Session, 'sending' | 'receiving' | 'finished' | 'pendingPreKey' | 'usedAt'>,
): Session {
  return {
    baseKey: session.baseKey,
    initiator: session.initiator,
    remoteIdentity: session.remoteIdentity,
    remoteRegistrationId: session.remoteRegistrationId,
    rootKey: session.rootKey,
    ownRatchet: session.ownRatchet,
    remoteRatchet: session.remoteRatchet,
    previousCounter: session.previousCounter,
    sending: changes.sending,
    receiving: changes.receiving,
    finished: changes.finished,
    pendingPreKey: changes.pendingPreKey,
    createdAt: session.createdAt,
    usedAt: changes.usedAt,
  }
}

/** Closes the peer's previous chain, begins its new one and a new sending chain of our own (docs/protocol/02 §2.5). */
function takeTurn(
  session: Session,
  read: RatchetChain,
  rootKey: Uint8Array,
  lastCounterBefore: number,
  environment: RatchetEnvironment,
): Session | undefined {
  const ownRatchet = (environment.generateKeyPair ?? generateKeyPair)()
  const next = agree(ownRatchet, read.ratchetKey, rootKey)
  if (next === undefined) return undefined
  const receiving = session.receiving.map(chain =>
    sameKey(chain.ratchetKey, session.remoteRatchet) ? { ...chain, ...closeChain(chain, lastCounterBefore) } : chain,
  )
  return {
    ...session,
    ...keptChains(session, [...receiving, read]),
    rootKey: next.rootKey,
    ownRatchet,
    remoteRatchet: read.ratchetKey,
    previousCounter: Math.max((session.sending?.next ?? 0) - 1, 0),
    sending: { key: next.chainKey, next: 0 },
    pendingPreKey: undefined,
    usedAt: environment.now,
  }
}

/** The chains of a session within its limits; of chains that are read to their end only the mark is kept. */
export function keptChains(
  { finished }: Pick<Session, 'finished'>,
  chains: readonly RatchetChain[],
): Pick<Session, 'receiving' | 'finished'> {
  const live = chains.every(isLive) ? chains : chains.filter(isLive)
  const receiving = live.length > receivingChainLimit ? live.slice(-receivingChainLimit) : live
  if (live === chains) return { receiving, finished }
  return {
    receiving,
    finished: addMarks(
      finished,
      chains.filter(chain => !isLive(chain)),
    ),
  }
}

function isLive(chain: RatchetChain): boolean {
  return chain.key !== undefined || chain.skipped.byteLength > 0
}

function addMarks(marks: Uint8Array, chains: readonly RatchetChain[]): Uint8Array {
  const added = chains.slice(-finishedChainLimit)
  const room = (finishedChainLimit - added.length) * finishedChainMarkLength
  const kept = marks.subarray(Math.max(marks.byteLength - room, 0))
  const result = new Uint8Array(kept.byteLength + added.length * finishedChainMarkLength)
  result.set(kept)
  added.forEach((chain, index) => {
    const mark = chain.ratchetKey.subarray(0, finishedChainMarkLength)
    result.set(mark, kept.byteLength + index * finishedChainMarkLength)
  })
  return result
}

function isFinished(session: Session, ratchetKey: Uint8Array): boolean {
  const { finished } = session
  for (let offset = 0; offset < finished.byteLength; offset += finishedChainMarkLength) {
    let index = 0
    while (index < finishedChainMarkLength && finished[offset + index] === ratchetKey[index]) index++
    if (index === finishedChainMarkLength) return true
  }
  return false
}

function findChain(session: Session, ratchetKey: Uint8Array): RatchetChain | undefined {
  // The newest chain is the usual one.
  return session.receiving.findLast(chain => sameKey(chain.ratchetKey, ratchetKey))
}

function replaceChain(session: Session, changed: RatchetChain): RatchetChain[] {
  return session.receiving.map(chain => (sameKey(chain.ratchetKey, changed.ratchetKey) ? changed : chain))
}

interface Agreement {
  readonly rootKey: Uint8Array
  readonly chainKey: Uint8Array
}

/** One step of the root chain; undefined when the peer's key is unusable. */
function agree(pair: KeyPair, remoteRatchet: Uint8Array, rootKey: Uint8Array): Agreement | undefined {
  const shared = agreedSecret(pair, remoteRatchet)
  return shared === undefined ? undefined : ratchetRoot(shared, rootKey)
}

/** `root ‖ chain = HKDF(DH, salt = root, "WhisperRatchet", 64)`. */
export function ratchetRoot(shared: Uint8Array, rootKey: Uint8Array): Agreement {
  const derived = shortHkdf(shared, 64, ratchetInfo, rootKey)
  return { rootKey: copyKey(derived.subarray(0, 32)), chainKey: copyKey(derived.subarray(32, 64)) }
}

function agreedSecret(pair: KeyPair, remoteKey: Uint8Array): Buffer | undefined {
  try {
    return x25519(pair, remoteKey)
  } catch {
    return undefined
  }
}

interface MessageKeys {
  readonly cipherKey: Uint8Array
  readonly macKey: Uint8Array
  readonly iv: Uint8Array
}

function messageKeys(seed: Uint8Array): MessageKeys {
  const derived = shortHkdf(seed, 80, messageKeysInfo)
  return { cipherKey: derived.subarray(0, 32), macKey: derived.subarray(32, 64), iv: derived.subarray(64, 80) }
}

function open(
  message: SignalMessage,
  keys: MessageKeys,
  remoteIdentity: Uint8Array,
  local: LocalIdentity,
): Buffer | 'bad-mac' | 'invalid-message' {
  const identities = associatedData(remoteIdentity, local.keyPair.public)
  const expected = macOf(keys.macKey, identities, message.authenticated)
  if (!constantTimeEqual(expected.subarray(0, macLength), message.mac)) return 'bad-mac'
  try {
    return aesCbcDecrypt(keys.cipherKey, keys.iv, message.ciphertext)
  } catch {
    return 'invalid-message'
  }
}

/** HMAC-SHA256: texts are short, and then the way without a native object is the faster one. */
function macOf(key: Uint8Array, first: Uint8Array, second: Uint8Array = nothing): Uint8Array {
  const isShort = first.byteLength + second.byteLength <= shortHmacLimit
  return isShort ? shortHmac(key, first, second) : hmacSha256(key, first, second)
}

const nothing = new Uint8Array(0)

export function sameKey(left: Uint8Array, right: Uint8Array): boolean {
  if (left.byteLength !== right.byteLength) return false
  for (let index = 0; index < left.byteLength; index++) if (left[index] !== right[index]) return false
  return true
}

/** A copy in memory of its own: slices of pooled or received buffers would keep those alive with the session. */
export function copyKey(key: Uint8Array): Uint8Array {
  return new Uint8Array(key)
}
