import type { WAMessage } from 'kurir'
import { ChatService, MessageService, UserService } from 'kurir/services'
import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()

/** A chat with one message of a friend, and what the owner's phone knows of it. */
async function scene() {
  const [owner, friend] = [await world().phone('Owner'), await world().phone('Friend')]
  const client = await world().linked(owner)
  const id = await friend.send(owner.jid, { text: 'good morning' })
  const newest = await client.waitFor(() => client.readable.find(({ key }) => key.id === id), 'the message')
  const chats = new ChatService(client.socket)
  const messages = new MessageService(client.socket)
  const users = new UserService(client.socket)
  return { chats, messages, users, client, owner, friend, newest: [newest] as [WAMessage], state: owner.appState }
}

describe('ChatService, as the phone sees it', () => {
  it('archives, pins, mutes and marks as read, and undoes it', async () => {
    const { chats, friend, newest, state } = await scene()
    const chat = `+${friend.number}`
    await chats.pin(chat)
    await chats.mute(chat, 'for-ever')
    await chats.markUnread(chat, newest)
    expect(state.chat(friend.jid)).toMatchObject({ pinnedAt: expect.any(Number), mutedUntil: -1, read: false })
    await chats.unpin(chat)
    await chats.unmute(chat)
    await chats.markRead(chat, newest)
    expect(state.chat(friend.jid)).toMatchObject({ pinnedAt: undefined, mutedUntil: undefined, read: true })
    await chats.archive(chat, newest)
    expect(state.chat(friend.jid).archived).toBe(true)
    await chats.unarchive(chat, newest)
    expect(state.chat(friend.jid).archived).toBe(false)
  })

  it('mutes for some hours', async () => {
    const { chats, friend, state } = await scene()
    const before = Date.now()
    await chats.mute(friend.jid, 8)
    const until = state.chat(friend.jid).mutedUntil ?? 0
    expect(until).toBeGreaterThanOrEqual(before + 8 * 3_600_000)
    expect(until).toBeLessThanOrEqual(Date.now() + 8 * 3_600_000)
  })

  it('clears and deletes', async () => {
    const { chats, friend, newest, state } = await scene()
    await chats.clear(friend.jid, newest)
    expect(state.chat(friend.jid).cleared).toBe(true)
    await chats.delete(friend.jid, newest)
    expect(state.chat(friend.jid).deleted).toBe(true)
  })

  it('labels', async () => {
    const { chats, friend, state } = await scene()
    await chats.saveLabel('7', 'customer', 3)
    await chats.addLabel(friend.jid, '7')
    expect(state.model.labels.get('7')).toMatchObject({ name: 'customer', color: 3 })
    expect(state.chat(friend.jid).labels).toEqual(['7'])
    await chats.removeLabel(friend.jid, '7')
    expect(state.chat(friend.jid).labels).toEqual([])
    await chats.deleteLabel('7')
    expect(state.model.labels.has('7')).toBe(false)
  })

  it('shows that we are typing, and sets the timer', async () => {
    const { chats, friend } = await scene()
    await chats.startTyping(friend.jid)
    await chats.startRecording(friend.jid)
    await chats.stopTyping(friend.jid)
    await chats.setDisappearing(friend.jid, 86_400)
    const { message } = await friend.waitForMessage(each => each.message.protocolMessage?.ephemeralExpiration != null)
    expect(message.protocolMessage).toMatchObject({ ephemeralExpiration: 86_400 })
  })
})

describe('MessageService and UserService, as the phone sees it', () => {
  it('star messages and hide them on own devices', async () => {
    const { messages, newest, state } = await scene()
    const [message] = newest
    await messages.star(message)
    expect(state.model.starred).toMatchObject([{ id: message.key.id, fromMe: false }])
    await messages.unstar(message)
    expect(state.model.starred).toEqual([])
    await messages.deleteForMe(message)
    expect(state.model.deletedForMe).toMatchObject([{ id: message.key.id, fromMe: false }])
  })

  it('save contacts and the own name', async () => {
    const { users, friend, owner, state } = await scene()
    await users.saveContact(friend.number, { fullName: 'Friend of Mine' })
    expect(state.model.contact(friend.jid)).toMatchObject({ fullName: 'Friend of Mine', firstName: 'Friend' })
    await users.removeContact(friend.number)
    expect(state.model.contact(friend.jid)).toBeUndefined()
    await users.setName('The Owner')
    expect(owner.account.pushName).toBe('The Owner')
  })
})
