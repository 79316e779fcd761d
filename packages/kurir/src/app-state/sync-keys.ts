import { hkdf } from '../crypto/hkdf.js'

/** The keys that one app-state key stands for (docs/protocol/04, 1.9). 32 bytes each. */
export interface ExpandedAppStateKey {
  /** MAC of an index. */
  readonly indexKey: Uint8Array
  readonly valueEncryptionKey: Uint8Array
  /** MAC of an encrypted value. */
  readonly valueMacKey: Uint8Array
  /** MAC of the hash of a collection. */
  readonly snapshotMacKey: Uint8Array
  readonly patchMacKey: Uint8Array
}

const info = 'WhatsApp Mutation Keys'
const keyLength = 32

/** @param keyData `AppStateSyncKeyData.keyData` of a shared key */
export function expandAppStateKey(keyData: Uint8Array): ExpandedAppStateKey {
  const bytes = hkdf(keyData, 5 * keyLength, { info })
  const part = (index: number) => bytes.subarray(index * keyLength, (index + 1) * keyLength)
  return {
    indexKey: part(0),
    valueEncryptionKey: part(1),
    valueMacKey: part(2),
    snapshotMacKey: part(3),
    patchMacKey: part(4),
  }
}

/** What the id of a key says: which device made it, and when in the order of keys (docs/protocol/04, 1.8). */
export interface AppStateKeyId {
  readonly deviceId: number
  readonly epoch: number
}

/** Bytes of the ids that WhatsApp makes. */
const keyIdLength = 6

/** Undefined for an id of another length: it can be used for reading, and is never chosen for writing. */
export function parseKeyId(keyId: Uint8Array): AppStateKeyId | undefined {
  if (keyId.byteLength !== keyIdLength) return undefined
  const view = new DataView(keyId.buffer, keyId.byteOffset, keyIdLength)
  return { deviceId: view.getUint16(0), epoch: view.getUint32(2) }
}

/**
 * The key that own changes are made with: the highest epoch, of several the lowest device (docs/protocol/04, 1.8).
 *
 * @param keyIds base64, as they name records of the key store
 */
export function chooseKey(keyIds: readonly string[]): string | undefined {
  let best: (AppStateKeyId & { readonly id: string }) | undefined
  for (const id of keyIds) {
    const parsed = parseKeyId(Buffer.from(id, 'base64'))
    if (parsed === undefined) continue
    const isBetter =
      best === undefined ||
      parsed.epoch > best.epoch ||
      (parsed.epoch === best.epoch && parsed.deviceId < best.deviceId)
    if (isBetter) best = { ...parsed, id }
  }
  return best?.id
}
