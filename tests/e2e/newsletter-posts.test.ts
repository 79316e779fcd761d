import { type BaileysEventMap, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const FILE = Buffer.from('The quick brown fox jumps over the lazy dog.')

const payloads = <Name extends keyof BaileysEventMap>(client: KurirClient, name: Name): BaileysEventMap[Name][] =>
  client.events.flatMap(event => (event.name === name ? [event.data as BaileysEventMap[Name]] : []))

describe('posts of channels (docs/protocol/05 §4.5 to §4.8)', () => {
  const world = worldForEachTest()

  /** Alice reads with a bot what Bob writes. */
  const reading = async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const channel = bob.createNewsletter('News')
    alice.followNewsletter(channel)
    return { alice, bob, bot, channel }
  }

  it('are listed with content and counters, in pages', async () => {
    const { alice, bob, bot, channel } = await reading()
    const ids = [await bob.send(channel, { text: 'one' }), await bob.send(channel, { text: 'two' })]
    ids.push(await bob.send(channel, { media: 'image', file: FILE, caption: 'three' }))
    await alice.waitForMessage(({ id }) => id === ids[0])
    await alice.react(ids[0] ?? '', '👍')
    const posts = await bot.socket.newsletterMessages(channel)
    expect(posts.map(({ id }) => id)).toEqual(ids)
    expect(posts[0]).toMatchObject({ serverId: '100', type: 'text', fromMe: false, message: { conversation: 'one' } })
    expect(posts[0]?.reactions).toEqual({ '👍': 1 })
    const { invite } = bob.newsletters.read(channel)
    const numbers = async (range: object) =>
      (await bot.socket.newsletterMessages(invite, range)).map(post => post.serverId)
    expect(await numbers({ count: 2 })).toEqual(['101', '102'])
    expect(await numbers({ count: 1, before: '102' })).toEqual(['101'])
    expect(await numbers({ after: 100 })).toEqual(['101', '102'])
    await expect(bot.socket.newsletterMessages(channel, { before: 1, after: 1 })).rejects.toMatchObject({
      code: 'invalid-content',
    })
    await expect(bot.socket.newsletterMessages('no such code')).rejects.toMatchObject({ data: 404 })
    // The raw form that Baileys has.
    const raw = await bot.socket.newsletterFetchMessages(channel, 2, 0, 100)
    const messages = getBinaryNodeChild(getBinaryNodeChild(raw, 'message_updates'), 'messages')
    expect(getBinaryNodeChildren(messages, 'message').map(({ attrs }) => attrs['server_id'])).toEqual(['101', '102'])
    const all = await bot.socket.newsletterFetchMessages(channel, 10, 0, 0)
    expect(
      getBinaryNodeChildren(getBinaryNodeChild(getBinaryNodeChild(all, 'message_updates'), 'messages'), 'message'),
    ).toHaveLength(3)
  })

  it('come with their files, which are not encrypted', async () => {
    const { bob, bot, channel } = await reading()
    await bob.send(channel, { media: 'image', file: FILE, caption: 'fox' })
    const post = await bot.waitFor(() => bot.readable.find(({ message }) => message?.imageMessage), 'post')
    expect((await bot.socket.downloadMedia(post, 'buffer')).equals(FILE)).toBe(true)
  })

  it('are told of anew when they are edited and deleted', async () => {
    const { bob, bot, channel } = await reading()
    const id = await bob.send(channel, { text: 'hello' })
    const { key } = await bot.text('hello')
    await bob.edit(id, 'hello again')
    const updates = () => payloads(bot, 'messages.update').flat()
    const edit = await bot.waitFor(() => updates().find(({ update }) => update.message?.editedMessage), 'edit')
    expect(edit.key).toMatchObject({ remoteJid: channel, id, fromMe: false, server_id: key.server_id })
    expect(edit.update.message?.editedMessage?.message?.extendedTextMessage?.text).toBe('hello again')
    await bob.revoke(id)
    const revoke = await bot.waitFor(() => updates().find(({ update }) => update.message === null), 'revoke')
    expect(revoke.key).toMatchObject({ remoteJid: channel, id })
    // What keeps messages by their id keeps the post.
    expect(bot.messages.filter(message => message.key.id === id)).toHaveLength(1)
    await expect.poll(() => world().service.unconfirmed(bot.jid)).toBe(0)
  })

  it('are our own when another device of the account wrote them', async () => {
    const { alice, bot } = await reading()
    const own = alice.createNewsletter('Own')
    await alice.send(own, { text: 'from the phone' })
    expect((await bot.text('from the phone')).key).toMatchObject({ remoteJid: own, fromMe: true, server_id: '100' })
  })

  it('are reacted to by their number, unless the channel does not take it', async () => {
    const { bob, bot, channel } = await reading()
    const id = await bob.send(channel, { text: 'hello' })
    const { key } = await bot.text('hello')
    const serverId = key.server_id ?? ''
    const reactions = async () => (await bot.socket.newsletterMessages(channel))[0]?.reactions
    await bot.socket.newsletterReactMessage(channel, serverId, '👍')
    expect(await reactions()).toEqual({ '👍': 1 })
    await bot.socket.newsletterReactMessage(channel, serverId)
    expect(await reactions()).toEqual({})
    bob.newsletters.update(channel, { reactions: { mode: 'NONE', blocked: [] } })
    const refused = bot.socket.newsletterReactMessage(channel, serverId, '👍')
    await expect(refused).rejects.toMatchObject({ code: 'server-refused', data: 405 })
    await expect(bot.socket.newsletterReactMessage(channel, '999', '👍')).rejects.toMatchObject({ data: 404 })
    await expect(bot.socket.newsletterReactMessage(channel, id, '👍')).rejects.toMatchObject({
      code: 'invalid-content',
    })
  })

  it('are told of live: reactions, what vanished of them, and views', async () => {
    const { alice, bob, bot, channel } = await reading()
    const id = await bob.send(channel, { text: 'hello' })
    await bot.text('hello')
    await alice.waitForMessage(message => message.id === id)
    expect(await bot.socket.subscribeNewsletterUpdates(channel)).toEqual({ duration: '300' })
    const told = (code: string, count: number) =>
      bot.waitFor(
        () =>
          payloads(bot, 'newsletter.reaction').find(
            ({ reaction }) => reaction.code === code && reaction.count === count,
          ),
        `reaction ${code} ${count}`,
      )
    await alice.react(id, '👍')
    expect(await told('👍', 1)).toEqual({ id: channel, server_id: '100', reaction: { code: '👍', count: 1 } })
    await bob.react(id, '👍')
    await told('👍', 2)
    await alice.react(id, '')
    await bob.react(id, '')
    expect((await told('👍', 0)).reaction.removed).toBe(true)
    alice.read(id)
    await bot.waitFor(() => payloads(bot, 'newsletter.view').find(({ count }) => count === 1), 'view')
    const nowhere = bot.socket.subscribeNewsletterUpdates('120363000000000000@newsletter')
    await expect(nowhere).rejects.toMatchObject({ code: 'server-refused', data: 404 })
    await bot.socket.unsubscribeNewsletterUpdates(channel)
  })

  it('count our views, once for this account', async () => {
    const { alice, bob, bot, channel } = await reading()
    await bob.send(channel, { text: 'one' })
    await bob.send(channel, { text: 'two' })
    const [one, two] = [await bot.text('one'), await bot.text('two')]
    const views = async () => (await bot.socket.newsletterMessages(channel)).map(post => post.views)
    await bot.socket.readMessages([one.key])
    await expect.poll(views).toEqual([1, 0])
    await bot.socket.newsletterMarkViewed(channel, [one.key.server_id ?? '', two.key.server_id ?? ''])
    await expect.poll(views).toEqual([1, 1])
    alice.read(one.key.id ?? '')
    expect(await views()).toEqual([1, 1])
    await expect(bot.socket.newsletterMarkViewed(channel, ['x'])).rejects.toMatchObject({ code: 'invalid-content' })
  })

  it('are not ours to write in channels that we only follow', async () => {
    const { bot, channel } = await reading()
    const post = await bot.socket.sendMessage(channel, { text: 'mine' })
    const refused = () =>
      payloads(bot, 'messages.update')
        .flat()
        .find(({ key }) => key.id === post?.key.id)
    expect((await bot.waitFor(refused, 'refusal')).update.status).toBe(0)
  })
})
