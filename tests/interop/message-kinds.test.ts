import type { Phone } from '@kurir/simulator'
import type { AnyMessageContent as BaileysContent, MiscMessageGenerationOptions as BaileysOptions } from 'baileys'
import { type GroupMetadata, generateWAMessage, type WAMessage } from 'kurir'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { comparable } from '../kinds/compare.js'
import { kindsOf, passageOf, unexplained } from '../kinds/directions.js'
import type { ChatKind, MessageKind } from '../kinds/message-kind.js'
import { type Conversation, converse, type Party } from '../kinds/party.js'
import type { BaileysClient } from './support/baileys-client.js'
import type { Companion } from './support/companion.js'
import type { KurirClient } from './support/kurir-client.js'
import { World } from './support/world.js'

let world: World
let alice: Phone
let bob: Phone
/** Linked to Alice's phone. */
let kurir: KurirClient
/** Linked to Bob's phone; unmodified. */
let baileys: BaileysClient
/** Groups that Kurir takes for announcement groups of a community. */
const announcements = new Map<string, GroupMetadata>()

beforeAll(async () => {
  world = await World.start('message kinds')
  alice = await world.phone('Alice', 'strict')
  bob = await world.phone('Bob', 'lenient')
  kurir = await world.linked('kurir', alice, undefined, { cachedGroupMetadata: async jid => announcements.get(jid) })
  baileys = await world.linked('baileys', bob)
})

afterAll(() => world.end())

afterEach(() => {
  const { violations } = world
  world.wa.clearViolations()
  expect(violations).toEqual([])
})

const kurirParty = (): Party => ({
  jid: alice.jid,
  send: async (chat, content, options) => sent(await kurir.socket.sendMessage(chat, content, options)),
  read: id => received(kurir, id),
})

const baileysParty = (): Party => ({
  jid: bob.jid,
  send: async (chat, content, options) =>
    sent(await baileys.socket.sendMessage(chat, content as BaileysContent, options as BaileysOptions)) as WAMessage,
  read: id => received(baileys, id),
})

function sent<Message>(message: Message | undefined): Message {
  if (message === undefined) throw new Error('nothing was sent')
  return message
}

const received = (client: Companion, id: string): Promise<WAMessage> =>
  client.waitFor(() => client.readable.find(({ key }) => key.id === id) as WAMessage | undefined, id)

async function newGroup(kind: ChatKind, admin: Phone, member: Phone): Promise<string> {
  const group = await admin.createGroup('Lunch', [member.jid])
  if (kind === 'announcement') {
    announcements.set(group, { ...(await kurir.socket.groupMetadata(group)), isCommunityAnnounce: true })
  }
  return group
}

/** What has no content in Baileys goes as the protobuf that Kurir makes of it. */
async function sendByBaileys({ context, sender, options }: Conversation, kind: MessageKind): Promise<WAMessage> {
  const all = { ...options, ...kind.options?.(context) }
  if (passageOf(kind, 'baileys to kurir').relayed === undefined) {
    return await sender.send(context.chat, kind.content(context), all)
  }
  const { key, message } = await generateWAMessage(context.chat, kind.content(context), { userJid: bob.jid, ...all })
  await baileys.socket.relayMessage(context.chat, message as object, { messageId: key.id ?? '' })
  return { key, message }
}

const chatKinds = ['user', 'group', 'announcement', 'status'] as const

describe.each(chatKinds)('Kurir to Baileys: %s', chat => {
  const direction = 'kurir to baileys'
  let conversation: Conversation

  beforeAll(async () => {
    conversation = await converse(chat, kurirParty(), baileysParty(), await newGroup(chat, alice, bob))
  })

  it.each(kindsOf(direction, chat))('%s', async (_, kind) => {
    const { context, sender, reader, options } = conversation
    const all = { ...options, ...kind.options?.(context) }
    const { key, message } = await sender.send(context.chat, kind.content(context), all)
    const read = await reader.read(key.id ?? '')
    expect(unexplained(direction, kind, conversation, message, read.message)).toEqual([])
    expect(comparable(message)).toMatchObject(comparable(kind.expected(context)))
  })
})

describe.each(chatKinds)('Baileys to Kurir: %s', chat => {
  const direction = 'baileys to kurir'
  let conversation: Conversation

  beforeAll(async () => {
    conversation = await converse(chat, baileysParty(), kurirParty(), await newGroup(chat, bob, alice))
  })

  it.each(kindsOf(direction, chat))('%s', async (_, kind) => {
    const { context, reader } = conversation
    const { key, message } = await sendByBaileys(conversation, kind)
    const read = await reader.read(key.id ?? '')
    expect(unexplained(direction, kind, conversation, message, read.message)).toEqual([])
    if (passageOf(kind, direction).otherwise === undefined) {
      expect(comparable(message)).toMatchObject(comparable(kind.expected(context)))
    }
  })
})
