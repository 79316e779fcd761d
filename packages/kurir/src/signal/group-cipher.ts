import { aesCbcDecrypt, aesCbcEncrypt } from '../crypto/aes.js'
import type { KeyPair } from '../crypto/curve.js'
import { randomBytes, randomInt } from '../crypto/random.js'
import { chainStep, shortHkdf } from '../crypto/short-hmac.js'
import { generateSigningKeyPair } from '../crypto/signing-key.js'
import { xeddsaSign, xeddsaVerify } from '../crypto/xeddsa.js'
import { counterLimit, jumpLimit, lookUpSeed, newReceivingChain, withEarlierSeeds } from './message-chain.js'
import {
  encodeSenderKeyDistribution,
  encodeSenderKeyMessage,
  type SenderKeyDistribution,
  type SenderKeyMessage,
} from './sender-key-message.js'
import {
  publicSigningKey,
  type SenderKeyRecord,
  type SenderKeyState,
  senderKeyStateLimit,
} from './sender-key-record.js'
import { copyKey, sameKey } from './session.js'
import { SignalError } from './signal-error.js'

const groupInfo = Buffer.from('WhisperGroup')
/** Key ids are 31-bit (docs/protocol/02 §3.2). */
const keyIdLimit = 2 ** 31 - 1

/** An own sender key. */
interface OwnState extends SenderKeyState {
  readonly signingKey: { readonly kind: 'own'; readonly pair: KeyPair }
}

/** The own key in a record: its newest state, when we can sign with it and it is not used up. */
export function ownSenderKey(record: SenderKeyRecord): OwnState | undefined {
  const newest = record.states[0]
  if (newest === undefined || newest.signingKey.kind !== 'own' || newest.chain.next >= counterLimit) return undefined
  return { ...newest, signingKey: newest.signingKey }
}

/** A record with a fresh own key; earlier keys stay behind it. The key signs by native Ed25519. */
export function withNewSenderKey(record: SenderKeyRecord): SenderKeyRecord {
  const state: SenderKeyState = {
    keyId: randomInt(0, keyIdLimit),
    signingKey: { kind: 'own', pair: generateSigningKeyPair() },
    chain: newReceivingChainOf(randomBytes(32), 0),
    knownFrom: 0,
  }
  return { states: [state, ...record.states].slice(0, senderKeyStateLimit) }
}

/** What lets a member read everything from the next message on. Make it before that message (docs/protocol/02 §3.3). */
export function distributionOf(state: SenderKeyState): Buffer {
  return encodeSenderKeyDistribution({
    keyId: state.keyId,
    iteration: state.chain.next,
    chainKey: state.chain.key,
    signingKey: publicSigningKey(state.signingKey),
  })
}

/**
 * Encrypts a group message: message i uses iteration i.
 *
 * @throws SignalError `no-sender-key` when the record has no own key
 */
export function encryptForGroup(
  record: SenderKeyRecord,
  plaintext: Uint8Array,
): { readonly record: SenderKeyRecord; readonly ciphertext: Buffer } {
  const own = ownSenderKey(record)
  if (own === undefined) throw new SignalError('no-sender-key', { detail: 'no own sender key' })
  const { keyId, chain, signingKey } = own
  const { seed, nextKey } = chainStep(chain.key)
  const { cipherKey, iv } = messageKeys(seed)
  const ciphertext = encodeSenderKeyMessage(
    { keyId, iteration: chain.next, ciphertext: aesCbcEncrypt(cipherKey, iv, plaintext) },
    input => xeddsaSign(signingKey.pair, input),
  )
  const advanced = { ...own, chain: { ...chain, key: nextKey, next: chain.next + 1 } }
  return { record: { states: [advanced, ...record.states.slice(1)] }, ciphertext }
}

/** True when the record may be able to read messages of this key. */
export function hasKeyId(record: SenderKeyRecord, keyId: number): boolean {
  return record.states.some(state => state.keyId === keyId)
}

/**
 * Decrypts a group message. The signature is verified first; messages may come in any order, each once.
 *
 * @throws SignalError `no-sender-key`, `invalid-sender-key-signature`, `duplicate-message`, `message-too-far-ahead`,
 *   `invalid-message`
 */
export function decryptFromGroup(
  record: SenderKeyRecord,
  message: SenderKeyMessage,
): { readonly record: SenderKeyRecord; readonly plaintext: Buffer } {
  const { keyId, iteration } = message
  const state = signerOf(record, message)
  const lookup = lookUpSeed(state.chain, iteration)
  if (lookup.outcome !== 'found') {
    // Older than the key as it was given to us: not read before, so that a resend is worth asking for.
    const isUnread = lookup.outcome === 'duplicate-message' && iteration < state.knownFrom
    throw new SignalError(isUnread ? 'no-sender-key' : lookup.outcome, { keyId, counter: iteration })
  }
  const { cipherKey, iv } = messageKeys(lookup.seed)
  let plaintext: Buffer
  try {
    plaintext = aesCbcDecrypt(cipherKey, iv, message.ciphertext)
  } catch (cause) {
    throw new SignalError('invalid-message', { keyId, counter: iteration }, cause)
  }
  const settled = lookup.settle()
  const chain = { ...settled, key: settled.key ?? state.chain.key }
  return { record: replaceState(record, state, { ...state, chain }), plaintext }
}

/**
 * Takes in the sender key of a member. A key that is known already is not turned back: its chain may have advanced
 * since, and turning it back would let old messages be read twice. A key from before the point at which it became known
 * adds the messages in between, which nobody has read. Only a key so far ahead that the known chain cannot reach it is
 * taken over.
 */
export function withDistribution(record: SenderKeyRecord, distribution: SenderKeyDistribution): SenderKeyRecord {
  const { keyId, iteration, chainKey, signingKey } = distribution
  const known = record.states.find(
    state => state.keyId === keyId && sameKey(publicSigningKey(state.signingKey), signingKey),
  )
  const kept: SenderKeyState =
    known !== undefined && iteration - known.chain.next <= jumpLimit
      ? withEarlierMessages(known, iteration, chainKey)
      : {
          keyId,
          signingKey: { kind: 'remote', public: copyKey(signingKey) },
          chain: newReceivingChainOf(chainKey, iteration),
          knownFrom: iteration,
        }
  // Two keys with one id cannot be told apart by a message: the newer one stands.
  const others = record.states.filter(state => state.keyId !== keyId)
  return { states: [kept, ...others].slice(0, senderKeyStateLimit) }
}

function withEarlierMessages(state: SenderKeyState, iteration: number, chainKey: Uint8Array): SenderKeyState {
  const { knownFrom, chain } = state
  if (state.signingKey.kind === 'own' || iteration >= knownFrom || knownFrom - iteration > jumpLimit) return state
  const skipped = withEarlierSeeds(chain.skipped, chainKey, iteration, knownFrom)
  return { ...state, chain: { ...chain, skipped }, knownFrom: iteration }
}

function signerOf(record: SenderKeyRecord, { keyId, signed, signature }: SenderKeyMessage): SenderKeyState {
  const candidates = record.states.filter(state => state.keyId === keyId)
  if (candidates.length === 0) throw new SignalError('no-sender-key', { keyId })
  const signer = candidates.find(state => xeddsaVerify(publicSigningKey(state.signingKey), signed, signature))
  if (signer === undefined) throw new SignalError('invalid-sender-key-signature', { keyId })
  return signer
}

function replaceState(record: SenderKeyRecord, before: SenderKeyState, after: SenderKeyState): SenderKeyRecord {
  return { states: record.states.map(state => (state === before ? after : state)) }
}

function newReceivingChainOf(key: Uint8Array, next: number): SenderKeyState['chain'] {
  return { ...newReceivingChain(key, next), key: copyKey(key) }
}

function messageKeys(seed: Uint8Array): { readonly cipherKey: Uint8Array; readonly iv: Uint8Array } {
  const derived = shortHkdf(seed, 48, groupInfo)
  return { iv: derived.subarray(0, 16), cipherKey: derived.subarray(16, 48) }
}
