import type { Phone } from '@kurir/simulator'
import type { AnyMessageContent, WAMessage, WAMessageKey } from 'baileys'
import { decryptPollVote, getAggregateVotesInPollMessage, jidNormalizedUser } from 'baileys'
import { beforeEach, describe, expect, it } from 'vitest'
import type { BaileysClient } from './support/baileys-client.js'
import { worldForEachTest } from './support/world.js'

/** Contents that need no files, and the field of the protobuf that must arrive. */
const CONTENTS: [string, AnyMessageContent][] = [
  ['extendedTextMessage', { text: 'hello @6281110002', mentions: ['6281110002@s.whatsapp.net'] }],
  [
    'contactMessage',
    { contacts: { displayName: 'Carol', contacts: [{ displayName: 'Carol', vcard: 'BEGIN:VCARD\nEND:VCARD' }] } },
  ],
  ['locationMessage', { location: { degreesLatitude: -6.2, degreesLongitude: 106.8 } }],
  ['pollCreationMessageV3', { poll: { name: 'Lunch?', values: ['Soto', 'Rawon'], selectableCount: 1 } }],
  ['eventMessage', { event: { name: 'Party', startDate: new Date(1_800_000_000_000) } }],
  ['protocolMessage', { sharePhoneNumber: true }],
  ['requestPhoneNumberMessage', { requestPhoneNumber: true }],
  ['albumMessage', { album: { expectedImageCount: 2 } } as AnyMessageContent],
  ['protocolMessage', { limitSharing: true }],
]

describe('unmodified Baileys and phones exchange every kind of message', () => {
  const world = worldForEachTest()
  let alice: Phone
  let bob: Phone
  let bot: BaileysClient

  const fromPhone = (id: string) =>
    bot.waitFor(() => bot.readable.find(({ key }) => key.id === id) as WAMessage | undefined, `message ${id}`)
  const atPhone = (message: WAMessage | undefined) => bob.waitForMessage(({ id }) => id === message?.key.id)

  beforeEach(async () => {
    alice = await world().phone('Alice', 'lenient')
    bob = await world().phone('Bob', 'lenient')
    bot = await world().linked('baileys', alice)
  })

  it.each(['user', 'group'] as const)('from Baileys to a %s', async kind => {
    const chat = kind === 'user' ? bob.jid : await bob.createGroup('Two', [alice.jid])
    for (const [field, content] of CONTENTS) {
      const { message } = await atPhone(await bot.socket.sendMessage(chat, content))
      expect(message).toHaveProperty(field)
      expect(message[field as keyof typeof message]).toBeTruthy()
    }
    const first = await bot.socket.sendMessage(chat, { text: 'first' })
    const key = first?.key as WAMessageKey
    for (const content of [
      { react: { text: '👍', key } },
      { react: { text: '', key } },
      { edit: key, text: 'second' },
      { pin: key, type: 1, time: 86_400 },
      { delete: key },
    ] as AnyMessageContent[]) {
      await atPhone(await bot.socket.sendMessage(chat, content))
    }
    const question = await bob.send(kind === 'user' ? alice.jid : chat, { text: 'question' })
    const quoted = await fromPhone(question)
    const answer = await atPhone(await bot.socket.sendMessage(chat, { text: 'answer' }, { quoted }))
    expect(answer.message.extendedTextMessage?.contextInfo?.stanzaId).toBe(question)
    expect(world().violations).toEqual([])
  })

  it.each(['user', 'group'] as const)('from a phone in a %s chat', async kind => {
    const chat = kind === 'user' ? alice.jid : await bob.createGroup('Two', [alice.jid])
    const id = await bob.send(chat, { text: 'first' })
    await fromPhone(id)
    const sent = [
      await bob.react(id, '👍'),
      await bob.react(id, ''),
      await bob.edit(id, 'second'),
      await bob.pin(id, 86_400),
      await bob.pin(id, 0),
      await bob.keep(id),
      await bob.send(chat, { event: { name: 'Party', startTime: 1_800_000_000 } }),
      await bob.send(chat, { message: { locationMessage: { degreesLatitude: 1, degreesLongitude: 2 } } }),
      await bob.revoke(id),
    ]
    for (const each of sent) await fromPhone(each)
    const poll = await bob.send(chat, { poll: { name: 'Lunch?', options: ['Soto', 'Rawon'], selectable: 1 } })
    const { message } = await fromPhone(poll)
    const vote = (await fromPhone(await bob.vote(poll, ['Rawon']))).message?.pollUpdateMessage
    const voter = jidNormalizedUser(kind === 'user' ? bob.jid : bob.lid)
    const opened = decryptPollVote(vote?.vote ?? {}, {
      pollCreatorJid: voter,
      pollMsgId: poll,
      pollEncKey: message?.messageContextInfo?.messageSecret ?? new Uint8Array(),
      voterJid: voter,
    })
    const pollUpdates = [{ pollUpdateMessageKey: { remoteJid: voter }, vote: opened }]
    expect(getAggregateVotesInPollMessage({ message: message ?? null, pollUpdates })).toMatchObject([
      { name: 'Soto', voters: [] },
      { name: 'Rawon', voters: [voter] },
    ])
    expect(world().violations).toEqual([])
  })

  it('as status posts, both ways', async () => {
    const id = await bob.postStatus({ text: 'seen by Alice' }, [alice.jid])
    expect((await fromPhone(id)).key).toMatchObject({ remoteJid: 'status@broadcast', fromMe: false })
    const options = { statusJidList: [bob.jid], backgroundColor: '#112233', font: 1 }
    const sent = await bot.socket.sendMessage('status@broadcast', { text: 'seen by Bob' }, options)
    expect(await atPhone(sent)).toMatchObject({ chat: 'status@broadcast', text: 'seen by Bob' })
    expect(world().violations).toEqual([])
  })

  it('as posts of a channel, both ways', async () => {
    const channel = bob.createNewsletter('News')
    alice.followNewsletter(channel)
    const post = await bob.send(channel, { text: 'from the phone' })
    expect((await fromPhone(post)).key).toMatchObject({ remoteJid: channel, server_id: '100' })
    const own = alice.createNewsletter('Own')
    bob.followNewsletter(own)
    const sent = await bot.socket.sendMessage(own, { text: 'from Baileys' })
    expect(await atPhone(sent)).toMatchObject({ chat: own, text: 'from Baileys', serverId: 100 })
    expect(world().violations).toEqual([])
  })
})
