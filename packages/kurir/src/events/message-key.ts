import type { WAMessageKey } from './message-types.js'

/** One text per message: chat, direction and id. Participants are no part of it (docs/protocol/04, 7.5). */
export const messageIdentity = (key: WAMessageKey): string => `${key.remoteJid},${key.fromMe ? 1 : 0},${key.id}`

/**
 * Who wrote the message of `key`: `meId` when it is from me, else the best known identity of the author, else `''`.
 * Two keys of one author agree as long as they come with the same alternatives.
 */
export const getKeyAuthor = (key: WAMessageKey | null | undefined, meId = 'me'): string => {
  if (key?.fromMe) return meId
  return key?.participantAlt || key?.remoteJidAlt || key?.participant || key?.remoteJid || ''
}

/** The chat that counts the message as unread: a received broadcast-list message belongs to its author's chat. */
export const unreadChatOf = (key: WAMessageKey): string => {
  const chat = key.remoteJid ?? ''
  const isReceivedList = chat.endsWith('@broadcast') && chat !== 'status@broadcast' && !key.fromMe
  return isReceivedList ? (key.participant ?? chat) : chat
}
