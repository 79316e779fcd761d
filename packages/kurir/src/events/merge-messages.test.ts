import { describe, expect, it } from 'vitest'
import { HeldChatUpdates } from './held-chat-updates.js'
import { PendingChatChanges } from './merge-chats.js'
import { HistoryCache, PendingHistory } from './merge-history.js'
import { PendingMessageChanges } from './merge-messages.js'
import type { WAMessage } from './message-types.js'
import { ana, bob, group, keyOf, reactionBy, textMessage } from './testing/samples.js'

const READ = 4

const setUp = () => {
  const history = new PendingHistory(new HistoryCache(100))
  const held = new HeldChatUpdates({ maxHeld: 10, maxKnownChats: 10, onFailure: () => {} })
  const chats = new PendingChatChanges(history, held)
  const messages = new PendingMessageChanges(history, chats)
  const notify = (...list: WAMessage[]) => messages.upsert({ messages: list, type: 'notify' })
  return { history, chats, messages, notify }
}

describe('PendingMessageChanges', () => {
  it('gives a message that comes again all that the first one took in', () => {
    const { messages, notify } = setUp()
    notify(textMessage('1'))
    messages.update({ key: keyOf('1'), update: { starred: true } })
    messages.react({ key: keyOf('1'), reaction: reactionBy(bob, 'r', 'x') })
    messages.receipt({ key: keyOf('1'), receipt: { userJid: bob, readTimestamp: 5 } })
    notify({ ...textMessage('1', ana, 'decrypted'), messageTimestamp: 1 })
    expect(messages.takeUpserts()?.messages).toEqual([
      {
        ...textMessage('1', ana, 'decrypted'),
        starred: true,
        reactions: [reactionBy(bob, 'r', 'x')],
        userReceipt: [{ userJid: bob, readTimestamp: 5 }],
      },
    ])
  })

  it('takes the timestamp of the later object when the first had none', () => {
    const { messages, notify } = setUp()
    notify({ key: keyOf('1') })
    notify(textMessage('1'))
    expect(messages.takeUpserts()?.messages).toEqual([textMessage('1')])
  })

  it('never changes the key of a pending message: a revocation names itself', () => {
    const { messages, notify } = setUp()
    notify(textMessage('1'))
    messages.update({ key: keyOf('1'), update: { message: null, messageStubType: 1, key: keyOf('revocation') } })
    expect(messages.takeUpserts()?.messages).toMatchObject([{ key: keyOf('1'), message: null }])
  })

  it('keeps every vote of merged updates, one per voter', () => {
    const { messages } = setUp()
    const vote = (participant: string, option: number) => ({
      pollUpdateMessageKey: { remoteJid: group, id: 'v', participant },
      vote: { selectedOptions: [Buffer.from([option])] },
    })
    messages.update({ key: keyOf('poll'), update: { pollUpdates: [vote(ana, 1)] } })
    messages.update({ key: keyOf('poll'), update: { pollUpdates: [vote(bob, 1)] } })
    messages.update({ key: keyOf('poll'), update: { pollUpdates: [vote(ana, 2)] } })
    expect(messages.updates()).toEqual([{ key: keyOf('poll'), update: { pollUpdates: [vote(bob, 1), vote(ana, 2)] } }])
  })

  it('keeps a deletion once, and the message out', () => {
    const { messages, notify } = setUp()
    notify(textMessage('1'))
    messages.delete({ keys: [keyOf('1'), keyOf('1')] })
    expect(messages.takeUpserts()).toBeUndefined()
    expect(messages.deletedKeys()).toEqual([keyOf('1')])
  })

  it('clears a chat of all that is pending, and no other', () => {
    const { messages, notify } = setUp()
    notify(textMessage('1'), textMessage('2', bob))
    for (const chat of [ana, bob]) {
      messages.update({ key: keyOf('u', chat), update: { status: 3 } })
      messages.react({ key: keyOf('r', chat), reaction: reactionBy(ana, 'x', 'y') })
      messages.receipt({ key: keyOf('c', chat), receipt: { userJid: ana } })
      messages.delete({ keys: [keyOf('d', chat)] })
    }
    messages.delete({ jid: ana, all: true })
    const chats = [
      messages.takeUpserts()?.messages ?? [],
      messages.updates(),
      messages.reactions(),
      messages.receipts(),
    ].map(list => list.map(({ key }) => key.remoteJid))
    expect(chats).toEqual([[bob], [bob], [bob], [bob]])
    expect(messages.deletedKeys()).toEqual([keyOf('d', bob)])
    expect(messages.clearedChats()).toEqual([ana])
  })

  it('merges receipts of one person, and keeps people apart', () => {
    const { messages } = setUp()
    messages.receipt({ key: keyOf('1'), receipt: { userJid: ana, receiptTimestamp: 1 } })
    messages.receipt({ key: keyOf('1'), receipt: { userJid: bob, receiptTimestamp: 2 } })
    messages.receipt({ key: keyOf('1'), receipt: { userJid: ana, readTimestamp: 3 } })
    expect(messages.receipts()).toEqual([
      { key: keyOf('1'), receipt: { userJid: ana, receiptTimestamp: 1, readTimestamp: 3 } },
      { key: keyOf('1'), receipt: { userJid: bob, receiptTimestamp: 2 } },
    ])
  })
})

describe('reading a pending message, docs/protocol/04 7.5 messages.update', () => {
  const unreadAfterReading = (message: WAMessage, times = 1): number | null | undefined => {
    const { chats, messages, notify } = setUp()
    const chat = message.key.participant ?? message.key.remoteJid ?? ''
    chats.update({ id: chat, unreadCount: 5 })
    notify(message)
    for (let time = 0; time < times; time += 1) messages.update({ key: message.key, update: { status: READ } })
    return chats.updates.get(chat)?.unreadCount
  }

  it('counts one message less, once', () => {
    expect(unreadAfterReading(textMessage('1'))).toBe(4)
    expect(unreadAfterReading(textMessage('1'), 2)).toBe(4)
  })

  it('counts a broadcast-list message in its author’s chat', () => {
    expect(
      unreadAfterReading({ ...textMessage('1'), key: { remoteJid: '1@broadcast', id: '1', participant: ana } }),
    ).toBe(4)
  })

  it.each<[string, Partial<WAMessage>]>([
    ['own messages', { key: keyOf('1', ana, true) }],
    ['stubs', { messageStubType: 2 }],
    ['messages read before', { status: READ }],
    ['protocol messages', { message: { protocolMessage: {} } }],
    ['reactions', { message: { reactionMessage: {}, messageContextInfo: {} } }],
    ['votes', { message: { ephemeralMessage: { message: { pollUpdateMessage: {} } } } }],
    ['empty messages', { message: null }],
  ])('does not count %s', (_, more) => {
    expect(unreadAfterReading({ ...textMessage('1'), ...more })).toBe(5)
  })

  it('falls back to a pending upsert and leaves history alone', () => {
    const { chats, history, messages, notify } = setUp()
    history.add({ chats: [{ id: bob, unreadCount: 5 }], contacts: [], messages: [] }, () => {})
    chats.upsert({ id: ana, unreadCount: 5 })
    notify(textMessage('1'), textMessage('2', bob))
    messages.update({ key: keyOf('1'), update: { status: READ } })
    messages.update({ key: keyOf('2', bob), update: { status: READ } })
    expect(chats.upserts.get(ana)?.unreadCount).toBe(4)
    expect(history.chats.get(bob)?.unreadCount).toBe(5)
  })
})
