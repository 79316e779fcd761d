import type { Chat, ChatUpdate, PendingChats } from '../chats/chat-types.js'
import type { EventBatch } from './event-map.js'
import { identityOf } from './identity.js'
import { withoutCondition } from './merge-chats.js'

/** Looks a chat up among those that wait in the buffer, by where it waits. */
export interface ChatLookup {
  inHistory(id: string): Chat | undefined
  inUpserts(id: string): Chat | undefined
}

export interface HeldChatUpdatesOptions {
  /** How many updates are held at most; beyond it the oldest are let go unconditionally. */
  readonly maxHeld: number
  /** How many delivered chats are remembered. */
  readonly maxKnownChats: number
  readonly onFailure: (error: unknown, chatId: unknown) => void
}

/**
 * Chat updates that wait until their chat is known, over any number of flushes (docs/protocol/04, 7.6). They are kept
 * apart from plain updates, so that neither shares the other's fate.
 *
 * A chat delivered earlier is known too: its id and the time of its last message are remembered.
 */
export class HeldChatUpdates {
  readonly #options: HeldChatUpdatesOptions
  readonly #held = new Map<unknown, ChatUpdate[]>()
  readonly #known = new Map<string, number | undefined>()
  readonly #released: ChatUpdate[] = []
  #size = 0
  #lookup: ChatLookup = { inHistory: () => undefined, inUpserts: () => undefined }
  readonly #view: PendingChats

  constructor(options: HeldChatUpdatesOptions) {
    this.#options = options
    this.#view = {
      historySets: { chats: chatsBy(id => this.#lookup.inHistory(id)) },
      chatUpserts: chatsBy(id => this.#lookup.inUpserts(id) ?? this.#delivered(id)),
    }
  }

  /** Where pending chats are found from now on. */
  attach(lookup: ChatLookup): void {
    this.#lookup = lookup
  }

  /**
   * Decides on an update: returns it, without its condition, when it applies now. One that cannot be decided is kept;
   * one that no longer applies is dropped. An update that applies also overrules what is held of the same members.
   */
  admit(id: unknown, update: ChatUpdate): ChatUpdate | undefined {
    const verdict = this.decide(update)
    if (verdict === undefined) this.#hold(id, update)
    if (!verdict) return undefined
    const plain = withoutCondition(update)
    this.#overrule(id, plain)
    return plain
  }

  /** True: applies; false: does not; undefined: the chat is not known yet. A condition that throws does not hinder. */
  decide(update: ChatUpdate): boolean | undefined {
    try {
      return update.conditional ? update.conditional(this.#view) : true
    } catch (error) {
      this.#options.onFailure(error, update.id)
      return true
    }
  }

  /** The held updates of this chat that apply now, in order, without their conditions. */
  release(id: unknown): ChatUpdate[] {
    const held = this.#held.get(id)
    if (!held) return []
    const accepted: ChatUpdate[] = []
    const undecided: ChatUpdate[] = []
    for (const update of held) {
      const verdict = this.decide(update)
      if (verdict === undefined) undecided.push(update)
      else if (verdict) accepted.push(withoutCondition(update))
    }
    this.#replace(id, undecided)
    return accepted
  }

  remove(id: unknown): void {
    this.#replace(id, [])
  }

  /** Updates that had to make room. They apply without having been decided. */
  takeReleased(): ChatUpdate[] {
    return this.#released.splice(0)
  }

  /** Remembers the chats of a batch that is being delivered. */
  noteDelivered(batch: EventBatch): void {
    for (const chat of batch['messaging-history.set']?.chats ?? []) this.#note(chat)
    for (const chat of batch['chats.upsert'] ?? []) this.#note(chat)
    for (const update of batch['chats.update'] ?? []) {
      if (update.id !== undefined && update.lastMessageRecvTimestamp !== undefined && this.#known.has(update.id)) {
        this.#known.set(update.id, update.lastMessageRecvTimestamp)
      }
    }
    for (const id of batch['chats.delete'] ?? []) this.#known.delete(id)
  }

  /** Held updates that apply because of the chats of a batch that was delivered without the buffer. */
  releaseAfter(batch: EventBatch): ChatUpdate[] {
    if (this.#size === 0) return []
    const arrived = [...(batch['messaging-history.set']?.chats ?? []), ...(batch['chats.upsert'] ?? [])]
    return arrived.flatMap(chat => this.release(identityOf(chat)))
  }

  #hold(id: unknown, update: ChatUpdate): void {
    const held = this.#held.get(id)
    if (held) held.push(update)
    else this.#held.set(id, [update])
    this.#size += 1
    if (this.#size > this.#options.maxHeld) this.#makeRoom()
  }

  #makeRoom(): void {
    for (const [id, updates] of this.#held) {
      this.#released.push(...updates.map(withoutCondition))
      this.#replace(id, [])
      return
    }
  }

  /** A later update of the same members has been accepted: the held values are out of date. */
  #overrule(id: unknown, plain: ChatUpdate): void {
    const held = this.#held.get(id)
    if (!held) return
    const remaining = held.map(update => {
      const kept = Object.entries(update).filter(([name]) => name === 'id' || !Object.hasOwn(plain, name))
      return Object.fromEntries(kept) as ChatUpdate
    })
    this.#replace(
      id,
      remaining.filter(update => Object.keys(update).some(name => name !== 'id' && name !== 'conditional')),
    )
  }

  #replace(id: unknown, updates: ChatUpdate[]): void {
    this.#size += updates.length - (this.#held.get(id)?.length ?? 0)
    if (updates.length > 0) this.#held.set(id, updates)
    else this.#held.delete(id)
  }

  #note(chat: Chat): void {
    this.#known.delete(chat.id)
    this.#known.set(chat.id, chat.lastMessageRecvTimestamp)
    if (this.#known.size <= this.#options.maxKnownChats) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      return
    }
  }

  #delivered(id: string): Chat | undefined {
    return this.#known.has(id) ? { id, lastMessageRecvTimestamp: this.#known.get(id) } : undefined
  }
}

/** A dictionary that asks instead of holding: conditions look up one chat in what may be thousands. */
const chatsBy = (find: (id: string) => Chat | undefined): { [jid: string]: Chat } =>
  new Proxy(
    {},
    {
      get: (_, id) => (typeof id === 'string' ? find(id) : undefined),
      has: (_, id) => typeof id === 'string' && find(id) !== undefined,
    },
  )
