import type { Chat, Contact, GroupMetadata } from 'kurir'
import { ApiKeyRepository } from './api-keys/api-key-repository.js'
import type { AppendSignals } from './events/append-signals.js'
import { ConsumerRepository } from './events/consumer-repository.js'
import { DeadLetterRepository } from './events/dead-letters.js'
import { EventLog } from './events/event-log.js'
import { MediaRepository } from './messages/media-repository.js'
import { MessageRepository } from './messages/message-repository.js'
import { Outbox } from './outbox/outbox.js'
import { Directory } from './people/directory.js'
import { chatKind, contactKind, groupKind } from './people/kinds.js'
import { SessionRepository } from './sessions/session-repository.js'
import type { SqlAccess } from './sql/access.js'
import type { StoreContext } from './store-context.js'

/** Everything that a store keeps besides keys; as a whole, or as a part of one transaction. */
export interface StoreParts {
  readonly sessions: SessionRepository
  readonly messages: MessageRepository
  readonly media: MediaRepository
  readonly chats: Directory<Chat>
  readonly contacts: Directory<Contact>
  readonly groups: Directory<GroupMetadata>
  readonly events: EventLog
  readonly consumers: ConsumerRepository
  readonly deadLetters: DeadLetterRepository
  readonly outbox: Outbox
  readonly apiKeys: ApiKeyRepository
}

export function storeParts(access: SqlAccess, context: StoreContext, signals: AppendSignals): StoreParts {
  return {
    sessions: new SessionRepository(access, context),
    messages: new MessageRepository(access, context),
    media: new MediaRepository(access),
    chats: new Directory(chatKind, access, context),
    contacts: new Directory(contactKind, access, context),
    groups: new Directory(groupKind, access, context),
    events: new EventLog(access, context, signals),
    consumers: new ConsumerRepository(access, context),
    deadLetters: new DeadLetterRepository(access, context),
    outbox: new Outbox(access, context),
    apiKeys: new ApiKeyRepository(access, context),
  }
}
