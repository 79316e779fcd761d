/**
 * History of an account that does not exist, for measuring how it is taken in. The same options give the same bytes, and
 * nothing holds all of them.
 */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createDeflate } from 'node:zlib'
import { proto } from 'kurir/proto'

const NEWEST = 1_700_000_000

/**
 * The encoded HistorySync, chat by chat: every fourth chat is a group, texts are as long as people write, every message
 * has a secret.
 *
 * @param options.chats number of chats
 * @param options.messages number of messages of all chats together
 * @param options.thumbnailBytes bytes of a preview picture in every tenth message: what makes history large
 */
export function* encodedHistory({ chats = 5_000, messages = 200_000, thumbnailBytes = 0, syncType = 3 } = {}) {
  yield proto.HistorySync.encode({ syncType, chunkOrder: 1 }).finish()
  for (let chat = 0; chat < chats; chat += 1) {
    const share = Math.floor(messages / chats) + (chat < messages % chats ? 1 : 0)
    yield proto.HistorySync.encode({ conversations: [conversation(chat, share, thumbnailBytes)] }).finish()
  }
  const phoneNumberToLidMappings = Array.from({ length: chats }, (_, chat) => ({
    pnJid: pnOf(chat),
    lidJid: lidOf(chat),
  }))
  yield proto.HistorySync.encode({ phoneNumberToLidMappings, progress: 100 }).finish()
}

/** The same, compressed as it lies on the media host or in a notification. */
export function compressedHistory(options) {
  return Readable.from(encodedHistory(options)).pipe(createDeflate())
}

function conversation(chat, count, thumbnailBytes) {
  const isGroup = chat % 4 === 3
  const id = isGroup ? `1203630000${String(chat).padStart(8, '0')}@g.us` : lidOf(chat)
  const messages = Array.from({ length: count }, (_, index) => ({
    message: message(id, chat, index, isGroup, thumbnailBytes),
    msgOrderId: count - index,
  }))
  const name = isGroup ? { name: `Group ${chat}` } : { displayName: `Contact ${chat}`, pnJid: pnOf(chat) }
  return {
    id,
    ...name,
    messages,
    unreadCount: chat % 3,
    conversationTimestamp: NEWEST - chat,
    tcToken: bytesOf(`token ${chat}`, 12),
  }
}

function message(chatId, chat, index, isGroup, thumbnailBytes) {
  const fromMe = index % 3 === 0
  const id = `3EB0${createHash('sha256').update(`${chat} ${index}`).digest('hex').slice(0, 18).toUpperCase()}`
  const participant = isGroup && !fromMe ? { participant: lidOf(chat + (index % 20)) } : {}
  return {
    key: { remoteJid: chatId, fromMe, id, ...participant },
    message: content(chat, index, thumbnailBytes),
    messageTimestamp: NEWEST - chat * 60 - index * 600,
    status: fromMe ? 4 : 3,
    messageSecret: bytesOf(id, 32),
    ...(fromMe ? { userReceipt: [{ userJid: lidOf(chat), readTimestamp: NEWEST - index }] } : {}),
  }
}

function content(chat, index, thumbnailBytes) {
  const text = `Message ${index} of chat ${chat}: ${'the quick brown fox '.repeat(1 + ((chat + index) % 5))}`
  if (index % 10 !== 9) return { conversation: text }
  const imageMessage = {
    caption: text,
    mimetype: 'image/jpeg',
    mediaKey: bytesOf(`key ${index}`, 32),
    directPath: `/v/t62/${chat}-${index}`,
    fileLength: 100_000,
    ...(thumbnailBytes > 0 ? { jpegThumbnail: noise(`${chat} ${index}`, thumbnailBytes) } : {}),
  }
  return { imageMessage }
}

const lidOf = chat => `1000000${String(chat).padStart(8, '0')}@lid`
const pnOf = chat => `628110${String(chat).padStart(7, '0')}@s.whatsapp.net`

function bytesOf(text, length) {
  return createHash('sha256').update(text).digest().subarray(0, length)
}

/** Bytes that do not compress, as those of pictures. */
function noise(text, length) {
  const bytes = Buffer.alloc(length)
  for (let offset = 0; offset < length; offset += 32) bytesOf(`${text} ${offset}`, 32).copy(bytes, offset)
  return bytes
}
