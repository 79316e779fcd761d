export { type BotProfileCommand, type BotProfileInfo, USyncBotProfileProtocol } from './bot-profile-protocol.js'
export { type BusinessNameData, USyncBusinessProtocol } from './business-protocol.js'
export { USyncContactProtocol } from './contact-protocol.js'
export { deviceJid, deviceJids, deviceListHash, extractDeviceJids, isOwnDevice, type OwnDevice } from './device-jids.js'
export {
  applyAddedDevices,
  applyDeviceList,
  applyRemovedDevices,
  applyVouchedDevice,
  type DeviceListContext,
  type DeviceListOutcome,
  isHostedDevice,
  type VouchedDevice,
} from './device-list.js'
export {
  DEVICE_LIST_METADATA_VERSION,
  type DeviceListSide,
  deviceListMetadata,
  deviceListSide,
  identityKeysHash,
} from './device-list-metadata.js'
export {
  type DeviceNotification,
  type NotifiedDevice,
  parseDeviceNotification,
  parseOwnDevices,
} from './device-notification.js'
export {
  type DeviceListData,
  type KeyIndexData,
  type ParsedDeviceInfo,
  USyncDeviceProtocol,
} from './device-protocol.js'
export {
  type DeviceEntry,
  type DeviceRecord,
  decodeDeviceRecord,
  deviceIds,
  encodeDeviceRecord,
  hasCompanions,
  isOutdated,
  knownDeviceList,
  notingExpectation,
  PRIMARY_ONLY,
} from './device-record.js'
export { type DisappearingModeData, USyncDisappearingModeProtocol } from './disappearing-mode-protocol.js'
export {
  decodeSignedKeyIndexList,
  type KeyIndexList,
  type SignedKeyIndexList,
  verifyKeyIndexList,
} from './key-index-list.js'
export { USyncLIDProtocol } from './lid-protocol.js'
export { generateParticipantHashV2, participantHash } from './participant-hash.js'
export { USyncPictureProtocol } from './picture-protocol.js'
export type { USyncQueryProtocol } from './protocol.js'
export { buildUSyncNode, type USyncContext, type USyncMode, USyncQuery } from './query.js'
export {
  parseUSyncQueryResult,
  type USyncProtocolSummary,
  type USyncQueryResult,
  type USyncQueryResultList,
} from './result.js'
export { type StatusData, USyncStatusProtocol } from './status-protocol.js'
export { type TextStatusData, USyncTextStatusProtocol } from './text-status-protocol.js'
export { type KnownDeviceList, USyncUser } from './user.js'
export { USyncUsernameProtocol } from './username-protocol.js'
