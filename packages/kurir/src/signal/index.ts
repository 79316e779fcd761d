export { jidToSignalAddress, type SignalAddress, senderKeyName, signalAddress } from './address.js'
export {
  checkCompanion,
  isCompanion,
  type KnownIdentities,
  type NewCompanion,
  type OtherAccountPolicy,
  type ShownIdentity,
} from './companion-trust.js'
export {
  type DeviceIdentityCheck,
  type VerifiedDeviceIdentity,
  verifyDeviceIdentity,
  WA_ADV_ACCOUNT_SIG_PREFIX,
  WA_ADV_DEVICE_SIG_PREFIX,
  WA_ADV_HOSTED_ACCOUNT_SIG_PREFIX,
  WA_ADV_HOSTED_DEVICE_SIG_PREFIX,
} from './device-identity.js'
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
export { RetryReason } from './retry-reason.js'
export { decodeSessionRecord, encodeSessionRecord } from './session-record-codec.js'
export { SignalError, type SignalErrorCode, type SignalErrorData } from './signal-error.js'
