import { getContentType, normalizeMessageContent } from 'kurir/messages'
import { proto } from 'kurir/proto'
import type { ArrivedMessage, ContentRule } from './content-facts.js'

/** Name, options and how many may be chosen (docs/protocol/03 §2.6). */
export const pollRules: ContentRule = (_, content) => {
  const poll =
    content.pollCreationMessage ??
    content.pollCreationMessageV2 ??
    content.pollCreationMessageV3 ??
    content.pollCreationMessageV5 ??
    content.pollCreationMessageV6
  if (poll == null) return []
  const names = (poll.options ?? []).map(({ optionName }) => optionName ?? '')
  const selectable = poll.selectableOptionsCount ?? 0
  return [
    (poll.name == null || poll.name === '' || poll.name.length > 255) && 'the name of a poll has 1 to 255 characters',
    (names.length < 1 || names.length > 12) && 'a poll has 1 to 12 options',
    names.some(name => name === '' || name.length > 100) && 'an option has 1 to 100 characters',
    new Set(names).size !== names.length && 'the options of a poll differ',
    selectable > names.length && 'no more options can be chosen than there are',
    content.pollCreationMessageV3 != null && selectable !== 1 && 'pollCreationMessageV3 is for one choice',
    content.pollCreationMessage != null && selectable === 1 && 'a poll with one choice is pollCreationMessageV3',
  ]
}

/** What refers to another message names it, and is by somebody who may say so (docs/protocol/03 §2.4, §2.5, §12). */
export const addOnRules: ContentRule = (arrived, content) => {
  const key = targetKey(content)
  return [
    key !== undefined &&
      (key?.id == null || key.id === '' || !key.remoteJid) &&
      `${getContentType(content)} names its message`,
    ...editRules(arrived, content),
    ...revokeRules(arrived, content),
    ...pinRules(content),
    ...reactionRules(content),
  ]
}

/** Undefined for what is about no other message. */
const targetKey = (content: proto.IMessage): proto.IMessageKey | null | undefined => {
  const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type
  const { protocolMessage, reactionMessage, pinInChatMessage, keepInChatMessage, pollUpdateMessage } = content
  const { encReactionMessage, encCommentMessage, encEventResponseMessage, secretEncryptedMessage } = content
  if (protocolMessage?.type === REVOKE || protocolMessage?.type === MESSAGE_EDIT) return protocolMessage.key ?? null
  const holder = reactionMessage ?? pinInChatMessage ?? keepInChatMessage
  if (holder != null) return holder.key ?? null
  if (pollUpdateMessage != null) return pollUpdateMessage.pollCreationMessageKey ?? null
  if (encEventResponseMessage != null) return encEventResponseMessage.eventCreationMessageKey ?? null
  const sealed = encReactionMessage ?? encCommentMessage ?? secretEncryptedMessage
  return sealed == null ? undefined : (sealed.targetMessageKey ?? null)
}

/** Kinds whose text may be changed. */
const EDITABLE = new Set<string | undefined>([
  'conversation',
  'extendedTextMessage',
  'imageMessage',
  'videoMessage',
  'documentMessage',
])

const editRules = (arrived: ArrivedMessage, { protocolMessage: edit }: proto.IMessage) => {
  if (edit?.type !== proto.Message.ProtocolMessage.Type.MESSAGE_EDIT) return []
  const target = arrived.find(edit.key?.id ?? '')
  const kind = getContentType(normalizeMessageContent(edit.editedMessage))
  return [
    edit.editedMessage == null && 'an edit has the new content',
    edit.timestampMs == null && 'an edit says when it was made',
    kind !== undefined && !EDITABLE.has(kind) && `${kind} cannot be edited`,
    target !== undefined && !arrived.authorNames.includes(target.author) && 'only its author edits a message',
  ]
}

const revokeRules = (arrived: ArrivedMessage, { protocolMessage: revoke }: proto.IMessage) => {
  if (revoke?.type !== proto.Message.ProtocolMessage.Type.REVOKE || revoke.key == null) return []
  const target = arrived.find(revoke.key.id ?? '')
  const foreign = target !== undefined && !arrived.authorNames.includes(target.author)
  return [foreign && !arrived.authorIsAdmin && 'only its author and admins of the group delete a message']
}

const PIN_DURATIONS = new Set([86_400, 604_800, 2_592_000])

const pinRules = ({ pinInChatMessage: pin, messageContextInfo, keepInChatMessage: keep }: proto.IMessage) => {
  const duration = messageContextInfo?.messageAddOnDurationInSecs ?? 0
  const { PIN_FOR_ALL, UNPIN_FOR_ALL } = proto.Message.PinInChatMessage.Type
  return [
    pin?.type === PIN_FOR_ALL && !PIN_DURATIONS.has(duration) && 'a message is pinned for 1, 7 or 30 days',
    pin?.type === UNPIN_FOR_ALL && duration !== 0 && 'taking a pin down has no duration',
    pin != null && pin.type !== PIN_FOR_ALL && pin.type !== UNPIN_FOR_ALL && 'a pin has a type',
    pin != null && pin.senderTimestampMs == null && 'a pin says when it was set',
    keep != null && (keep.keepType ?? 0) === 0 && 'a kept message has a type',
  ]
}

const reactionRules = ({ reactionMessage: reaction }: proto.IMessage) => [
  reaction != null && (reaction.text?.length ?? 0) > 40 && 'a reaction is one emoji',
  reaction != null && reaction.senderTimestampMs == null && 'a reaction says when it was made',
]
