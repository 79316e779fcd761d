import { aesCbcDecrypt, aesCbcEncrypt, constantTimeEqual, hmacSha256, hmacSha512 } from 'kurir/crypto'
import { KurirError } from 'kurir/errors'
import { proto } from 'kurir/proto'
import type { AppStateKey } from './app-state-keys.js'

/** A mutation as its author meant it. */
export interface MutationContent {
  readonly operation: 'set' | 'remove'
  /** The JSON array as it stands in the record: its MAC is over exactly this text. */
  readonly indexText: string
  readonly index: readonly string[]
  /** Without meaning when the operation is `remove`. */
  readonly value: proto.ISyncActionValue
  /** Version of the action, not of the collection. */
  readonly version: number
}

/** A mutation that was opened, with what its collection keeps of it. */
export interface OpenedMutation extends MutationContent {
  readonly indexMac: Buffer
  readonly valueMac: Buffer
  readonly record: proto.ISyncdRecord
}

const MAC_LENGTH = 32
const IV_LENGTH = 16

/** Encrypts and signs one mutation (docs/protocol/04 §1.9). */
export const sealMutation = (
  { operation, indexText, value, version }: Omit<MutationContent, 'index'>,
  key: AppStateKey,
  iv: Uint8Array,
): proto.ISyncdMutation => {
  const index = Buffer.from(indexText)
  const data: proto.ISyncActionData = { index, value, padding: Buffer.alloc(0), version }
  const ciphertext = aesCbcEncrypt(key.valueEncryption, iv, proto.SyncActionData.encode(data).finish())
  const encrypted = Buffer.concat([iv, ciphertext])
  const blob = Buffer.concat([encrypted, valueMacOf(operation, key, encrypted)])
  const record = { index: { blob: hmacSha256(key.index, index) }, value: { blob }, keyId: { id: key.id } }
  return { operation: proto.SyncdMutation.SyncdOperation[operation === 'set' ? 'SET' : 'REMOVE'], record }
}

/**
 * Checks every MAC of a mutation and reads it.
 *
 * @throws KurirError `app-state-patch-invalid`; `data.check` names what did not hold
 */
export const openMutation = (mutation: proto.ISyncdMutation, key: AppStateKey): OpenedMutation => {
  const record = mutation.record ?? {}
  const operation = operationOf(mutation)
  const blob = Buffer.from(record.value?.blob ?? [])
  const indexMac = Buffer.from(record.index?.blob ?? [])
  holds('value length', blob.length >= IV_LENGTH + MAC_LENGTH)
  holds('index length', indexMac.length === MAC_LENGTH)
  const encrypted = blob.subarray(0, -MAC_LENGTH)
  const valueMac = blob.subarray(-MAC_LENGTH)
  holds('value MAC', constantTimeEqual(valueMac, valueMacOf(operation, key, encrypted)))
  const { index: indexBytes, value, version } = readAction(key, encrypted)
  holds('index MAC', constantTimeEqual(indexMac, hmacSha256(key.index, indexBytes)))
  const indexText = Buffer.from(indexBytes).toString('utf8')
  return { operation, indexText, index: readIndex(indexText), value, version, indexMac, valueMac, record }
}

/** The MAC of a collection at a version; patches carry that of the state behind them (docs/protocol/04 §1.11). */
export const snapshotMacOf = (key: AppStateKey, hash: Uint8Array, version: number, collection: string): Buffer =>
  hmacSha256(key.snapshotMac, hash, bigEndian64(version), Buffer.from(collection))

export const patchMacOf = (
  key: AppStateKey,
  snapshotMac: Uint8Array,
  valueMacs: readonly Uint8Array[],
  version: number,
  collection: string,
): Buffer => hmacSha256(key.patchMac, snapshotMac, ...valueMacs, bigEndian64(version), Buffer.from(collection))

/** @throws KurirError `app-state-patch-invalid` */
export function holds(check: string, condition: boolean): asserts condition {
  if (!condition) throw invalidPatch(check)
}

export const invalidPatch = (check: string, cause?: unknown): KurirError =>
  new KurirError('app-state-patch-invalid', `The patch is not valid: ${check}`, {
    statusCode: 400,
    data: { check },
    cause,
  })

const valueMacOf = (operation: MutationContent['operation'], key: AppStateKey, encrypted: Uint8Array): Buffer => {
  const named = Buffer.concat([Buffer.of(operation === 'set' ? 1 : 2), key.id])
  return hmacSha512(key.valueMac, named, encrypted, bigEndian64(named.length)).subarray(0, MAC_LENGTH)
}

const operationOf = ({ operation }: proto.ISyncdMutation): MutationContent['operation'] => {
  const { SET, REMOVE } = proto.SyncdMutation.SyncdOperation
  holds('operation', operation === SET || operation === REMOVE)
  return operation === SET ? 'set' : 'remove'
}

const readAction = (
  key: AppStateKey,
  encrypted: Buffer,
): { readonly index: Uint8Array; readonly value: proto.ISyncActionValue; readonly version: number } => {
  try {
    const [iv, ciphertext] = [encrypted.subarray(0, IV_LENGTH), encrypted.subarray(IV_LENGTH)]
    const data = proto.SyncActionData.decode(aesCbcDecrypt(key.valueEncryption, iv, ciphertext))
    return { index: data.index ?? Buffer.alloc(0), value: data.value ?? {}, version: data.version ?? 0 }
  } catch (cause) {
    throw invalidPatch('content', cause)
  }
}

const readIndex = (text: string): readonly string[] => {
  try {
    const index: unknown = JSON.parse(text)
    if (Array.isArray(index) && index.every(slot => typeof slot === 'string') && index.length > 0) return index
  } catch (cause) {
    throw invalidPatch('index', cause)
  }
  throw invalidPatch('index')
}

const bigEndian64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
