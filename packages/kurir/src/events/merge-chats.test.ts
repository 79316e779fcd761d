import { describe, expect, it } from 'vitest'
import type { Chat, ChatUpdate } from '../chats/chat-types.js'
import { HeldChatUpdates } from './held-chat-updates.js'
import { absorbBelow, mergeChat, mergeUnreadCount, PendingChatChanges } from './merge-chats.js'
import { HistoryCache, PendingHistory } from './merge-history.js'
import { ana } from './testing/samples.js'

const setUp = () => {
  const history = new PendingHistory(new HistoryCache(100))
  const held = new HeldChatUpdates({ maxHeld: 10, maxKnownChats: 10, onFailure: () => {} })
  const chats = new PendingChatChanges(history, held)
  held.attach({ inHistory: id => history.chats.get(id), inUpserts: id => chats.upserts.get(id) })
  return { history, chats, upserts: () => [...chats.upserts.values()], updates: () => [...chats.updates.values()] }
}

describe('mergeUnreadCount, docs/protocol/04 7.5 concat rule', () => {
  it.each([
    { earlier: 1, later: 2, update: 3, upsert: 3 },
    { earlier: 3, later: 0, update: 0, upsert: 3 },
    { earlier: -1, later: 0, update: 0, upsert: 0 },
    { earlier: -1, later: 2, update: 2, upsert: 2 },
    { earlier: 3, later: -1, update: -1, upsert: -1 },
    { earlier: 3, later: null, update: null, upsert: null },
    { earlier: -1, later: null, update: undefined, upsert: undefined },
    { earlier: null, later: 2, update: 2, upsert: 2 },
    { earlier: undefined, later: 2, update: 2, upsert: 2 },
    { earlier: 3, later: undefined, update: 3, upsert: 3 },
    { earlier: null, later: undefined, update: null, upsert: null },
    { earlier: undefined, later: undefined, update: undefined, upsert: undefined },
  ])('$earlier, then $later', ({ earlier, later, update, upsert }) => {
    expect(mergeUnreadCount(earlier, later, 'update')).toBe(update)
    expect(mergeUnreadCount(earlier, later, 'upsert')).toBe(upsert)
  })
})

describe('mergeChat', () => {
  it('lets later members win, undefined and null too', () => {
    const chat: Chat = { id: ana, name: 'A', archived: true, pinned: 1 }
    mergeChat(chat, { name: undefined, archived: null, mutedUntil: 3 } as ChatUpdate, 'update')
    expect(chat).toStrictEqual({ id: ana, name: undefined, archived: null, pinned: 1, mutedUntil: 3 })
  })

  it('leaves no unread member behind when mark and reset cancel out', () => {
    const chat: ChatUpdate = { id: ana, unreadCount: -1 }
    mergeChat(chat, { unreadCount: null }, 'update')
    expect(chat).toStrictEqual({ id: ana })
  })
})

describe('absorbBelow', () => {
  it('adds what the chat does not say, and the counts', () => {
    const chat: Chat = { id: ana, name: 'new', unreadCount: 1, archived: undefined } as Chat
    absorbBelow(chat, { id: ana, name: 'old', archived: true, unreadCount: 2 })
    expect(chat).toEqual({ id: ana, name: 'new', archived: true, unreadCount: 3 })
  })

  it('does not take the unset members of a protobuf object for values', () => {
    const chat: Chat = Object.assign(Object.create({ archived: null, unreadCount: null }), { id: ana })
    absorbBelow(chat, { archived: true, unreadCount: 2 })
    expect(chat).toMatchObject({ archived: true })
  })
})

describe('PendingChatChanges', () => {
  it('puts an update on the upsert when history and upsert wait, for the upsert is delivered later', () => {
    const { chats, history, upserts } = setUp()
    chats.upsert({ id: ana, name: 'upsert' })
    history.add({ chats: [{ id: ana, name: 'history' }], contacts: [], messages: [] }, (id, chat) =>
      chats.arrived(id, chat),
    )
    chats.update({ id: ana, archived: true })
    expect(upserts()).toEqual([{ id: ana, name: 'upsert', archived: true }])
    expect([...history.chats.values()]).toEqual([{ id: ana, name: 'history' }])
  })

  it('keeps an update without an id apart', () => {
    const { chats, updates } = setUp()
    chats.update({ archived: true })
    chats.update({ pinned: 1 })
    expect(updates()).toEqual([{ archived: true }, { pinned: 1 }])
  })

  it('does not touch the update it was given', () => {
    const { chats } = setUp()
    const update = { id: ana, unreadCount: 1 }
    chats.update(update)
    chats.update({ id: ana, unreadCount: 1 })
    expect(update).toEqual({ id: ana, unreadCount: 1 })
  })

  it('tells when messages are counted on top of a read mark', () => {
    const { chats } = setUp()
    chats.update({ id: ana, unreadCount: null })
    expect(chats.countsOnReadMark({ id: ana, unreadCount: 1 })).toBe(true)
    expect(chats.countsOnReadMark({ id: ana, unreadCount: 0 })).toBe(false)
    expect(chats.countsOnReadMark({ id: ana, archived: true })).toBe(false)
    chats.upsert({ id: ana })
    expect(chats.countsOnReadMark({ id: ana, unreadCount: 1 })).toBe(true)
  })

  it('counts one unread message less, and removes the count at none', () => {
    const { chats, updates } = setUp()
    chats.update({ id: ana, unreadCount: 2 })
    chats.decrementUnread(ana)
    expect(updates()).toEqual([{ id: ana, unreadCount: 1 }])
    chats.decrementUnread(ana)
    expect(updates()).toStrictEqual([{ id: ana }])
    chats.decrementUnread(ana)
    expect(updates()).toStrictEqual([{ id: ana }])
  })

  it('does not count below zero what is marked as unread', () => {
    const { chats, updates } = setUp()
    chats.update({ id: ana, unreadCount: -1 })
    chats.decrementUnread(ana)
    expect(updates()).toEqual([{ id: ana, unreadCount: -1 }])
  })

  it('lets a later plain update overrule what is held of the same member, docs/protocol/04 7.5', () => {
    const { chats, upserts } = setUp()
    const conditional = ({ chatUpserts }: { chatUpserts: Record<string, Chat> }) =>
      chatUpserts[ana] ? true : undefined
    chats.update({ id: ana, archived: true, pinned: 5, conditional })
    chats.update({ id: ana, archived: false })
    chats.updates.clear()
    chats.upsert({ id: ana })
    expect(upserts()).toEqual([{ id: ana, pinned: 5 }])
  })

  it('applies held updates in their order', () => {
    const { chats, upserts } = setUp()
    const conditional = ({ chatUpserts }: { chatUpserts: Record<string, Chat> }) =>
      ana in chatUpserts ? true : undefined
    chats.update({ id: ana, archived: true, conditional })
    chats.update({ id: ana, archived: false, conditional })
    chats.upsert({ id: ana })
    expect(upserts()).toEqual([{ id: ana, archived: false }])
  })
})
