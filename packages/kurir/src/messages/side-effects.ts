import type { ChatUpdate } from '../chats/chat-types.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { pollOf } from './aggregates.js'
import { getChatId, isRealMessage, shouldIncrementChatUnread } from './clean.js'
import { normalizeMessageContent } from './content-type.js'
import type { AddOnParentRecord, EventEffect, MessageEffect } from './message-effects.js'
import { messageSecretLength } from './message-secrets.js'
import { toNumber } from './numbers.js'
import { type OwnAccount, userFormOf } from './own-account.js'
import { isSpoofed, protocolEffects } from './protocol-effects.js'
import { sealedAddOnOf } from './sealed-add-ons.js'
import { stubEffects } from './stub-effects.js'

export interface SideEffectContext {
  readonly me: OwnAccount
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
  const isReal = isRealMessage(message)
  const wakesChat = isReal || content?.reactionMessage?.key?.fromMe === true

  const chat: ChatUpdate = {
    ...(isReal ? { messages: [{ message }], conversationTimestamp: toNumber(message.messageTimestamp) } : {}),
    ...(isReal && shouldIncrementChatUnread(message) ? { unreadCount: 1 } : {}),
    ...(wakesChat && context.unarchiveChats ? { archived: false, readOnly: false } : {}),
  }
  const effects: MessageEffect[] = []
  // Before anything that may need it.
  const parent = addOnParentOf(message)
  if (isReal && parent) effects.push({ kind: 'message-secret', parent })
  if (protocol) {
    const { effects: more, chat: changes } = protocolEffects(message, protocol, context.me)
    effects.push(...more)
    Object.assign(chat, changes)
  } else if (content) {
    effects.push(...contentEffects(message, content))
  } else if (message.messageStubType) {
    const { effects: more, chat: changes } = stubEffects(message, context.me)
    effects.push(...more)
    Object.assign(chat, changes)
  }
  if (Object.keys(chat).length > 0) {
    effects.push({ kind: 'event', event: 'chats.update', data: [{ id: chatId, ...chat }] })
  }
  return effects
}

/** Kinds of content that change other messages. */
function contentEffects(message: WAMessage, content: proto.IMessage): MessageEffect[] {
  const { reactionMessage, pinInChatMessage, keepInChatMessage } = content
  if (reactionMessage) return reactionEffects(message, reactionMessage)
  if (pinInChatMessage) return pinEffects(message, content, pinInChatMessage)
  if (keepInChatMessage) return keepEffects(message, keepInChatMessage)
  const addOn = sealedAddOnOf(content)
  return addOn ? [{ kind: 'sealed-add-on', addOn, message }] : []
}

function reactionEffects(message: WAMessage, reaction: proto.Message.IReactionMessage): MessageEffect[] {
  const { key: target, ...said } = reaction
  if (!target) return []
  return [
    { kind: 'event', event: 'messages.reaction', data: [{ key: target, reaction: { ...said, key: message.key } }] },
  ]
}

/** A pin without a time is not honoured by receivers (docs/protocol/03, 2.4). */
function pinEffects(
  message: WAMessage,
  content: proto.IMessage,
  pin: proto.Message.IPinInChatMessage,
): MessageEffect[] {
  const { key, type, senderTimestampMs } = pin
  const duration = content.messageContextInfo?.messageAddOnDurationInSecs ?? 0
  const isPin = type === proto.Message.PinInChatMessage.Type.PIN_FOR_ALL
  if (!key?.id || (isPin && duration <= 0)) return []
  const pinInChat: proto.IPinInChat = {
    // Both enums number their members alike.
    type: Number(type ?? 0),
    key: message.key,
    senderTimestampMs: toNumber(senderTimestampMs),
    serverTimestampMs: toNumber(message.messageTimestamp) * 1000,
    ...(isPin ? { messageAddOnContextInfo: { messageAddOnDurationInSecs: duration } } : {}),
  }
  return [messageUpdate(key, { pinInChat })]
}

function keepEffects(message: WAMessage, keep: proto.Message.IKeepInChatMessage): MessageEffect[] {
  const { key, keepType, timestampMs } = keep
  if (!key?.id) return []
  const seconds = toNumber(message.messageTimestamp)
  const keepInChat: proto.IKeepInChat = {
    keepType: keepType ?? proto.KeepType.UNKNOWN,
    key: message.key,
    clientTimestampMs: toNumber(timestampMs),
    serverTimestamp: seconds,
    serverTimestampMs: seconds * 1000,
  }
  return [messageUpdate(key, { keepInChat })]
}

function messageUpdate(key: WAMessageKey, update: Partial<WAMessage>): EventEffect {
  return { kind: 'event', event: 'messages.update', data: [{ key, update }] }
}

/** What has to be kept of a message so that add-ons to it can be opened; undefined when it has no secret. */
export function addOnParentOf(message: WAMessage): AddOnParentRecord | undefined {
  const content = normalizeMessageContent(message.message)
  const secret = content?.messageContextInfo?.messageSecret ?? message.messageSecret
  if (secret?.byteLength !== messageSecretLength || !message.key.id) return undefined
  const poll = pollOf(content)
  return {
    key: message.key,
    secret,
    expectsAddOns: poll !== undefined || Boolean(content?.eventMessage),
    selectableOptions: poll?.selectableOptionsCount ?? 0,
  }
}
