import type { Phone } from '@kurir/simulator'
import { type BaileysEventMap, type BinaryNode, getBinaryNodeChild } from 'kurir'
import { describe, expect, it, vi } from 'vitest'
import { png } from '../kinds/files.js'
import { contactUpdates, told } from './support/contact-updates.js'
import { type KurirClient, rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()
const jpeg = (...content: number[]) => Buffer.from([0xff, 0xd8, 0xff, ...content])

async function clientAndFriend(): Promise<{ owner: Phone; friend: Phone; client: KurirClient }> {
  const [owner, friend] = [await world().phone('owner'), await world().phone('friend')]
  return { owner, friend, client: await world().linked(owner) }
}

const eventsOf = <Name extends keyof BaileysEventMap>(client: KurirClient, wanted: Name): BaileysEventMap[Name][] =>
  client.events.flatMap(({ name, data }) => (name === wanted ? [data as BaileysEventMap[Name]] : []))

const fetched = async (url: string | undefined): Promise<Buffer> =>
  Buffer.from(await (await fetch(url ?? '')).arrayBuffer())

describe('profile pictures (docs/protocol/04 §4.1)', () => {
  it('are set as JPEG, seen by others, and taken away', async () => {
    const { owner, friend, client } = await clientAndFriend()
    friend.people.save(owner.jid)
    await client.socket.updateProfilePicture(client.jid, png(20, 10))
    const notice = await friend.people.waitForNotice(({ type }) => type === 'picture')
    expect(notice).toMatchObject({ from: owner.jid, change: { tag: 'set', attrs: { author: owner.jid } } })
    const seen = await friend.people.pictureOf(owner.jid)
    expect(Buffer.from(seen ?? []).subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8))
    const url = await client.socket.profilePictureUrl(owner.lid, 'image')
    expect(await fetched(url)).toEqual(Buffer.from(seen ?? []))
    await client.socket.removeProfilePicture(client.lid)
    await friend.people.waitForNotice(({ change }) => change.tag === 'delete')
    expect((await fetch(url ?? '')).status).not.toBe(200)
    expect(await rejection(client.socket.profilePictureUrl(owner.jid))).toMatchObject({ data: 404 })
  })

  it('of others are told about, fetched with the token of trust, and hidden from whom they do not concern', async () => {
    const { owner, friend, client } = await clientAndFriend()
    owner.people.save(friend.jid)
    await friend.people.setPicture(jpeg(1))
    await told(client, { id: friend.jid, lid: friend.lid, imgUrl: 'changed' })
    expect(await fetched(await client.socket.profilePictureUrl(friend.jid))).toEqual(jpeg(1))
    await friend.people.setPrivacy('profile', 'contacts')
    expect(await rejection(client.socket.profilePictureUrl(friend.lid))).toMatchObject({
      data: 401,
      output: { statusCode: 401 },
    })
    friend.people.save(owner.jid)
    expect(await fetched(await client.socket.profilePictureUrl(friend.lid, 'image'))).toEqual(jpeg(1))
    await friend.people.exclude('profile', [owner.lid])
    expect(await rejection(client.socket.profilePictureUrl(friend.jid))).toMatchObject({ data: 401 })
    await friend.people.removePicture()
    // Who may not see it is not told either.
    await friend.people.setPrivacy('profile', 'all')
    await friend.people.setPicture(jpeg(2))
    await client.waitFor(
      () => contactUpdates(client).filter(({ imgUrl }) => imgUrl === 'changed').length === 2,
      'the second picture',
    )
    expect(contactUpdates(client).some(({ imgUrl }) => imgUrl === 'removed')).toBe(false)
  })

  it('show the token that a contact has given, inside the question', async () => {
    const { owner, friend, client } = await clientAndFriend()
    const asked: BinaryNode[] = []
    world().service.onStanza(({ direction, node }) => {
      if (direction === 'from-client' && node.attrs['xmlns'] === 'w:profile:picture') asked.push(node)
    })
    const other = await world().linked(friend)
    await other.sendText(owner.jid, 'hello')
    await client.text('hello')
    await vi.waitFor(async () =>
      expect((await client.auth.keys.get('tctoken', [friend.lid]))[friend.lid]).toBeDefined(),
    )
    await rejection(client.socket.profilePictureUrl(friend.jid))
    await rejection(client.socket.profilePictureUrl(client.lid))
    const tokens = asked.map(node => getBinaryNodeChild(getBinaryNodeChild(node, 'picture'), 'tctoken')?.attrs['t'])
    expect(tokens).toEqual([expect.stringMatching(/^\d+$/), undefined])
  })

  it('of groups are set by members who may, and seen by all with who did it', async () => {
    const { owner, friend, client } = await clientAndFriend()
    const other = await world().linked(friend)
    const group = await owner.createGroup('pictures', [friend.jid])
    await client.socket.updateProfilePicture(group, { url: `data:image/png;base64,${png(4, 4).toString('base64')}` })
    const line = await other.waitFor(
      () => other.messages.find(({ messageStubType, key }) => messageStubType === 22 && key.remoteJid === group),
      'the line about the picture',
    )
    expect(line.key).toMatchObject({ fromMe: false, participant: owner.lid, participantAlt: owner.jid })
    await told(other, { id: group, imgUrl: 'changed' })
    expect(await other.socket.profilePictureUrl(group)).toMatch(/^http/)
    const stranger = await world().phone('stranger')
    const outside = await world().linked(stranger)
    expect(await rejection(outside.socket.profilePictureUrl(group))).toMatchObject({ data: 401 })
    expect(await rejection(outside.socket.updateProfilePicture(group, png(4, 4)))).toMatchObject({ data: 403 })
    await client.socket.removeProfilePicture(group)
    await told(other, { id: group, imgUrl: 'removed' })
    expect(await rejection(other.socket.profilePictureUrl(group))).toMatchObject({ data: 404 })
  })

  it('are refused before anything is sent when they are of others, or none', async () => {
    const { friend, client } = await clientAndFriend()
    for (const jid of [friend.jid, '', 'status@broadcast', '1@newsletter']) {
      expect(await rejection(client.socket.updateProfilePicture(jid, png(4, 4)))).toMatchObject({ code: 'invalid-jid' })
      expect(await rejection(client.socket.removeProfilePicture(jid))).toMatchObject({ code: 'invalid-jid' })
    }
    expect(await rejection(client.socket.updateProfilePicture(client.jid, Buffer.from('no picture')))).toMatchObject({
      code: 'picture-unreadable',
    })
  })
})

describe('about texts (docs/protocol/04 §4.2)', () => {
  it('are set, seen by others, and told when they change', async () => {
    const { owner, friend, client } = await clientAndFriend()
    owner.people.save(friend.jid)
    await client.socket.updateProfileStatus('Olá 🌴')
    expect(await friend.people.aboutOf(owner.jid)).toBe('Olá 🌴')
    await friend.people.setAbout('busy')
    await told(client, { id: friend.jid, lid: friend.lid, status: 'busy' })
    expect(await client.socket.fetchStatus(friend.jid)).toMatchObject([{ id: friend.jid, status: { status: 'busy' } }])
    await friend.people.setPrivacy('status', 'none')
    expect(await client.socket.fetchStatus(friend.jid)).toMatchObject([{ id: friend.jid, status: { status: '' } }])
    expect(await rejection(client.socket.updateProfileStatus('x'.repeat(140)))).toMatchObject({ data: 406 })
  })
})

describe('privacy settings (docs/protocol/04 §5.1)', () => {
  it('are changed one by one, and known on every device of the account without asking again', async () => {
    const { owner, client } = await clientAndFriend()
    const second = await world().linked(owner)
    await second.socket.fetchPrivacySettings()
    const questions: BinaryNode[] = []
    world().service.onStanza(({ direction, node }) => {
      const isQuestion = node.attrs['xmlns'] === 'privacy' && node.attrs['type'] === 'get'
      if (direction === 'from-client' && isQuestion) questions.push(node)
    })
    const { socket } = client
    await socket.updateLastSeenPrivacy('contacts')
    await socket.updateOnlinePrivacy('match_last_seen')
    await socket.updateProfilePicturePrivacy('none')
    await socket.updateStatusPrivacy('contact_blacklist')
    await socket.updateReadReceiptsPrivacy('none')
    await socket.updateGroupsAddPrivacy('contacts')
    await socket.updateCallPrivacy('known')
    await socket.updateMessagesPrivacy('contacts')
    const expected = {
      last: 'contacts',
      online: 'match_last_seen',
      profile: 'none',
      status: 'contact_blacklist',
      readreceipts: 'none',
      groupadd: 'contacts',
      calladd: 'known',
      messages: 'contacts',
    }
    expect(Object.fromEntries(owner.account.privacy)).toMatchObject(expected)
    expect(await socket.fetchPrivacySettings()).toMatchObject(expected)
    await vi.waitFor(async () => expect(await second.socket.fetchPrivacySettings()).toMatchObject(expected))
    expect(questions).toEqual([])
  })

  it('are refused with an error when the service knows no such value, and stay', async () => {
    const { client } = await clientAndFriend()
    const wrong = client.socket.updateOnlinePrivacy('none' as 'all')
    expect(await rejection(wrong)).toMatchObject({ data: 400, output: { statusCode: 400 } })
    expect(await client.socket.fetchPrivacySettings()).toMatchObject({ online: 'all' })
  })

  it('leave people out, whatever state of the list is known', async () => {
    const { owner, friend, client } = await clientAndFriend()
    const other = await world().phone('other')
    const { socket } = client
    await socket.updatePrivacyExceptions('last', { add: [friend.jid] })
    expect(await socket.fetchPrivacyExceptions('last')).toEqual([{ jid: friend.lid, phoneNumber: friend.jid }])
    // The phone changes the list: what the client knows of it is out of date.
    await owner.people.exclude('last', [other.jid])
    await socket.updatePrivacyExceptions('last', { remove: [friend.lid] })
    expect(await socket.fetchPrivacyExceptions('last')).toEqual([{ jid: other.lid, phoneNumber: other.jid }])
    expect((await socket.fetchPrivacySettings())['last']).toBe('contact_blacklist')
    expect(await socket.fetchPrivacyExceptions('profile')).toEqual([])
    const stranger = socket.updatePrivacyExceptions('last', { add: ['6289999999990@s.whatsapp.net'] })
    expect(await rejection(stranger)).toMatchObject({ code: 'lid-unknown' })
  })

  it('set the timer of new chats, on all devices', async () => {
    const { owner, friend, client } = await clientAndFriend()
    friend.people.save(owner.jid)
    const second = await world().linked(owner)
    await client.socket.updateDefaultDisappearingMode(604_800)
    await second.waitFor(
      () => second.auth.creds.accountSettings.defaultDisappearingMode?.ephemeralExpiration === 604_800,
      'the timer',
    )
    await friend.people.waitForNotice(({ type }) => type === 'disappearing_mode')
    expect(await client.socket.fetchDisappearingDuration(owner.jid)).toMatchObject([
      { disappearing_mode: { duration: 604_800 } },
    ])
    expect(await rejection(client.socket.updateDefaultDisappearingMode(5))).toMatchObject({ data: 400 })
    owner.people.save(friend.jid)
    await friend.people.setDefaultTimer(86_400)
    const { disappearingMode } = await client.waitFor(
      () => contactUpdates(client).find(update => update.disappearingMode !== undefined),
      'the timer of a contact',
    )
    expect(disappearingMode).toMatchObject({ duration: 86_400 })
  })

  it('tell who is to get status posts', async () => {
    const { owner, friend, client } = await clientAndFriend()
    expect(await client.socket.fetchStatusAudience()).toEqual({ type: 'contacts', users: [] })
    owner.people.setStatusAudience('whitelist', [friend.lid])
    expect(await client.socket.fetchStatusAudience()).toEqual({ type: 'whitelist', users: [friend.lid] })
  })
})

describe('the blocklist (docs/protocol/04 §5.3)', () => {
  it('keeps away messages, typing and presence of who is on it, who is not told', async () => {
    const { owner, friend, client } = await clientAndFriend()
    const other = await world().linked(friend)
    await client.socket.updateBlockStatus(friend.jid, 'block')
    expect(await client.socket.fetchBlocklist()).toEqual([friend.lid])
    const id = await other.sendText(owner.jid, 'while blocked')
    await other.socket.sendPresenceUpdate('composing', owner.jid)
    await other.waitFor(() => other.status(id) >= 2, 'the ack of the service')
    friend.people.subscribe(owner.jid)
    await client.socket.updateBlockStatus(friend.lid, 'unblock')
    await other.sendText(owner.jid, 'after that')
    await client.text('after that')
    expect(client.texts()).toEqual(['after that'])
    expect(owner.messages.some(({ text }) => text === 'while blocked')).toBe(false)
    expect(eventsOf(client, 'presence.update').filter(({ id }) => id === friend.jid)).toEqual([])
    expect(friend.people.presences).toEqual([])
    expect(await client.socket.fetchBlocklist()).toEqual([])
  })

  it('is told whole after a login, and by changes on the other devices', async () => {
    const { owner, friend } = await clientAndFriend()
    await owner.people.block(friend.jid)
    const client = await world().linked(owner)
    await client.waitFor(() => eventsOf(client, 'blocklist.set').length > 0, 'blocklist.set')
    expect(eventsOf(client, 'blocklist.set').at(-1)).toEqual({ blocklist: [friend.lid] })
    await owner.people.unblock(friend.jid)
    await client.waitFor(() => eventsOf(client, 'blocklist.update').length > 0, 'blocklist.update')
    expect(eventsOf(client, 'blocklist.update')).toEqual([{ blocklist: [friend.lid], type: 'remove' }])
  })

  it('takes people whose number is not known, and refuses what is no person', async () => {
    const { owner, friend, client } = await clientAndFriend()
    await client.socket.updateBlockStatus(friend.lid, 'block')
    expect([...owner.account.blocked]).toEqual([friend.account])
    expect(await rejection(client.socket.updateBlockStatus('1-2@g.us', 'block'))).toMatchObject({
      code: 'invalid-jid',
      output: { statusCode: 400 },
    })
    expect(await rejection(client.socket.updateBlockStatus('999999999999999@lid', 'block'))).toMatchObject({
      data: 400,
    })
  })
})

describe('presence (docs/protocol/04 §4.7)', () => {
  const presences = (client: KurirClient, jid: string) =>
    eventsOf(client, 'presence.update').flatMap(({ id, presences }) => (id === jid ? [presences[jid]] : []))

  it('is told to who has asked, as far as the other lets it be seen', async () => {
    const { friend, client } = await clientAndFriend()
    const { socket } = client
    await socket.presenceSubscribe(friend.jid)
    await client.waitFor(() => presences(client, friend.jid).length === 1, 'the presence')
    friend.people.setAvailable(false)
    await client.waitFor(() => presences(client, friend.jid).length === 2, 'that the friend has gone')
    await friend.people.setPrivacy('last', 'none')
    await socket.presenceSubscribe(friend.jid)
    await client.waitFor(() => presences(client, friend.jid).length === 3, 'the presence without last seen')
    await friend.people.setPrivacy('online', 'match_last_seen')
    friend.people.setAvailable(true)
    friend.people.setAvailable(false)
    await friend.people.setPrivacy('online', 'all')
    await friend.people.setPrivacy('last', 'all')
    friend.people.setAvailable(true)
    friend.people.setAvailable(false)
    const shown = () => presences(client, friend.jid).filter(presence => presence?.lastSeen !== undefined)
    await client.waitFor(() => shown().length === 2, 'that the friend was back')
    expect(presences(client, friend.jid)).toEqual([
      { lastKnownPresence: 'available' },
      { lastKnownPresence: 'unavailable', lastSeen: expect.any(Number) },
      { lastKnownPresence: 'unavailable' },
      // Not what was hidden in between.
      { lastKnownPresence: 'available' },
      { lastKnownPresence: 'unavailable', lastSeen: expect.any(Number) },
    ])
  })

  it('of who hides the own last seen, hides that of others', async () => {
    const { friend, client } = await clientAndFriend()
    friend.people.setAvailable(false)
    await client.socket.updateLastSeenPrivacy('none')
    await client.socket.presenceSubscribe(friend.lid)
    await client.waitFor(() => presences(client, friend.lid).length === 1, 'the presence')
    expect(presences(client, friend.lid)).toEqual([{ lastKnownPresence: 'unavailable' }])
  })

  it('of a group is how many members are there, and who is typing', async () => {
    const { owner, friend, client } = await clientAndFriend()
    const group = await owner.createGroup('presence', [friend.jid])
    await client.socket.presenceSubscribe(group)
    await client.waitFor(() => presences(client, group).length === 1, 'the presence')
    expect(presences(client, group)).toEqual([{ lastKnownPresence: 'available', groupOnlineCount: 2 }])
    await client.socket.sendPresenceUpdate('recording', group)
    expect(await friend.people.waitForPresence(({ from }) => from === group)).toMatchObject({
      participant: client.lid,
      state: 'composing',
    })
  })

  it('is refused without somebody to ask for', async () => {
    const { client } = await clientAndFriend()
    expect(await rejection(client.socket.presenceSubscribe(''))).toMatchObject({ code: 'invalid-jid' })
    expect(await rejection(client.socket.sendPresenceUpdate('composing'))).toMatchObject({ code: 'invalid-jid' })
  })
})

describe('what the settings keep away', () => {
  it('read receipts, when one of the two does not want them', async () => {
    const { owner, friend, client } = await clientAndFriend()
    await friend.people.setPrivacy('readreceipts', 'none')
    const first = await client.sendText(friend.jid, 'one')
    await friend.waitForMessage(({ text }) => text === 'one')
    friend.read(first)
    const second = await client.sendText(friend.jid, 'two')
    await client.waitFor(() => client.status(second) >= 3, 'the delivery receipt')
    expect(client.status(first)).toBe(3)
    await friend.people.setPrivacy('readreceipts', 'all')
    friend.read(second)
    await client.waitFor(() => client.status(second) >= 4, 'the read receipt')
    expect(owner.problems).toEqual([])
  })

  it('calls of people who are not known', async () => {
    const { owner, friend, client } = await clientAndFriend()
    await client.socket.updateCallPrivacy('known')
    const strange = await friend.call(owner.jid)
    owner.people.save(friend.jid)
    const second = await friend.call(owner.jid)
    await client.waitFor(() => eventsOf(client, 'call').some(([call]) => call?.id === second), 'the call')
    expect(eventsOf(client, 'call').some(([call]) => call?.id === strange)).toBe(false)
  })
})

describe('bots (docs/protocol/04 §6.1)', () => {
  it('are listed once each, with their persona', async () => {
    const { client } = await clientAndFriend()
    const bots = await client.socket.getBotListV2()
    expect(bots.length).toBeGreaterThan(1)
    expect(new Set(bots.map(({ jid }) => jid)).size).toBe(bots.length)
    expect(bots[0]).toEqual({ jid: expect.stringMatching(/@bot$/), personaId: expect.any(String) })
  })
})

describe('forms that only older clients send', () => {
  it('are refused and reported: the service goes by LIDs (docs/protocol/04 §5.2, §5.3)', async () => {
    const { friend, client } = await clientAndFriend()
    const set = (xmlns: string, type: string, child: BinaryNode) =>
      client.socket.query({
        tag: 'iq',
        attrs: { to: '@s.whatsapp.net', type, xmlns, id: client.socket.generateMessageTag() },
        content: [child],
      })
    const item = (attrs: BinaryNode['attrs']) => ({ tag: 'item', attrs: { action: 'block', ...attrs } })
    const list = { tag: 'list', attrs: { name: 'last', value: 'contact_blacklist' } }
    const user = { tag: 'user', attrs: { action: 'add', jid: friend.jid } }
    const category = { tag: 'category', attrs: { ...list.attrs, dhash: 'none' }, content: [user] }
    const refused = [
      set('blocklist', 'set', item({ jid: friend.jid })),
      set('blocklist', 'set', item({ jid: friend.lid })),
      set('privacy', 'get', { tag: 'privacy', attrs: {}, content: [list] }),
      set('privacy', 'set', { tag: 'privacy', attrs: { addressing_mode: 'lid' }, content: [category] }),
    ]
    for (const question of refused) expect(await rejection(question)).toMatchObject({ data: 400 })
    expect(world().violations).toHaveLength(4)
    world().service.clearViolations()
    const wrongNumber = item({ jid: friend.lid, pn_jid: '6289999999990@s.whatsapp.net' })
    expect(await rejection(set('blocklist', 'set', wrongNumber))).toMatchObject({ data: 400 })
    const noPicture = { tag: 'picture', attrs: { type: 'image' }, content: png(4, 4) }
    expect(await rejection(set('w:profile:picture', 'set', noPicture))).toMatchObject({ data: 406 })
  })
})
