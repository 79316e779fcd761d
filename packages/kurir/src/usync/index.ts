export { type BotProfileCommand, type BotProfileInfo, USyncBotProfileProtocol } from './bot-profile-protocol.js'
export { USyncContactProtocol } from './contact-protocol.js'
export {
  type DeviceListData,
  type KeyIndexData,
  type ParsedDeviceInfo,
  USyncDeviceProtocol,
} from './device-protocol.js'
export { type DisappearingModeData, USyncDisappearingModeProtocol } from './disappearing-mode-protocol.js'
export { USyncLIDProtocol } from './lid-protocol.js'
export { participantHash } from './participant-hash.js'
export type { USyncQueryProtocol } from './protocol.js'
export { buildUSyncNode, type USyncContext, type USyncMode, USyncQuery } from './query.js'
export {
  parseUSyncQueryResult,
  type USyncProtocolSummary,
  type USyncQueryResult,
  type USyncQueryResultList,
} from './result.js'
export { type StatusData, USyncStatusProtocol } from './status-protocol.js'
export { type KnownDeviceList, USyncUser } from './user.js'
export { USyncUsernameProtocol } from './username-protocol.js'
