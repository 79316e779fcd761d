import { proto } from 'kurir/proto'
import { describe, expect, it } from 'vitest'
import type { RememberedMessage } from '../phone/phone-memory.js'
import { SeededRandom } from '../random.js'
import { findMessage, timeOf } from './history-archive.js'
import { earlierMessages, fullHistory, type HistoryChunk, historyChunks } from './history-chunks.js'
import { inventHistory } from './invented-history.js'
import { rememberedHistory } from './remembered-history.js'

const NOW = 1_800_000_000
const invent = (chats = 10, messagesPerChat = 120) =>
  inventHistory(
    { chats, messagesPerChat, statuses: 3 },
    { lid: '100000000000001@lid', random: new SeededRandom('history'), now: NOW },
  )

const idsOf = (chunks: Iterable<HistoryChunk>): string[] =>
  [...chunks].flatMap(({ history }) =>
    (history.conversations ?? []).flatMap(({ messages }) =>
      (messages ?? []).map(({ message }) => message?.key?.id ?? ''),
    ),
  )

describe('the chunks of a history', () => {
  it('bring every message once, in the usual order of kinds', () => {
    const chunks = [...historyChunks(invent(), { recentMessages: 40, full: true, messagesPerChunk: 100 })]
    const ids = idsOf(chunks)
    expect(ids).toHaveLength(1200)
    expect(new Set(ids).size).toBe(1200)
    expect([...new Set(chunks.map(({ kind }) => kind))]).toEqual([
      'INITIAL_BOOTSTRAP',
      'PUSH_NAME',
      'NON_BLOCKING_DATA',
      'INITIAL_STATUS_V3',
      'RECENT',
      'FULL',
    ])
    for (const kind of ['RECENT', 'FULL'] as const) {
      const portions = chunks.filter(chunk => chunk.kind === kind)
      expect(portions.map(({ chunkOrder }) => chunkOrder)).toEqual(portions.map((_, index) => index + 1))
      expect(portions.at(-1)?.progress).toBe(100)
      const sizes = portions.map(chunk => idsOf([chunk]).length)
      expect(Math.max(...sizes)).toBe(100)
    }
    expect(idsOf(chunks.filter(({ kind }) => kind === 'RECENT'))).toHaveLength(390)
  })

  it('end with progress 100 when there is nothing', () => {
    const recent = [...historyChunks(invent(0, 0))].filter(({ kind }) => kind === 'RECENT')
    expect(recent).toMatchObject([{ progress: 100, chunkOrder: 1 }])
  })

  it('can be encoded, and say what is in them', () => {
    for (const { history, oldest } of historyChunks(invent(), { messagesPerChunk: 50 })) {
      const decoded = proto.HistorySync.decode(proto.HistorySync.encode(history).finish())
      expect(decoded.conversations).toHaveLength(history.conversations?.length ?? 0)
      const times = (decoded.conversations ?? []).flatMap(({ messages }) =>
        (messages ?? []).map(({ message }) => timeOf(message ?? {})),
      )
      expect(times.length === 0 ? undefined : Math.min(...times)).toBe(oldest)
    }
  })

  it('say whether the phone has more', () => {
    const [first] = historyChunks(invent())
    const types = proto.Conversation.EndOfHistoryTransferType
    const { COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY, COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY } = types
    expect(first?.history.conversations?.[0]?.endOfHistoryTransferType).toBe(
      COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY,
    )
    const chat = invent().chats[4]!
    const middle = earlierMessages(chat, 20, 30)
    expect(idsOf([middle])).toEqual(Array.from({ length: 30 }, (_, index) => chat.message(21 + index).key?.id))
    const last = earlierMessages(chat, 100, 50)
    expect(idsOf([last])).toHaveLength(19)
    expect(last.history.conversations?.[0]?.endOfHistoryTransferType).toBe(
      COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY,
    )
    expect(idsOf([earlierMessages(chat, 119, 50)])).toEqual([])
  })

  it('of a full request reach back as far as was asked', () => {
    const since = NOW - 3600
    const chunks = [...fullHistory(invent(), since, 70)]
    expect(chunks.every(({ oldest }) => (oldest ?? NOW) >= since)).toBe(true)
    expect(idsOf(chunks)).toHaveLength(10 * 38)
  })
})

describe('an invented history', () => {
  it('is the same for the same seed, and finds messages by their id', () => {
    const [first, second] = [invent(), invent()]
    for (const [number, chat] of first.chats.entries()) {
      expect(chat.message(17)).toEqual(second.chats[number]?.message(17))
      expect(findMessage(first, chat.message(99).key?.id ?? '')).toEqual(chat.message(99))
      expect(chat.indexOf(first.chats[(number + 1) % 10]?.message(99).key?.id ?? '')).toBeUndefined()
    }
    expect(findMessage(first, 'unknown')).toBeUndefined()
  })

  it('has groups, polls with their secrets, reactions and files', () => {
    const { chats } = invent()
    const all = chats.flatMap(chat => Array.from({ length: chat.size }, (_, index) => chat.message(index)))
    expect(chats.filter(({ jid }) => jid.endsWith('@g.us'))).toHaveLength(2)
    expect(all.some(({ message, messageSecret }) => message?.pollCreationMessageV3 && messageSecret)).toBe(true)
    expect(all.some(({ reactions }) => reactions?.length === 1)).toBe(true)
    expect(all.some(({ message }) => message?.imageMessage)).toBe(true)
  })
})

describe('a remembered history', () => {
  const chat = '15550002222@s.whatsapp.net'
  const remember = (id: string, message: proto.IMessage, fromMe = false): RememberedMessage => ({
    id,
    chat,
    author: fromMe ? '15550001111@s.whatsapp.net' : chat,
    fromMe,
    message,
    timestamp: NOW,
    pushName: fromMe ? undefined : 'Bob',
  })

  it('shows edits, deletions and reactions at their message', () => {
    const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type
    const about = (id: string) => ({ remoteJid: chat, id })
    const { chats, pushNames } = rememberedHistory(
      [
        remember('A', { conversation: 'first' }),
        remember('B', { conversation: 'second' }, true),
        remember('C', { conversation: 'third' }),
        remember('R', { reactionMessage: { key: about('A'), text: '👍' } }, true),
        remember('E', {
          protocolMessage: { key: about('B'), type: MESSAGE_EDIT, editedMessage: { conversation: 'new' } },
        }),
        remember('D', { protocolMessage: { key: about('C'), type: REVOKE } }),
      ],
      () => ({ pnJid: chat, lidJid: '2@lid', name: 'Bob' }),
      () => undefined,
    )
    expect(chats).toHaveLength(1)
    expect(chats[0]).toMatchObject({ jid: chat, name: 'Bob', size: 3 })
    expect([0, 1, 2].map(index => chats[0]?.message(index))).toMatchObject([
      { key: { id: 'C' }, message: null, messageStubType: proto.WebMessageInfo.StubType.REVOKE },
      { key: { id: 'B', fromMe: true }, message: { conversation: 'new' } },
      { key: { id: 'A' }, reactions: [{ text: '👍', key: { id: 'R', fromMe: true } }], pushName: 'Bob' },
    ])
    expect([...pushNames]).toEqual([[chat, 'Bob']])
  })
})
