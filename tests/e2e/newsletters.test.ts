import { type BaileysEventMap, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir'
import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

const FILE = Buffer.from('The quick brown fox jumps over the lazy dog.')

describe('channels (docs/protocol/03 §2.14)', () => {
  const world = worldForEachTest()

  it('take what we post, change and delete', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const channel = alice.createNewsletter('News')
    bob.followNewsletter(channel)
    const text = await bot.socket.sendMessage(channel, { text: 'hello' })
    const first = await bob.waitForMessage(message => message.text === 'hello')
    expect(first).toMatchObject({ id: text?.key.id, chat: channel, serverId: 100 })
    await bot.socket.sendMessage(channel, { image: FILE, caption: 'fox', jpegThumbnail: '' })
    const { message } = await bob.waitForMessage(each => each.message.imageMessage != null)
    expect(message.imageMessage).toMatchObject({ caption: 'fox', mediaKey: null })
    expect((await bob.download(message)).equals(FILE)).toBe(true)
    await bot.socket.sendMessage(channel, { poll: { name: 'A or B?', values: ['A', 'B'], selectableCount: 1 } })
    await bob.waitForMessage(each => each.message.pollCreationMessageV3 != null)
    await bot.socket.sendMessage(channel, { text: 'hello again', edit: text!.key })
    expect((await bob.waitForMessage(each => each.text === 'hello again')).id).toBe(first.id)
    await bot.socket.sendMessage(channel, { delete: text!.key })
    await bob.waitForMessage(each => each.id === first.id && Object.keys(each.message).length === 0)
  })

  it('count our reactions and votes, by the number that the service gave a post', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const channel = bob.createNewsletter('News')
    alice.followNewsletter(channel)
    const counts = async (serverId: string, tag: string) => {
      const answer = await bot.socket.query({
        tag: 'iq',
        attrs: { id: bot.socket.generateMessageTag(), to: 's.whatsapp.net', type: 'get', xmlns: 'newsletter' },
        content: [{ tag: 'messages', attrs: { type: 'jid', jid: channel, count: '10' } }],
      })
      const posts = getBinaryNodeChildren(getBinaryNodeChild(answer, 'messages'), 'message')
      const post = posts.find(({ attrs }) => attrs['server_id'] === serverId)
      const content = getBinaryNodeChild(post, tag)?.content
      return Array.isArray(content) ? content.map(({ attrs }) => attrs) : []
    }
    await bob.send(channel, { text: 'from Bob' })
    const { key } = await bot.text('from Bob')
    await bot.socket.sendMessage(channel, { react: { text: '👍', key } })
    await expect.poll(() => counts(key.server_id ?? '', 'reactions')).toMatchObject([{ code: '👍', count: '1' }])
    await bot.socket.sendMessage(channel, { react: { text: '', key } })
    await expect.poll(() => counts(key.server_id ?? '', 'reactions')).toEqual([])
    await bob.send(channel, {
      message: { pollCreationMessageV3: { name: 'A or B?', options: [{ optionName: 'A' }, { optionName: 'B' }] } },
    })
    const poll = await bot.waitFor(() => bot.readable.find(({ message }) => message?.pollCreationMessageV3), 'poll')
    await bot.socket.sendMessage(channel, { pollVote: { poll, options: ['B'] } })
    await expect.poll(() => counts(poll.key.server_id ?? '', 'votes')).toMatchObject([{ count: '1' }])
  })

  it('tell the number of an own post with its confirmation', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    const channel = alice.createNewsletter('News')
    const post = await bot.socket.sendMessage(channel, { text: 'hello' })
    const update = await bot.waitFor(
      () =>
        bot.events
          .flatMap(({ name, data }) => (name === 'messages.update' ? (data as BaileysEventMap['messages.update']) : []))
          .find(each => each.key.id === post?.key.id),
      'confirmation',
    )
    expect(update.key.server_id).toBe('100')
  })

  it('bring us posts of others', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const channel = bob.createNewsletter('News')
    alice.followNewsletter(channel)
    const id = await bob.send(channel, { text: 'from Bob' })
    const { key } = await bot.text('from Bob')
    expect(key).toMatchObject({ id, remoteJid: channel, fromMe: false, server_id: '100' })
    await expect.poll(() => world().service.unconfirmed(bot.jid)).toBe(0)
  })
})
