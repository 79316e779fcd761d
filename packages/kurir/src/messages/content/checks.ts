import { isJidStatusBroadcast, jidDecode, jidNormalizedUser } from '../../binary/jid.js'
import type { WAMessageKey } from '../../events/message-types.js'
import type { proto } from '../../proto/index.js'
import { messageSecretLength } from '../message-secrets.js'
import { hasParticipants, isUserChat } from '../own-account.js'
import { isMessageId } from '../stanza-values.js'
import { invalidContent } from './content-error.js'

/** What the builders of content ask of their members. All throw KurirError `invalid-content` naming the field. */

/** Most UTF-8 bytes of any one text: a message holds 1 MiB in all (docs/protocol/03, 12). */
const maxTextBytes = 1_000_000

/** A member that has to be an object. */
export function checkObject<T extends object>(field: string, value: T | null | undefined): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw invalidContent(field, 'This member is an object')
}

/** A text that may not be empty. @param limit most characters, as people count them: code points */
export function checkText(field: string, value: unknown, limit?: number): string {
  if (typeof value !== 'string' || value === '') throw invalidContent(field, 'This text may not be empty')
  return checkOptionalText(field, value, limit) ?? value
}

/** A text that may be missing or empty. */
export function checkOptionalText(field: string, value: unknown, limit?: number): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw invalidContent(field, 'This member is a text')
  // A code point has at most two UTF-16 units and four bytes: most texts need no counting.
  if (value.length * 3 > maxTextBytes && Buffer.byteLength(value) > maxTextBytes) {
    throw invalidContent(field, 'This text is too long', { limitBytes: maxTextBytes })
  }
  if (limit !== undefined && value.length > limit && [...value].length > limit) {
    throw invalidContent(field, `This text has at most ${limit} characters`, { limit, length: [...value].length })
  }
  return value
}

/** A whole number within limits. */
export function checkInteger(field: string, value: unknown, minimum: number, maximum: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value
  throw invalidContent(field, `This is a whole number from ${minimum} to ${maximum}`, { minimum, maximum })
}

/** A point in time as Unix seconds. */
export function checkDate(field: string, value: unknown): number {
  const ms = value instanceof Date ? value.getTime() : Number.NaN
  if (Number.isFinite(ms) && ms >= 0) return Math.floor(ms / 1000)
  throw invalidContent(field, 'This member is a valid Date')
}

/** A message secret that a caller brings. */
export function checkMessageSecret(field: string, secret: unknown): Uint8Array | undefined {
  if (secret === undefined || secret === null) return undefined
  if (secret instanceof Uint8Array && secret.byteLength === messageSecretLength) return secret
  throw invalidContent(field, `A message secret has ${messageSecretLength} bytes`)
}

/** A JID of some kind. */
export function checkJid(field: string, jid: unknown, fits: (jid: string) => boolean | undefined): string {
  if (typeof jid === 'string' && fits(jid) === true && jidDecode(jid)?.user) return jid
  throw invalidContent(field, 'Not a JID of the right kind', { jid })
}

/**
 * The key of another message as it is written into a message to `chat` (docs/protocol/03, 1.2): the chat as it is
 * addressed now, whatever name the stored key has for it, and the author where the chat has several.
 *
 * @param chat undefined when the destination is not known: the key's own chat then
 */
export function targetKey(field: string, key: WAMessageKey | null | undefined, chat?: string): proto.IMessageKey {
  if (typeof key !== 'object' || key === null) throw invalidContent(field, 'This is the key of a message')
  const { remoteJid, fromMe, id, participant } = key
  if (typeof id !== 'string' || !isMessageId(id))
    throw invalidContent(`${field}.id`, 'The key has no usable message id')
  const named = chatOfKey(field, remoteJid, chat)
  const author = hasParticipants(named) ? jidNormalizedUser(participant ?? undefined) : ''
  return {
    remoteJid: named,
    ...(fromMe === null || fromMe === undefined ? {} : { fromMe }),
    id,
    ...(author === '' ? {} : { participant: author }),
  }
}

function chatOfKey(field: string, remoteJid: string | null | undefined, chat: string | undefined): string {
  const named = remoteJid || chat
  if (named === undefined || jidDecode(named) === undefined) {
    throw invalidContent(`${field}.remoteJid`, 'The key of a message names its chat', { jid: remoteJid })
  }
  // Reactions to a status go to its author.
  if (chat === undefined || isJidStatusBroadcast(named)) return jidNormalizedUser(named)
  // A person may be named in either namespace; other chats have one name.
  const sameChat = isUserChat(named) ? isUserChat(chat) : jidNormalizedUser(named) === jidNormalizedUser(chat)
  if (!sameChat) throw invalidContent(`${field}.remoteJid`, 'The key belongs to another chat', { jid: named, chat })
  return jidNormalizedUser(chat)
}
