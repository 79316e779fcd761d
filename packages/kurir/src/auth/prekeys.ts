import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { signedKeyPair } from '../crypto/baileys-names.js'
import { generateKeyPair, type KeyPair } from '../crypto/curve.js'
import { sha1 } from '../crypto/digest.js'
import { constantTimeEqual } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import type { SignalCreds, SignalKeyStore, SignedKeyPair } from '../signal/key-store.js'
import { bigEndianNumber, encodeBigEndian } from './big-endian.js'
import type { AuthenticationCreds } from './credentials.js'

/** Key type byte of Curve25519 (docs/protocol/02 §1.1). */
export const KEY_BUNDLE_TYPE: Buffer = Buffer.of(5)
/** Highest key id: ids travel in three bytes. */
export const highestPreKeyId = 2 ** 24 - 1
const digestHashLength = 20

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

/** The next `range` prekeys that are to be uploaded: those that exist already, and new ones for the rest. */
export function generateOrGetPreKeys(
  creds: Pick<AuthenticationCreds, 'nextPreKeyId' | 'firstUnuploadedPreKeyId'>,
  range: number,
): PreKeyRange {
  const waiting = distance(creds.firstUnuploadedPreKeyId, creds.nextPreKeyId)
  const newPreKeys: { [id: number]: KeyPair } = {}
  let id = creds.nextPreKeyId
  let lastPreKeyId = id - 1
  for (let made = waiting; made < range; made += 1) {
    newPreKeys[id] = plainPair(generateKeyPair())
    lastPreKeyId = id
    id = nextPreKeyId(id)
  }
  return { newPreKeys, lastPreKeyId, preKeysRange: [creds.firstUnuploadedPreKeyId, range] }
}

/** Bytes alone: hundreds of prekeys wait for years, and the platform's key objects are a hundred times as large. */
function plainPair(pair: KeyPair): KeyPair {
  return { public: Buffer.from(pair.public), private: Buffer.from(pair.private) }
}

/** Stored prekeys with ids from `min` (including) to `limit` (excluding). */
export async function getPreKeys(keys: SignalKeyStore, min: number, limit: number): Promise<{ [id: string]: KeyPair }> {
  const ids: string[] = []
  for (let id = min; id < limit; id += 1) ids.push(String(id))
  return found(await keys.get('pre-key', ids))
}

function found(rows: { [id: string]: KeyPair | null | undefined }): { [id: string]: KeyPair } {
  const present: { [id: string]: KeyPair } = {}
  for (const [id, pair] of Object.entries(rows)) if (pair) present[id] = pair
  return present
}

/**
 * Makes the next `count` prekeys durable and returns them with the change of the credentials that goes with them. The
 * keys are stored before anybody can learn of them.
 */
export async function getNextPreKeys(
  { creds, keys }: PreKeyState,
  count: number,
): Promise<{ update: Partial<AuthenticationCreds>; preKeys: { [id: string]: KeyPair } }> {
  const { newPreKeys, preKeysRange } = generateOrGetPreKeys(creds, count)
  const [first] = preKeysRange
  const ids: string[] = []
  let id = first
  for (let index = 0; index < count; index += 1) {
    ids.push(String(id))
    id = nextPreKeyId(id)
  }
  const made = Object.keys(newPreKeys).length
  const update: Partial<AuthenticationCreds> = {
    nextPreKeyId: made > 0 ? id : creds.nextPreKeyId,
    firstUnuploadedPreKeyId: id,
  }
  if (made > 0) await keys.set({ 'pre-key': newPreKeys })
  const waiting = ids.filter(candidate => !(candidate in newPreKeys))
  const stored = waiting.length > 0 ? found(await keys.get('pre-key', waiting)) : {}
  return { update, preKeys: { ...stored, ...newPreKeys } }
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
  const count = Number(getBinaryNodeChild(answer, 'count')?.attrs['value'])
  if (!Number.isInteger(count) || count < 0) throw invalidAnswer('count')
  return count
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

/** @throws KurirError `invalid-prekey-answer` */
export function parsePreKeyDigest(answer: BinaryNode): PreKeyDigest {
  const digest = getBinaryNodeChild(answer, 'digest')
  const skey = getBinaryNodeChild(digest, 'skey')
  const hash = bytes(digest, 'hash')
  if (!digest || !skey || hash.length !== digestHashLength) throw invalidAnswer('digest')
  return {
    registrationId: bigEndianNumber(bytes(digest, 'registration')),
    identity: bytes(digest, 'identity'),
    signedPreKey: {
      keyId: bigEndianNumber(bytes(skey, 'id')),
      public: bytes(skey, 'value'),
      signature: bytes(skey, 'signature'),
    },
    preKeyIds: getBinaryNodeChildren(getBinaryNodeChild(digest, 'list'), 'id').map(({ content }) =>
      bigEndianNumber(content instanceof Uint8Array ? content : new Uint8Array()),
    ),
    hash,
  }
}

/** Whether the server holds exactly the keys that this device has. */
export async function preKeyDigestMatches(
  digest: PreKeyDigest,
  creds: SignalCreds,
  keys: SignalKeyStore,
): Promise<boolean> {
  const { signedPreKey, signedIdentityKey, registrationId } = creds
  const sameSignedPreKey =
    digest.signedPreKey.keyId === signedPreKey.keyId &&
    constantTimeEqual(digest.signedPreKey.public, signedPreKey.keyPair.public) &&
    constantTimeEqual(digest.signedPreKey.signature, signedPreKey.signature)
  if (!sameSignedPreKey || digest.registrationId !== registrationId) return false
  if (!constantTimeEqual(digest.identity, signedIdentityKey.public)) return false
  const ids = digest.preKeyIds.map(String)
  const stored = found(await keys.get('pre-key', ids))
  const publics = ids.flatMap(id => (stored[id] ? [stored[id].public] : []))
  return (
    publics.length === ids.length &&
    constantTimeEqual(digest.hash, preKeyDigestHash(signedIdentityKey.public, signedPreKey, publics))
  )
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
 * way name it (docs/protocol/01 §8.6).
 */
export async function prepareSignedPreKeyRotation({
  creds,
  keys,
}: Pick<PreKeyState, 'creds' | 'keys'>): Promise<SignedKeyPair> {
  const current = creds.signedPreKey
  const next: SignedKeyPair = {
    ...signedKeyPair(creds.signedIdentityKey, nextPreKeyId(current.keyId)),
    timestampS: Math.floor(Date.now() / 1000),
  }
  await keys.set({ 'signed-pre-key': { [current.keyId]: current, [next.keyId]: next } })
  return next
}

export function buildSignedPreKeyRotation(key: SignedKeyPair): BinaryNode {
  return encryptRequest('set', [{ tag: 'rotate', attrs: {}, content: [xmppSignedPreKey(key)] }])
}

function encryptRequest(type: 'get' | 'set', content: BinaryNode[]): BinaryNode {
  return { tag: 'iq', attrs: { xmlns: 'encrypt', type, to: S_WHATSAPP_NET }, content }
}

function bytes(node: BinaryNode | undefined, tag: string): Uint8Array {
  const content = getBinaryNodeChild(node, tag)?.content
  return content instanceof Uint8Array ? content : new Uint8Array()
}

function invalidAnswer(element: string): KurirError {
  return new KurirError('invalid-prekey-answer', `The answer holds no usable <${element}>`, { data: { element } })
}
