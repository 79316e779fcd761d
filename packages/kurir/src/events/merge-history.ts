import type { Chat } from '../chats/chat-types.js'
import type { Contact } from '../chats/contact-types.js'
import type { proto } from '../proto/index.js'
import type { LIDMapping } from '../signal/key-store.js'
import type { HistorySet } from './event-map.js'
import { identityOf } from './identity.js'
import { mergeContact } from './merge-contacts.js'
import { messageIdentity } from './message-key.js'
import { PendingMessage } from './pending-message.js'

/** Members that describe a piece of history; of several pieces the last one that has a member decides. */
const descriptive = ['progress', 'syncType', 'chunkOrder', 'peerDataRequestSessionId'] as const

/**
 * Ids of the history taken in so far. The phone sends overlapping pieces; each chat and message is reported once.
 * Emptied at a flush once it has grown beyond its limit.
 */
export class HistoryCache {
  readonly #seen = new Set<string>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns false when the id was there already. */
  add(kind: 'chat' | 'contact' | 'message', id: unknown): boolean {
    if (typeof id !== 'string') return true
    const entry = `${kind}:${id}`
    if (this.#seen.has(entry)) return false
    this.#seen.add(entry)
    return true
  }

  trim(): void {
    if (this.#seen.size > this.#limit) this.#seen.clear()
  }

  clear(): void {
    this.#seen.clear()
  }
}

/** What the buffer holds of messaging-history.set (docs/protocol/04, 7.5). */
export class PendingHistory {
  readonly chats = new Map<unknown, Chat>()
  readonly contacts = new Map<unknown, Contact>()
  readonly messages = new Map<string, PendingMessage>()
  readonly #cache: HistoryCache
  readonly #lidPnMappings: LIDMapping[] = []
  readonly #callLogRecords: proto.ICallLogRecord[] = []
  readonly #pastParticipants = new Map<string, Map<string, proto.IPastParticipant>>()
  #description: Pick<HistorySet, (typeof descriptive)[number] | 'isLatest'> | undefined

  constructor(cache: HistoryCache) {
    this.#cache = cache
  }

  get empty(): boolean {
    return this.#description === undefined
  }

  /** True when `set` answers another request than what is pending: one batch cannot name both. */
  answersAnotherRequest(set: HistorySet): boolean {
    const pending = this.#description?.peerDataRequestSessionId
    return Boolean(pending && set.peerDataRequestSessionId && pending !== set.peerDataRequestSessionId)
  }

  /** Takes a piece in; `onChat` is told of each chat that is new. */
  add(set: HistorySet, onChat: (id: unknown, chat: Chat) => void): void {
    for (const chat of set.chats) this.#addChat(chat, onChat)
    for (const contact of set.contacts) this.#addContact(contact)
    for (const message of set.messages) {
      const id = messageIdentity(message.key)
      if (this.#cache.add('message', id)) this.messages.set(id, new PendingMessage(message))
    }
    if (set.lidPnMappings) this.#lidPnMappings.push(...set.lidPnMappings)
    if (set.callLogRecords) this.#callLogRecords.push(...set.callLogRecords)
    for (const group of set.pastParticipants ?? []) this.#addPastParticipants(group)
    this.#describe(set)
  }

  /** @returns undefined when nothing came. */
  consolidate(): HistorySet | undefined {
    if (!this.#description) return undefined
    const set: HistorySet = {
      chats: [...this.chats.values()],
      contacts: [...this.contacts.values()],
      messages: Array.from(this.messages.values(), pending => pending.message),
      ...this.#description,
    }
    if (this.#lidPnMappings.length > 0) set.lidPnMappings = this.#lidPnMappings
    if (this.#callLogRecords.length > 0) set.callLogRecords = this.#callLogRecords
    if (this.#pastParticipants.size > 0) {
      set.pastParticipants = Array.from(this.#pastParticipants, ([groupJid, people]) => ({
        groupJid,
        pastParticipants: [...people.values()],
      }))
    }
    return set
  }

  /** The first occurrence wins, but the end of the transfer may be told later. */
  #addChat(chat: Chat, onChat: (id: unknown, chat: Chat) => void): void {
    const id = identityOf(chat)
    const known = this.chats.get(id)
    if (known) {
      const { endOfHistoryTransferType } = chat
      if (endOfHistoryTransferType !== undefined) Object.assign(known, { endOfHistoryTransferType })
    } else if (this.#cache.add('chat', id)) {
      this.chats.set(id, chat)
      onChat(id, chat)
    }
  }

  /** A contact comes again when it brings a name. */
  #addContact(contact: Contact): void {
    const id = identityOf(contact)
    const known = this.contacts.get(id)
    if (known) {
      mergeContact(known, contact)
      return
    }
    const isNew = this.#cache.add('contact', id)
    if (isNew || contact.notify || contact.name || contact.verifiedName) this.contacts.set(id, { ...contact })
  }

  #addPastParticipants(group: proto.IPastParticipants): void {
    const groupJid = group.groupJid ?? ''
    const people = this.#pastParticipants.get(groupJid) ?? new Map<string, proto.IPastParticipant>()
    this.#pastParticipants.set(groupJid, people)
    for (const person of group.pastParticipants ?? []) {
      const departure = `${person.userJid},${person.leaveTs},${person.leaveReason}`
      if (!people.has(departure)) people.set(departure, person)
    }
  }

  #describe(set: HistorySet): void {
    const description = { ...this.#description }
    for (const name of descriptive) {
      if (set[name] !== undefined) Object.assign(description, { [name]: set[name] })
    }
    const isLatest = description.isLatest || set.isLatest
    this.#description = isLatest === undefined ? description : { ...description, isLatest }
  }
}
