import type { Phone } from '@kurir/simulator'
import {
  type BaileysEventMap,
  getAggregateResponsesInEventMessage,
  getAggregateVotesInPollMessage,
  jidNormalizedUser,
  proto,
  updateMessageWithEventResponse,
  updateMessageWithPollUpdate,
  type WAMessage,
  type WAMessageUpdate,
} from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { node, scriptedServices } from './support/scripted-services.js'
import { type World, worldForEachTest } from './support/world.js'

type Name = keyof BaileysEventMap

const eventsOf = <Event extends Name>(client: KurirClient, name: Event): BaileysEventMap[Event][] =>
  client.events.flatMap(event => (event.name === name ? [event.data as BaileysEventMap[Event]] : []))

const updatesOf = (client: KurirClient, id: string): WAMessageUpdate[] =>
  eventsOf(client, 'messages.update')
    .flat()
    .filter(({ key }) => key.id === id)

/** The first update of a message with this member. */
const update = <Member extends keyof WAMessage>(client: KurirClient, id: string, member: Member) =>
  client.waitFor(
    () => updatesOf(client, id).find(({ update: changes }) => changes[member] !== undefined),
    `${member} of ${id}`,
  )

const reactions = (client: KurirClient) => eventsOf(client, 'messages.reaction').flat()

/** The message with what updates added to it, as a store would keep it. */
function withVotes(message: WAMessage, updates: readonly WAMessageUpdate[]): WAMessage {
  const kept = { ...message }
  for (const { update: changes } of updates) {
    for (const vote of changes.pollUpdates ?? []) updateMessageWithPollUpdate(kept, vote)
    for (const answer of changes.eventResponses ?? []) updateMessageWithEventResponse(kept, answer)
  }
  return kept
}

async function pair(world: World): Promise<{ alice: Phone; bob: Phone; bot: KurirClient }> {
  const [alice, bob] = [await world.phone('Alice'), await world.phone('Bob')]
  return { alice, bob, bot: await world.linked(alice) }
}

/** Either name of a phone. */
const nameOf = ({ account }: Phone): RegExp =>
  new RegExp(`^(${account.pnUser}@s\\.whatsapp\\.net|${account.lidUser}@lid)$`)

const poll = { name: 'Lunch?', values: ['Pizza', 'Sushi'], selectableCount: 1 }

async function sendPoll(bot: KurirClient, jid: string): Promise<WAMessage> {
  const message = await bot.socket.sendMessage(jid, { poll })
  if (!message) throw new Error('no poll')
  return message
}

describe('votes (docs/protocol/03, 8.2 and 14: opened by themselves)', () => {
  const world = worldForEachTest()

  it('on an own poll come as updates of it, and count once per voter', async () => {
    const { bob, bot } = await pair(world())
    const message = await sendPoll(bot, bob.jid)
    const id = message.key.id ?? ''
    await bob.waitForMessage(received => received.id === id)
    await bob.vote(id, ['Pizza'])
    await update(bot, id, 'pollUpdates')
    await bob.vote(id, ['Sushi'])
    const updates = await bot.waitFor(() => {
      const found = updatesOf(bot, id).filter(({ update: changes }) => changes.pollUpdates)
      return found.length === 2 && found
    }, 'both votes')
    expect(updates[0]?.key).toMatchObject({ id, fromMe: true })
    const kept = withVotes(message, updates)
    expect(getAggregateVotesInPollMessage(kept)).toEqual([
      { name: 'Pizza', voters: [] },
      { name: 'Sushi', voters: [expect.stringMatching(nameOf(bob))] },
    ])
  })

  it('in a group, on the poll of another member, and withdrawn', async () => {
    const { alice, bob, bot } = await pair(world())
    const carol = await world().phone('Carol')
    const group = await alice.createGroup('Team', [bob.jid, carol.jid])
    const id = await bob.send(group, {
      message: { pollCreationMessageV3: { name: 'Day?', options: [{ optionName: 'Mon' }] } },
    })
    await carol.waitForMessage(received => received.id === id)
    await carol.vote(id, ['Mon'])
    expect(await update(bot, id, 'pollUpdates')).toMatchObject({
      key: { remoteJid: group, fromMe: false, id },
      update: {
        pollUpdates: [{ pollUpdateMessageKey: { participant: expect.stringContaining(carol.account.lidUser) } }],
      },
    })
    await carol.vote(id, [])
    await bot.waitFor(() => updatesOf(bot, id).length === 2, 'withdrawal')
    expect(updatesOf(bot, id)[1]?.update.pollUpdates?.[0]?.vote?.selectedOptions).toEqual([])
  })

  it('on a poll of a program that hears nothing of its own messages', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice, { config: { emitOwnEvents: false, getMessage: async () => undefined } })
    const id = (await sendPoll(bot, bob.jid)).key.id ?? ''
    await bob.waitForMessage(received => received.id === id)
    await bob.vote(id, ['Pizza'])
    expect(await update(bot, id, 'pollUpdates')).toMatchObject({ key: { id, fromMe: true } })
  })

  it('come after a restart too: the secret of a poll is in the key store', async () => {
    const { bob, bot } = await pair(world())
    const id = (await sendPoll(bot, bob.jid)).key.id ?? ''
    await bob.waitForMessage(received => received.id === id)
    await bot.end()
    await bob.vote(id, ['Sushi'])
    // A process of its own remembers nothing but the key store, and nobody gives it the poll.
    const later = world().client({
      auth: { ...bot.auth, creds: structuredClone(bot.auth.creds) },
      config: { getMessage: async () => undefined },
    })
    await later.reconnect()
    expect(await update(later, id, 'pollUpdates')).toMatchObject({ update: { pollUpdates: [{ vote: {} }] } })
  })

  it('are opened with the poll that `getMessage` gives when it is not remembered', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const message = {
      pollCreationMessageV3: { name: 'Old', options: [{ optionName: 'Yes' }] },
      messageContextInfo: { messageSecret: Buffer.alloc(32, 7) },
    }
    // Sent before the device was linked: only the program has it.
    const id = await bob.send(alice.jid, { message })
    const bot = await world().linked(alice, {
      config: { getMessage: async key => (key.id === id ? message : undefined) },
    })
    await bob.vote(id, ['Yes'])
    expect(await update(bot, id, 'pollUpdates')).toMatchObject({ key: { id, fromMe: false } })
  })
})

describe('add-ons that are sealed with the secret of their message (docs/protocol/03, 8)', () => {
  const world = worldForEachTest()

  it('answers to an event, in both forms that programs read', async () => {
    const { alice, bob, bot } = await pair(world())
    const event = { name: 'Party', startTime: 1_800_000_000 }
    const id = await alice.send(bob.jid, { event })
    await bob.waitForMessage(received => received.id === id)
    await bob.respondToEvent(id, 'GOING', 2)
    const { key, update: changes } = await update(bot, id, 'eventResponses')
    expect(key).toMatchObject({ id, fromMe: true })
    expect(changes.eventResponses).toMatchObject([
      { eventResponse: 'GOING', response: { response: 1, extraGuestCount: 2 }, eventResponseMessage: { response: 1 } },
    ])
    expect(getAggregateResponsesInEventMessage(changes as Pick<WAMessage, 'eventResponses'>)).toMatchObject([
      { response: 'GOING', responders: [expect.stringMatching(nameOf(bob))] },
      { response: 'NOT_GOING', responders: [] },
      { response: 'MAYBE', responders: [] },
    ])
  })

  it('reactions, comments and edits', async () => {
    const { bob, bot } = await pair(world())
    const id = await bob.send(bot.jid.replace(/:\d+/, ''), { text: 'post' })
    await bot.text('post')
    await bob.reactSealed(id, '👍')
    const [reaction] = await bot.waitFor(() => reactions(bot).length > 0 && reactions(bot), 'reaction')
    expect(reaction).toMatchObject({ key: { id, fromMe: false }, reaction: { text: '👍' } })
    const commentId = await bob.comment(id, 'well said')
    expect(await update(bot, commentId, 'message')).toMatchObject({
      update: {
        message: {
          commentMessage: { message: { extendedTextMessage: { text: 'well said' } }, targetMessageKey: { id } },
        },
      },
    })
    await bob.editSealed(id, { conversation: 'better' })
    expect(await update(bot, id, 'message')).toMatchObject({
      key: { id, fromMe: false },
      update: { message: { editedMessage: { message: { conversation: 'better' } } } },
    })
  })

  it('a vote that overtakes its poll waits for it', async () => {
    const { bob, bot } = await pair(world())
    const alice = bot.jid.replace(/:\d+/, '')
    // The poll cannot be read at first, and is asked for again; the vote comes meanwhile.
    const corruption = { tag: 'message', device: bot.jid }
    world().service.faults.add({ direction: 'to-client', match: corruption, times: 1, action: { kind: 'corrupt' } })
    const id = await bob.send(alice, {
      message: { pollCreationMessageV3: { name: 'Q', options: [{ optionName: 'A' }] } },
    })
    await bob.vote(id, ['A'])
    expect(await update(bot, id, 'pollUpdates')).toMatchObject({ key: { id, fromMe: false } })
  })
})

describe('changes of earlier messages (docs/protocol/03, 4A.2 and 12)', () => {
  const world = worldForEachTest()

  it('edits and deletions by the author', async () => {
    const { bob, bot } = await pair(world())
    const alice = bot.jid.replace(/:\d+/, '')
    const id = await bob.send(alice, { text: 'frist' })
    await bot.text('frist')
    await bob.edit(id, 'first')
    expect(await update(bot, id, 'message')).toMatchObject({
      key: { id, fromMe: false },
      update: { message: { editedMessage: { message: { extendedTextMessage: { text: 'first' } } } } },
    })
    await bob.revoke(id)
    expect(await update(bot, id, 'messageStubType')).toMatchObject({ update: { message: null, messageStubType: 1 } })
  })

  it('a member cannot edit or delete what another one wrote; an admin can delete it', async () => {
    const { alice, bob, bot } = await pair(world())
    const mallory = await world().phone('Mallory')
    const group = await alice.createGroup('Team', [bob.jid, mallory.jid])
    const id = await bob.send(group, { text: "Bob's words" })
    await bot.text("Bob's words")
    await mallory.waitForMessage(received => received.id === id)
    const key = { remoteJid: group, fromMe: true, id }
    const edit = { type: 14, key, editedMessage: { conversation: 'forged' }, timestampMs: 1_700_000_000_000 }
    await mallory.send(group, { message: { protocolMessage: edit } })
    await mallory.send(group, { message: { protocolMessage: { type: 0, key } } })
    const claimed = { remoteJid: group, fromMe: false, id, participant: bob.lid }
    await mallory.send(group, { message: { protocolMessage: { type: 0, key: claimed } } })
    await mallory.send(group, { text: 'done' })
    await bot.text('done')
    expect(updatesOf(bot, id)).toEqual([])
    expect(bot.log.entries.filter(({ message }) => message.startsWith('refused a change'))).toHaveLength(3)
    // Alice made the group. Her phone deletes; her companion hears of it.
    await alice.waitForMessage(received => received.id === id)
    await alice.revoke(id)
    expect(await update(bot, id, 'messageStubType')).toMatchObject({
      key: { remoteJid: group, id, fromMe: false },
      update: { message: null },
    })
    await alice.changeGroup(group, 'promote', [mallory.jid])
    const second = await bob.send(group, { text: 'more words' })
    await bot.text('more words')
    await mallory.send(group, { message: { protocolMessage: { type: 0, key: { ...claimed, id: second } } } })
    await update(bot, second, 'messageStubType')
  })

  it('pins, keeps and disappearing messages', async () => {
    const { bob, bot } = await pair(world())
    const alice = bot.jid.replace(/:\d+/, '')
    const id = await bob.send(alice, { text: 'keep me' })
    await bot.text('keep me')
    await bob.pin(id, 86_400)
    expect(await update(bot, id, 'pinInChat')).toMatchObject({ update: { pinInChat: { type: 1 } } })
    await bob.keep(id)
    expect(await update(bot, id, 'keepInChat')).toMatchObject({ update: { keepInChat: { keepType: 1 } } })
    await bob.setDisappearing(alice, 86_400)
    const chat = await bot.waitFor(
      () =>
        eventsOf(bot, 'chats.update')
          .flat()
          .find(({ ephemeralExpiration }) => ephemeralExpiration === 86_400),
      'disappearing',
    )
    expect(jidNormalizedUser(chat.id)).toBe(chat.id)
  })
})

describe('status stanzas (docs/protocol/03, 4.9)', () => {
  const { clientOf, scripted } = scriptedServices()

  it('of channels are messages, and all are acknowledged by their name', async () => {
    const service = await scripted()
    const client = await clientOf(service).connect()
    await client.open()
    const connection = await service.connection()
    const post = proto.Message.encode({ conversation: 'news' }).finish()
    const channel = '120363000000000009@newsletter'
    connection.send(
      node('status', { id: 'POST', from: channel, t: '1700000000', server_id: '7', type: 'text' }, [
        { tag: 'plaintext', attrs: {}, content: post },
      ]),
    )
    const message = await client.text('news')
    expect(message.key).toMatchObject({ remoteJid: channel, id: 'POST', server_id: '7' })
    connection.send(node('status', { id: 'USER', from: 'status@broadcast', participant: '2@lid', t: '1' }))
    for (const id of ['POST', 'USER']) {
      expect(await connection.stanza(({ attrs }) => attrs['id'] === id)).toMatchObject({
        tag: 'ack',
        attrs: { class: 'status' },
      })
    }
  })
})
