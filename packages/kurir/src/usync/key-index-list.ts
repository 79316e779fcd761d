import { rawPublicKey } from '../crypto/curve.js'
import { xeddsaVerify } from '../crypto/xeddsa.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'

/**
 * The account's statement which devices are in force (ADVKeyIndexList, docs/protocol/02, ADVSignedKeyIndexList). A
 * server that adds a device of its own to somebody's list cannot sign this.
 */
export interface KeyIndexList {
  /** Changes when the account is registered anew. */
  readonly rawId: number
  /** Seconds: when the phone signed the list. */
  readonly timestamp: number
  /** Highest key index at that time: devices beyond it are newer than the list. */
  readonly currentIndex: number
  readonly validIndexes: readonly number[]
  /** The account is hosted in the cloud, and signs with another prefix. */
  readonly hosted: boolean
}

export interface SignedKeyIndexList {
  readonly list: KeyIndexList
  /** The bytes that are signed. */
  readonly details: Uint8Array
  readonly signature: Uint8Array
  /** The key that the sender claims to have signed with. It proves nothing by itself. */
  readonly embeddedKey: Uint8Array | undefined
}

/** The first bytes of what is signed tell the kinds of statements apart. */
export const WA_ADV_KEY_INDEX_LIST_PREFIX: Buffer = Buffer.of(6, 2)
export const WA_ADV_HOSTED_KEY_INDEX_LIST_PREFIX: Buffer = Buffer.of(6, 7)
/** An account has at most a hundred devices; the server's own limit in notifications is 500 bytes. */
const MAX_LIST_BYTES = 8 * 1024

/** Why a signed list is not accepted. */
export type KeyIndexListCheck = 'size' | 'encoding' | 'fields' | 'signature' | 'timestamp' | 'missing'

/** Code `key-index-list-invalid`; `data.check` names what failed. */
export function keyIndexListInvalid(
  check: KeyIndexListCheck,
  cause?: unknown,
): KurirError<{ check: KeyIndexListCheck }> {
  return new KurirError('key-index-list-invalid', `The signed device list is not accepted: ${check}`, {
    statusCode: 400,
    data: { check },
    cause,
  })
}

/**
 * Takes ADVSignedKeyIndexList apart. Nothing is verified yet.
 *
 * @throws KurirError `key-index-list-invalid`: longer than 8 KiB, no protobuf, raw id or time missing
 */
export function decodeSignedKeyIndexList(bytes: Uint8Array): SignedKeyIndexList {
  if (bytes.length > MAX_LIST_BYTES) throw keyIndexListInvalid('size')
  const { details, signature, embeddedKey, decoded } = decodeMessages(bytes)
  const { rawId, timestamp, currentIndex, validIndexes, accountType } = decoded
  if (rawId == null || timestamp == null) throw keyIndexListInvalid('fields')
  const list: KeyIndexList = {
    rawId,
    timestamp: Number(timestamp),
    currentIndex: currentIndex ?? 0,
    validIndexes: validIndexes ?? [],
    hosted: accountType === proto.ADVEncryptionType.HOSTED,
  }
  return { list, details, signature, embeddedKey }
}

function decodeMessages(bytes: Uint8Array): {
  details: Uint8Array
  signature: Uint8Array
  embeddedKey: Uint8Array | undefined
  decoded: proto.IADVKeyIndexList
} {
  try {
    const { details, accountSignature, accountSignatureKey } = proto.ADVSignedKeyIndexList.decode(bytes)
    return {
      details: details ?? new Uint8Array(),
      signature: accountSignature ?? new Uint8Array(),
      embeddedKey: accountSignatureKey?.length ? accountSignatureKey : undefined,
      decoded: proto.ADVKeyIndexList.decode(details ?? new Uint8Array()),
    }
  } catch (error) {
    throw keyIndexListInvalid('encoding', error)
  }
}

/**
 * Checks that the account signed the list.
 *
 * @param accountKey the identity key of the account's phone (device 0), 32 or 33 bytes, as we know it
 * @throws KurirError `key-index-list-invalid` with check `signature`
 */
export function verifyKeyIndexList(signed: SignedKeyIndexList, accountKey: Uint8Array): void {
  const prefix = signed.list.hosted ? WA_ADV_HOSTED_KEY_INDEX_LIST_PREFIX : WA_ADV_KEY_INDEX_LIST_PREFIX
  if (!isVerified(accountKey, Buffer.concat([prefix, signed.details]), signed.signature)) {
    throw keyIndexListInvalid('signature')
  }
}

/** A key of a wrong form vouches for nothing. */
function isVerified(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return xeddsaVerify(rawPublicKey(key), message, signature)
  } catch (error) {
    if (error instanceof KurirError) return false
    throw error
  }
}
