import { aesCbcEncrypt } from '../crypto/aes.js'
import { hmacSha256, hmacSha512 } from '../crypto/digest.js'
import { proto } from '../proto/index.js'
import { invalidAppState } from './app-state-error.js'
import type { WAPatchName } from './collection-names.js'
import { recordMacLength } from './collection-state.js'
import type { ExpandedAppStateKey } from './sync-keys.js'

export type MutationOperation = 'set' | 'remove'

/** A change that a device has made, as it is read from a patch or a snapshot. */
export interface AppStateMutation {
  readonly collection: WAPatchName
  readonly operation: MutationOperation
  /** Name of the action and what it is about: `['mute', '…@s.whatsapp.net']` (docs/protocol/04, 2.1). */
  readonly index: readonly string[]
  /** Of a removal it means nothing, and may be absent. */
  readonly value: proto.ISyncActionValue | undefined
  /** Version of the action, not of the collection. */
  readonly version: number
}

/** A change to be made. */
export type OutgoingMutation = Omit<AppStateMutation, 'collection'>

/** A key with the id that records name it by. */
export interface AppStateKey {
  readonly keyId: Uint8Array
  readonly expanded: ExpandedAppStateKey
}

/** A record on its way, and the two MACs that the state of the collection is made of. */
export interface SealedRecord {
  readonly record: proto.ISyncdRecord
  readonly indexMac: Buffer
  readonly valueMac: Buffer
}

const ivLength = 16
const shortestBlob = ivLength + recordMacLength
const nothing = Buffer.alloc(0)

/**
 * Encrypts and authenticates one change (docs/protocol/04, 1.9).
 *
 * @param random makes the initialisation vector: bytes of the length it is given
 */
export function sealMutation(
  mutation: OutgoingMutation,
  key: AppStateKey,
  random: (length: number) => Uint8Array,
): SealedRecord {
  const { keyId, expanded } = key
  const index = Buffer.from(JSON.stringify(mutation.index))
  const { value, version } = mutation
  const data = proto.SyncActionData.encode({ index, value, padding: nothing, version }).finish()
  const iv = random(ivLength)
  const encrypted = Buffer.concat([iv, aesCbcEncrypt(expanded.valueEncryptionKey, iv, data)])
  const macInput = valueMacInput(mutation.operation, keyId, encrypted)
  const valueMac = hmacSha512(expanded.valueMacKey, ...macInput).subarray(0, recordMacLength)
  const indexMac = hmacSha256(expanded.indexKey, index)
  const record = {
    index: { blob: indexMac },
    value: { blob: Buffer.concat([encrypted, valueMac]) },
    keyId: { id: keyId },
  }
  return { record, indexMac, valueMac }
}

/** A record of a patch or snapshot whose parts are there and have the right lengths; nothing of it is believed yet. */
export interface ReceivedRecord {
  readonly operation: MutationOperation
  readonly keyId: Uint8Array
  readonly indexMac: Uint8Array
  /** Initialisation vector and ciphertext. */
  readonly encrypted: Uint8Array
  readonly valueMac: Uint8Array
}

/** @throws AppStateError `invalid-app-state` */
export function readRecord(
  record: proto.ISyncdRecord | null | undefined,
  operation: MutationOperation,
): ReceivedRecord {
  const indexMac = record?.index?.blob
  const blob = record?.value?.blob
  const keyId = record?.keyId?.id
  if (!indexMac || indexMac.byteLength !== recordMacLength) throw invalidAppState('a record without index MAC')
  if (!blob || blob.byteLength < shortestBlob) throw invalidAppState('a record without value')
  if (!keyId) throw invalidAppState('a record without key id')
  const encrypted = blob.subarray(0, -recordMacLength)
  return { operation, keyId, indexMac, encrypted, valueMac: blob.subarray(-recordMacLength) }
}

/** Undefined for anything but a list of texts. */
export function parseIndex(bytes: Uint8Array): readonly string[] | undefined {
  try {
    const index: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
    return Array.isArray(index) && index.every(part => typeof part === 'string') ? index : undefined
  } catch {
    return undefined
  }
}

/** What the MAC of a value is over: operation, key id, ciphertext, and the length of the first two. */
export function valueMacInput(
  operation: MutationOperation,
  keyId: Uint8Array,
  encrypted: Uint8Array,
): readonly Uint8Array[] {
  const length = Buffer.alloc(8)
  length.writeUInt32BE(1 + keyId.byteLength, 4)
  return [operation === 'set' ? setByte : removeByte, keyId, encrypted, length]
}

const setByte = Buffer.of(1)
const removeByte = Buffer.of(2)
