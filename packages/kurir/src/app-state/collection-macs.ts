import { hmacSha256 } from '../crypto/digest.js'
import type { LTHashState } from '../signal/key-store.js'
import type { WAPatchName } from './collection-names.js'
import type { ExpandedAppStateKey } from './sync-keys.js'

/** Says that a collection is in this state (docs/protocol/04, 1.11). */
export function snapshotMac(
  key: ExpandedAppStateKey,
  collection: WAPatchName,
  state: Pick<LTHashState, 'hash' | 'version'>,
): Buffer {
  return hmacSha256(key.snapshotMacKey, state.hash, bigEndian64(state.version), Buffer.from(collection))
}

/**
 * Binds the values of a patch to the state that they lead to.
 *
 * @param snapshotMacOfPatch `SyncdPatch.snapshotMac` as it was received
 * @param valueMacs in the order of the mutations
 */
export function patchMac(
  key: ExpandedAppStateKey,
  collection: WAPatchName,
  version: number,
  snapshotMacOfPatch: Uint8Array,
  valueMacs: readonly Uint8Array[],
): Buffer {
  return hmacSha256(key.patchMacKey, snapshotMacOfPatch, ...valueMacs, bigEndian64(version), Buffer.from(collection))
}

function bigEndian64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
