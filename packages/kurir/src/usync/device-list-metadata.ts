import { rawPublicKey } from '../crypto/curve.js'
import { sha256 } from '../crypto/digest.js'
import { proto } from '../proto/index.js'
import { type DeviceRecord, hasCompanions } from './device-record.js'

/**
 * The block in messages by which both sides notice that they see different devices (identity change detection,
 * docs/protocol/02). It is sent exactly as WhatsApp Web does or not at all.
 */

/** Value of `messageContextInfo.deviceListMetadataVersion` beside the block. */
export const DEVICE_LIST_METADATA_VERSION = 2

const DEFAULT_HASH_LENGTH = 10
const SHORTEST_HASH = 8
/** An account without companions tells the time of its list for this long: 720 hours, in seconds. */
const LIST_TIME_TOLD = 720 * 3600

/**
 * The hash of a user's identity keys: sorted as byte strings, concatenated, SHA-256, the first `length` bytes (never
 * fewer than 8).
 *
 * @param identities 32 bytes each, or 33 with the type byte
 * @throws KurirError `invalid-public-key`
 */
export function identityKeysHash(identities: readonly Uint8Array[], length = DEFAULT_HASH_LENGTH): Buffer {
  const sorted = identities.map(key => rawPublicKey(key)).sort((a, b) => Buffer.compare(a, b))
  return sha256(Buffer.concat(sorted)).subarray(0, Math.max(SHORTEST_HASH, length))
}

/** One side of the block: the own account, or the chat partner. */
export interface DeviceListSide {
  readonly keyHash?: Buffer
  /** Seconds. */
  readonly timestamp?: number
  /** Only when the hash does not cover all devices. */
  readonly keyIndexes?: readonly number[]
  readonly hosted: boolean
}

/**
 * What a user's record says in the block.
 *
 * @param identities the known identity keys by device number, the own device's included
 * @param now seconds
 * @param hashLength AB property 310
 */
export function deviceListSide(
  record: DeviceRecord,
  identities: ReadonlyMap<number, Uint8Array>,
  now: number,
  hashLength = DEFAULT_HASH_LENGTH,
): DeviceListSide {
  const linked = hasCompanions(record)
  const isTold = record.timestamp > 0 && (linked || now - record.timestamp < LIST_TIME_TOLD)
  const known = record.devices.filter(device => identities.has(device.id))
  const keys = known.flatMap(device => identities.get(device.id) ?? [])
  const isPartial = linked && known.length < record.devices.length
  return {
    hosted: record.hosted,
    ...(linked && known.length > 0 && { keyHash: identityKeysHash(keys, hashLength) }),
    ...(isTold && { timestamp: record.timestamp }),
    ...(isPartial && { keyIndexes: known.map(device => device.keyIndex ?? 0) }),
  }
}

/** The block of a 1:1 message. */
export function deviceListMetadata(sender: DeviceListSide, recipient: DeviceListSide): proto.IDeviceListMetadata {
  return {
    ...(sender.keyHash && { senderKeyHash: sender.keyHash }),
    ...(sender.timestamp !== undefined && { senderTimestamp: sender.timestamp }),
    ...(sender.keyIndexes && { senderKeyIndexes: [...sender.keyIndexes] }),
    ...(sender.hosted && { senderAccountType: proto.ADVEncryptionType.HOSTED }),
    ...(recipient.hosted && { receiverAccountType: proto.ADVEncryptionType.HOSTED }),
    ...(recipient.keyHash && { recipientKeyHash: recipient.keyHash }),
    ...(recipient.timestamp !== undefined && { recipientTimestamp: recipient.timestamp }),
    ...(recipient.keyIndexes && { recipientKeyIndexes: [...recipient.keyIndexes] }),
  }
}
