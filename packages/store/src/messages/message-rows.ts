import { jidNormalizedUser, type WAMessage, type WAMessageKey } from 'kurir'
import { flag, integer, maybeText, text } from '../sql/rows.js'
import type { SqlRow } from '../sql/sql.js'

/** What names a message in the table. People and 1:1 chats may be known under two JIDs. */
export interface MessageName {
  readonly id: string
  readonly chat: string
  readonly chatAlt: string | undefined
  readonly fromMe: boolean
  /** Empty for own messages and in 1:1 chats. */
  readonly author: string
  readonly authorAlt: string | undefined
}

/** A message that is in the table. */
export interface KnownMessage {
  readonly number: number
  readonly name: MessageName
}

/** Undefined for a key that names nothing: without chat or id. */
export function nameOf(key: WAMessageKey): MessageName | undefined {
  const { remoteJid, remoteJidAlt, id, fromMe, participant, participantAlt } = key
  if (!remoteJid || !id) return undefined
  const isOwn = fromMe === true
  return {
    id,
    chat: normalized(remoteJid),
    chatAlt: remoteJidAlt ? normalized(remoteJidAlt) : undefined,
    fromMe: isOwn,
    author: isOwn || !participant ? '' : normalized(participant),
    authorAlt: isOwn || !participantAlt ? undefined : normalized(participantAlt),
  }
}

/** A JID without device; what is no JID stays as it is. */
export const normalized = (jid: string): string => jidNormalizedUser(jid) || jid

export const knownMessage = (row: SqlRow): KnownMessage => ({
  number: integer(row, 'number'),
  name: {
    id: text(row, 'id'),
    chat: text(row, 'chat'),
    chatAlt: maybeText(row, 'chat_alt'),
    fromMe: flag(row, 'from_me'),
    author: text(row, 'author'),
    authorAlt: maybeText(row, 'author_alt'),
  },
})

export const NAME_COLUMNS = 'number, id, chat, chat_alt, from_me, author, author_alt'

/**
 * Whether both are the same message. Ids are chosen by senders: another author's message of the same id is another
 * message, and never takes its place.
 */
export const isSame = (left: MessageName, right: MessageName): boolean =>
  left.id === right.id && left.fromMe === right.fromMe && isSameChat(left, right) && isSameAuthor(left, right)

/** As {@link isSame}; a key without author means whoever wrote it. */
export const isMeant = (named: MessageName, row: MessageName): boolean =>
  isSame(named, named.author === '' ? { ...row, author: '', authorAlt: undefined } : row)

function isSameChat(left: MessageName, right: MessageName): boolean {
  return meet([left.chat, left.chatAlt], [right.chat, right.chatAlt])
}

function isSameAuthor(left: MessageName, right: MessageName): boolean {
  return left.author === right.author || meet([left.author, left.authorAlt], [right.author, right.authorAlt])
}

const meet = (left: readonly (string | undefined)[], right: readonly (string | undefined)[]): boolean =>
  left.some(name => name !== undefined && name !== '' && right.includes(name))

/** Unix milliseconds; 0 for a message without time. */
export function sentAtOf({ messageTimestamp }: WAMessage): number {
  const seconds = Number(messageTimestamp ?? 0)
  return Number.isSafeInteger(seconds) ? seconds * 1000 : 0
}
