export { jidToSignalAddress, type SignalAddress, senderKeyName, signalAddress } from './address.js'
export { handleIdentityChange, type IdentityChangeContext, type IdentityChangeResult } from './identity-notification.js'
export type {
  Awaitable,
  LIDMapping,
  LibsignalSessionRecord,
  LTHashState,
  ProtocolAddress,
  SignalAuthState,
  SignalCreds,
  SignalDataSet,
  SignalDataType,
  SignalDataTypeMap,
  SignalIdentity,
  SignalKeyStore,
  SignalKeyStoreWithTransaction,
  SignedKeyPair,
  TransactionCapabilityOptions,
  TrustedContactToken,
} from './key-store.js'
export { toLibsignalRecord } from './libsignal-record.js'
export { LIDMappingStore, type LIDMappings, type PnToLIDFunction } from './lid-mapping.js'
export {
  type CommitHook,
  type DeviceCiphertext,
  type E2ESession,
  type IdentityChange,
  type KurirSignalRepository,
  makeLibSignalRepository,
  type SignalMessageType,
  type SignalRepository,
  type SignalRepositoryOptions,
  type SignalRepositoryWithLIDStore,
} from './repository.js'
export { decodeSessionRecord, encodeSessionRecord } from './session-record-codec.js'
export { RetryReason, SignalError, type SignalErrorCode, type SignalErrorData } from './signal-error.js'
