import { jidNormalizedUser } from '../binary/jid.js'
import type {
  ChatLabelAssociationActionBody,
  LabelActionBody,
  MessageLabelAssociationActionBody,
} from '../chats/label-types.js'
import type { WAMessageKey } from '../events/message-types.js'
import type { proto } from '../proto/index.js'
import { type ActionName, actionTable } from './action-table.js'
import { invalidModification } from './app-state-error.js'
import type { WAPatchName } from './collection-names.js'
import { type LastMessageList, messageRange, messageSlots } from './message-range.js'
import type { MutationOperation, OutgoingMutation } from './mutation.js'

/** A quick reply. `timestamp` names it: the unix second, as text, in which it was made; absent: a new one. */
export type QuickReplyAction = proto.SyncActionValue.IQuickReplyAction & { timestamp?: string | undefined }

/** What `chatModify` changes (docs/protocol/04, 2.4). Of several members the first of this list counts. */
export type ChatModification =
  /** Unix milliseconds until which the chat is muted, -1 for ever, null to unmute. */
  | { mute: number | null }
  /** Archiving takes a pin off. */
  | { archive: boolean; lastMessages: LastMessageList }
  | { markRead: boolean; lastMessages: LastMessageList }
  /** `timestamp` is that of the message, in seconds. */
  | { deleteForMe: { deleteMedia: boolean; key: WAMessageKey; timestamp: number } }
  /** Removes all messages, starred ones included. */
  | { clear: boolean; lastMessages: LastMessageList }
  /** Pinning takes a chat out of the archive. */
  | { pin: boolean }
  /** Null removes it from the address book. */
  | { contact: proto.SyncActionValue.IContactAction | null }
  | { disableLinkPreviews: proto.SyncActionValue.IPrivacySettingDisableLinkPreviewsAction }
  /** Messages of others in groups need their author as `participant`. */
  | {
      star: {
        messages: { id: string; fromMe?: boolean | undefined; participant?: string | undefined }[]
        star: boolean
      }
    }
  | { delete: true; lastMessages: LastMessageList }
  | { pushNameSetting: string }
  | { quickReply: QuickReplyAction }
  | { addLabel: LabelActionBody }
  | { addChatLabel: ChatLabelAssociationActionBody }
  | { removeChatLabel: ChatLabelAssociationActionBody }
  | { addMessageLabel: MessageLabelAssociationActionBody }
  | { removeMessageLabel: MessageLabelAssociationActionBody }

/** Changes of one collection that belong into one patch. */
export interface ModificationMutations {
  readonly collection: WAPatchName
  /** What was asked for comes first, what goes with it after. */
  readonly mutations: readonly [OutgoingMutation, ...OutgoingMutation[]]
}

/** A mutation before it has its time and version. */
interface Draft {
  readonly name: ActionName
  readonly slots: readonly string[]
  readonly value: proto.ISyncActionValue
  readonly operation?: MutationOperation
}

type Drafts = readonly [Draft, ...Draft[]]

/**
 * What a modification writes into app state.
 *
 * @param jid the chat, or the contact; not looked at for settings, labels and quick replies as such
 * @param now unix milliseconds
 * @throws AppStateError `invalid-chat-modification`
 */
export function modificationMutations(modification: ChatModification, jid: string, now: number): ModificationMutations {
  // What is no JID leaves its slot empty, and is refused with it.
  const target = jidNormalizedUser(jid)
  const drafts =
    chatDrafts(modification, target) ??
    accountDrafts(modification, target) ??
    messageDrafts(modification, target, now) ??
    labelDrafts(modification, target)
  if (drafts === undefined) throw invalidModification('not supported', 500)
  const [first, ...others] = drafts
  const { collection } = actionTable[first.name]
  return { collection, mutations: [mutationOf(first, now), ...others.map(draft => mutationOf(draft, now))] }
}

function mutationOf({ name, slots, value, operation = 'set' }: Draft, now: number): OutgoingMutation {
  if (slots.includes('')) throw invalidModification('A chat, contact, label, quick reply or message is not named')
  // Every action that is written has a version.
  const version = actionTable[name].version ?? 1
  return { operation, index: [name, ...slots], value: { timestamp: now, ...value }, version }
}

function chatDrafts(modification: ChatModification, jid: string): Drafts | undefined {
  if ('mute' in modification) {
    const end = modification.mute
    const muteAction = end ? { muted: true, muteEndTimestamp: end } : { muted: false }
    return [{ name: 'mute', slots: [jid], value: { muteAction } }]
  }
  if ('archive' in modification) {
    const archived = modification.archive
    const archiveChatAction = { archived, messageRange: messageRange(modification.lastMessages) }
    const draft: Draft = { name: 'archive', slots: [jid], value: { archiveChatAction } }
    return archived ? [draft, pinDraft(jid, false)] : [draft]
  }
  if ('markRead' in modification) {
    const markChatAsReadAction = { read: modification.markRead, messageRange: messageRange(modification.lastMessages) }
    return [{ name: 'markChatAsRead', slots: [jid], value: { markChatAsReadAction } }]
  }
  if ('deleteForMe' in modification) {
    const { key, deleteMedia, timestamp } = modification.deleteForMe
    const deleteMessageForMeAction = { deleteMedia, messageTimestamp: timestamp }
    const slots = [jid, ...messageSlots(jid, key)]
    return [{ name: 'deleteMessageForMe', slots, value: { deleteMessageForMeAction } }]
  }
  if ('clear' in modification) {
    const clearChatAction = { messageRange: messageRange(modification.lastMessages) }
    // Starred messages go as well, files stay.
    return [{ name: 'clearChat', slots: [jid, '1', '0'], value: { clearChatAction } }]
  }
  if ('pin' in modification) {
    const draft = pinDraft(jid, modification.pin)
    return modification.pin ? [draft, unarchiveDraft(jid)] : [draft]
  }
  return undefined
}

const pinDraft = (jid: string, pinned: boolean): Draft => ({
  name: 'pin_v1',
  slots: [jid],
  value: { pinAction: { pinned } },
})

const unarchiveDraft = (jid: string): Draft => ({
  name: 'archive',
  slots: [jid],
  value: { archiveChatAction: { archived: false } },
})

function accountDrafts(modification: ChatModification, jid: string): Drafts | undefined {
  if ('contact' in modification) {
    const { contact } = modification
    const operation = contact === null ? 'remove' : 'set'
    return [{ name: 'contact', slots: [jid], value: { contactAction: contact ?? {} }, operation }]
  }
  if ('disableLinkPreviews' in modification) {
    const privacySettingDisableLinkPreviewsAction = modification.disableLinkPreviews
    return [{ name: 'setting_disableLinkPreviews', slots: [], value: { privacySettingDisableLinkPreviewsAction } }]
  }
  return undefined
}

function messageDrafts(modification: ChatModification, jid: string, now: number): Drafts | undefined {
  if ('star' in modification) {
    const { messages, star } = modification.star
    const [first, ...others] = messages.map(
      (message): Draft => ({
        name: 'star',
        slots: [jid, ...messageSlots(jid, message)],
        value: { starAction: { starred: star } },
      }),
    )
    if (first === undefined) throw invalidModification('No message to star')
    return [first, ...others]
  }
  if ('delete' in modification) {
    const deleteChatAction = { messageRange: messageRange(modification.lastMessages) }
    return [{ name: 'deleteChat', slots: [jid, '1'], value: { deleteChatAction } }]
  }
  if ('pushNameSetting' in modification) {
    const pushNameSetting = { name: modification.pushNameSetting }
    return [{ name: 'setting_pushName', slots: [], value: { pushNameSetting } }]
  }
  if ('quickReply' in modification) {
    const { timestamp, deleted, message, shortcut } = modification.quickReply
    // What is taken away has a name: a new one would be nobody's.
    const id = timestamp || (deleted ? '' : String(Math.floor(now / 1000)))
    const quickReplyAction = { count: 0, deleted: deleted === true, message: message ?? '', shortcut: shortcut ?? '' }
    return [{ name: 'quick_reply', slots: [id], value: { quickReplyAction } }]
  }
  return undefined
}

function labelDrafts(modification: ChatModification, jid: string): Drafts | undefined {
  if ('addLabel' in modification) {
    const { id, name, color, predefinedId, deleted } = modification.addLabel
    return [{ name: 'label_edit', slots: [id], value: { labelEditAction: { name, color, predefinedId, deleted } } }]
  }
  if ('addChatLabel' in modification) return [chatLabel(modification.addChatLabel, jid, true)]
  if ('removeChatLabel' in modification) return [chatLabel(modification.removeChatLabel, jid, false)]
  if ('addMessageLabel' in modification) return [messageLabel(modification.addMessageLabel, jid, true)]
  if ('removeMessageLabel' in modification) return [messageLabel(modification.removeMessageLabel, jid, false)]
  return undefined
}

const chatLabel = ({ labelId }: ChatLabelAssociationActionBody, jid: string, labeled: boolean): Draft => ({
  name: 'label_jid',
  slots: [labelId, jid],
  value: { labelAssociationAction: { labeled } },
})

/** Author and direction are not part of a label (docs/protocol/04, 2.4). */
const messageLabel = (body: MessageLabelAssociationActionBody, jid: string, labeled: boolean): Draft => ({
  name: 'label_message',
  slots: [body.labelId, jid, body.messageId, '0', '0'],
  value: { labelAssociationAction: { labeled } },
})
