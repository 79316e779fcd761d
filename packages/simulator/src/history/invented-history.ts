import { proto } from 'kurir/proto'
import type { SeededRandom } from '../random.js'
import type { HistoryArchive, HistoryChat } from './history-archive.js'

/** How much past is made up. */
export interface InventedHistory {
  readonly chats: number
  readonly messagesPerChat: number
  /** How many of the chats are groups, 0 … 1; 0.2 when absent. */
  readonly groups?: number
  /** Status posts of the last day; 0 when absent. */
  readonly statuses?: number
}

interface Owner {
  readonly lid: string
  readonly random: SeededRandom
  /** Unix seconds: when the newest message was written. */
  readonly now: number
}

const WORDS = ['soto', 'rawon', 'bakso', 'gado-gado', 'pecel', 'tempe', 'sambal', 'kerupuk', 'es teh', 'kopi']
const SECONDS_BETWEEN = 97
/** Every so many messages there is one of a special kind. */
const [REACTED_EVERY, POLL_EVERY, PHOTO_EVERY] = [20, 50, 15]

/**
 * A past that was never lived. Messages are made when they are asked for, from chat and index alone: a history of a
 * million messages costs no memory.
 */
export const inventHistory = (options: InventedHistory, owner: Owner): HistoryArchive => {
  const { chats: count, groups = 0.2, statuses: posts = 0 } = options
  const people = Array.from({ length: count }, (_, index) => inventPerson(owner.random, index))
  const groupCount = Math.round(count * groups)
  const chats = people.map((person, index) => {
    const members = [owner.lid, person.lid, people[(index + 1) % count]?.lid ?? person.lid]
    return inventChat(index, person, index < groupCount ? [...new Set(members)] : undefined, options, owner)
  })
  const statuses = Array.from({ length: posts }, (_, index): proto.IWebMessageInfo => {
    const author = people[index % Math.max(1, count)]?.lid ?? owner.lid
    const key = { remoteJid: 'status@broadcast', fromMe: false, id: messageId(0xffff, index), participant: author }
    const message = { extendedTextMessage: { text: `status ${index}` } }
    return { key, message, messageTimestamp: owner.now - index * 60, participant: author }
  })
  return { chats, statuses, pushNames: new Map(people.map(({ lid, name }) => [lid, name])) }
}

interface Person {
  readonly pn: string
  readonly lid: string
  readonly name: string
}

const inventPerson = (random: SeededRandom, index: number): Person => ({
  pn: `62899${String(index).padStart(7, '0')}@s.whatsapp.net`,
  lid: `${random.digits(15)}@lid`,
  name: `Invented ${index}`,
})

const inventChat = (
  number: number,
  person: Person,
  members: readonly string[] | undefined,
  { messagesPerChat }: InventedHistory,
  owner: Owner,
): HistoryChat => {
  const group = members !== undefined
  const jid = group ? `120363${String(number).padStart(12, '0')}@g.us` : person.lid
  return {
    jid,
    pnJid: group ? undefined : person.pn,
    lidJid: group ? undefined : person.lid,
    name: group ? `Group ${number}` : person.name,
    ...(members === undefined ? {} : { members }),
    unreadCount: number % 3,
    size: messagesPerChat,
    message: index => inventMessage(number, index, jid, members ?? [person.lid], owner),
    indexOf: id => {
      const index = Number.parseInt(id.slice(8, 16), 16)
      return id === messageId(number, index) && index < messagesPerChat ? index : undefined
    },
  }
}

const inventMessage = (
  chat: number,
  index: number,
  jid: string,
  members: readonly string[],
  owner: Owner,
): proto.IWebMessageInfo => {
  const author = index % 2 === 0 ? members[(chat + index) % members.length] : owner.lid
  const fromMe = author === owner.lid
  const group = jid.endsWith('@g.us')
  const { READ, DELIVERY_ACK } = proto.WebMessageInfo.Status
  return {
    key: { remoteJid: jid, fromMe, id: messageId(chat, index), ...(group ? { participant: author ?? null } : {}) },
    message: inventContent(chat, index),
    messageTimestamp: owner.now - index * SECONDS_BETWEEN - chat,
    ...(fromMe ? { status: index % 4 === 1 ? READ : DELIVERY_ACK } : { pushName: `Invented ${chat}` }),
    ...(group ? { participant: author ?? null } : {}),
    ...(index % POLL_EVERY === 3 ? { messageSecret: secretOf(chat, index) } : {}),
    ...(index % REACTED_EVERY === 7
      ? { reactions: [{ key: { remoteJid: jid, fromMe: false, id: messageId(chat, index) }, text: '👍' }] }
      : {}),
  }
}

const inventContent = (chat: number, index: number): proto.IMessage => {
  if (index % POLL_EVERY === 3) {
    const options = WORDS.slice(0, 4).map(optionName => ({ optionName }))
    return { pollCreationMessageV3: { name: `Lunch ${index}?`, options, selectableOptionsCount: 1 } }
  }
  if (index % PHOTO_EVERY === 5) {
    const [mediaKey, fileSha256, fileEncSha256] = [1, 2, 3].map(part => secretOf(chat * 8 + part, index))
    const directPath = `/v/t62.7118-24/${messageId(chat, index)}.enc?ccb=11-4&oh=01_gone&oe=0&_nc_sid=5e03e0`
    const hashes = { mediaKey: mediaKey ?? null, fileSha256: fileSha256 ?? null, fileEncSha256: fileEncSha256 ?? null }
    return {
      imageMessage: { mimetype: 'image/jpeg', caption: `photo ${index}`, directPath, fileLength: 1000, ...hashes },
    }
  }
  const words = Array.from(
    { length: 2 + (index % 12) },
    (_, word) => WORDS[(chat * 7 + index * 3 + word) % WORDS.length],
  )
  return { conversation: `${index} ${words.join(' ')}` }
}

/** An id from which chat and index can be read. */
const messageId = (chat: number, index: number): string =>
  `3EB0${hex(chat, 4)}${hex(index, 8)}${hex((chat * 31 + index) % 0x1000000, 6)}`

const hex = (value: number, length: number): string => value.toString(16).toUpperCase().padStart(length, '0')

const secretOf = (chat: number, index: number): Buffer => {
  const secret = Buffer.alloc(32, index % 251)
  secret.writeUInt32BE(chat, 0)
  secret.writeUInt32BE(index, 4)
  return secret
}
