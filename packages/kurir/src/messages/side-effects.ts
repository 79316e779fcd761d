import type { ChatUpdate } from '../chats/chat-types.js'
import type { WAMessage } from '../events/message-types.js'
import type { proto } from '../proto/index.js'
import { getChatId, isRealMessage, shouldIncrementChatUnread } from './clean.js'
import { normalizeMessageContent } from './content-type.js'
import type { MessageEffect } from './message-effects.js'
import { toNumber } from './numbers.js'
import { userFormOf } from './own-account.js'
import { isSpoofed, protocolEffects } from './protocol-effects.js'

export interface SideEffectContext {
  /** Account setting: a new message brings an archived chat back. */
  readonly unarchiveChats: boolean
}

/**
 * What a decrypted and cleaned message changes (docs/protocol/03, 4A.2). Pure: nothing is stored or emitted here. Kinds
 * of content without effects yield none.
 *
 * @throws KurirError `no-chat-id` for a message whose key names no chat
 */
export function messageSideEffects(message: WAMessage, context: SideEffectContext): MessageEffect[] {
  const chatId = userFormOf(getChatId(message.key))
  const content = normalizeMessageContent(message.message)
  const protocol = content?.protocolMessage
  if (protocol && isSpoofed(message, protocol)) return []
  const reaction = content?.reactionMessage
  const isReal = isRealMessage(message)
  const wakesChat = isReal || reaction?.key?.fromMe === true

  const chat: ChatUpdate = {
    ...(isReal ? { messages: [{ message }], conversationTimestamp: toNumber(message.messageTimestamp) } : {}),
    ...(isReal && shouldIncrementChatUnread(message) ? { unreadCount: 1 } : {}),
    ...(wakesChat && context.unarchiveChats ? { archived: false, readOnly: false } : {}),
  }
  const effects: MessageEffect[] = []
  if (protocol) {
    const { effects: more, chat: changes } = protocolEffects(message, protocol)
    effects.push(...more)
    Object.assign(chat, changes)
  } else if (reaction) {
    effects.push(...reactionEffects(message, reaction))
  }
  const secret = content?.messageContextInfo?.messageSecret
  if (isReal && secret) effects.push({ kind: 'message-secret', key: message.key, secret })
  if (Object.keys(chat).length > 0) {
    effects.push({ kind: 'event', event: 'chats.update', data: [{ id: chatId, ...chat }] })
  }
  return effects
}

function reactionEffects(message: WAMessage, reaction: proto.Message.IReactionMessage): MessageEffect[] {
  const { key: target, ...said } = reaction
  if (!target) return []
  return [
    { kind: 'event', event: 'messages.reaction', data: [{ key: target, reaction: { ...said, key: message.key } }] },
  ]
}
