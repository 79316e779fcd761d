import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Phone } from '../phone/phone.js'
import { element } from '../router/stanzas.js'
import { Simulator } from '../simulator.js'
import { Companion, errorCode } from '../testing/companion.js'

const FILE = Buffer.from('The quick brown fox jumps over the lazy dog.')

let wa: Simulator
let alice: Phone
let bob: Phone
let channel: string

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'channels' })
  alice = await wa.phone('6281110001')
  bob = await wa.phone('6281110002')
  channel = alice.createNewsletter('News')
  bob.followNewsletter(channel)
})

afterEach(async () => {
  await wa.stop()
})

const violations = () => wa.violations.map(({ message }) => message)
const posts = async (reader: Companion, attrs: Record<string, string>): Promise<BinaryNode[]> => {
  const query = element('messages', { type: 'jid', jid: channel, count: '10', ...attrs })
  const answer = await reader.query({ xmlns: 'newsletter', type: 'get' }, [query])
  const list = getBinaryNodeChild(answer, 'messages')
  return list === undefined ? [] : getBinaryNodeChildren(list, 'message')
}

describe('a channel', () => {
  it('brings posts of every kind to its followers', async () => {
    const first = await alice.send(channel, { text: 'hello' })
    expect(await bob.waitForMessage(({ id }) => id === first)).toMatchObject({
      chat: channel,
      text: 'hello',
      fromMe: false,
      serverId: 100,
    })
    const picture = await alice.send(channel, { media: 'image', file: FILE, caption: 'fox' })
    const { message } = await bob.waitForMessage(({ id }) => id === picture)
    expect(message.imageMessage).toMatchObject({ caption: 'fox', mediaKey: null })
    expect((await bob.download(message)).equals(FILE)).toBe(true)
    await alice.edit(first, 'hello again')
    await bob.waitForMessage(({ id, text }) => id === first && text === 'hello again')
    await alice.revoke(picture)
    await bob.waitForMessage(({ id, message: content }) => id === picture && content.imageMessage == null)
    await expect(bob.send(channel, { text: 'no' })).rejects.toMatchObject({ output: { statusCode: 406 } })
    await expect(bob.send('120363000000000000@newsletter', { text: 'no' })).rejects.toMatchObject({
      output: { statusCode: 404 },
    })
    expect(violations()).toEqual([])
  })

  it('counts reactions, votes and views, and tells who listens', async () => {
    const reader = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, bob)
    const live = await reader.query({ xmlns: 'newsletter', type: 'set', to: channel }, [element('live_updates')])
    expect(getBinaryNodeChild(live, 'live_updates')?.attrs).toEqual({ duration: '300' })
    const id = await alice.send(channel, { poll: { name: 'A or B?', options: ['A', 'B'], selectable: 1 } })
    await bob.waitForMessage(message => message.id === id)
    await bob.react(id, '👍')
    await bob.vote(id, ['B'])
    bob.read(id)
    for (const expected of ['reactions', 'votes']) {
      const update = await reader.next(({ tag, attrs }) => tag === 'notification' && attrs['type'] === 'newsletter')
      expect(JSON.stringify(update)).toContain(expected)
    }
    const [post] = await posts(reader, {})
    expect(post?.attrs).toMatchObject({ id, server_id: '100', type: 'poll' })
    expect(getBinaryNodeChild(post!, 'reactions')?.content).toMatchObject([{ attrs: { code: '👍', count: '1' } }])
    expect(getBinaryNodeChild(post!, 'votes')?.content).toMatchObject([{ attrs: { count: '1' } }])
    expect(getBinaryNodeChild(post!, 'views_count')?.attrs).toMatchObject({ count: '1' })
    await bob.react(id, '')
    expect(getBinaryNodeChild((await posts(reader, {}))[0]!, 'reactions')?.content).toEqual([])
    await reader.close()
    expect(violations()).toEqual([])
  })

  it('lists its posts in pages', async () => {
    const reader = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, bob)
    for (let index = 0; index < 5; index += 1) await alice.send(channel, { text: `${index}` })
    const ids = async (attrs: Record<string, string>) =>
      (await posts(reader, attrs)).map(({ attrs: { server_id } }) => server_id)
    expect(await ids({ count: '2' })).toEqual(['103', '104'])
    expect(await ids({ count: '2', before: '103' })).toEqual(['101', '102'])
    expect(await ids({ count: '2', after: '100' })).toEqual(['101', '102'])
    const unknown = element('messages', { type: 'jid', jid: '120363000000000000@newsletter', count: '1' })
    expect(errorCode(await reader.query({ xmlns: 'newsletter', type: 'get' }, [unknown]))).toBe('404')
    await reader.close()
  })

  it('looks at what clients post', async () => {
    const writer = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, alice)
    const post = async (attrs: Record<string, string>, plaintext: BinaryNode) => {
      writer.send(element('message', { to: channel, type: 'text', ...attrs }, [plaintext]))
      return await writer.next(({ tag, attrs: { id } }) => tag === 'ack' && id === attrs['id'])
    }
    const text = Buffer.from('0a026869', 'hex')
    const ack = await post({ id: 'A1' }, element('plaintext', {}, text))
    expect(ack.attrs).toMatchObject({ class: 'message', server_id: '100', from: channel })
    // The ack was lost: the post is there already.
    expect((await post({ id: 'A1' }, element('plaintext', {}, text))).attrs['server_id']).toBe('100')
    expect(violations()).toEqual([])
    await post({ id: 'A2' }, element('plaintext', {}, Buffer.from([...text, 1, 1])))
    await post({ id: 'A3' }, element('plaintext', { mediatype: 'image' }, text))
    expect(violations()).toEqual([
      'a post is an encoded message without pad',
      'mediatype is absent for this post, not image',
    ])
    await writer.close()
  })
})
