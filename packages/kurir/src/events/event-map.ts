import type { AppStateAction } from '../app-state/actions.js'
import type { WAPatchName } from '../app-state/collection-names.js'
import type { AuthenticationCreds } from '../auth/credentials.js'
import type { BusinessUpdate } from '../business/business-types.js'
import type { WACallEvent } from '../calls/call-types.js'
import type { Chat, ChatUpdate, PresenceData } from '../chats/chat-types.js'
import type { Contact } from '../chats/contact-types.js'
import type { Label, LabelAssociation } from '../chats/label-types.js'
import type { KurirError } from '../errors/kurir-error.js'
import type {
  GroupMetadata,
  GroupParticipant,
  ParticipantAction,
  RequestJoinAction,
  RequestJoinMethod,
} from '../groups/group-types.js'
import type {
  NewsletterParticipantsUpdate,
  NewsletterReaction,
  NewsletterSettings,
  NewsletterView,
} from '../newsletters/newsletter-types.js'
import type { proto } from '../proto/index.js'
import type { LIDMapping } from '../signal/key-store.js'
import type { NewChatMessageCapInfo } from './account-limits.js'
import type { ConnectionState } from './connection-state.js'
import type {
  MessageUpsertType,
  MessageUserReceiptUpdate,
  WAMessage,
  WAMessageKey,
  WAMessageUpdate,
} from './message-types.js'

export type { LIDMapping } from '../signal/key-store.js'

/**
 * Every event and its payload (docs/protocol/04, 7.1). Names and shapes are Baileys'. Payloads are the library's own
 * objects: read them, copy what you keep, change nothing.
 */
export type BaileysEventMap = {
  'connection.update': Partial<ConnectionState>
  /** Changed top-level members; save the whole credentials on each. */
  'creds.update': Partial<AuthenticationCreds>
  'messaging-history.set': HistorySet
  'messaging-history.status': HistoryStatus
  'chats.upsert': Chat[]
  'chats.update': ChatUpdate[]
  /** Chat ids. */
  'chats.delete': string[]
  'chats.lock': { id: string; locked: boolean }
  'lid-mapping.update': LIDMapping
  'presence.update': { id: string; presences: { [participant: string]: PresenceData } }
  'contacts.upsert': Contact[]
  'contacts.update': Partial<Contact>[]
  'messages.upsert': MessagesUpsert
  'messages.update': WAMessageUpdate[]
  'messages.delete': MessagesDelete
  'messages.reaction': MessageReaction[]
  'messages.media-update': MessageMediaUpdate[]
  'message-receipt.update': MessageUserReceiptUpdate[]
  'groups.upsert': GroupMetadata[]
  'groups.update': Partial<GroupMetadata>[]
  'group-participants.update': GroupParticipantsUpdate
  'group.join-request': GroupJoinRequest
  'group.member-tag.update': GroupMemberTagUpdate
  /** Declared by Baileys and never emitted. */
  'blocklist.set': { blocklist: string[] }
  'blocklist.update': { blocklist: string[]; type: 'add' | 'remove' }
  call: WACallEvent[]
  'labels.edit': Label
  'labels.association': { association: LabelAssociation; type: 'add' | 'remove' }
  'newsletter.reaction': NewsletterReaction
  'newsletter.view': NewsletterView
  'newsletter-participants.update': NewsletterParticipantsUpdate
  'newsletter-settings.update': { id: string; update: NewsletterSettings }
  'message-capping.update': NewChatMessageCapInfo
  'settings.update': SettingsUpdate
  /** Kurir's own: what changed about a business, a contact's or the own one. */
  'business.update': BusinessUpdate
  /** Kurir: changes that the account's devices share and that no other event tells, in order. */
  'app-state.action': AppStateActionUpdate[]
}

export type BaileysEvent = keyof BaileysEventMap

/** What `process` handlers get: the payloads that belong together, by event name. */
export type EventBatch = Partial<BaileysEventMap>

/** A batch of one event. */
export const batchOf = <Event extends BaileysEvent>(event: Event, payload: BaileysEventMap[Event]): EventBatch => {
  const batch: EventBatch = {}
  batch[event] = payload
  return batch
}

/**
 * A piece of history from the phone, newest first (docs/protocol/03, history). A long one comes as several of these in a
 * row, all with the order and progress of the piece (docs/decisions/0021).
 */
export interface HistorySet {
  chats: Chat[]
  contacts: Contact[]
  messages: WAMessage[]
  lidPnMappings?: LIDMapping[] | undefined
  /** Nothing had been processed before this piece. */
  isLatest?: boolean | undefined
  /** Percent. */
  progress?: number | null | undefined
  syncType?: proto.HistorySync.HistorySyncType | null | undefined
  pastParticipants?: proto.IPastParticipants[] | null | undefined
  chunkOrder?: number | null | undefined
  /** Set on answers to `fetchMessageHistory`. */
  peerDataRequestSessionId?: string | null | undefined
  /** Kurir: calls of the past, where the phone sends them. */
  callLogRecords?: proto.ICallLogRecord[] | undefined
}

export interface HistoryStatus {
  syncType: proto.HistorySync.HistorySyncType
  status: 'complete' | 'paused'
  /** True when the phone said so, false when it merely fell silent. */
  explicit: boolean
}

export interface MessagesUpsert {
  messages: WAMessage[]
  type: MessageUpsertType
  /** Set when the phone delivered the messages on request (placeholder resend). */
  requestId?: string | undefined
}

export type MessagesDelete = { keys: WAMessageKey[] } | { jid: string; all: true }

/** `key` names the message reacted to, `reaction.key` the reaction itself; an empty `reaction.text` removes it. */
export interface MessageReaction {
  key: WAMessageKey
  reaction: proto.IReaction
}

/** The phone's answer to a media re-upload request. */
export interface MessageMediaUpdate {
  key: WAMessageKey
  media?: { ciphertext: Uint8Array; iv: Uint8Array } | undefined
  error?: KurirError | undefined
}

export interface GroupParticipantsUpdate {
  id: string
  author: string
  authorPn?: string | undefined
  authorUsername?: string | undefined
  participants: GroupParticipant[]
  action: ParticipantAction
}

export interface GroupJoinRequest {
  id: string
  author: string
  authorPn?: string | undefined
  authorUsername?: string | undefined
  participant: string
  participantPn?: string | undefined
  action: RequestJoinAction
  method: RequestJoinMethod
}

export interface GroupMemberTagUpdate {
  groupId: string
  participant: string
  participantAlt?: string | undefined
  /** Empty: the tag was removed. */
  label: string
  messageTimestamp?: number | undefined
}

/**
 * A change of app state for which Baileys has no event: a cleared chat, a quick reply, the order of labels, a muted
 * status … (docs/protocol/04, 2.2). Nothing is merged: of two changes of one thing the later counts.
 */
export interface AppStateActionUpdate {
  collection: WAPatchName
  /** Of a removed action `action.value` says nothing. */
  operation: 'set' | 'remove'
  action: AppStateAction
  /** Unix milliseconds, as the device that made the change has them. */
  timestamp?: number | undefined
  /** Part of what the account had when this device was linked, rather than a change made since. */
  initial: boolean
}

export type SettingsUpdate =
  | { setting: 'unarchiveChats'; value: boolean }
  | { setting: 'locale'; value: string }
  | { setting: 'disableLinkPreviews'; value: proto.SyncActionValue.IPrivacySettingDisableLinkPreviewsAction }
  | { setting: 'timeFormat'; value: proto.SyncActionValue.ITimeFormatAction }
  | { setting: 'privacySettingRelayAllCalls'; value: proto.SyncActionValue.IPrivacySettingRelayAllCalls }
  | { setting: 'statusPrivacy'; value: proto.SyncActionValue.IStatusPrivacyAction }
  | {
      setting: 'notificationActivitySetting'
      value: proto.SyncActionValue.NotificationActivitySettingAction.NotificationActivitySetting
    }
  | {
      setting: 'channelsPersonalisedRecommendation'
      value: proto.SyncActionValue.IPrivacySettingChannelsPersonalisedRecommendationAction
    }
