import { isLidUser, isPnUser, jidDecode } from '../../binary/jid.js'
import { randomBytes } from '../../crypto/random.js'
import { proto } from '../../proto/index.js'
import { type ContentType, contextInfoOf, getContentType, kindsAboutOthers, messageWrappers } from '../content-type.js'
import { messageSecretLength } from '../message-secrets.js'
import { targetKey } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers, MessageContentGenerationOptions } from './content-types.js'

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
  if (kind === undefined || kindsAboutOthers.has(kind)) return message
  if (kind === 'conversation') {
    const { conversation, ...rest } = message
    return { ...rest, extendedTextMessage: { text: conversation ?? '', contextInfo: context } }
  }
  const holder = message[kind]
  if (typeof holder !== 'object' || holder === null) return message
  return { ...message, [kind]: { ...holder, contextInfo: { ...contextInfoOf(message), ...context } } }
}

/**
 * Marks media to be seen once. Current clients set a flag on the media itself, and the stanza says so too; Baileys wraps
 * the message (docs/protocol/03, 14).
 */
export function applyViewOnce(message: proto.IMessage, { viewOnce }: ContentModifiers): proto.IMessage {
  if (viewOnce !== true) return message
  const { imageMessage, videoMessage, ptvMessage, audioMessage } = message
  if (imageMessage) return { ...message, imageMessage: { ...imageMessage, viewOnce } }
  if (videoMessage) return { ...message, videoMessage: { ...videoMessage, viewOnce } }
  if (ptvMessage) return { ...message, ptvMessage: { ...ptvMessage, viewOnce } }
  if (audioMessage) return { ...message, audioMessage: { ...audioMessage, viewOnce } }
  throw invalidContent('viewOnce', 'Only pictures, videos and voice messages can be seen once')
}

/** Puts media into the album whose head was sent before (docs/protocol/03, 2.4). */
export function applyAlbum(
  message: proto.IMessage,
  { albumParentKey }: ContentModifiers,
  options: MessageContentGenerationOptions,
): proto.IMessage {
  if (albumParentKey === null || albumParentKey === undefined) return message
  if (!message.imageMessage && !message.videoMessage) {
    throw invalidContent('albumParentKey', 'An album consists of pictures and videos')
  }
  const messageAssociation: proto.IMessageAssociation = {
    associationType: proto.MessageAssociation.AssociationType.MEDIA_ALBUM,
    parentMessageKey: targetKey('albumParentKey', albumParentKey, options.jid),
  }
  return { ...message, messageContextInfo: { ...message.messageContextInfo, messageAssociation } }
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
