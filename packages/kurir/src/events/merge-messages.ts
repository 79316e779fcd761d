import type { proto } from '../proto/index.js'
import type { MessageReaction, MessagesDelete, MessagesUpsert } from './event-map.js'
import type { PendingChatChanges } from './merge-chats.js'
import type { PendingHistory } from './merge-history.js'
import { hasVisibleContent } from './message-content.js'
import { getKeyAuthor, messageIdentity, unreadChatOf } from './message-key.js'
import type { MessageUserReceiptUpdate, WAMessage, WAMessageKey, WAMessageUpdate } from './message-types.js'
import { mergeMessageUpdates } from './message-updates.js'
import { PendingMessage } from './pending-message.js'

/** proto.WebMessageInfo.Status.READ; the protobuf code is not loaded for one number. */
const READ = 4

interface ByPerson<Item> {
  readonly key: WAMessageKey
  readonly items: Map<string, Item>
}

/** What the buffer holds of the messages.* events and message-receipt.update (docs/protocol/04, 7.5). */
export class PendingMessageChanges {
  readonly #history: PendingHistory
  readonly #chats: PendingChatChanges
  readonly #upserts = new Map<string, PendingMessage>()
  readonly #updates = new Map<string, WAMessageUpdate>()
  readonly #deletes = new Map<string, WAMessageKey>()
  readonly #clearedChats = new Set<string>()
  readonly #reactions = new Map<string, ByPerson<proto.IReaction>>()
  readonly #receipts = new Map<string, ByPerson<proto.IUserReceipt>>()
  #envelope: Omit<MessagesUpsert, 'messages'> = { type: 'notify' }

  constructor(history: PendingHistory, chats: PendingChatChanges) {
    this.#history = history
    this.#chats = chats
  }

  /** True when the messages do not fit into one payload with those pending: other type, or other request. */
  comesInAnotherEnvelope({ type, requestId }: MessagesUpsert): boolean {
    return this.#upserts.size > 0 && (this.#envelope.type !== type || this.#envelope.requestId !== requestId)
  }

  /** True when one of the messages has been deleted before: the deletion must be delivered first. */
  followsDeletion({ messages }: MessagesUpsert): boolean {
    if (this.#deletes.size === 0 && this.#clearedChats.size === 0) return false
    return messages.some(
      ({ key }) => this.#deletes.has(messageIdentity(key)) || this.#clearedChats.has(key.remoteJid ?? ''),
    )
  }

  /** True when a message of one of the chats, or a change of one, waits for delivery. */
  concerns(chatIds: readonly string[]): boolean {
    const ids = new Set<unknown>(chatIds)
    for (const { message } of this.#upserts.values()) if (ids.has(message.key.remoteJid)) return true
    for (const pending of [this.#updates, this.#reactions, this.#receipts]) {
      for (const { key } of pending.values()) if (ids.has(key.remoteJid)) return true
    }
    return false
  }

  upsert({ messages, type, requestId }: MessagesUpsert): void {
    if (messages.length === 0) return
    this.#envelope = requestId === undefined ? { type } : { type, requestId }
    for (const message of messages) this.#upsertOne(message)
  }

  /** A change of a pending message goes into it and is not reported apart. */
  update({ key, update }: WAMessageUpdate): void {
    const id = messageIdentity(key)
    const pending = this.#pending(id)
    if (pending) {
      if (update.status === READ && countsAsUnread(pending.message)) {
        this.#chats.decrementUnread(unreadChatOf(pending.message.key))
      }
      pending.update(update)
      return
    }
    const earlier = this.#updates.get(id)
    if (earlier) mergeMessageUpdates(earlier.update, update)
    else this.#updates.set(id, { key, update: { ...update } })
  }

  delete(deletion: MessagesDelete): void {
    if ('all' in deletion) {
      this.#clear(deletion.jid)
      return
    }
    for (const key of deletion.keys) {
      const id = messageIdentity(key)
      this.#upserts.delete(id)
      this.#updates.delete(id)
      if (!this.#deletes.has(id)) this.#deletes.set(id, key)
    }
  }

  /** History does not take reactions and receipts in: they come in the same batch under their own names. */
  react({ key, reaction }: MessageReaction): void {
    const id = messageIdentity(key)
    const pending = this.#upserts.get(id)
    if (pending) {
      pending.react(reaction)
      return
    }
    const { items } = entryOf(this.#reactions, id, key)
    const author = getKeyAuthor(reaction.key)
    items.delete(author)
    items.set(author, reaction.text ? reaction : { ...reaction, text: '' })
  }

  receipt({ key, receipt }: MessageUserReceiptUpdate): void {
    const id = messageIdentity(key)
    const pending = this.#upserts.get(id)
    if (pending) {
      pending.receipt(receipt)
      return
    }
    const { items } = entryOf(this.#receipts, id, key)
    const person = receipt.userJid ?? ''
    items.set(person, { ...items.get(person), ...receipt })
  }

  /** Takes the pending messages out. */
  takeUpserts(): MessagesUpsert | undefined {
    if (this.#upserts.size === 0) return undefined
    const messages = Array.from(this.#upserts.values(), pending => pending.message)
    this.#upserts.clear()
    return { messages, ...this.#envelope }
  }

  updates(): WAMessageUpdate[] {
    return [...this.#updates.values()]
  }

  deletedKeys(): WAMessageKey[] {
    return [...this.#deletes.values()]
  }

  /** Chats whose messages were all deleted; each is an event of its own, after everything else. */
  clearedChats(): string[] {
    return [...this.#clearedChats]
  }

  reactions(): MessageReaction[] {
    return Array.from(this.#reactions.values(), ({ key, items }) =>
      Array.from(items.values(), reaction => ({ key, reaction })),
    ).flat()
  }

  receipts(): MessageUserReceiptUpdate[] {
    return Array.from(this.#receipts.values(), ({ key, items }) =>
      Array.from(items.values(), receipt => ({ key, receipt })),
    ).flat()
  }

  #upsertOne(message: WAMessage): void {
    const id = messageIdentity(message.key)
    let pending = this.#pending(id)
    if (pending) pending.replace(message)
    else {
      pending = new PendingMessage(message)
      this.#upserts.set(id, pending)
    }
    const earlier = this.#updates.get(id)
    if (!earlier) return
    pending.update(earlier.update)
    this.#updates.delete(id)
  }

  #clear(chatId: string): void {
    for (const [id, { message }] of this.#upserts) if (message.key.remoteJid === chatId) this.#upserts.delete(id)
    for (const pending of [this.#updates, this.#reactions, this.#receipts]) {
      for (const [id, { key }] of pending) if (key.remoteJid === chatId) pending.delete(id)
    }
    for (const [id, { remoteJid }] of this.#deletes) if (remoteJid === chatId) this.#deletes.delete(id)
    this.#clearedChats.add(chatId)
  }

  #pending(id: string): PendingMessage | undefined {
    return this.#upserts.get(id) ?? this.#history.messages.get(id)
  }
}

const entryOf = <Item>(entries: Map<string, ByPerson<Item>>, id: string, key: WAMessageKey): ByPerson<Item> => {
  let entry = entries.get(id)
  if (!entry) {
    entry = { key, items: new Map() }
    entries.set(id, entry)
  }
  return entry
}

/** True for a received message that a person sees and that nobody has read yet. */
const countsAsUnread = (message: WAMessage): boolean =>
  !message.key.fromMe && !message.messageStubType && (message.status ?? 0) < READ && hasVisibleContent(message.message)
