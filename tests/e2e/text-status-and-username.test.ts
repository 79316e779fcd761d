import { type Phone, systemClock } from '@kurir/simulator'
import { type BinaryNode, contentString, USyncQuery, USyncUser } from 'kurir'
import { beforeEach, describe, expect, it } from 'vitest'
import { contactUpdates, told } from './support/contact-updates.js'
import { type KurirClient, rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** Milliseconds by which the clock of the service goes ahead. */
let ahead: number
beforeEach(() => {
  ahead = 0
})
const now = () => Date.now() + ahead
const world = worldForEachTest({ clock: { ...systemClock, now } })

async function clientAndFriend(): Promise<{ owner: Phone; friend: Phone; client: KurirClient }> {
  const [owner, friend] = [await world().phone('owner'), await world().phone('friend')]
  return { owner, friend, client: await world().linked(owner) }
}

/** What a phone was told of a text status. */
async function textStatusNotice(phone: Phone, text: string | null): Promise<unknown> {
  const read = (change: BinaryNode) =>
    change.attrs['op_name'] === 'TextStatusUpdateNotification'
      ? JSON.parse(contentString(change) ?? '').data.xwa2_notify_text_status_on_update
      : undefined
  const { change } = await phone.people.waitForNotice(notice => read(notice.change)?.text === text)
  return read(change)
}

describe('text statuses (docs/protocol/04 §4.2)', () => {
  it('are set and cleared, seen by others, and told to contacts and to the other devices', async () => {
    const { owner, friend, client } = await clientAndFriend()
    friend.people.save(owner.jid)
    const second = await world().linked(owner)
    await client.socket.updateTextStatus({ text: 'away', emoji: '🌴', duration: 3_600 })
    expect(await friend.people.textStatusOf(owner.jid)).toEqual({ text: 'away', emoji: '🌴' })
    expect(await textStatusNotice(friend, 'away')).toEqual({
      jid: owner.lid,
      text: 'away',
      emoji: { content: '🌴' },
      ephemeral_duration_sec: 3_600,
      last_update_time: expect.stringMatching(/^\d+$/),
    })
    const setAt = new Date((owner.account.textStatus?.setAt ?? 0) * 1_000)
    const textStatus = { text: 'away', emoji: '🌴', duration: 3_600, setAt }
    await told(second, { id: owner.jid, lid: owner.lid, textStatus })
    await client.socket.updateTextStatus({})
    expect(await friend.people.textStatusOf(owner.jid)).toBeUndefined()
    expect(await textStatusNotice(friend, null)).toMatchObject({ jid: owner.lid, emoji: null })
    await second.waitFor(() => contactUpdates(second).some(update => update.textStatus?.text === ''), 'that it is gone')
  })

  it('of others are told when they change, and read as they stand', async () => {
    const { owner, friend, client } = await clientAndFriend()
    owner.people.save(friend.jid)
    await client.sendText(friend.jid, 'their names are known now')
    friend.people.setTextStatus({ emoji: '🎧' })
    const setAt = new Date((friend.account.textStatus?.setAt ?? 0) * 1_000)
    const alone = { text: '', emoji: '🎧', setAt }
    await told(client, { id: friend.lid, phoneNumber: friend.jid, textStatus: alone })
    expect(await client.socket.fetchTextStatus(friend.jid)).toEqual([{ id: friend.jid, text_status: alone }])
    friend.people.setTextStatus({ text: 'in a meeting', duration: 60 })
    const timed = { text_status: { text: 'in a meeting', duration: 60 } }
    expect(await client.socket.fetchTextStatus(friend.lid)).toMatchObject([{ id: friend.lid, ...timed }])
    ahead = 61_000
    expect(await client.socket.fetchTextStatus(friend.jid)).toMatchObject([{ text_status: { text: '' } }])
  })

  it('are hidden from whom the about text is hidden from, who is not told either', async () => {
    const { owner, friend, client } = await clientAndFriend()
    owner.people.save(friend.jid)
    await friend.people.setPrivacy('status', 'contacts')
    friend.people.setTextStatus({ text: 'secret' })
    expect(await client.socket.fetchTextStatus(friend.jid)).toMatchObject([{ text_status: { text: '' } }])
    friend.people.save(owner.jid)
    friend.people.setTextStatus({ text: 'for you' })
    await client.waitFor(() => contactUpdates(client).some(({ textStatus }) => textStatus?.text === 'for you'), 'it')
    expect(contactUpdates(client).some(({ textStatus }) => textStatus?.text === 'secret')).toBe(false)
    expect(await client.socket.fetchTextStatus(friend.jid)).toMatchObject([{ text_status: { text: 'for you' } }])
  })

  it('are refused when they are too long or their time makes no sense, and the old one stays', async () => {
    const { owner, friend, client } = await clientAndFriend()
    await client.socket.updateTextStatus({ text: 'as it was' })
    for (const change of [{ text: 'x'.repeat(140) }, { text: 'x', duration: -1 }]) {
      expect(await rejection(client.socket.updateTextStatus(change))).toMatchObject({
        code: 'mex-refused',
        output: { statusCode: 400 },
      })
    }
    expect(await friend.people.textStatusOf(owner.lid)).toEqual({ text: 'as it was' })
  })
})

describe('usernames (docs/protocol/04 §4.4, §4.16)', () => {
  it('find people by LID, who keep their number from those who have not saved it', async () => {
    const { owner, friend, client } = await clientAndFriend()
    friend.people.setUsername('the.friend')
    expect(await client.socket.findByUsername('the.friend')).toEqual({ jid: friend.lid })
    owner.people.save(friend.jid)
    expect(await client.socket.findByUsername('the.friend')).toEqual({ jid: friend.lid, phoneNumber: friend.jid })
    await client.sendText(friend.lid, 'found you')
    await friend.waitForMessage(({ text }) => text === 'found you')
    friend.business.open('Friend & Co')
    expect(await client.socket.findByUsername('the.friend')).toMatchObject({ verifiedName: 'Friend & Co' })
  })

  it('find nobody under a name that nobody has, and not who has blocked the asker', async () => {
    const { owner, friend, client } = await clientAndFriend()
    friend.people.setUsername('the.friend')
    expect(await client.socket.findByUsername('a.friend')).toBeUndefined()
    await friend.people.block(owner.jid)
    expect(await client.socket.findByUsername('the.friend')).toBeUndefined()
    await friend.people.unblock(owner.jid)
    friend.people.removeUsername()
    expect(await client.socket.findByUsername('the.friend')).toBeUndefined()
  })

  it('that are protected tell nothing without their key', async () => {
    const { owner, friend, client } = await clientAndFriend()
    owner.people.save(friend.jid)
    friend.people.setUsername('the.friend', '1234')
    for (const key of [undefined, '4321']) {
      expect(await rejection(client.socket.findByUsername('the.friend', key))).toMatchObject({
        code: 'username-key-needed',
        output: { statusCode: 401 },
      })
    }
    expect(await client.socket.findByUsername('the.friend', '1234')).toMatchObject({ jid: friend.lid })
  })

  it('of contacts are told when they are chosen, changed and given up, but not their keys', async () => {
    const { owner, friend, client } = await clientAndFriend()
    const names = () => contactUpdates(client).flatMap(({ username }) => username ?? [])
    owner.people.save(friend.jid)
    friend.people.setUsername('the.friend')
    await told(client, { id: friend.lid, username: 'the.friend' })
    const query = new USyncQuery().withUsernameProtocol().withUser(new USyncUser().withId(friend.jid))
    const answer = await client.socket.executeUSyncQuery(query)
    expect(answer?.list).toEqual([{ id: friend.jid, username: 'the.friend' }])
    friend.people.setUsername('the.friend', '1234')
    friend.people.setUsername('best.friend', '1234')
    friend.people.removeUsername()
    await told(client, { id: friend.lid, phoneNumber: friend.jid, username: '' })
    expect(names()).toEqual(['the.friend', 'best.friend', ''])
  })

  it('of the own account are asked for, and told when the phone changes them', async () => {
    const { owner, client } = await clientAndFriend()
    const names = () => contactUpdates(client).flatMap(({ username }) => username ?? [])
    expect(await client.socket.fetchOwnUsername()).toBeUndefined()
    owner.people.setUsername('me_myself')
    await told(client, { id: owner.jid, lid: owner.lid, username: 'me_myself' })
    expect(await client.socket.fetchOwnUsername()).toEqual({ username: 'me_myself' })
    owner.people.setUsername('me_myself', '0007')
    await client.waitFor(() => names().length === 2, 'the name, asked for after its key was changed')
    expect(await client.socket.fetchOwnUsername()).toEqual({ username: 'me_myself', key: '0007' })
    owner.people.removeUsername()
    await told(client, { id: owner.jid, username: '' })
    expect(names()).toEqual(['me_myself', 'me_myself', ''])
    expect(await client.socket.fetchOwnUsername()).toBeUndefined()
  })

  it('are refused with an error when the service does not answer as asked', async () => {
    const { client } = await clientAndFriend()
    for (const [xmlns, ask] of [
      ['w:mex', () => client.socket.fetchOwnUsername()],
      ['usync', () => client.socket.findByUsername('the.friend')],
    ] as const) {
      world().service.faults.add({ direction: 'from-client', match: { xmlns }, action: { kind: 'nack', code: 403 } })
      expect(await rejection(ask())).toMatchObject({ code: 'server-refused', data: 403 })
    }
  })

  it('are refused to phones when they are taken or no names', async () => {
    const { owner, friend } = await clientAndFriend()
    friend.people.setUsername('the.friend')
    const refused = (code: string) => expect.objectContaining({ code: 'request-refused', data: { code } })
    expect(() => owner.people.setUsername('the.friend')).toThrow(refused('409'))
    for (const name of ['me', '12345', 'No Name', 'x'.repeat(36)]) {
      expect(() => owner.people.setUsername(name)).toThrow(refused('400'))
    }
    expect(() => owner.people.setUsername('the.owner', '12')).toThrow(refused('400'))
    expect(owner.account.username).toBeUndefined()
  })
})
