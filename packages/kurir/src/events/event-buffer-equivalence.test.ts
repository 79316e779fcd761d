import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatUpdate } from '../chats/chat-types.js'
import { silentLogger } from '../logger/logger.js'
import { makeEventBuffer } from './event-buffer.js'
import type { BaileysEventMap, EventBatch } from './event-map.js'
import { messageIdentity } from './message-key.js'
import type { WAMessage, WAMessageKey } from './message-types.js'
import { updateMessageWithReaction, updateMessageWithReceipt } from './message-updates.js'
import { ana, bob, keyOf, reactionBy, textMessage } from './testing/samples.js'

/** What a program keeps that follows the events: the same, however they were batched. */
class Store {
  readonly chats = new Map<string, Record<string, unknown>>()
  readonly contacts = new Map<string, Record<string, unknown>>()
  readonly groups = new Map<string, Record<string, unknown>>()
  readonly messages = new Map<string, WAMessage>()
  readonly delivered: string[] = []
  readonly actions: string[] = []

  apply(batch: EventBatch): void {
    for (const chat of batch['chats.upsert'] ?? []) this.#changeChat(chat)
    for (const update of batch['chats.update'] ?? []) this.#changeChat(update)
    for (const id of batch['chats.delete'] ?? []) {
      this.chats.delete(id)
      this.#deleteMessages(key => key.remoteJid === id)
    }
    this.#applyMessages(batch)
    for (const contact of batch['contacts.upsert'] ?? []) assign(this.contacts, contact.id, contact)
    for (const contact of batch['contacts.update'] ?? []) assign(this.contacts, contact.id ?? '', contact)
    for (const group of batch['groups.update'] ?? []) assign(this.groups, group.id ?? '', group)
    for (const { action } of batch['app-state.action'] ?? []) this.actions.push(...action.index)
  }

  get state(): unknown {
    return structuredClone({
      chats: this.chats,
      contacts: this.contacts,
      groups: this.groups,
      actions: this.actions,
      messages: new Map([...this.messages].sort(([a], [b]) => (a < b ? -1 : 1))),
    })
  }

  /** Counts add up; 0 and null mean read. */
  #changeChat({ id = '', unreadCount, ...rest }: ChatUpdate): void {
    const chat = assign(this.chats, id, rest)
    if (unreadCount !== undefined)
      chat['unreadCount'] = unreadCount ? Number(chat['unreadCount'] ?? 0) + unreadCount : 0
  }

  #applyMessages(batch: EventBatch): void {
    for (const message of batch['messages.upsert']?.messages ?? []) {
      const id = messageIdentity(message.key)
      this.delivered.push(id)
      this.messages.set(id, { ...this.messages.get(id), ...structuredClone(message) })
    }
    for (const { key, update } of batch['messages.update'] ?? [])
      Object.assign(this.messages.get(messageIdentity(key)) ?? {}, update)
    const deletion = batch['messages.delete']
    if (deletion && 'all' in deletion) this.#deleteMessages(key => key.remoteJid === deletion.jid)
    else for (const key of deletion?.keys ?? []) this.messages.delete(messageIdentity(key))
    for (const { key, reaction } of batch['messages.reaction'] ?? []) {
      updateMessageWithReaction(this.messages.get(messageIdentity(key)) ?? {}, reaction)
    }
    for (const { key, receipt } of batch['message-receipt.update'] ?? []) {
      updateMessageWithReceipt(this.messages.get(messageIdentity(key)) ?? {}, receipt)
    }
  }

  #deleteMessages(which: (key: WAMessageKey) => boolean): void {
    for (const [id, { key }] of this.messages) if (which(key)) this.messages.delete(id)
  }
}

const assign = (items: Map<string, Record<string, unknown>>, id: string, members: object): Record<string, unknown> => {
  const item = items.get(id) ?? {}
  Object.assign(item, members)
  items.set(id, item)
  return item
}

type Step = { readonly op: 'buffer' | 'flush' } | { readonly op: 'emit'; readonly batch: EventBatch }

const jid = fc.constantFrom(ana, bob)
const key = fc.tuple(fc.constantFrom('1', '2', '3'), jid).map(([id, chat]) => keyOf(id, chat))
const number = fc.integer({ min: 1, max: 9 })
const emitOf = <Event extends keyof BaileysEventMap>(event: Event, payload: fc.Arbitrary<BaileysEventMap[Event]>) =>
  payload.map((value): Step => ({ op: 'emit', batch: { [event]: value } }))

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({ op: 'buffer' }),
  fc.constant<Step>({ op: 'flush' }),
  emitOf(
    'chats.upsert',
    fc.tuple(jid, number).map(([id, pinned]) => [{ id, pinned }]),
  ),
  emitOf(
    'chats.update',
    fc.tuple(jid, fc.constantFrom(0, null, 1, 2)).map(([id, unreadCount]) => [{ id, unreadCount }]),
  ),
  emitOf(
    'chats.update',
    fc.tuple(jid, number, fc.boolean()).map(([id, muteEndTime, archived]) => [{ id, muteEndTime, archived }]),
  ),
  emitOf(
    'chats.delete',
    jid.map(id => [id]),
  ),
  emitOf(
    'contacts.upsert',
    fc.tuple(jid, fc.string()).map(([id, name]) => [{ id, name }]),
  ),
  emitOf(
    'contacts.update',
    fc.tuple(jid, fc.string()).map(([id, notify]) => [{ id, notify }]),
  ),
  emitOf(
    'groups.update',
    fc.tuple(jid, fc.string()).map(([id, subject]) => [{ id, subject }]),
  ),
  emitOf(
    'app-state.action',
    fc.string().map(text => [
      {
        collection: 'regular' as const,
        operation: 'set' as const,
        action: { name: 'unknown' as const, index: [text], value: undefined },
        initial: false,
      },
    ]),
  ),
  emitOf(
    'messages.upsert',
    fc
      .tuple(key, fc.constantFrom('append' as const, 'notify' as const), fc.constantFrom(undefined, 'r'))
      .map(([{ id, remoteJid }, type, requestId]) => ({
        messages: [textMessage(id ?? '', remoteJid ?? '')],
        type,
        requestId,
      })),
  ),
  emitOf(
    'messages.update',
    fc.tuple(key, number).map(([k, duration]) => [{ key: k, update: { duration } }]),
  ),
  emitOf(
    'messages.update',
    fc.tuple(key, fc.boolean()).map(([k, starred]) => [{ key: k, update: { starred } }]),
  ),
  emitOf(
    'messages.delete',
    key.map(k => ({ keys: [k] })),
  ),
  emitOf(
    'messages.delete',
    jid.map(id => ({ jid: id, all: true as const })),
  ),
  emitOf(
    'messages.reaction',
    fc
      .tuple(key, jid, fc.constantFrom('x', 'y', ''))
      .map(([k, by, text]) => [{ key: k, reaction: reactionBy(by, 'r', text) }]),
  ),
  emitOf(
    'message-receipt.update',
    fc.tuple(key, jid, number).map(([k, userJid, readTimestamp]) => [{ key: k, receipt: { userJid, readTimestamp } }]),
  ),
)

/** Changes of messages that are not there mean nothing to a store; a buffer may still hand them on. */
const concernsNothing = (store: Store, batch: EventBatch): boolean => {
  const changes = batch['messages.update'] ?? batch['messages.reaction'] ?? batch['message-receipt.update']
  return changes?.every(change => !store.messages.has(messageIdentity(change.key))) ?? false
}

describe('a buffer changes when events come, not what they amount to', () => {
  it('a store that follows the batches ends up like one that follows the events', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(3, 20_000), (steps, maxBufferedItems) => {
        const direct = new Store()
        const followed = new Store()
        const ev = makeEventBuffer(silentLogger, { maxBufferedItems })
        ev.process(batch => followed.apply(batch))
        for (const current of steps) {
          if (current.op !== 'emit') {
            ev[current.op]()
            continue
          }
          if (concernsNothing(direct, current.batch)) continue
          direct.apply(structuredClone(current.batch))
          emitAll(ev, structuredClone(current.batch))
        }
        ev.flush()
        expect(followed.state).toEqual(direct.state)
        ev.destroy()
      }),
      { numRuns: 3000 },
    )
  })

  it('every message of a burst comes once and in order, with work that grows with the burst only', () => {
    const ev = makeEventBuffer(silentLogger, { maxBufferedItems: 1_000_000 })
    const store = new Store()
    ev.process(batch => store.apply(batch))
    const ids = Array.from({ length: 20_000 }, (_, index) => `m${index}`)
    const begun = performance.now()
    ev.buffer()
    for (const id of ids) {
      ev.emit('messages.upsert', { messages: [textMessage(id)], type: 'notify' })
      ev.emit('chats.update', [{ id: ana, unreadCount: 1 }])
    }
    ev.flush()
    // Merging that looks at all pending messages each time takes half a minute here.
    expect(performance.now() - begun).toBeLessThan(5000)
    expect(store.delivered).toEqual(ids.map(id => messageIdentity(keyOf(id))))
    expect(store.chats.get(ana)).toEqual({ unreadCount: 20_000 })
  })
})

const emitAll = (ev: ReturnType<typeof makeEventBuffer>, batch: EventBatch): void => {
  for (const event of Object.keys(batch) as (keyof BaileysEventMap)[]) {
    const payload = batch[event]
    if (payload !== undefined) ev.emit(event, payload)
  }
}
