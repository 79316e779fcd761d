import { isJidGroup, isJidNewsletter, isJidStatusBroadcast, jidDecode, jidNormalizedUser } from '../binary/jid.js'
import { KurirError } from '../errors/index.js'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { applyModifiers } from './content/apply-modifiers.js'
import { invalidContent } from './content/content-error.js'
import { buildContent } from './content/content-kinds.js'
import type {
  AnyMessageContent,
  ContentModifiers,
  Editable,
  MessageContentGenerationOptions,
  MessageGenerationOptions,
  MessageGenerationOptionsFromContent,
} from './content/content-types.js'
import { applySecret, withContextInfo } from './content/modifiers.js'
import { getContentType, normalizeMessageContent } from './content-type.js'
import { generateMessageIDV2 } from './ids.js'
import { isUserChat } from './own-account.js'
import { isMessageId } from './stanza-values.js'

/**
 * Turns what a program wants to say into a protobuf message (docs/protocol/03, 2).
 *
 * @throws KurirError `invalid-content`; `data.field` names the member that is missing or impossible
 */
export async function generateWAMessageContent(
  content: AnyMessageContent,
  options: MessageContentGenerationOptions = {},
): Promise<proto.Message> {
  return proto.Message.create(await contentOf(content, options))
}

async function contentOf(
  content: AnyMessageContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  // Most kinds are built at once; waiting for nothing would be a good part of the work.
  const built = buildContent(content, options)
  const bare = built instanceof Promise ? await built : built
  const modified = applyModifiers(bare, content as ContentModifiers & Editable, options)
  return applySecret(modified instanceof Promise ? await modified : modified, options)
}

/**
 * Wraps a message for a chat: key, quoted message, timer, time. The message passed in is not changed.
 *
 * @throws KurirError `invalid-jid` for a destination that is none, `invalid-content` for an impossible id
 */
export function generateWAMessageFromContent(
  jid: string,
  message: proto.IMessage,
  options: MessageGenerationOptionsFromContent,
): WAMessage {
  checkEnvelope(jid, options)
  return envelope(jid, proto.Message.create(withMessageContext(jid, message, options)), options)
}

/** @param message becomes part of the result */
function envelope(jid: string, message: proto.Message, options: MessageGenerationOptionsFromContent): WAMessage {
  const id = options.messageId ?? generateMessageIDV2(options.userJid)
  const namesAuthor = isJidGroup(jid) === true || isJidStatusBroadcast(jid)
  const created = proto.WebMessageInfo.create({
    key: { remoteJid: jid, fromMe: true, id },
    message,
    messageTimestamp: Math.floor((options.timestamp ?? new Date()).getTime() / 1000),
    messageStubParameters: [],
    ...(namesAuthor ? { participant: options.userJid } : {}),
    status: proto.WebMessageInfo.Status.PENDING,
  })
  return created as proto.WebMessageInfo & WAMessage
}

/** Content → complete message: {@link generateWAMessageContent} and {@link generateWAMessageFromContent} together. */
export async function generateWAMessage(
  jid: string,
  content: AnyMessageContent,
  options: MessageGenerationOptions,
): Promise<WAMessage> {
  // Before a file is uploaded.
  checkEnvelope(jid, options)
  const message = await contentOf(content, { ...options, jid })
  return envelope(jid, proto.Message.create(withMessageContext(jid, message, options)), options)
}

/** What is said beside the content. */
function checkEnvelope(jid: string, options: MessageGenerationOptionsFromContent): void {
  checkDestinationJid('jid', jid)
  checkDestinationJid('userJid', options.userJid)
  const { messageId, quoted } = options
  if (messageId !== undefined && !isMessageId(messageId)) {
    throw invalidContent('messageId', 'A message id has 1 to 128 printable characters')
  }
  if (quoted !== undefined && !quoted.key?.id) throw invalidContent('quoted', 'The quoted message has no id')
  timerOf(options)
}

/** @throws KurirError `invalid-jid` for what cannot be the destination of a message */
export function checkDestinationJid(field: string, jid: string): void {
  const decoded = jidDecode(jid)
  const hasUser = decoded !== undefined && decoded.user !== '' && !Number.isNaN(decoded.device ?? 0)
  if (hasUser && decoded.server.length > 0) return
  throw new KurirError('invalid-jid', `Not a JID: ${field}`, { statusCode: 400, data: { field, jid } })
}

/** Quoted message and timer, where the chat and the kind of content take them. Channels take neither. */
function withMessageContext(
  jid: string,
  message: proto.IMessage,
  options: MessageGenerationOptionsFromContent,
): proto.IMessage {
  if (isJidNewsletter(jid)) return message
  if (options.quoted === undefined && !options.ephemeralExpiration) return message
  const context: proto.IContextInfo = {
    ...(options.quoted === undefined ? {} : quoteContext(jid, options.quoted, options)),
    ...ephemeralContext(message, options),
  }
  return Object.keys(context).length === 0 ? message : withContextInfo(message, context)
}

function quoteContext(
  jid: string,
  quoted: WAMessage,
  options: MessageGenerationOptionsFromContent,
): proto.IContextInfo {
  const { key } = quoted
  const content = quotedContent(quoted.message)
  const author =
    key.fromMe === true ? ownJidIn(quoted, options) : (quoted.participant ?? key.participant ?? key.remoteJid)
  const context: proto.IContextInfo = { stanzaId: key.id, participant: jidNormalizedUser(author ?? undefined) }
  if (content !== undefined) context.quotedMessage = content
  if (key.remoteJid && key.remoteJid !== jid) context.remoteJid = key.remoteJid
  return context
}

/** Our own name in the namespace of the quoted message: its chat may know us by LID only. */
function ownJidIn(quoted: WAMessage, { userJid, userLid }: MessageGenerationOptionsFromContent): string {
  const { addressingMode, participant, remoteJid } = quoted.key
  const seen = participant || remoteJid || ''
  const isLid = addressingMode === 'lid' || (isUserChat(seen) && seen.endsWith('lid'))
  return isLid && userLid !== undefined ? userLid : userJid
}

/** The content field alone, without what it quotes itself: quotes do not nest. */
function quotedContent(message: proto.IMessage | null | undefined): proto.IMessage | undefined {
  const normalized = normalizeMessageContent(message)
  const kind = getContentType(normalized)
  if (normalized === undefined || kind === undefined) return undefined
  const content = normalized[kind]
  if (typeof content !== 'object' || content === null) return { [kind]: content }
  const { contextInfo: _own, ...rest } = content as { contextInfo?: unknown }
  return { [kind]: rest }
}

function ephemeralContext(message: proto.IMessage, options: MessageGenerationOptionsFromContent): proto.IContextInfo {
  const { ephemeralSettingTimestamp } = options
  const expiration = timerOf(options)
  const kind = getContentType(normalizeMessageContent(message))
  if (expiration === 0 || kind === 'protocolMessage' || message.ephemeralMessage) return {}
  if (ephemeralSettingTimestamp === undefined) return { expiration }
  const { Initiator, Trigger } = proto.DisappearingMode
  return {
    expiration,
    ephemeralSettingTimestamp,
    disappearingMode: { initiator: Initiator.CHANGED_IN_CHAT, trigger: Trigger.CHAT_SETTING },
  }
}

/** Baileys takes the seconds as text too. */
function timerOf({ ephemeralExpiration = 0 }: MessageGenerationOptionsFromContent): number {
  const seconds = Number(ephemeralExpiration)
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 0xffff_ffff) return seconds
  throw invalidContent('ephemeralExpiration', 'The timer of a message is a number of seconds')
}
