import { isLidUser, isPnUser } from '../binary/jid.js'
import type { Chat } from '../chats/chat-types.js'
import type { Contact } from '../chats/contact-types.js'
import type { WAMessage } from '../events/message-types.js'
import { toNumber } from '../messages/numbers.js'
import { userFormOf } from '../messages/own-account.js'
import { proto } from '../proto/index.js'
import type { LIDMapping } from '../signal/key-store.js'

/** What a piece of history holds, in the form of `messaging-history.set`. */
export interface HistoryContents {
  chats: Chat[]
  contacts: Contact[]
  /** Newest first within a chat, as the phone sends them. */
  messages: WAMessage[]
  lidPnMappings: LIDMapping[]
  pastParticipants: proto.IPastParticipants[]
  syncType: proto.HistorySync.HistorySyncType
  progress: number | null | undefined
}

/** What a piece of history holds besides {@link HistoryContents}. */
export interface HistoryExtras {
  callLogRecords: proto.ICallLogRecord[]
  /** For messages to people who have not given us a token (docs/protocol/02, 11.3). */
  nctSalt: Uint8Array | undefined
}

/** The kinds of history that hold conversations (docs/protocol/03, 9.3). */
function hasConversations(type: proto.HistorySync.HistorySyncType): boolean {
  const { INITIAL_BOOTSTRAP, FULL, RECENT, ON_DEMAND } = proto.HistorySync.HistorySyncType
  return type === INITIAL_BOOTSTRAP || type === FULL || type === RECENT || type === ON_DEMAND
}

/**
 * Gathers what a piece of history tells, part by part, and hands it out as often as the caller likes. Not for several
 * pieces: sync type and progress belong to one.
 */
export class HistoryCollector {
  #syncType: proto.HistorySync.HistorySyncType
  #progress: number | null | undefined = null
  #contents: HistoryContents
  #extras: HistoryExtras = { callLogRecords: [], nctSalt: undefined }
  /** What the messages of the present conversation tell about it; its own fields come after them. */
  #conversation: ConversationFacts = {}

  constructor(syncType: proto.HistorySync.HistorySyncType) {
    this.#syncType = syncType
    this.#contents = this.#empty()
  }

  /** Elements gathered since they were last taken. */
  get size(): number {
    const { chats, contacts, messages, lidPnMappings, pastParticipants } = this.#contents
    return (
      chats.length +
      contacts.length +
      messages.length +
      lidPnMappings.length +
      pastParticipants.length +
      this.#extras.callLogRecords.length
    )
  }

  /** Hands out what has been gathered, and begins anew. */
  take(): HistoryContents & HistoryExtras {
    const taken = { ...this.#contents, syncType: this.#syncType, progress: this.#progress, ...this.#extras }
    this.#contents = this.#empty()
    this.#extras = { callLogRecords: [], nctSalt: undefined }
    return taken
  }

  addMessage(info: proto.IWebMessageInfo): void {
    if (!hasConversations(this.#syncType) || !info.key) return
    const message = info as WAMessage
    this.#contents.messages.push(message)
    const facts = this.#conversation
    facts.first ??= message
    if (message.key.fromMe !== true) facts.firstReceived ??= message
    else facts.reader ??= message.userReceipt?.[0]?.userJid ?? undefined
    const verifiedName = verifiedNameIn(message)
    const id = message.key.participant || message.key.remoteJid
    if (verifiedName !== undefined && id) this.#contents.contacts.push({ id, verifiedName })
  }

  /** The fields of a conversation, after its messages. */
  addConversation(conversation: proto.IConversation): void {
    const facts = this.#conversation
    this.#conversation = {}
    const { id } = conversation
    if (!hasConversations(this.#syncType) || !id) return
    this.#contents.contacts.push(contactOf(conversation, id))
    const mapping = mappingOf(conversation, id, facts.reader)
    if (mapping) this.#contents.lidPnMappings.push(mapping)
    const { messages: _, ...fields } = conversation
    const chat: Chat = { ...fields, id }
    if (facts.first) chat.messages = [{ message: facts.first }]
    if (facts.firstReceived) chat.lastMessageRecvTimestamp = toNumber(facts.firstReceived.messageTimestamp)
    this.#contents.chats.push(chat)
  }

  /** Anything but conversations. */
  addPart(part: proto.IHistorySync): void {
    const { contacts, lidPnMappings, pastParticipants } = this.#contents
    // Absent members read as null, or as a default that says nothing: only what is there counts.
    if (Object.hasOwn(part, 'syncType') && part.syncType != null) this.#syncType = part.syncType
    if (Object.hasOwn(part, 'progress')) this.#progress = part.progress
    for (const { id, pushname } of part.pushnames ?? []) {
      if (id && pushname) contacts.push({ id, notify: pushname })
    }
    for (const { pnJid, lidJid } of part.phoneNumberToLidMappings ?? []) {
      if (pnJid && lidJid) lidPnMappings.push({ lid: lidJid, pn: pnJid })
    }
    for (const contact of part.inlineContacts ?? []) this.#addInlineContact(contact)
    for (const { lid, username, isUsernameDeleted } of part.accounts ?? []) {
      if (lid && username && isUsernameDeleted !== true) contacts.push({ id: lid, lid, username })
    }
    pastParticipants.push(...(part.pastParticipants ?? []))
    this.#extras.callLogRecords.push(...(part.callLogRecords ?? []))
    if (part.nctSalt?.byteLength) this.#extras.nctSalt = part.nctSalt
  }

  #addInlineContact({ pnJid, lidJid, fullName, firstName, username }: proto.IInlineContact): void {
    const id = lidJid || pnJid
    if (!id) return
    const contact: Contact = { id }
    if (lidJid) contact.lid = lidJid
    if (pnJid) contact.phoneNumber = pnJid
    if (fullName || firstName) contact.name = fullName || firstName || undefined
    if (username) contact.username = username
    this.#contents.contacts.push(contact)
    if (lidJid && pnJid) this.#contents.lidPnMappings.push({ lid: lidJid, pn: pnJid })
  }

  #empty(): HistoryContents {
    return {
      chats: [],
      contacts: [],
      messages: [],
      lidPnMappings: [],
      pastParticipants: [],
      syncType: this.#syncType,
      progress: this.#progress,
    }
  }
}

interface ConversationFacts {
  first?: WAMessage
  firstReceived?: WAMessage
  /** Who received an own message of the conversation. */
  reader?: string | undefined
}

function contactOf(conversation: proto.IConversation, id: string): Contact {
  const contact: Contact = { id }
  const name = conversation.displayName || conversation.name || conversation.username
  const lid = conversation.lidJid || conversation.accountLid
  if (name) contact.name = name
  if (conversation.username) contact.username = conversation.username
  if (lid) contact.lid = lid
  if (conversation.pnJid) contact.phoneNumber = conversation.pnJid
  return contact
}

/** Both identities of the partner; without its number, whoever received an own message in a LID chat is the partner. */
function mappingOf(
  { pnJid, lidJid }: proto.IConversation,
  id: string,
  reader: string | undefined,
): LIDMapping | undefined {
  if (isLidUser(id)) {
    const pn = pnJid || (isPnUser(reader) ? userFormOf(reader) : undefined)
    return pn ? { lid: id, pn } : undefined
  }
  return isPnUser(id) && lidJid ? { lid: lidJid, pn: id } : undefined
}

/** The name that a business was verified under, in the lines that say who reads its chats. */
function verifiedNameIn({ messageStubType, messageStubParameters }: WAMessage): string | undefined {
  const { StubType } = proto.WebMessageInfo
  const tells =
    messageStubType === StubType.BIZ_PRIVACY_MODE_TO_BSP || messageStubType === StubType.BIZ_PRIVACY_MODE_TO_FB
  return tells ? messageStubParameters?.[0] || undefined : undefined
}
