import { proto } from '../proto/index.js'
import type { SignalDataType, SignalDataTypeMap } from '../signal/key-store.js'
import { parseRecord, stringifyRecord } from './buffer-json.js'

/** The JSON text of a key record, in the form that Baileys writes for its type (docs/protocol/01 §9.4). */
export function encodeRecord<T extends SignalDataType>(type: T, value: SignalDataTypeMap[T]): string {
  if (type === 'app-state-sync-key') {
    return JSON.stringify(proto.Message.AppStateSyncKeyData.fromObject(value as object).toJSON())
  }
  if (type === 'pre-key') {
    const { private: privateKey, public: publicKey } = value as SignalDataTypeMap['pre-key']
    return stringifyRecord({ private: privateKey, public: publicKey })
  }
  return stringifyRecord(value)
}

/**
 * Inverse of {@link encodeRecord}. The value has the form that was saved; whoever uses it checks the content.
 *
 * @throws KurirError `corrupt-auth-state`, or the error of the protobuf room
 */
export function decodeRecord<T extends SignalDataType>(type: T, text: string): SignalDataTypeMap[T] | null {
  const value = parseRecord(text)
  if (value === null || value === undefined) return null
  const record = type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(Object(value)) : value
  return record as SignalDataTypeMap[T]
}
