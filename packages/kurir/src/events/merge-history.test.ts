import { describe, expect, it } from 'vitest'
import type { HistorySet } from './event-map.js'
import { HistoryCache, PendingHistory } from './merge-history.js'
import { ana, bob, textMessage } from './testing/samples.js'

const set = (more: Partial<HistorySet> = {}): HistorySet => ({ chats: [], contacts: [], messages: [], ...more })
const noChats = () => {}

describe('PendingHistory', () => {
  it('is nothing until a piece comes, and then a set even if the piece is empty', () => {
    const history = new PendingHistory(new HistoryCache(10))
    expect(history.consolidate()).toBeUndefined()
    history.add(set(), noChats)
    expect(history.consolidate()).toEqual(set())
  })

  it('keeps isLatest once it was true, and leaves it out when nobody said', () => {
    const history = new PendingHistory(new HistoryCache(10))
    history.add(set({ isLatest: true }), noChats)
    history.add(set({ isLatest: false }), noChats)
    expect(history.consolidate()?.isLatest).toBe(true)
    const silent = new PendingHistory(new HistoryCache(10))
    silent.add(set({ progress: 5 }), noChats)
    expect(silent.consolidate()).not.toHaveProperty('isLatest')
  })

  it('describes itself as the last piece that says so: a request id is not lost', () => {
    const history = new PendingHistory(new HistoryCache(10))
    history.add(set({ syncType: 2, progress: 10, peerDataRequestSessionId: 's' }), noChats)
    history.add(set({ syncType: 3, progress: null }), noChats)
    expect(history.consolidate()).toEqual(set({ syncType: 3, progress: null, peerDataRequestSessionId: 's' }))
  })

  it('adds up LID mappings, as docs/protocol/04 7.5 recommends', () => {
    const history = new PendingHistory(new HistoryCache(10))
    history.add(set({ lidPnMappings: [{ lid: '1@lid', pn: ana }] }), noChats)
    history.add(set({ lidPnMappings: [{ lid: '2@lid', pn: bob }] }), noChats)
    expect(history.consolidate()?.lidPnMappings).toEqual([
      { lid: '1@lid', pn: ana },
      { lid: '2@lid', pn: bob },
    ])
  })

  it('tells of new chats only', () => {
    const history = new PendingHistory(new HistoryCache(10))
    const told: unknown[] = []
    history.add(set({ chats: [{ id: ana }, { id: ana }] }), id => told.push(id))
    expect(told).toEqual([ana])
  })

  it('tells apart ids of chats and contacts, and forgets only beyond the limit', () => {
    const cache = new HistoryCache(3)
    const first = new PendingHistory(cache)
    first.add(set({ chats: [{ id: ana }], contacts: [{ id: ana }], messages: [textMessage('1')] }), noChats)
    expect(first.consolidate()).toMatchObject({ chats: [{ id: ana }], contacts: [{ id: ana }] })
    cache.trim()
    const second = new PendingHistory(cache)
    second.add(set({ chats: [{ id: ana }, { id: bob }] }), noChats)
    expect(second.consolidate()?.chats).toEqual([{ id: bob }])
    cache.trim()
    const third = new PendingHistory(cache)
    third.add(set({ chats: [{ id: ana }] }), noChats)
    expect(third.consolidate()?.chats).toEqual([{ id: ana }])
  })
})
