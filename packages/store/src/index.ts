/** What a Kurir gateway keeps, in SQLite or PostgreSQL. Begin with {@link openStore}. */
export { type ApiKey, ApiKeyRepository, type NewApiKey } from './api-keys/api-key-repository.js'
export type { StoredAuthState } from './auth/auth-store.js'
export {
  type ConsumerChange,
  ConsumerRepository,
  type FailedEvent,
  type FailOptions,
  type OpenConsumer,
  type PendingEvent,
  type PendingOptions,
  type PendingPage,
  type StoredConsumer,
} from './events/consumer-repository.js'
export {
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterPage,
  DeadLetterRepository,
} from './events/dead-letters.js'
export {
  type AppendedEvent,
  EventLog,
  type EventPage,
  type FollowOptions,
  type NewEvent,
  type ReadOptions,
} from './events/event-log.js'
export type { StoredEvent } from './events/event-rows.js'
export { type MediaEntry, type MediaFilter, type MediaPage, MediaRepository } from './messages/media-repository.js'
export type { MediaKind, MessageMedia } from './messages/message-media.js'
export {
  type MessageChange,
  type MessageFilter,
  type MessagePage,
  MessageRepository,
  type MessageSearch,
} from './messages/message-repository.js'
export { openStore, type StoreOptions } from './open-store.js'
export {
  type ClaimOptions,
  type NewOutboxJob,
  Outbox,
  type OutboxFilter,
  type OutboxJob,
  type OutboxPage,
  type OutboxStatus,
} from './outbox/outbox.js'
export { Directory, type DirectoryFilter, type DirectoryPage } from './people/directory.js'
export type { AgeAndSize, RetentionPolicy, RetentionReport } from './retention/retention.js'
export { type SessionChange, SessionRepository, type StoredSession } from './sessions/session-repository.js'
export type { Durability } from './sql/sqlite.js'
export type { ImportOptions, Store } from './store.js'
export type { StoreParts } from './store-parts.js'
export { decodeValue, encodeValue } from './values/value-codec.js'
