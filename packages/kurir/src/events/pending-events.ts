import type { AppStateActionUpdate, BaileysEvent, BaileysEventMap, EventBatch } from './event-map.js'
import type { HeldChatUpdates } from './held-chat-updates.js'
import { PendingChatChanges } from './merge-chats.js'
import { PendingContactChanges } from './merge-contacts.js'
import { PendingGroupChanges } from './merge-groups.js'
import { type HistoryCache, PendingHistory } from './merge-history.js'
import { PendingMessageChanges } from './merge-messages.js'

/** The events that wait while buffering; all others are delivered at once (docs/protocol/04, 7.1). */
export const bufferableEvents = [
  'messaging-history.set',
  'chats.upsert',
  'chats.update',
  'chats.delete',
  'messages.upsert',
  'messages.update',
  'messages.delete',
  'messages.reaction',
  'message-receipt.update',
  'contacts.upsert',
  'contacts.update',
  'groups.update',
  'app-state.action',
] as const satisfies readonly BaileysEvent[]

export type BufferableEvent = (typeof bufferableEvents)[number]

const bufferable = new Set<BaileysEvent>(bufferableEvents)

export const isBufferable = (event: BaileysEvent): event is BufferableEvent => bufferable.has(event)

/**
 * What has to be delivered before an event can be merged, so that the order within a chat is kept: the pending
 * messages, the pending chat deletions, or everything.
 */
export type Precedence = 'messages.upsert' | 'chats.delete' | 'everything'

type Rules = {
  readonly [Event in BufferableEvent]: {
    /** How much of the buffer the payload takes up, in items. */
    size(payload: BaileysEventMap[Event]): number
    take(pending: PendingEvents, payload: BaileysEventMap[Event]): void
  }
}

const listRule = <Item>(take: (pending: PendingEvents, item: Item) => void) => ({
  size: (items: readonly Item[]) => items.length,
  take: (pending: PendingEvents, items: readonly Item[]) => {
    for (const item of items) take(pending, item)
  },
})

const rules: Rules = {
  'messaging-history.set': {
    size: set => 1 + set.chats.length + set.contacts.length + set.messages.length,
    take: ({ history, chats }, set) => history.add(set, (id, chat) => chats.arrived(id, chat)),
  },
  'chats.upsert': listRule(({ chats }, chat) => chats.upsert(chat)),
  'chats.update': listRule(({ chats }, update) => chats.update(update)),
  'chats.delete': listRule(({ chats }, id) => chats.remove(id)),
  'contacts.upsert': listRule(({ contacts }, contact) => contacts.upsert(contact)),
  'contacts.update': listRule(({ contacts }, update) => contacts.update(update)),
  'messages.upsert': {
    size: ({ messages }) => messages.length,
    take: ({ messages }, upsert) => messages.upsert(upsert),
  },
  'messages.update': listRule(({ messages }, update) => messages.update(update)),
  'messages.delete': {
    size: deletion => ('keys' in deletion ? deletion.keys.length : 1),
    take: ({ messages }, deletion) => messages.delete(deletion),
  },
  'messages.reaction': listRule(({ messages }, reaction) => messages.react(reaction)),
  'message-receipt.update': listRule(({ messages }, receipt) => messages.receipt(receipt)),
  'groups.update': listRule(({ groups }, update) => groups.update(update)),
  'app-state.action': listRule(({ actions }, update) => actions.push(update)),
}

/**
 * All that waits for one flush, merged. The objects it is given belong to it: it merges into them. Once taken out they
 * are never touched again.
 */
export class PendingEvents {
  readonly history: PendingHistory
  readonly chats: PendingChatChanges
  readonly contacts: PendingContactChanges
  readonly messages: PendingMessageChanges
  readonly groups = new PendingGroupChanges()
  /** Nothing is merged, so the order is kept. */
  readonly actions: AppStateActionUpdate[] = []
  readonly #held: HeldChatUpdates
  #size = 0

  constructor(cache: HistoryCache, held: HeldChatUpdates) {
    this.#held = held
    this.history = new PendingHistory(cache)
    this.chats = new PendingChatChanges(this.history, held)
    this.contacts = new PendingContactChanges(this.history)
    this.messages = new PendingMessageChanges(this.history, this.chats)
    held.attach({ inHistory: id => this.history.chats.get(id), inUpserts: id => this.chats.upserts.get(id) })
  }

  /** Items taken in so far, merged or not: an upper bound for what is kept. */
  get size(): number {
    return this.#size
  }

  /** Merges the payload that `given` has for `event`. */
  take<Event extends BufferableEvent>(event: Event, given: EventBatch): void {
    const payload = given[event]
    if (payload === undefined) return
    const rule: Rules[Event] = rules[event]
    this.#size += rule.size(payload)
    rule.take(this, payload)
  }

  /** What must leave before `given` is taken in; undefined when nothing has to. */
  precedence(given: EventBatch): Precedence | undefined {
    if (this.#size === 0) return undefined
    return this.#beforeMessages(given) ?? this.#beforeChats(given) ?? this.#beforeHistory(given)
  }

  /** Takes the pending messages out, as a batch of their own. */
  takeMessages(): EventBatch | undefined {
    const upsert = this.messages.takeUpserts()
    return upsert && { 'messages.upsert': upsert }
  }

  /** Takes the pending chat deletions out, as a batch of their own. */
  takeChatDeletions(): EventBatch | undefined {
    const ids = [...this.chats.deletes]
    this.chats.deletes.clear()
    return ids.length > 0 ? { 'chats.delete': ids } : undefined
  }

  /** Everything, in the order of delivery: one consolidated batch, then the cleared chats. Empty when nothing came. */
  takeAll(): EventBatch[] {
    const batch: EventBatch = {}
    const history = this.history.consolidate()
    if (history) batch['messaging-history.set'] = history
    put(batch, 'chats.upsert', [...this.chats.upserts.values()])
    put(batch, 'chats.update', [...this.chats.updates.values()])
    put(batch, 'chats.delete', [...this.chats.deletes])
    const upsert = this.messages.takeUpserts()
    if (upsert) batch['messages.upsert'] = upsert
    put(batch, 'messages.update', this.messages.updates())
    const keys = this.messages.deletedKeys()
    if (keys.length > 0) batch['messages.delete'] = { keys }
    put(batch, 'messages.reaction', this.messages.reactions())
    put(batch, 'message-receipt.update', this.messages.receipts())
    put(batch, 'contacts.upsert', [...this.contacts.upserts.values()])
    put(batch, 'contacts.update', [...this.contacts.updates.values()])
    put(batch, 'groups.update', [...this.groups.updates.values()])
    put(batch, 'app-state.action', this.actions)
    const cleared = this.messages.clearedChats().map((jid): EventBatch => ({ 'messages.delete': { jid, all: true } }))
    return Object.keys(batch).length > 0 ? [batch, ...cleared] : cleared
  }

  #beforeMessages({ 'messages.upsert': upsert }: EventBatch): Precedence | undefined {
    if (!upsert) return undefined
    if (this.messages.followsDeletion(upsert)) return 'everything'
    if (!this.messages.comesInAnotherEnvelope(upsert)) return undefined
    // The pending messages may be of a chat that was deleted before they came.
    return this.chats.deletes.size > 0 ? 'everything' : 'messages.upsert'
  }

  #beforeChats(given: EventBatch): Precedence | undefined {
    const deleted = given['chats.delete']
    if (deleted) return this.messages.concerns(deleted) ? 'everything' : undefined
    const updates = given['chats.update'] ?? []
    if (updates.some(update => this.chats.countsOnReadMark(update))) return 'everything'
    if (this.chats.deletes.size === 0) return undefined
    const revived =
      (given['chats.upsert'] ?? []).some(({ id }) => this.chats.deletes.has(id)) ||
      updates.some(update => this.chats.deletes.has(update.id ?? '') && this.#held.decide(update))
    if (!revived) return undefined
    // Pending history may hold messages of the deleted chat, and they are older than its deletion.
    return this.history.empty ? 'chats.delete' : 'everything'
  }

  #beforeHistory({ 'messaging-history.set': set }: EventBatch): Precedence | undefined {
    return set && this.history.answersAnotherRequest(set) ? 'everything' : undefined
  }
}

/** Names a list in the batch unless it is empty. */
const put = <Event extends BufferableEvent>(
  batch: EventBatch,
  event: Event,
  items: BaileysEventMap[Event] & readonly unknown[],
): void => {
  if (items.length > 0) batch[event] = items
}
