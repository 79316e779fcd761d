import type { Phone, TracedStanza } from '@kurir/simulator'
import { type BinaryNode, getBinaryNodeChild, proto, type WAMessage } from 'kurir'
import { describe, expect, it } from 'vitest'
import { type KurirClient, rejection } from './support/kurir-client.js'
import { type World, worldForEachTest } from './support/world.js'

type ChatKind = 'user' | 'group' | 'status' | 'newsletter'

/** A chat, who is in it, and what is sent there. */
interface Chat {
  readonly bot: KurirClient
  readonly reader: Phone
  readonly stanzas: readonly TracedStanza[]
  readonly chat: string
  /** An own text there. */
  readonly own: WAMessage
  readonly person: string
}

async function prepare(world: World, kind: ChatKind): Promise<Chat> {
  const [alice, bob] = [await world.phone('Alice'), await world.phone('Bob')]
  const bot = await world.linked(alice)
  const chat = chatOf(kind, bob.jid, await alice.createGroup('Lunch', [bob.jid]))
  const stanzas: TracedStanza[] = []
  world.service.onStanza(stanza => stanzas.push(stanza))
  const own = await sent(bot, chat, { text: 'from us' }, kind === 'status' ? { statusJidList: [bob.jid] } : {})
  return { bot, reader: bob, stanzas, chat, own, person: bob.jid }
}

function chatOf(kind: ChatKind, person: string, group: string): string {
  if (kind === 'status') return 'status@broadcast'
  if (kind === 'newsletter') return '120363000000000009@newsletter'
  return kind === 'user' ? person : group
}

async function sent(
  bot: KurirClient,
  chat: string,
  content: Parameters<KurirClient['socket']['sendMessage']>[1],
  options?: Parameters<KurirClient['socket']['sendMessage']>[2],
): Promise<WAMessage> {
  const message = await bot.socket.sendMessage(chat, content, options)
  if (message === undefined) throw new Error('nothing was sent')
  return message
}

const stanzaOf = ({ stanzas }: Chat, id: string): BinaryNode | undefined =>
  stanzas.findLast(
    ({ direction, node }) => direction === 'from-client' && node.tag === 'message' && node.attrs['id'] === id,
  )?.node

const encs = (node: BinaryNode): BinaryNode[] =>
  Array.isArray(node.content) ? node.content.flatMap(child => (child.tag === 'enc' ? [child] : encs(child))) : []

describe('posts in a channel (docs/protocol/03, 2.14)', () => {
  const world = worldForEachTest()

  it('are changed and taken back under their own id', async () => {
    const chat = await prepare(world(), 'newsletter')
    const post = { ...chat.own.key, server_id: '7' }
    const edited = await sent(chat.bot, chat.chat, { text: 'better', edit: post })
    expect(edited.key.id).toBe(post.id)
    await chat.bot.waitFor(() => stanzaOf(chat, post.id ?? '')?.attrs['edit'] === '3', 'edit')
    const plaintext = getBinaryNodeChild(stanzaOf(chat, post.id ?? ''), 'plaintext')?.content as Uint8Array
    expect(proto.Message.decode(plaintext).extendedTextMessage?.text).toBe('better')
    await sent(chat.bot, chat.chat, { delete: post })
    await chat.bot.waitFor(() => stanzaOf(chat, post.id ?? '')?.attrs['edit'] === '8', 'revoke')
  })

  it('get reactions and votes by their number', async () => {
    const chat = await prepare(world(), 'newsletter')
    const key = { remoteJid: chat.chat, fromMe: false, id: 'POST', server_id: '7' }
    const sentTo = async (content: Parameters<typeof sent>[2]) => {
      const id = (await sent(chat.bot, chat.chat, content)).key.id ?? ''
      return chat.bot.waitFor(() => stanzaOf(chat, id), id)
    }
    expect(await sentTo({ react: { text: '👍', key } })).toMatchObject({
      attrs: { type: 'reaction', server_id: '7' },
      content: [{ tag: 'reaction', attrs: { code: '👍' } }],
    })
    expect((await sentTo({ react: { text: '', key } })).attrs).toMatchObject({ edit: '7', server_id: '7' })
    expect(await sentTo({ pollVote: { poll: key, options: ['Pizza'] } })).toMatchObject({
      attrs: { type: 'poll', server_id: '7' },
      content: [
        { tag: 'votes', content: [{ tag: 'vote' }] },
        { tag: 'meta', attrs: { polltype: 'vote' } },
      ],
    })
    const { server_id, ...unnumbered } = key
    const unsent = chat.bot.socket.sendMessage(chat.chat, { react: { text: '👍', key: unnumbered } })
    expect(await rejection(unsent)).toMatchObject({ code: 'invalid-content', data: { field: 'key.server_id' } })
  })
})

describe('a status', () => {
  const world = worldForEachTest()

  it('is styled, reaches every device of its audience, and keeps the key for the next one', async () => {
    const chat = await prepare(world(), 'status')
    const carol = await world().phone('Carol')
    const companion = await world().linked(chat.reader)
    const audience = { statusJidList: [chat.person, carol.lid] }
    const look = { ...audience, backgroundColor: '#315575', font: 2, statusSetting: 'allowlist' } as const
    const first = await sent(chat.bot, chat.chat, { text: 'hello' }, look)
    const read = await carol.waitForMessage(({ id }) => id === first.key.id)
    expect(read.message.extendedTextMessage).toMatchObject({ text: 'hello', backgroundArgb: 0xff315575, font: 2 })
    await companion.text('hello')
    expect(getBinaryNodeChild(stanzaOf(chat, first.key.id ?? ''), 'meta')?.attrs).toEqual({
      status_setting: 'allowlist',
    })
    // The server's answer says that the key was delivered.
    await chat.bot.waitFor(() => chat.bot.status(first.key.id ?? '') >= 2, 'ack')
    const second = await sent(chat.bot, chat.chat, { text: 'again' }, audience)
    await carol.waitForMessage(({ id }) => id === second.key.id)
    await companion.text('again')
    const stanza = stanzaOf(chat, second.key.id ?? '')
    expect(encs(stanza ?? { tag: '', attrs: {} })).toHaveLength(1)
    // Who is left out from now on cannot read what follows.
    const third = await sent(chat.bot, chat.chat, { text: 'not for Carol' }, { statusJidList: [chat.person] })
    await companion.text('not for Carol')
    const revoked = await sent(chat.bot, chat.chat, { delete: third.key }, { statusJidList: [chat.person] })
    await chat.reader.waitForMessage(({ id }) => id === revoked.key.id)
    expect(getBinaryNodeChild(stanzaOf(chat, revoked.key.id ?? ''), 'meta')).toBeUndefined()
    expect(carol.messages.some(({ id }) => id === third.key.id)).toBe(false)
  })

  it('without an audience is refused', async () => {
    const chat = await prepare(world(), 'status')
    const unsent = chat.bot.socket.sendMessage('status@broadcast', { text: 'hello' })
    expect(await rejection(unsent)).toMatchObject({ code: 'invalid-content', data: { field: 'statusJidList' } })
  })
})

describe('a broadcast list', () => {
  const world = worldForEachTest()

  it('reaches everybody whom the sender names', async () => {
    const chat = await prepare(world(), 'user')
    const carol = await world().phone('Carol')
    const list = '1700000000@broadcast'
    const message = await sent(chat.bot, list, { text: 'to all' }, { statusJidList: [chat.person, carol.jid] })
    for (const phone of [chat.reader, carol]) {
      const read = await phone.waitForMessage(({ id }) => id === message.key.id)
      expect(read).toMatchObject({ text: 'to all', chat: list })
    }
    expect(stanzaOf(chat, message.key.id ?? '')?.attrs['phash']).toMatch(/^2:/)
  })
})

describe('the preview of a link', () => {
  const world = worldForEachTest()

  it('is made for the first link, and a failure holds nothing up', async () => {
    const chat = await prepare(world(), 'user')
    const preview = { 'canonical-url': 'https://a.example', 'matched-text': 'https://a.example/x', title: 'A' }
    const text = 'see https://a.example/x and https://b.example'
    const asked: string[] = []
    const getUrlInfo = async (url: string) => {
      asked.push(url)
      return preview
    }
    const shown = await sent(chat.bot, chat.chat, { text }, { getUrlInfo })
    const read = await chat.reader.waitForMessage(({ id }) => id === shown.key.id)
    expect(read.message.extendedTextMessage).toMatchObject({ text, matchedText: 'https://a.example/x', title: 'A' })
    expect(asked).toEqual(['https://a.example/x'])
    // A name that does not exist, asked for by the socket itself.
    const bare = await sent(chat.bot, chat.chat, { text: 'see https://nowhere.invalid/x' })
    expect(bare.message?.extendedTextMessage?.matchedText ?? undefined).toBeUndefined()
  })
})

describe('what content asks the service for', () => {
  const world = worldForEachTest()

  it('the link of an event with a call', async () => {
    const chat = await prepare(world(), 'user')
    const event = { name: 'Call', startDate: new Date(1_800_000_000_000), call: 'video' } as const
    const { message } = await sent(chat.bot, chat.chat, { event })
    expect(message?.eventMessage?.joinLink).toMatch(/^https:\/\/call\.whatsapp\.com\/video\/.+/)
  })

  it('the picture of a group, without which an invitation goes too', async () => {
    const chat = await prepare(world(), 'user')
    const groupInvite = {
      inviteCode: 'A',
      inviteExpiration: 1,
      text: 'join',
      jid: '120363000000000001@g.us',
      subject: 'G',
    }
    const { message } = await sent(chat.bot, chat.chat, { groupInvite })
    expect(message?.groupInviteMessage).toMatchObject({ groupName: 'G', caption: 'join' })
    expect(chat.stanzas.some(({ node }) => node.attrs['xmlns'] === 'w:profile:picture')).toBe(true)
  })
})

describe('the timer of a chat', () => {
  const world = worldForEachTest()

  it('that was set goes with every message, unless the caller says otherwise', async () => {
    const chat = await prepare(world(), 'user')
    await sent(chat.bot, chat.chat, { disappearingMessagesInChat: 86_400 })
    const timed = await sent(chat.bot, chat.chat, { text: 'gone in a day' })
    expect(timed.message?.extendedTextMessage?.contextInfo).toMatchObject({
      expiration: 86_400,
      disappearingMode: { initiator: 0, trigger: 1 },
    })
    const kept = await sent(chat.bot, chat.chat, { text: 'kept' }, { ephemeralExpiration: 0 })
    expect(kept.message?.extendedTextMessage?.contextInfo?.expiration ?? 0).toBe(0)
  })

  it('of somebody else is learned from their messages', async () => {
    const chat = await prepare(world(), 'user')
    const contextInfo = { expiration: 604_800, ephemeralSettingTimestamp: 1_700_000_000 }
    const message = { extendedTextMessage: { text: 'with a timer', contextInfo } }
    await chat.reader.send(chat.bot.jid.replace(/:\d+@/, '@'), { message })
    await chat.bot.text('with a timer')
    const answer = await sent(chat.bot, chat.chat, { text: 'me too' })
    expect(answer.message?.extendedTextMessage?.contextInfo).toMatchObject(contextInfo)
  })
})

describe('relayMessage', () => {
  const world = worldForEachTest()

  it('sends to one device of a group alone', async () => {
    const chat = await prepare(world(), 'group')
    const id = await chat.bot.socket.relayMessage(
      chat.chat,
      { conversation: 'again' },
      { participant: { jid: chat.reader.lid, count: 1 } },
    )
    expect((await chat.reader.waitForMessage(each => each.id === id)).text).toBe('again')
    expect(stanzaOf(chat, id)?.attrs['participant']).toBe(chat.reader.lid)
  })

  it('adds attributes and children', async () => {
    const chat = await prepare(world(), 'user')
    const id = await chat.bot.socket.relayMessage(
      chat.chat,
      { conversation: 'extra' },
      {
        additionalAttributes: { device_fanout: 'false' },
        additionalNodes: [{ tag: 'meta', attrs: { origin: 'ctwa' } }],
      },
    )
    await chat.reader.waitForMessage(each => each.id === id)
    expect(stanzaOf(chat, id)).toMatchObject({ attrs: { device_fanout: 'false' } })
    expect(getBinaryNodeChild(stanzaOf(chat, id), 'meta')?.attrs).toEqual({ origin: 'ctwa' })
  })

  it('gives each device what patchMessageBeforeSending made for it', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice, {
      config: {
        patchMessageBeforeSending: (message, devices) =>
          devices?.map(recipientJid => ({
            ...message,
            extendedTextMessage: { text: `for ${recipientJid}` },
            recipientJid,
          })) ?? message,
      },
    })
    const id = await bot.sendText(bob.jid, 'for nobody')
    expect((await bob.waitForMessage(each => each.id === id)).text).toBe(`for ${bob.jid}`)
    expect((await alice.waitForMessage(each => each.id === id)).text).toBe(`for ${alice.jid}`)
  })
})

describe('beside sendMessage', () => {
  const world = worldForEachTest()

  it('updateMemberLabel tells the group', async () => {
    const chat = await prepare(world(), 'group')
    const id = await chat.bot.socket.updateMemberLabel(chat.chat, 'Captain')
    const { message } = await chat.reader.waitForMessage(each => each.id === id)
    expect(message.protocolMessage?.memberLabel?.label).toBe('Captain')
    const meta = getBinaryNodeChild(stanzaOf(chat, id), 'meta')
    expect(meta?.attrs).toEqual({ appdata: 'member_tag', tag_reason: 'user_update' })
    expect(
      await rejection(Promise.resolve().then(() => chat.bot.socket.updateMemberLabel(chat.person, 'x'))),
    ).toMatchObject({
      code: 'invalid-content',
      data: { field: 'jid' },
    })
  })

  it('userDevicesCache shows the devices of a user, and can be emptied', async () => {
    const chat = await prepare(world(), 'user')
    const { userDevicesCache } = chat.bot.socket
    const [user = ''] = chat.person.split('@')
    expect(await userDevicesCache.get(user)).toEqual([{ user, device: 0, server: 's.whatsapp.net' }])
    await userDevicesCache.del(user)
    const asked = chat.stanzas.length
    await sent(chat.bot, chat.chat, { text: 'after that' })
    const queries = chat.stanzas.slice(asked).filter(({ node }) => node.attrs['xmlns'] === 'usync')
    expect(queries.length).toBeGreaterThan(0)
  })

  it('the timer of a group is a request, and goes with every message from then on', async () => {
    const chat = await prepare(world(), 'group')
    const set = (seconds: number) => chat.bot.socket.sendMessage(chat.chat, { disappearingMessagesInChat: seconds })
    expect(await set(86_400)).toBeUndefined()
    const timed = await sent(chat.bot, chat.chat, { text: 'gone in a day' })
    expect(timed.message?.extendedTextMessage?.contextInfo?.expiration).toBe(86_400)
    expect(await set(0)).toBeUndefined()
    const kept = await sent(chat.bot, chat.chat, { text: 'kept' })
    expect(kept.message?.extendedTextMessage?.contextInfo?.expiration ?? 0).toBe(0)
    expect(await rejection(set(60))).toMatchObject({ code: 'invalid-content' })
  })
})
