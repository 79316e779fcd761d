import { proto } from '../proto/index.js'
import { base64 } from './next-state.js'
import { parseKeyId } from './sync-keys.js'

/** A key that another device of the account has shared. */
export interface SharedKey {
  /** Base64, as it names the record of the key store. */
  readonly id: string
  readonly data: proto.Message.IAppStateSyncKeyData
}

const keyDataLength = 32

/** What a share brings (docs/protocol/04, 1.8). */
export interface KeyShare {
  readonly keys: readonly SharedKey[]
  /** Keys that nobody there has, by id (base64): the device that answered knows them by name only. */
  readonly orphans: readonly string[]
  /** Entries that are neither. */
  readonly malformed: number
}

/** Sorts the entries of a share: only keys with an id of 6 and data of 32 bytes are taken, as the web client does. */
export function readKeyShare(share: proto.Message.IAppStateSyncKeyShare | null | undefined): KeyShare {
  const keys: SharedKey[] = []
  const orphans: string[] = []
  let malformed = 0
  for (const { keyId, keyData } of share?.keys ?? []) {
    const bytes = keyId?.keyId
    if (!bytes || parseKeyId(bytes) === undefined) malformed += 1
    else if (!keyData?.keyData?.byteLength) orphans.push(base64(bytes))
    else if (keyData.keyData.byteLength === keyDataLength) keys.push({ id: base64(bytes), data: keyData })
    else malformed += 1
  }
  return { keys, orphans, malformed }
}

/** Asks the own phone for keys (docs/protocol/04, 1.8). It answers with a share. */
export function buildKeyRequest(keyIds: readonly string[]): proto.IMessage {
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_REQUEST,
      appStateSyncKeyRequest: { keyIds: keyIds.map(id => ({ keyId: Buffer.from(id, 'base64') })) },
    },
  }
}
