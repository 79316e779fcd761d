import { isLidUser, isPnUser, jidDecode } from '../../binary/jid.js'
import { randomBytes } from '../../crypto/random.js'
import { proto } from '../../proto/index.js'
import { type ContentType, getContentType, messageWrappers } from '../content-type.js'
import { messageSecretLength } from '../message-secrets.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers, Editable, MessageContentGenerationOptions } from './content-types.js'

/** Most people that one message mentions. */
const maxMentions = 1_024

/**
 * Applies mentions and the caller's context to the content itself, whatever it is wrapped into later
 * (docs/protocol/03, 2.9).
 */
export function applyContext(message: proto.IMessage, modifiers: ContentModifiers): proto.IMessage {
  const mentions = modifiers.mentions ?? []
  checkMentions(mentions)
  const computed: proto.IContextInfo = {}
  if (mentions.length > 0) computed.mentionedJid = mentions
  if (mentions.length > 0 || modifiers.mentionAll === true) {
    computed.nonJidMentions = modifiers.mentionAll === true ? 1 : 0
  }
  const context = { ...computed, ...modifiers.contextInfo }
  return Object.keys(context).length === 0 ? message : withContextInfo(message, context)
}

function checkMentions(mentions: readonly string[]): void {
  if (!Array.isArray(mentions) || mentions.length > maxMentions) {
    throw invalidContent('mentions', 'Mentions are a list of JIDs', { limit: maxMentions })
  }
  for (const jid of mentions) {
    const isUser = isPnUser(jid) === true || isLidUser(jid) === true
    if (!isUser || !jidDecode(jid)?.user) throw invalidContent('mentions', 'A mention is the JID of a person', { jid })
  }
}

/**
 * The message with `context` merged over the context info of its content. Wrappers are looked through; nothing of the
 * input is changed. A bare `conversation` becomes an `extendedTextMessage`: it cannot hold context.
 */
export function withContextInfo(message: proto.IMessage, context: proto.IContextInfo): proto.IMessage {
  for (const wrapper of messageWrappers) {
    const inner = message[wrapper]?.message
    if (inner) {
      return { ...message, [wrapper]: { ...message[wrapper], message: withContextInfo(inner, context) } }
    }
  }
  const kind = getContentType(message)
  if (kind === undefined || contextless.has(kind)) return message
  if (kind === 'conversation') {
    const { conversation, ...rest } = message
    return { ...rest, extendedTextMessage: { text: conversation ?? '', contextInfo: context } }
  }
  const holder = message[kind]
  if (typeof holder !== 'object' || holder === null) return message
  const existing = 'contextInfo' in holder ? (holder.contextInfo as proto.IContextInfo | null) : undefined
  return { ...message, [kind]: { ...holder, contextInfo: { ...existing, ...context } } }
}

/** Kinds that have no context info. */
const contextless: ReadonlySet<ContentType> = new Set<ContentType>([
  'protocolMessage',
  'reactionMessage',
  'encReactionMessage',
  'pollUpdateMessage',
  'encEventResponseMessage',
  'encCommentMessage',
  'secretEncryptedMessage',
  'keepInChatMessage',
  'pinInChatMessage',
])

/** Turns new content into the change of an own message (docs/protocol/03, 2.5). */
export function applyEdit(
  message: proto.IMessage,
  { edit }: Editable,
  options: MessageContentGenerationOptions,
): proto.IMessage {
  if (edit === null || edit === undefined) return message
  if (!edit.id || !edit.remoteJid) throw invalidContent('edit', 'The key of the message to edit has no id or chat')
  const { remoteJid, fromMe, id, participant } = edit
  return {
    protocolMessage: {
      key: { remoteJid, fromMe, id, ...(participant ? { participant } : {}) },
      type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
      editedMessage: message,
      timestampMs: options.now ?? Date.now(),
    },
  }
}

/** Kinds whose content is sealed with the secret of another message. */
const secretless: ReadonlySet<ContentType | undefined> = new Set<ContentType | undefined>([
  'reactionMessage',
  'encReactionMessage',
  'encEventResponseMessage',
  'pollUpdateMessage',
])

/** Gives a message its secret, the root of reporting tokens, votes and the like, unless it has one. */
export function applySecret(message: proto.IMessage, options: MessageContentGenerationOptions): proto.IMessage {
  if (secretless.has(getContentType(message)) || message.messageContextInfo?.messageSecret) return message
  const messageSecret = options.messageSecret ?? randomBytes(messageSecretLength)
  return { ...message, messageContextInfo: { ...message.messageContextInfo, messageSecret } }
}
