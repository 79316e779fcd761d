import type { Phone } from '@kurir/simulator'
import type { BaileysEventMap } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** A PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
)

/** What the service says when it refuses a GraphQL question. */
const refusal = (statusCode: number) =>
  expect.objectContaining({ code: 'mex-refused', output: expect.objectContaining({ statusCode }) })

/** The first payload of an event that fits, of those that came and those to come. */
const told = <Name extends keyof BaileysEventMap>(
  client: KurirClient,
  name: Name,
  fits: (data: BaileysEventMap[Name]) => boolean,
): Promise<BaileysEventMap[Name]> =>
  client.waitFor(
    () => client.events.flatMap(event => (event.name === name ? [event.data as BaileysEventMap[Name]] : [])).find(fits),
    name,
  )

describe('channels that are run, followed and left (docs/protocol/05 §4)', () => {
  const world = worldForEachTest()

  /** A bot, its phone, and a stranger's. */
  const parties = async (): Promise<[alice: Phone, bob: Phone, bot: KurirClient]> => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    return [alice, bob, await world().linked(alice)]
  }

  it('are created and looked up by JID, code and link', async () => {
    const [alice, bob, bot] = await parties()
    const second = await world().linked(alice)
    const made = await bot.socket.newsletterCreate('News', 'of the day')
    expect(made).toMatchObject({
      name: 'News',
      description: 'of the day',
      role: 'OWNER',
      owner: alice.lid,
      subscribers: 0,
    })
    expect(made).toMatchObject({
      state: { type: 'ACTIVE' },
      thread_metadata: { picture: null },
      verification: 'UNVERIFIED',
    })
    expect(made.creation_time).toBeGreaterThan(1_600_000_000)
    // The other device of the account hears of it.
    const [chat] = await told(second, 'chats.upsert', chats => chats.some(({ id }) => id === made.id))
    expect(chat).toMatchObject({ id: made.id, name: 'News', readOnly: false })
    bob.followNewsletter(made.id)
    const stranger = await world().linked(bob)
    for (const [type, key] of [
      ['jid', made.id],
      ['invite', made.invite ?? ''],
      ['invite', `https://whatsapp.com/channel/${made.invite}`],
    ] as const) {
      expect(await stranger.socket.newsletterMetadata(type, key)).toMatchObject({
        id: made.id,
        name: 'News',
        role: 'SUBSCRIBER',
        mute_state: 'OFF',
        subscribers: 1,
      })
    }
    expect(await stranger.socket.newsletterSubscribers(made.id)).toEqual({ subscribers: 1 })
    expect(await stranger.socket.newsletterFetchAllFollowed()).toMatchObject([{ id: made.id }])
    const unknown = '120363000000000000@newsletter'
    await expect(bot.socket.newsletterMetadata('jid', unknown)).rejects.toEqual(refusal(404))
    await expect(bot.socket.newsletterCreate(' ')).rejects.toEqual(refusal(400))
    await expect(bot.socket.newsletterCreate('')).rejects.toMatchObject({ code: 'invalid-content' })
    await expect(bot.socket.newsletterMetadata('jid', '1@g.us')).rejects.toMatchObject({ code: 'invalid-content' })
  })

  it('are followed, muted and left', async () => {
    const [alice, bob, bot] = await parties()
    const second = await world().linked(alice)
    const channel = bob.createNewsletter('News')
    expect(await bot.socket.newsletterFollow(channel)).toMatchObject({ id: channel, role: 'SUBSCRIBER' })
    expect(bob.newsletters.read(channel).followers).toEqual([alice.lid])
    const [chat] = await told(second, 'chats.upsert', chats => chats[0]?.id === channel)
    expect(chat).toMatchObject({ name: 'News', readOnly: true })
    expect(await bot.socket.newsletterMute(channel)).toMatchObject({ mute_state: 'ON' })
    expect(alice.newsletters.read(channel).isMuted).toBe(true)
    await told(second, 'chats.update', ([update]) => update?.id === channel && update.muteEndTime === -1)
    expect(await bot.socket.newsletterUnmute(channel)).toMatchObject({ mute_state: 'OFF' })
    await told(second, 'chats.update', ([update]) => update?.id === channel && update.muteEndTime === null)
    await bot.socket.newsletterUnfollow(channel)
    expect(bob.newsletters.read(channel).followers).toEqual([])
    expect(await told(second, 'chats.delete', () => true)).toEqual([channel])
    // What the phone does is told to us.
    alice.newsletters.follow(channel)
    await told(bot, 'chats.upsert', chats => chats[0]?.id === channel)
    alice.newsletters.unfollow(channel)
    await told(bot, 'chats.delete', () => true)
    await expect(bot.socket.newsletterMute(channel)).rejects.toEqual(refusal(403))
    const own = alice.createNewsletter('Own')
    await expect(bot.socket.newsletterUnfollow(own)).rejects.toEqual(refusal(405))
    await expect(bot.socket.newsletterFollow('120363000000000000@newsletter')).rejects.toEqual(refusal(404))
  })

  it('are changed by those who run them, and everybody hears of it', async () => {
    const [alice, bob, bot] = await parties()
    const follower = await world().linked(bob)
    const second = await world().linked(alice)
    const channel = alice.createNewsletter('News')
    bob.followNewsletter(channel)
    expect(await bot.socket.newsletterUpdateName(channel, 'Other news')).toMatchObject({ name: 'Other news' })
    for (const client of [follower, second]) {
      const { update } = await told(client, 'newsletter-settings.update', ({ id }) => id === channel)
      expect(update).toEqual({ name: 'Other news' })
    }
    await bot.socket.newsletterUpdateDescription(channel, 'of the week')
    expect(bob.newsletters.read(channel)).toMatchObject({ name: 'Other news', description: 'of the week' })
    await told(follower, 'newsletter-settings.update', ({ update }) => update.description === 'of the week')
    const pictured = await bot.socket.newsletterUpdatePicture(channel, PIXEL)
    expect(pictured.picture?.directPath).toMatch(/^\//)
    expect(Buffer.from(bob.newsletters.read(channel).picture ?? []).subarray(0, 2)).toEqual(Buffer.from('ffd8', 'hex'))
    await told(follower, 'newsletter-settings.update', ({ update }) => typeof update['picture'] === 'object')
    expect((await bot.socket.newsletterRemovePicture(channel)).picture).toBeUndefined()
    await told(follower, 'newsletter-settings.update', ({ update }) => update['picture'] === null)
    await bot.socket.newsletterUpdate(channel, { reactions: 'BLOCKLIST', blockedReactions: ['👎'] })
    expect(bob.newsletters.read(channel).reactionMode).toBe('BLOCKLIST')
    await expect(follower.socket.newsletterUpdateName(channel, 'Mine')).rejects.toEqual(refusal(403))
    await expect(bot.socket.newsletterUpdate(channel, { blockedReactions: ['👎'] })).rejects.toMatchObject({
      code: 'invalid-content',
    })
    await expect(bot.socket.newsletterUpdate(channel, { picture: 'AAAA' })).rejects.toEqual(refusal(400))
  })

  it('have admins: invited, accepted, demoted, given the channel', async () => {
    const [alice, bob, bot] = await parties()
    const helper = await world().linked(bob)
    const { socket } = bot
    const channel = alice.createNewsletter('News')
    await expect(socket.newsletterInviteAdmin(channel, bob.jid)).rejects.toEqual(refusal(400))
    bob.followNewsletter(channel)
    await expect(helper.socket.newsletterFollowers(channel)).rejects.toEqual(refusal(401))
    await expect(helper.socket.newsletterAdminCount(channel)).rejects.toEqual(refusal(401))
    await expect(helper.socket.newsletterAcceptAdminInvite(channel)).rejects.toEqual(refusal(404))
    expect(await socket.newsletterInviteAdmin(channel, bob.jid)).toBeGreaterThan(Date.now() / 1000)
    expect(await socket.newsletterPendingAdmins(channel)).toEqual([{ id: bob.lid, phoneNumber: bob.jid }])
    await socket.newsletterRevokeAdminInvite(channel, bob.lid)
    expect(await socket.newsletterPendingAdmins(channel)).toEqual([])
    await expect(socket.newsletterRevokeAdminInvite(channel, bob.lid)).rejects.toEqual(refusal(404))
    await socket.newsletterInviteAdmin(channel, bob.lid)
    await helper.socket.newsletterAcceptAdminInvite(channel)
    expect(await told(bot, 'newsletter-participants.update', ({ action }) => action === 'promote')).toEqual({
      id: channel,
      author: bob.lid,
      user: bob.lid,
      new_role: 'ADMIN',
      action: 'promote',
    })
    expect(await socket.newsletterAdminCount(channel)).toBe(2)
    expect(await helper.socket.newsletterFollowers(channel, 10)).toMatchObject([
      { id: bob.lid, phoneNumber: bob.jid, name: 'Bob', role: 'ADMIN' },
    ])
    // Admins post; who they are is not said.
    await helper.socket.sendMessage(channel, { text: 'from an admin' })
    expect((await bot.text('from an admin')).key).toMatchObject({ remoteJid: channel, fromMe: false })
    await socket.newsletterDemote(channel, bob.lid)
    expect(await told(helper, 'newsletter-participants.update', ({ action }) => action === 'demote')).toEqual({
      id: channel,
      author: alice.lid,
      user: bob.lid,
      new_role: 'SUBSCRIBER',
      action: 'demote',
    })
    await expect(socket.newsletterDemote(channel, bob.lid)).rejects.toEqual(refusal(400))
    await expect(socket.newsletterChangeOwner(channel, bob.lid)).rejects.toEqual(refusal(400))
    await socket.newsletterInviteAdmin(channel, bob.lid)
    bob.newsletters.acceptAdminInvite(channel)
    await socket.newsletterChangeOwner(channel, bob.lid)
    expect(bob.newsletters.read(channel)).toMatchObject({ owner: bob.lid, admins: [alice.lid], role: 'OWNER' })
    await told(helper, 'newsletter-participants.update', ({ new_role }) => new_role === 'OWNER')
    await expect(socket.newsletterChangeOwner(channel, alice.lid)).rejects.toEqual(refusal(403))
  })

  it('that were followed while a device was away are told of when it is back', async () => {
    const [alice, bob, bot] = await parties()
    const channel = bob.createNewsletter('News')
    alice.followNewsletter(channel)
    await told(bot, 'chats.upsert', chats => chats[0]?.id === channel)
    const before = bot.events.length
    world().service.markDirty(bot.jid, 'newsletter_metadata')
    await bot.waitFor(
      () =>
        bot.events
          .slice(before)
          .some(({ name, data }) => name === 'chats.upsert' && JSON.stringify(data).includes(channel)),
      'channel',
    )
    await expect.poll(() => world().service.dirty(bot.jid)).toEqual([])
  })

  it('are deleted by their owner', async () => {
    const [alice, bob, bot] = await parties()
    const follower = await world().linked(bob)
    const channel = alice.createNewsletter('News')
    bob.followNewsletter(channel)
    await expect(follower.socket.newsletterDelete(channel)).rejects.toEqual(refusal(403))
    await bot.socket.newsletterDelete(channel)
    const [update] = await told(follower, 'chats.update', ([chat]) => chat?.id === channel)
    expect(update).toMatchObject({ terminated: true, suspended: false })
    await expect(follower.socket.newsletterMetadata('jid', channel)).rejects.toEqual(refusal(404))
    await expect(bot.socket.newsletterMessages(channel)).rejects.toMatchObject({ code: 'server-refused', data: 404 })
  })
})
