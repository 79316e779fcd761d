import type { BaileysEventMap, GroupMetadata, WAMessage } from 'kurir'
import { describe, expect, it } from 'vitest'
import { onEachDatabase } from '../testing/stores.js'
import { logEvents } from './event-split.js'
import { withMembers } from './record.js'

const chat = (id: number) => `${id}@s.whatsapp.net`
const message = (id: string, from: number, more: Partial<WAMessage> = {}): WAMessage => ({
  key: { remoteJid: chat(from), id, fromMe: false },
  messageTimestamp: 1,
  message: { conversation: id },
  ...more,
})
const upsert = (...messages: WAMessage[]) => ({ 'messages.upsert': { type: 'notify' as const, messages } })

describe('the events of a batch', () => {
  it('are one per message, and one per chat of other lists, in order', () => {
    const update = (from: number, status: number) => ({ key: { remoteJid: chat(from), id: 'x' }, update: { status } })
    const events = logEvents({
      ...upsert(message('A', 1), message('B', 2), message('C', 1)),
      'messages.update': [update(1, 1), update(2, 2), update(1, 3)],
      'chats.update': [{ id: chat(1) }, { id: chat(2) }],
      'presence.update': { id: chat(3), presences: {} },
      'messages.delete': {
        keys: [
          { remoteJid: chat(1), id: 'x' },
          { remoteJid: chat(2), id: 'y' },
        ],
      },
      'chats.delete': [chat(5)],
    })
    expect(events.map(each => [each.event, each.chat])).toEqual([
      ['messages.upsert', chat(1)],
      ['messages.upsert', chat(2)],
      ['messages.upsert', chat(1)],
      ['messages.update', chat(1)],
      ['messages.update', chat(2)],
      ['chats.update', chat(1)],
      ['chats.update', chat(2)],
      ['presence.update', chat(3)],
      ['messages.delete', chat(1)],
      ['messages.delete', chat(2)],
      ['chats.delete', chat(5)],
    ])
    expect(events[3]?.payload).toEqual([update(1, 1), update(1, 3)])
    expect(events[1]?.payload).toEqual({ type: 'notify', messages: [message('B', 2)] })
  })

  it('have neither credentials nor QR codes', () => {
    const events = logEvents({
      'creds.update': { advSecretKey: 'secret' },
      'connection.update': { qr: 'secret', connection: 'connecting' },
    })
    expect(events).toEqual([{ event: 'connection.update', payload: { connection: 'connecting' } }])
  })
})

describe('members of a group', () => {
  const group: GroupMetadata = {
    id: 'g',
    owner: undefined,
    subject: 's',
    participants: [{ id: '1@lid', phoneNumber: chat(1) }, { id: '2@lid' }],
  }
  const after = (action: 'add' | 'remove' | 'promote' | 'demote' | 'modify', id: string) =>
    withMembers(group, { action, participants: [{ id }] })

  it('come, go and change', () => {
    expect(after('add', '3@lid')).toMatchObject({ size: 3, participants: [{}, {}, { id: '3@lid' }] })
    expect(after('add', '2@lid').size).toBe(2)
    expect(after('remove', chat(1))).toMatchObject({ size: 1, participants: [{ id: '2@lid' }] })
    expect(after('promote', '2@lid').participants[1]).toEqual({ id: '2@lid', admin: 'admin' })
    expect(after('demote', '1@lid').participants[0]).toEqual({ id: '1@lid', phoneNumber: chat(1), admin: null })
  })
})

onEachDatabase('recording', stores => {
  const open = async () => {
    const store = await stores.open()
    await store.sessions.save({ id: 's' })
    return { store, record: (batch: Partial<BaileysEventMap>) => store.record('s', batch) }
  }

  it('keeps what events tell, and the events, together', async () => {
    const { store, record } = await open()
    const group = { id: 'g@g.us', owner: undefined, subject: 'Old', participants: [{ id: '1@lid' }] }
    await record({
      'messaging-history.set': {
        chats: [{ id: chat(1), unreadCount: 1 }],
        contacts: [{ id: chat(1), name: 'Ann' }],
        messages: [message('H', 1)],
      },
      'groups.upsert': [group],
    })
    await record({
      ...upsert(message('A', 1)),
      'chats.update': [{ id: chat(1), unreadCount: 1, conditional: () => true }],
      'contacts.update': [{ id: chat(1), notify: 'annie' }],
      'groups.update': [{ id: group.id, subject: 'New' }],
      'group-participants.update': { id: group.id, author: '', action: 'add', participants: [{ id: '2@lid' }] },
    })
    expect((await store.messages.find('s')).messages.map(({ key }) => key.id)).toEqual(['A', 'H'])
    expect(await store.chats.get('s', chat(1))).toEqual({ id: chat(1), unreadCount: 2 })
    expect(await store.contacts.get('s', chat(1))).toEqual({ id: chat(1), name: 'Ann', notify: 'annie' })
    expect(await store.groups.get('s', group.id)).toMatchObject({ subject: 'New', size: 2 })
    expect((await store.events.read('s')).events.map(({ event }) => event)).toEqual([
      'messaging-history.set',
      'groups.upsert',
      'messages.upsert',
      'chats.update',
      'contacts.update',
      'groups.update',
      'group-participants.update',
    ])
  })

  it('applies what is said of messages later', async () => {
    const { store, record } = await open()
    const sent = message('A', 1)
    await record(upsert(sent, message('B', 1)))
    await record({
      'messages.update': [{ key: sent.key, update: { status: 3 } }],
      'messages.reaction': [{ key: sent.key, reaction: { key: { ...sent.key, id: 'R' }, text: '👍' } }],
      'message-receipt.update': [{ key: sent.key, receipt: { userJid: chat(1), readTimestamp: 5 } }],
      'messages.delete': { keys: [message('B', 1).key] },
    })
    expect(await store.messages.findByKey('s', sent.key)).toMatchObject({
      status: 3,
      reactions: [{ text: '👍' }],
      userReceipt: [{ userJid: chat(1), readTimestamp: 5 }],
    })
    expect(await store.messages.findByKey('s', message('B', 1).key)).toBeUndefined()
    await record({ 'messages.delete': { jid: chat(1), all: true } })
    expect((await store.messages.find('s')).messages).toEqual([])
  })

  it('takes a message that is handed over again for the one that it has', async () => {
    const { record, store } = await open()
    await record(upsert(message('A', 1)))
    expect(await record(upsert(message('A', 1, { redelivered: 1 }), message('B', 1)))).toEqual([
      { cursor: 1, isNew: false },
      { cursor: 2, isNew: true },
    ])
    // Not so the content that comes after a placeholder, nor an author who uses the same id.
    const placeholder = message('C', 1, { message: undefined, messageStubType: 2 })
    expect(await record(upsert(placeholder, message('C', 1), message('A', 2)))).toMatchObject([
      { isNew: true },
      { isNew: true },
      { isNew: true },
    ])
    expect(await store.events.head('s')).toBe(5)
  })

  it('leaves nothing behind when a part fails', async () => {
    const { store, record } = await open()
    const payload: { self?: unknown } = {}
    payload.self = payload
    const broken = { ...upsert(message('A', 1)), 'labels.edit': payload as never }
    await expect(record(broken)).rejects.toMatchObject({ code: 'invalid-store-value' })
    expect((await store.messages.find('s')).messages).toEqual([])
    expect(await store.events.head('s')).toBe(0)
    await expect(store.record('none', upsert(message('A', 1)))).rejects.toMatchObject({ code: 'session-not-found' })
  })
})
