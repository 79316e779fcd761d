import { KurirError } from 'kurir/errors'
import { proto } from 'kurir/proto'
import { actionTable } from '../app-state/action-table.js'
import type { CollectionName } from '../app-state/collection-names.js'
import { keyOf, type RememberedMessage } from './phone-memory.js'

/** A message that a change is about. */
export interface ChangedMessage {
  readonly chat: string
  readonly id: string
  readonly fromMe?: boolean
  /** Author, for messages of others in groups. */
  readonly participant?: string
}

/** What the owner of a phone can do to the state that all devices share. All of it can be written as JSON. */
export type PhoneAppStateChange =
  /** Archiving takes the pin away, as the phone does. */
  | { readonly action: 'archive'; readonly chat: string; readonly on: boolean }
  /** Pinning brings the chat out of the archive. */
  | { readonly action: 'pin'; readonly chat: string; readonly on: boolean }
  /** `until` in milliseconds, −1 for ever, null to end it. */
  | { readonly action: 'mute'; readonly chat: string; readonly until: number | null }
  | { readonly action: 'read'; readonly chat: string; readonly on: boolean }
  | { readonly action: 'lock'; readonly chat: string; readonly on: boolean }
  | { readonly action: 'clear'; readonly chat: string; readonly starred?: boolean; readonly media?: boolean }
  | { readonly action: 'delete-chat'; readonly chat: string; readonly media?: boolean }
  | { readonly action: 'star'; readonly message: ChangedMessage; readonly on: boolean }
  | { readonly action: 'delete-for-me'; readonly message: ChangedMessage; readonly media?: boolean }
  /** Null takes the contact out of the address book. */
  | { readonly action: 'contact'; readonly jid: string; readonly contact: PhoneContact | null }
  | { readonly action: 'push-name'; readonly name: string }
  | { readonly action: 'locale'; readonly locale: string }
  | { readonly action: 'time-format'; readonly twentyFourHours: boolean }
  | { readonly action: 'unarchive-chats'; readonly on: boolean }
  | { readonly action: 'link-previews'; readonly disabled: boolean }
  | { readonly action: 'relay-calls'; readonly on: boolean }
  | { readonly action: 'label'; readonly id: string; readonly label: PhoneLabel }
  | { readonly action: 'label-chat'; readonly label: string; readonly chat: string; readonly on: boolean }
  | { readonly action: 'label-message'; readonly label: string; readonly message: ChangedMessage; readonly on: boolean }
  | { readonly action: 'quick-reply'; readonly id: string; readonly reply: PhoneQuickReply }
  /** Any action by its name; a value of null removes the record. */
  | { readonly action: 'raw'; readonly index: readonly string[]; readonly value: RawValue | null }

export interface PhoneContact {
  readonly fullName?: string
  readonly firstName?: string
  readonly lidJid?: string
  readonly pnJid?: string
  readonly username?: string
}

export interface PhoneLabel {
  readonly name?: string
  readonly color?: number
  readonly predefinedId?: number
  readonly deleted?: boolean
}

export interface PhoneQuickReply {
  readonly shortcut?: string
  readonly message?: string
  readonly keywords?: readonly string[]
  readonly deleted?: boolean
}

/** Members of SyncActionValue, in the form that `fromObject` takes. */
export type RawValue = Readonly<Record<string, unknown>>

/** One record to write, or to remove. */
export interface PlannedMutation {
  readonly collection: CollectionName
  readonly operation: 'set' | 'remove'
  readonly index: readonly string[]
  readonly value: proto.ISyncActionValue
  readonly version: number
}

/** What a change depends on. */
export interface ChangeSources {
  /** Milliseconds. */
  readonly now: number
  /** The last messages that the phone knows of a chat, for ranges. */
  readonly lastMessages: (chat: string) => readonly RememberedMessage[]
  readonly isPinned: (chat: string) => boolean
  readonly isArchived: (chat: string) => boolean
}

type Draft = readonly [index: readonly string[], value: proto.ISyncActionValue | null]

/** The records that a change writes, in its order. @throws KurirError `unknown-app-state-action` */
export const plannedMutations = (change: PhoneAppStateChange, sources: ChangeSources): readonly PlannedMutation[] =>
  draftsOf(change, sources).map(([index, value]) => {
    const facts = actionTable().get(index[0] ?? '')
    if (facts === undefined) throw unknownAction(index[0])
    return {
      collection: facts.collection,
      operation: value === null ? 'remove' : 'set',
      index,
      value: { timestamp: sources.now, ...value },
      version: facts.version ?? 1,
    }
  })

const draftsOf = (change: PhoneAppStateChange, sources: ChangeSources): readonly Draft[] => {
  switch (change.action) {
    case 'archive':
    case 'pin':
    case 'mute':
    case 'read':
    case 'lock':
    case 'clear':
    case 'delete-chat':
      return chatDrafts(change, sources)
    case 'star':
      return [[messageIndex('star', change.message), { starAction: { starred: change.on } }]]
    case 'delete-for-me': {
      const messageTimestamp = Math.floor(sources.now / 1000)
      const deleteMessageForMeAction = { deleteMedia: change.media === true, messageTimestamp }
      return [[messageIndex('deleteMessageForMe', change.message), { deleteMessageForMeAction }]]
    }
    case 'contact':
      return [[['contact', change.jid], change.contact && { contactAction: { ...change.contact } }]]
    case 'label':
      return [[['label_edit', change.id], { labelEditAction: { deleted: false, ...change.label } }]]
    case 'label-chat':
      return [[['label_jid', change.label, change.chat], { labelAssociationAction: { labeled: change.on } }]]
    case 'label-message': {
      // Everybody leaves the author open here (docs/protocol/04 §2.2).
      const { chat, id } = change.message
      const index = ['label_message', change.label, chat, id, '0', '0']
      return [[index, { labelAssociationAction: { labeled: change.on } }]]
    }
    case 'quick-reply': {
      const { keywords = [], ...reply } = change.reply
      const quickReplyAction = { count: 0, deleted: false, ...reply, keywords: [...keywords] }
      return [[['quick_reply', change.id], { quickReplyAction }]]
    }
    case 'raw':
      return [[change.index, change.value === null ? null : proto.SyncActionValue.fromObject(change.value)]]
    default:
      return [settingDraft(change)]
  }
}

type ChatAction = 'archive' | 'pin' | 'mute' | 'read' | 'lock' | 'clear' | 'delete-chat'

const chatDrafts = (
  change: Extract<PhoneAppStateChange, { readonly action: ChatAction }>,
  { lastMessages, isPinned, isArchived }: ChangeSources,
): readonly Draft[] => {
  const { chat } = change
  const messageRange = rangeOf(lastMessages(chat))
  const archive = (archived: boolean): Draft => [['archive', chat], { archiveChatAction: { archived, messageRange } }]
  const pin = (pinned: boolean): Draft => [['pin_v1', chat], { pinAction: { pinned } }]
  switch (change.action) {
    case 'archive':
      return change.on && isPinned(chat) ? [archive(true), pin(false)] : [archive(change.on)]
    case 'pin':
      return change.on && isArchived(chat) ? [pin(true), archive(false)] : [pin(change.on)]
    case 'mute': {
      const { until } = change
      return [
        [['mute', chat], { muteAction: until === null ? { muted: false } : { muted: true, muteEndTimestamp: until } }],
      ]
    }
    case 'read':
      return [[['markChatAsRead', chat], { markChatAsReadAction: { read: change.on, messageRange } }]]
    case 'lock':
      return [[['lock', chat], { lockChatAction: { locked: change.on } }]]
    case 'clear':
      return [[['clearChat', chat, flag(change.starred), flag(change.media)], { clearChatAction: { messageRange } }]]
    case 'delete-chat':
      return [[['deleteChat', chat, flag(change.media)], { deleteChatAction: { messageRange } }]]
  }
}

type SettingAction = 'push-name' | 'locale' | 'time-format' | 'unarchive-chats' | 'link-previews' | 'relay-calls'

const settingDraft = (change: Extract<PhoneAppStateChange, { readonly action: SettingAction }>): Draft => {
  switch (change.action) {
    case 'push-name':
      return [['setting_pushName'], { pushNameSetting: { name: change.name } }]
    case 'locale':
      return [['setting_locale'], { localeSetting: { locale: change.locale } }]
    case 'time-format':
      return [['time_format'], { timeFormatAction: { isTwentyFourHourFormatEnabled: change.twentyFourHours } }]
    case 'unarchive-chats':
      return [['setting_unarchiveChats'], { unarchiveChatsSetting: { unarchiveChats: change.on } }]
    case 'link-previews': {
      const privacySettingDisableLinkPreviewsAction = { isPreviewsDisabled: change.disabled }
      return [['setting_disableLinkPreviews'], { privacySettingDisableLinkPreviewsAction }]
    }
    case 'relay-calls':
      return [['setting_relayAllCalls'], { privacySettingRelayAllCalls: { isEnabled: change.on } }]
    default:
      // Changes also come by HTTP, unchecked.
      throw unknownAction((change as { readonly action?: string }).action)
  }
}

const unknownAction = (action = ''): KurirError =>
  new KurirError('unknown-app-state-action', 'No client knows this action', { statusCode: 400, data: { action } })

/** The index of an action about one message (docs/protocol/04 §2.1). */
const messageIndex = (name: string, { chat, id, fromMe = false, participant }: ChangedMessage): string[] => [
  name,
  chat,
  id,
  flag(fromMe),
  !fromMe && participant !== undefined ? participant : '0',
]

const flag = (on: boolean | undefined): '0' | '1' => (on === true ? '1' : '0')

/** Up to where the phone has seen a chat (docs/protocol/04 §2.5). */
const rangeOf = (messages: readonly RememberedMessage[]): proto.SyncActionValue.ISyncActionMessageRange | null => {
  if (messages.length === 0) return null
  return {
    lastMessageTimestamp: Math.max(...messages.map(({ timestamp }) => timestamp)),
    messages: messages.map(message => ({ key: keyOf(message), timestamp: message.timestamp })),
  }
}
