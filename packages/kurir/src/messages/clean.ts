import { isJidBroadcast, isJidStatusBroadcast } from '../binary/jid.js'
import { KurirError } from '../errors/index.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import type { proto } from '../proto/index.js'
import { getContentType, normalizeMessageContent } from './content-type.js'
import { isOwnAccount, type OwnAccount, userFormOf } from './own-account.js'

/**
 * Brings a received message into the form in which it is emitted, in place: JIDs without device, and keys that point
 * to other messages turned from the sender's view into ours (docs/protocol/03, 4.5).
 */
export function cleanMessage(message: WAMessage, meId: string, meLid: string): void {
  const { key } = message
  if (key.remoteJid) key.remoteJid = userFormOf(key.remoteJid)
  if (key.participant) key.participant = userFormOf(key.participant)
  if (key.fromMe === true) return
  const me: OwnAccount = { id: meId, lid: meLid }
  for (const reference of referenceKeys(normalizeMessageContent(message.message))) {
    turnReferenceKey(reference, key, me)
  }
}

/** All keys in a message that name another message. */
function referenceKeys(content: proto.IMessage | undefined): WAMessageKey[] {
  const keys = [
    content?.reactionMessage?.key,
    content?.encReactionMessage?.targetMessageKey,
    content?.pollUpdateMessage?.pollCreationMessageKey,
    content?.encEventResponseMessage?.eventCreationMessageKey,
    content?.encCommentMessage?.targetMessageKey,
    content?.secretEncryptedMessage?.targetMessageKey,
    content?.pinInChatMessage?.key,
    content?.keepInChatMessage?.key,
    content?.protocolMessage?.key,
  ]
  return keys.filter(key => key !== null && key !== undefined)
}

/**
 * What the sender calls its own is not ours, and what it calls somebody else's may be ours. The chat is the one the
 * message came in: a sender cannot point into other chats.
 */
function turnReferenceKey(reference: WAMessageKey, carrier: WAMessageKey, me: OwnAccount): void {
  const author = reference.participant || reference.remoteJid
  // In a 1:1 chat the sender names us by our own JID: the message is then ours.
  reference.fromMe = reference.fromMe === true ? false : isOwnAccount(author, me)
  if (carrier.remoteJid !== undefined) reference.remoteJid = carrier.remoteJid
  const participant = reference.participant ? userFormOf(reference.participant) : carrier.participant
  if (participant) reference.participant = participant
}

/** Kinds of content that change other messages and are none themselves. */
const auxiliaryKinds: ReadonlySet<string | undefined> = new Set([
  undefined,
  'protocolMessage',
  'reactionMessage',
  'encReactionMessage',
  'pollUpdateMessage',
  'encEventResponseMessage',
  'secretEncryptedMessage',
  'pinInChatMessage',
  'keepInChatMessage',
])

/** Whether a message has content of its own to show; it then moves its chat up and counts as unread. */
export function isRealMessage(message: WAMessage): boolean {
  return !auxiliaryKinds.has(getContentType(normalizeMessageContent(message.message)))
}

/** Whether a message makes its chat unread: somebody else's, and no system line. */
export function shouldIncrementChatUnread(message: WAMessage): boolean {
  return message.key.fromMe !== true && !message.messageStubType
}

/**
 * The chat that a message is filed under: received broadcasts belong to the chat with their author.
 *
 * @throws KurirError `no-chat-id` for a key without chat
 */
export function getChatId({ remoteJid, participant, fromMe }: WAMessageKey): string {
  const chat =
    remoteJid && isJidBroadcast(remoteJid) && !isJidStatusBroadcast(remoteJid) && fromMe !== true
      ? participant
      : remoteJid
  if (chat) return chat
  throw new KurirError('no-chat-id', 'Cannot derive chat id: the key names no chat', {
    statusCode: 400,
    data: { remoteJid, participant },
  })
}

/**
 * Who wrote the message of a key: `meId` for own ones, else the author as the key names them, the other identity first
 * (docs/protocol/03, 1.2).
 */
export function getKeyAuthor(key: WAMessageKey | null | undefined, meId = 'me'): string {
  if (key?.fromMe === true) return meId
  return key?.participantAlt || key?.remoteJidAlt || key?.participant || key?.remoteJid || ''
}
