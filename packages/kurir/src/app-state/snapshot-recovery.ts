import { hmacSha256 } from '../crypto/digest.js'
import { constantTimeEqual } from '../crypto/random.js'
import { proto } from '../proto/index.js'
import { toNumber } from '../proto/integer.js'
import { invalidAppState } from './app-state-error.js'
import type { Applied, KeyOf, MissingKeys } from './apply.js'
import { isCollectionName, type WAPatchName } from './collection-names.js'
import { newLTHashState, recordMacLength } from './collection-state.js'
import { type AppStateMutation, parseIndex } from './mutation.js'
import { base64, nextState, type StateChange } from './next-state.js'

/** Most bytes that an inflated recovery may have. */
const largestRecovery = 64 * 1_048_576

/** Asks the own phone for a collection in plain text: what the server has of it cannot be used (docs/protocol/04, 1.15). */
export function buildRecoveryRequest(
  collection: WAPatchName,
  nowSeconds: number,
): proto.Message.IPeerDataOperationRequestMessage {
  return {
    peerDataOperationRequestType: proto.Message.PeerDataOperationRequestType.COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY,
    syncdCollectionFatalRecoveryRequest: { collectionName: collection, timestamp: nowSeconds },
  }
}

/** A collection as the phone has it. */
export interface SnapshotRecovery {
  readonly collection: WAPatchName
  readonly version: number
  readonly hash: Uint8Array
  readonly records: readonly proto.ISyncdPlainTextRecord[]
}

/**
 * Reads the phone's answer to {@link buildRecoveryRequest}.
 *
 * @throws AppStateError `invalid-app-state`
 */
export function readRecovery(
  answer: proto.Message.PeerDataOperationRequestResponseMessage.PeerDataOperationResult.ISyncDSnapshotFatalRecoveryResponse,
): SnapshotRecovery {
  const { collectionSnapshot, isCompressed } = answer
  if (!collectionSnapshot?.byteLength) throw invalidAppState('a recovery without content')
  const recovery = decode(isCompressed ? inflate(collectionSnapshot) : collectionSnapshot)
  const { collectionName, collectionLthash, mutationRecords } = recovery
  const version = toNumber(recovery.version?.version)
  if (!collectionName || !isCollectionName(collectionName)) throw invalidAppState('a recovery of no collection')
  if (!Number.isSafeInteger(version) || version < 1) throw invalidAppState('a recovery without version')
  if (!collectionLthash) throw invalidAppState('a recovery without hash', { collection: collectionName })
  return { collection: collectionName, version, hash: collectionLthash, records: mutationRecords ?? [] }
}

/**
 * The state that a recovery leads to. The phone vouches for the content; that its hash is the sum of its records is
 * checked, or later patches could not be.
 *
 * @throws AppStateError `invalid-app-state`
 */
export function applyRecovery(
  { collection, version, hash, records }: SnapshotRecovery,
  keyOf: KeyOf,
): Applied | MissingKeys {
  const where = { collection, version }
  const missing = new Set(records.map(({ keyId }) => base64(keyId ?? nothing)).filter(id => keyOf(id) === undefined))
  if (missing.size > 0) return { kind: 'missing-keys', keyIds: [...missing] }
  const mutations: AppStateMutation[] = []
  const changes: StateChange[] = []
  for (const { value, keyId, mac } of records) {
    const key = keyOf(base64(keyId ?? nothing))
    if (key === undefined || !value?.index || mac?.byteLength !== recordMacLength) {
      throw invalidAppState('a record of a recovery', where)
    }
    changes.push({ operation: 'set', indexMac: hmacSha256(key.indexKey, value.index), valueMac: mac })
    const index = parseIndex(value.index)
    if (index === undefined) continue
    mutations.push({
      collection,
      operation: 'set',
      index,
      value: value.value ?? undefined,
      version: value.version ?? 0,
    })
  }
  const { unknownRemovals, ...reached } = nextState(newLTHashState(), changes)
  if (!constantTimeEqual(reached.hash, hash)) throw invalidAppState('a recovery with another hash', where)
  const unreadable = records.length - mutations.length
  return { kind: 'applied', state: { version, ...reached }, mutations, diverged: false, unknownRemovals, unreadable }
}

const nothing = Buffer.alloc(0)

function decode(bytes: Uint8Array): proto.SyncdSnapshotRecovery {
  try {
    return proto.SyncdSnapshotRecovery.decode(bytes)
  } catch (error) {
    throw invalidAppState('a recovery', {}, error)
  }
}

function inflate(compressed: Uint8Array): Buffer {
  try {
    // Loaded with the first recovery: importing the library stays cheap (docs/decisions/0004).
    return process.getBuiltinModule('node:zlib').gunzipSync(compressed, { maxOutputLength: largestRecovery })
  } catch (error) {
    throw invalidAppState('a recovery that does not inflate', {}, error)
  }
}
