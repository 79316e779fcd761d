/** The public API: everything a program may import from `kurir`. Names and signatures are those of Baileys 7. */
export * from './auth/index.js'
export * from './binary/index.js'
export * from './calls/index.js'
export * from './chats/index.js'
export * from './crypto/baileys-names.js'
export { type KeyPair, xeddsaSign, xeddsaVerify } from './crypto/index.js'
export * from './errors/index.js'
export * from './events/index.js'
export { getKeyAuthor, type IncomingMessage, updateMessageWithReceipt } from './events/index.js'
export * from './groups/index.js'
export * from './logger/index.js'
export * from './messages/index.js'
export { NOISE_MODE, NOISE_WA_HEADER, type NoiseRoot, WA_CERT_DETAILS } from './noise/constants.js'
export * from './pairing/index.js'
export * from './proto/index.js'
export * from './signal/index.js'
export { RetryReason } from './messages/index.js'
export {
  DEF_CALLBACK_PREFIX,
  DEF_TAG_PREFIX,
} from './socket/stanza-events.js'
export {
  DEFAULT_CONNECTION_CONFIG,
  DEFAULT_ORIGIN,
  PROCESSABLE_HISTORY_TYPES,
  type SocketConfig,
  type UserFacingSocketConfig,
  type WAVersion,
} from './socket/config.js'
export type { CacheStore, PossiblyExtendedCacheStore } from './socket/cache-store.js'
export { ConnectionError, getCodeFromWSError, getErrorCodeFromStreamError } from './socket/connection-errors.js'
export { makeWASocket, makeWASocket as default, type WASocket } from './socket/make-wa-socket.js'
export type { MessageRelayOptions } from './socket/message-sender.js'
export { INITIAL_PREKEY_COUNT, MIN_PREKEY_COUNT } from './socket/prekey-keeper.js'
export { ServerRefusal } from './socket/query-table.js'
export { generateMdTagPrefix } from './socket/stanza-ids.js'
export * from './usync/index.js'
