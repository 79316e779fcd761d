import type { Chat, ChatUpdate } from '../chats/chat-types.js'
import type { HeldChatUpdates } from './held-chat-updates.js'
import { identityOf } from './identity.js'
import type { PendingHistory } from './merge-history.js'

/** Where the later of two values comes from: only a `chats.update` of 0 is a read mark. */
type Source = 'upsert' | 'update'

/**
 * The count after `earlier` and `later`. Counts in events are increments; a negative one marks the chat as unread, null
 * marks it as read. A 0 in an update is the live read mark and resets (docs/protocol/04, 7.5 concat rule).
 */
export const mergeUnreadCount = (
  earlier: number | null | undefined,
  later: number | null | undefined,
  source: Source,
): number | null | undefined => {
  if (later === undefined) return earlier
  if (later === null) return typeof earlier === 'number' && earlier < 0 ? undefined : null
  if (later < 0 || typeof earlier !== 'number') return later
  if (later === 0 && source === 'update') return 0
  return later + Math.max(earlier, 0)
}

/** Puts `later` over `target`, in place: later members win, undefined and null too; unread counts add up. */
export const mergeChat = (target: Chat | ChatUpdate, later: Chat | ChatUpdate, source: Source): void => {
  const unread = mergeUnreadCount(target.unreadCount, later.unreadCount, source)
  Object.assign(target, later)
  setUnreadCount(target, unread)
}

/** Puts an earlier plain update below the chat that has now arrived: what the chat says itself wins. */
export const absorbBelow = (chat: Chat, earlier: ChatUpdate): void => {
  const unread = mergeUnreadCount(earlier.unreadCount, chat.unreadCount, 'upsert')
  // Own members only: a protobuf object reads its unset members as null.
  Object.assign(chat, { ...earlier, ...definedMembers(chat) })
  setUnreadCount(chat, unread)
}

/** The update without the function that decided on it. */
export const withoutCondition = (update: ChatUpdate): ChatUpdate => {
  const plain = { ...update }
  delete plain.conditional
  return plain
}

/** What the buffer holds of chats.upsert, chats.update and chats.delete. */
export class PendingChatChanges {
  readonly upserts = new Map<unknown, Chat>()
  readonly updates = new Map<unknown, ChatUpdate>()
  readonly deletes = new Set<string>()
  readonly #history: PendingHistory
  readonly #held: HeldChatUpdates

  constructor(history: PendingHistory, held: HeldChatUpdates) {
    this.#history = history
    this.#held = held
  }

  /** An upsert already pending takes the new one in; otherwise a chat of the pending history does. */
  upsert(chat: Chat): void {
    const id = identityOf(chat)
    const known = this.#pendingChat(id)
    if (known) mergeChat(known, chat, 'upsert')
    else this.upserts.set(id, chat)
    this.arrived(id, known ?? chat)
  }

  /** A chat has arrived: what waited for it is taken in, plain updates below it and held ones above. */
  arrived(id: unknown, chat: Chat): void {
    const earlier = this.updates.get(id)
    if (earlier) {
      absorbBelow(chat, earlier)
      this.updates.delete(id)
    }
    for (const accepted of this.#held.release(id)) mergeChat(chat, accepted, 'update')
  }

  update(update: ChatUpdate): void {
    const id = identityOf(update)
    const plain = this.#held.admit(id, update)
    if (!plain) return
    const known = this.#pendingChat(id) ?? this.updates.get(id)
    if (known) mergeChat(known, plain, 'update')
    else this.updates.set(id, plain)
  }

  remove(id: string): void {
    this.updates.delete(id)
    this.upserts.delete(id)
    this.#history.chats.delete(id)
    this.#held.remove(id)
    this.deletes.add(id)
  }

  /** One unread message less; at none the member goes, for a count of 0 would mean "all read". */
  decrementUnread(id: string): void {
    const chat = this.updates.get(id) ?? this.upserts.get(id)
    const unread = chat?.unreadCount
    if (chat && typeof unread === 'number' && unread > 0) setUnreadCount(chat, unread > 1 ? unread - 1 : undefined)
  }

  /**
   * True when the update counts messages on top of a pending read mark. The two do not fit into one number: the mark
   * has to be delivered first.
   */
  countsOnReadMark(update: ChatUpdate): boolean {
    if (typeof update.unreadCount !== 'number' || update.unreadCount <= 0) return false
    const id = identityOf(update)
    const pending = (this.upserts.get(id) ?? this.updates.get(id))?.unreadCount
    return pending === 0 || pending === null
  }

  #pendingChat(id: unknown): Chat | undefined {
    return this.upserts.get(id) ?? this.#history.chats.get(id)
  }
}

const setUnreadCount = (chat: Chat | ChatUpdate, unread: number | null | undefined): void => {
  if (unread !== undefined) chat.unreadCount = unread
  else if (Object.hasOwn(chat, 'unreadCount')) delete chat.unreadCount
}

const definedMembers = (chat: Chat): Partial<Chat> =>
  Object.fromEntries(Object.entries(chat).filter(([, value]) => value !== undefined))
