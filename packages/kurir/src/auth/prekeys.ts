import { contentBytes, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { signedKeyPair } from '../crypto/baileys-names.js'
import { generateKeyPair, type KeyPair } from '../crypto/curve.js'
import { sha1 } from '../crypto/digest.js'
import { constantTimeEqual, randomInt } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import type { SignalCreds, SignalKeyStore, SignedKeyPair } from '../signal/key-store.js'
import { bigEndianNumber, encodeBigEndian } from './big-endian.js'
import type { AuthenticationCreds } from './credentials.js'

/** Key type byte of Curve25519 (docs/protocol/02 §1.1). */
export const KEY_BUNDLE_TYPE: Buffer = Buffer.of(5)
/** Highest key id: ids travel in three bytes. */
export const highestPreKeyId = 2 ** 24 - 1
/** Ids of keys that are given to one device alone. Uploads count up from 1 and do not come here in the life of a device. */
const lowestPrivateOfferId = 2 ** 23
const digestHashLength = 20
/** Prekeys that may wait for their upload; more only come from damaged counters, and are left alone. */
const mostWaiting = 10_000
/** Ids looked at in one read. */
const readAtOnce = 1000

/** What the prekey functions need of the auth state. */
export interface PreKeyState {
  readonly creds: Pick<AuthenticationCreds, 'nextPreKeyId' | 'firstUnuploadedPreKeyId'> & SignalCreds
  readonly keys: SignalKeyStore
}

export interface PreKeyRange {
  readonly newPreKeys: { [id: number]: KeyPair }
  readonly lastPreKeyId: number
  /** First id, and number of keys. */
  readonly preKeysRange: readonly [number, number]
}

/** The key id after this one: 1 follows the highest. */
export function nextPreKeyId(id: number): number {
  return id >= highestPreKeyId ? 1 : id + 1
}

/** How many keys from `first` on, including, until `next`, excluding, on the ring of ids. */
function distance(first: number, next: number): number {
  return next >= first ? next - first : highestPreKeyId - first + next
}

/**
 * The next `range` prekeys that are to be uploaded: those that exist already, and new ones for the rest. It does not
 * know what is stored: {@link preparePreKeys} is what Kurir itself uses.
 */
export function generateOrGetPreKeys(
  creds: Pick<AuthenticationCreds, 'nextPreKeyId' | 'firstUnuploadedPreKeyId'>,
  range: number,
): PreKeyRange {
  const first = creds.firstUnuploadedPreKeyId
  const waiting = distance(first, creds.nextPreKeyId)
  const newPreKeys: { [id: number]: KeyPair } = {}
  let id = creds.nextPreKeyId
  for (let made = waiting; made < range; made++) {
    newPreKeys[id] = generatePreKey()
    id = nextPreKeyId(id)
  }
  const last = first + range - 1
  return {
    newPreKeys,
    lastPreKeyId: last > highestPreKeyId ? last - highestPreKeyId : last,
    preKeysRange: [first, range],
  }
}

function generatePreKey(): KeyPair {
  return plainPair(generateKeyPair())
}

/** Bytes alone: hundreds of prekeys wait for years, and the platform's key objects are a hundred times as large. */
function plainPair({ private: privateKey, public: publicKey }: KeyPair): KeyPair {
  return { private: privateKey, public: publicKey }
}

/** Stored prekeys with ids from `min` (including) to `limit` (excluding). */
export async function getPreKeys(keys: SignalKeyStore, min: number, limit: number): Promise<{ [id: string]: KeyPair }> {
  const ids: string[] = []
  for (let id = min; id < limit; id++) ids.push(String(id))
  return found(await keys.get('pre-key', ids))
}

function found(rows: { [id: string]: KeyPair | null | undefined }): { [id: string]: KeyPair } {
  const present: { [id: string]: KeyPair } = {}
  for (const [id, pair] of Object.entries(rows)) if (pair) present[id] = pair
  return present
}

/** Prekeys that are stored and can be uploaded, and what that means for the credentials. */
export interface PreparedPreKeys {
  readonly preKeys: { [id: string]: KeyPair }
  /** To be applied and saved at once: the ids are taken. */
  readonly stored: Pick<AuthenticationCreds, 'nextPreKeyId'>
  /** To be applied when the server has confirmed the upload. Until then the next call offers the same keys again. */
  readonly uploaded: Pick<AuthenticationCreds, 'firstUnuploadedPreKeyId'>
}

/**
 * Makes `count` prekeys ready for an upload and durable: those that were made before and never confirmed, and new ones
 * for the rest. New keys never take an id that is stored, so neither the wrap of the ids nor credentials that were not
 * saved in time (or come from a backup) overwrite a key that somebody may have been given.
 */
export async function preparePreKeys({ creds, keys }: PreKeyState, count: number): Promise<PreparedPreKeys> {
  const waiting = await waitingPreKeys(creds, keys, count)
  const preKeys = { ...waiting.preKeys }
  const missing = count - Object.keys(preKeys).length
  let next = creds.nextPreKeyId
  const newPreKeys: { [id: string]: KeyPair } = {}
  while (Object.keys(newPreKeys).length < missing) {
    const { ids, after } = idsFrom(next, missing - Object.keys(newPreKeys).length)
    next = after
    const stored = found(await keys.get('pre-key', ids))
    for (const id of ids) if (!(id in stored)) newPreKeys[id] = generatePreKey()
  }
  if (missing > 0) await keys.set({ 'pre-key': newPreKeys })
  return {
    preKeys: Object.assign(preKeys, newPreKeys),
    stored: { nextPreKeyId: next },
    uploaded: { firstUnuploadedPreKeyId: missing > 0 ? next : waiting.after },
  }
}

/** Stored keys between the first one that was not uploaded and the next one to be made, `count` at most. */
async function waitingPreKeys(
  creds: PreKeyState['creds'],
  keys: SignalKeyStore,
  count: number,
): Promise<{ preKeys: { [id: string]: KeyPair }; after: number }> {
  const preKeys: { [id: string]: KeyPair } = {}
  let after = creds.firstUnuploadedPreKeyId
  let left = distance(after, creds.nextPreKeyId)
  if (left > mostWaiting) return { preKeys, after: creds.nextPreKeyId }
  while (left > 0 && Object.keys(preKeys).length < count) {
    const block = idsFrom(after, Math.min(left, readAtOnce, count - Object.keys(preKeys).length))
    Object.assign(preKeys, found(await keys.get('pre-key', block.ids)))
    after = block.after
    left -= block.ids.length
  }
  return { preKeys, after }
}

function idsFrom(first: number, count: number): { readonly ids: string[]; readonly after: number } {
  const ids: string[] = []
  let after = first
  for (let index = 0; index < count; index++) {
    ids.push(String(after))
    after = nextPreKeyId(after)
  }
  return { ids, after }
}

/**
 * Makes the next `count` prekeys durable and returns them with the change of the credentials, as if they were uploaded
 * already (Baileys' form of {@link preparePreKeys}).
 */
export async function getNextPreKeys(
  state: PreKeyState,
  count: number,
): Promise<{ update: Partial<AuthenticationCreds>; preKeys: { [id: string]: KeyPair } }> {
  const { preKeys, stored, uploaded } = await preparePreKeys(state, count)
  return { update: { ...stored, ...uploaded }, preKeys }
}

/**
 * Makes one prekey durable that goes to a single device, with a retry request. Its id is drawn apart from those of the
 * uploads: a key that both the server and a retry request hand out would begin two sessions.
 */
export async function makePrivateOffer(keys: SignalKeyStore): Promise<{ readonly id: number; readonly pair: KeyPair }> {
  for (;;) {
    const id = randomInt(lowestPrivateOfferId, highestPreKeyId)
    const { [id]: taken } = await keys.get('pre-key', [String(id)])
    if (taken) continue
    const pair = generatePreKey()
    await keys.set({ 'pre-key': { [id]: pair } })
    return { id, pair }
  }
}

/** {@link getNextPreKeys} as the stanza that uploads them. */
export async function getNextPreKeysNode(
  state: PreKeyState,
  count: number,
): Promise<{ update: Partial<AuthenticationCreds>; node: BinaryNode }> {
  const { update, preKeys } = await getNextPreKeys(state, count)
  return { update, node: buildPreKeyUpload(state.creds, preKeys) }
}

/** `<iq>` that adds one-time prekeys and sets identity, registration id and signed prekey (docs/protocol/01 §8.3). */
export function buildPreKeyUpload(creds: SignalCreds, preKeys: { readonly [id: string]: KeyPair }): BinaryNode {
  return encryptRequest('set', [
    { tag: 'registration', attrs: {}, content: encodeBigEndian(creds.registrationId) },
    { tag: 'type', attrs: {}, content: KEY_BUNDLE_TYPE },
    { tag: 'identity', attrs: {}, content: creds.signedIdentityKey.public },
    { tag: 'list', attrs: {}, content: Object.entries(preKeys).map(([id, pair]) => xmppPreKey(pair, Number(id))) },
    xmppSignedPreKey(creds.signedPreKey),
  ])
}

/** `<skey>` of uploads and retry receipts. */
export function xmppSignedPreKey(key: SignedKeyPair): BinaryNode {
  return {
    tag: 'skey',
    attrs: {},
    content: [
      { tag: 'id', attrs: {}, content: encodeBigEndian(key.keyId, 3) },
      { tag: 'value', attrs: {}, content: key.keyPair.public },
      { tag: 'signature', attrs: {}, content: key.signature },
    ],
  }
}

/** `<key>` of uploads and retry receipts. */
export function xmppPreKey(pair: KeyPair, id: number): BinaryNode {
  return {
    tag: 'key',
    attrs: {},
    content: [
      { tag: 'id', attrs: {}, content: encodeBigEndian(id, 3) },
      { tag: 'value', attrs: {}, content: pair.public },
    ],
  }
}

export function buildPreKeyCountQuery(): BinaryNode {
  return encryptRequest('get', [{ tag: 'count', attrs: {} }])
}

/** One-time prekeys that the server has left for this device. @throws KurirError `invalid-prekey-answer` */
export function parsePreKeyCount(answer: BinaryNode): number {
  const value = getBinaryNodeChild(answer, 'count')?.attrs.value
  if (value === undefined || !/^\d{1,9}$/.test(value)) throw invalidAnswer('count')
  return Number(value)
}

/** What a notification of type `encrypt` is about (docs/protocol/01 §8.4). */
export type EncryptNotification =
  /** The server runs out of prekeys of this device. */
  | { readonly kind: 'count'; readonly left: number }
  /** The server asks to compare its keys with ours. */
  | { readonly kind: 'digest' }
  /** The identity of `from` has changed. */
  | { readonly kind: 'identity'; readonly from: string }
  | { readonly kind: 'unknown' }

/** @throws KurirError `invalid-prekey-answer` for a count that is no number */
export function parseEncryptNotification(notification: BinaryNode): EncryptNotification {
  if (getBinaryNodeChild(notification, 'count') !== undefined) {
    return { kind: 'count', left: parsePreKeyCount(notification) }
  }
  if (getBinaryNodeChild(notification, 'digest') !== undefined) return { kind: 'digest' }
  const { from } = notification.attrs
  if (getBinaryNodeChild(notification, 'identity') !== undefined && from) return { kind: 'identity', from }
  return { kind: 'unknown' }
}

export function buildPreKeyDigestQuery(): BinaryNode {
  return encryptRequest('get', [{ tag: 'digest', attrs: {} }])
}

/** What the server says it holds of ours (docs/protocol/01 §8.5). */
export interface PreKeyDigest {
  readonly registrationId: number
  readonly identity: Uint8Array
  readonly signedPreKey: { readonly keyId: number; readonly public: Uint8Array; readonly signature: Uint8Array }
  readonly preKeyIds: readonly number[]
  readonly hash: Uint8Array
}

/** @throws KurirError `invalid-prekey-answer` when something is missing or has a wrong length, or the key type is not 5 */
export function parsePreKeyDigest(answer: BinaryNode): PreKeyDigest {
  const digest = getBinaryNodeChild(answer, 'digest')
  const skey = getBinaryNodeChild(digest, 'skey')
  if (bytesOf(digest, 'type', 1)[0] !== KEY_BUNDLE_TYPE[0]) throw invalidAnswer('type')
  const list = getBinaryNodeChild(digest, 'list')
  return {
    registrationId: bigEndianNumber(bytesOf(digest, 'registration', 4)),
    identity: bytesOf(digest, 'identity', 32),
    signedPreKey: {
      keyId: bigEndianNumber(bytesOf(skey, 'id', 3)),
      public: bytesOf(skey, 'value', 32),
      signature: bytesOf(skey, 'signature', 64),
    },
    preKeyIds: getBinaryNodeChildren(list, 'id').map(id => bigEndianNumber(sized(contentBytes(id), 'id', 3))),
    hash: bytesOf(digest, 'hash', digestHashLength),
  }
}

export type DigestDifference = 'registration' | 'identity' | 'signed-prekey' | 'missing-prekeys' | 'hash'

/** What the server holds differently from this device; undefined when it holds exactly our keys. */
export async function preKeyDigestDifference(
  digest: PreKeyDigest,
  creds: SignalCreds,
  keys: SignalKeyStore,
): Promise<DigestDifference | undefined> {
  const { signedPreKey, signedIdentityKey, registrationId } = creds
  if (digest.registrationId !== registrationId) return 'registration'
  if (!constantTimeEqual(digest.identity, signedIdentityKey.public)) return 'identity'
  const isSameSignedPreKey =
    digest.signedPreKey.keyId === signedPreKey.keyId &&
    constantTimeEqual(digest.signedPreKey.public, signedPreKey.keyPair.public) &&
    constantTimeEqual(digest.signedPreKey.signature, signedPreKey.signature)
  if (!isSameSignedPreKey) return 'signed-prekey'
  const ids = digest.preKeyIds.map(String)
  const stored = found(await keys.get('pre-key', ids))
  const publics = ids.flatMap(id => stored[id]?.public ?? [])
  if (publics.length < ids.length) return 'missing-prekeys'
  const hash = preKeyDigestHash(signedIdentityKey.public, signedPreKey, publics)
  return constantTimeEqual(digest.hash, hash) ? undefined : 'hash'
}

/** Whether the server holds exactly the keys that this device has. */
export async function preKeyDigestMatches(
  digest: PreKeyDigest,
  creds: SignalCreds,
  keys: SignalKeyStore,
): Promise<boolean> {
  return (await preKeyDigestDifference(digest, creds, keys)) === undefined
}

/** SHA-1 over identity, signed prekey, its signature and the one-time prekeys in the order of the list. */
export function preKeyDigestHash(
  identity: Uint8Array,
  signedPreKey: SignedKeyPair,
  preKeys: readonly Uint8Array[],
): Buffer {
  return sha1(Buffer.concat([identity, signedPreKey.keyPair.public, signedPreKey.signature, ...preKeys]))
}

/**
 * A new signed prekey, stored before it is announced; the current one is kept beside it, since prekey messages under
 * way name it (docs/protocol/01 §8.6). Make it `creds.signedPreKey` when the server has confirmed it. A rotation that
 * was interrupted goes on with the key that the server may have got already.
 *
 * @param now unix seconds
 */
export async function prepareSignedPreKeyRotation(
  { creds, keys }: Pick<PreKeyState, 'creds' | 'keys'>,
  now: number = Math.floor(Date.now() / 1000),
): Promise<SignedKeyPair> {
  const current = creds.signedPreKey
  const nextId = String(nextPreKeyId(current.keyId))
  const prepared = (await keys.get('signed-pre-key', [nextId]))[nextId]
  if (prepared) return prepared
  const made = signedKeyPair(creds.signedIdentityKey, Number(nextId))
  const next: SignedKeyPair = { ...made, keyPair: plainPair(made.keyPair), timestampS: now }
  await keys.set({ 'signed-pre-key': { [current.keyId]: current, [nextId]: next } })
  return next
}

export function buildSignedPreKeyRotation(key: SignedKeyPair): BinaryNode {
  return encryptRequest('set', [{ tag: 'rotate', attrs: {}, content: [xmppSignedPreKey(key)] }])
}

function encryptRequest(type: 'get' | 'set', content: BinaryNode[]): BinaryNode {
  return { tag: 'iq', attrs: { xmlns: 'encrypt', type, to: S_WHATSAPP_NET }, content }
}

function bytesOf(node: BinaryNode | undefined, tag: string, length: number): Uint8Array {
  return sized(contentBytes(getBinaryNodeChild(node, tag)), tag, length)
}

function sized(bytes: Uint8Array | undefined, tag: string, length: number): Uint8Array {
  if (bytes?.byteLength !== length) throw invalidAnswer(tag)
  return bytes
}

function invalidAnswer(element: string): KurirError {
  return new KurirError('invalid-prekey-answer', `The answer holds no usable <${element}>`, { data: { element } })
}
