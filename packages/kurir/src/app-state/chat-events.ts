import type { Chat, ChatUpdate, PendingChats } from '../chats/chat-types.js'
import { LabelAssociationType } from '../chats/label-types.js'
import type { proto } from '../proto/index.js'
import { toNumber } from '../proto/integer.js'
import type { ActionContext, ActionRule, AppStateEvent } from './action-rule.js'
import type { AppStateMutation } from './mutation.js'

/** Marks of chats and messages, and labels (docs/protocol/04, 2.6 rules 1 to 4, 7, 9 to 12 and 18). */
export const chatEvents: ActionRule = (mutation, context) =>
  mutation.operation === 'remove'
    ? removalEvents(mutation, context)
    : (markEvents(mutation, context) ?? itemEvents(mutation, context))

/** What a chat is marked with. */
function markEvents(mutation: AppStateMutation, context: ActionContext): readonly AppStateEvent[] | undefined {
  const [name, id] = mutation.index
  if (id === undefined) return undefined
  const { muteAction, archiveChatAction, markChatAsReadAction, pinAction, lockChatAction, timestamp } =
    mutation.value ?? {}
  const update = (change: ChatUpdate, range?: MessageRange) => [chatUpdate(id, change, context, range)]
  if (muteAction) return update({ muteEndTime: muteAction.muted ? toNumber(muteAction.muteEndTimestamp) : null })
  if (archiveChatAction || name === 'archive' || name === 'unarchive') {
    const archived = archiveChatAction ? archiveChatAction.archived === true : name === 'archive'
    // With the setting off a message does not unarchive: then it does not matter what came after the action.
    const range = context.accountSettings?.unarchiveChats ? archiveChatAction?.messageRange : undefined
    return update({ archived }, range)
  }
  if (markChatAsReadAction) {
    const { read, messageRange } = markChatAsReadAction
    // A chat is read until something says otherwise: on the first sync, null leaves the count of the history alone.
    return update({ unreadCount: !read ? -1 : context.initial ? null : 0 }, messageRange)
  }
  if (pinAction) return update({ pinned: pinAction.pinned ? toNumber(timestamp) : null })
  if (lockChatAction) return [lockEvent(id, lockChatAction.locked === true)]
  return undefined
}

/** Messages, whole chats and labels. */
function itemEvents(
  { index, value }: AppStateMutation,
  { initial }: ActionContext,
): readonly AppStateEvent[] | undefined {
  const [name, id, messageId] = index
  if (id === undefined) return undefined
  const { deleteMessageForMeAction, starAction, deleteChatAction, labelEditAction, labelAssociationAction } =
    value ?? {}
  if (messageId !== undefined && (deleteMessageForMeAction || name === 'deleteMessageForMe')) {
    return [{ event: 'messages.delete', data: { keys: [messageKey(index)] } }]
  }
  if (messageId !== undefined && (starAction || name === 'star'))
    return [starEvent(index, starAction?.starred ?? index.at(-1) === '1')]
  if (deleteChatAction || name === 'deleteChat') {
    // On the first sync the chat is not there yet; what was deleted does not come with the history.
    return initial ? undefined : [{ event: 'chats.delete', data: [id] }]
  }
  if (labelEditAction) return [labelEvent(id, labelEditAction)]
  if (labelAssociationAction) return associationEvents(index, labelAssociationAction.labeled === true)
  return undefined
}

/** A mark that is gone is as if it had never been set. */
function removalEvents({ index }: AppStateMutation, context: ActionContext): readonly AppStateEvent[] | undefined {
  const [name, id, messageId] = index
  if (id === undefined) return undefined
  switch (name) {
    case 'mute':
      return [chatUpdate(id, { muteEndTime: null }, context)]
    case 'pin_v1':
      return [chatUpdate(id, { pinned: null }, context)]
    case 'archive':
      return [chatUpdate(id, { archived: false }, context)]
    case 'lock':
      return [lockEvent(id, false)]
    case 'star':
      return messageId === undefined ? undefined : [starEvent(index, false)]
    case 'label_edit':
      return [labelEvent(id, { deleted: true })]
    case LabelAssociationType.Chat:
    case LabelAssociationType.Message:
      return associationEvents(index, false)
    default:
      return undefined
  }
}

type MessageRange = proto.SyncActionValue.ISyncActionMessageRange | null

function chatUpdate(id: string, change: ChatUpdate, { initial }: ActionContext, range?: MessageRange): AppStateEvent {
  const update: ChatUpdate = { id, ...change }
  if (initial) update.conditional = pending => isStillTrue(pending, id, range)
  return { event: 'chats.update', data: [update] }
}

/** Undefined as long as the chat is not known; false when it got a message that the action did not know of. */
function isStillTrue(pending: PendingChats, id: string, range: MessageRange | undefined): boolean | undefined {
  const chat: Chat | undefined = pending.historySets.chats[id] ?? pending.chatUpserts[id]
  if (chat === undefined) return undefined
  if (!range) return true
  const seenUntil = toNumber(range.lastMessageTimestamp) || toNumber(range.lastSystemMessageTimestamp)
  return seenUntil >= toNumber(chat.lastMessageRecvTimestamp)
}

const lockEvent = (id: string, locked: boolean): AppStateEvent => ({ event: 'chats.lock', data: { id, locked } })

function messageKey([, remoteJid, id, fromMe]: readonly string[]): proto.IMessageKey & { fromMe: boolean } {
  return { remoteJid, id, fromMe: fromMe === '1' }
}

function starEvent(index: readonly string[], starred: boolean): AppStateEvent {
  return { event: 'messages.update', data: [{ key: messageKey(index), update: { starred } }] }
}

function labelEvent(id: string, action: proto.SyncActionValue.ILabelEditAction): AppStateEvent {
  const { name, color, deleted, predefinedId } = action
  // A deleted label comes without name and colour; the type is that of Baileys, which leaves them null.
  const label = { id, name: name as string, color: color as number, deleted: deleted === true }
  return {
    event: 'labels.edit',
    data: { ...label, ...(predefinedId ? { predefinedId: String(predefinedId) } : {}) },
  }
}

function associationEvents(
  [type, labelId, chatId, messageId]: readonly string[],
  labeled: boolean,
): readonly AppStateEvent[] | undefined {
  if (labelId === undefined || chatId === undefined) return undefined
  const change = labeled ? 'add' : 'remove'
  if (type === LabelAssociationType.Chat) {
    return [{ event: 'labels.association', data: { type: change, association: { type, chatId, labelId } } }]
  }
  if (messageId === undefined) return undefined
  const association = { type: LabelAssociationType.Message, chatId, messageId, labelId }
  return [{ event: 'labels.association', data: { type: change, association } }]
}
