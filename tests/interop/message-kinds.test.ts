import { Agent } from 'node:https'
import type { Phone } from '@kurir/simulator'
import {
  type AnyMessageContent as BaileysContent,
  type MiscMessageGenerationOptions as BaileysOptions,
  type DownloadableMessage,
  downloadContentFromMessage,
  type MediaType,
} from 'baileys'
import { generateWAMessage, type WAMessage } from 'kurir'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { comparable, isSample } from '../kinds/compare.js'
import { type Comparison, compare, explainedIn, kindsOf, passageOf } from '../kinds/directions.js'
import type { ChatKind, MessageKind, SampleFile } from '../kinds/message-kind.js'
import { type Conversation, converse, type Party } from '../kinds/party.js'
import { type Announcements, newPlaces } from '../kinds/places.js'
import type { BaileysClient } from './support/baileys-client.js'
import type { Companion } from './support/companion.js'
import type { KurirClient } from './support/kurir-client.js'
import { baileysMediaConfig } from './support/media-trust.js'
import { World } from './support/world.js'

let world: World
let alice: Phone
let bob: Phone
/** Linked to Alice's phone. */
let kurir: KurirClient
/** Linked to Bob's phone; unmodified. */
let baileys: BaileysClient
const announcements: Announcements = new Map()

beforeAll(async () => {
  world = await World.start('message kinds')
  alice = await world.phone('Alice', 'strict')
  bob = await world.phone('Bob', 'lenient')
  const { media } = world.wa
  kurir = await world.linked('kurir', alice, undefined, {
    cachedGroupMetadata: async jid => announcements.get(jid),
    // Baileys finds the host of a file by its URL, and asks for it by https.
    fetchAgent: new Agent({ ca: media.certificateAuthority }),
    mediaOrigins: [media.origin],
  })
  baileys = await world.linked('baileys', bob, undefined, baileysMediaConfig(world.wa))
})

afterAll(() => world.end())

afterEach(() => {
  const { violations } = world
  world.wa.clearViolations()
  expect(violations).toEqual([])
})

const places = (kind: ChatKind, owner: Phone, other: Phone) =>
  newPlaces(kind, [owner, other], kurir.socket, announcements)

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

/** What has no content in Baileys goes as the protobuf that Kurir makes of it. */
async function sendByBaileys({ context, sender, options }: Conversation, kind: MessageKind): Promise<WAMessage> {
  const all = { ...options, ...kind.options?.(context) }
  const sending = sender.send(context.chat, kind.content(context), all)
  if (passageOf(kind, 'baileys to kurir').relayed === undefined) return await sending
  await expect(sending).rejects.toThrow()
  const { key, message } = await generateWAMessage(context.chat, kind.content(context), { userJid: bob.jid, ...all })
  await baileys.socket.relayMessage(context.chat, message as object, { messageId: key.id ?? '' })
  return { key, message }
}

async function downloadedByBaileys({ message }: WAMessage, { part }: SampleFile): Promise<Buffer> {
  const path = part.split('.')
  const holder = path.reduce<unknown>((value, name) => Reflect.get(value as object, name), message)
  const { options } = baileysMediaConfig(world.wa)
  const type = path
    .at(-1)
    ?.replace(/Message$|^product/, '')
    .toLowerCase() as MediaType
  const pieces: Buffer[] = []
  for await (const piece of await downloadContentFromMessage(holder as DownloadableMessage, type, { options })) {
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** What the table explains, as far as it was seen. */
const seen = new Set<string>()

function check({ unexplained, explained }: Comparison): void {
  expect(unexplained).toEqual([])
  for (const reason of explained) seen.add(reason)
}

const chatKinds = ['user', 'group', 'announcement', 'status', 'newsletter'] as const

describe.each(chatKinds)('Kurir to Baileys: %s', chat => {
  const direction = 'kurir to baileys'
  let conversation: Conversation

  beforeAll(async () => {
    conversation = await converse(chat, kurirParty(), baileysParty(), await places(chat, alice, bob))
  })

  it.each(kindsOf(direction, chat))('%s', async (_, kind) => {
    const { context, sender, reader, options } = conversation
    const all = { ...options, ...kind.options?.(context) }
    const { key, message } = await sender.send(context.chat, kind.content(context), all)
    const read = await reader.read(key.id ?? '')
    check(compare(direction, kind, conversation, message, read.message))
    if (kind.file?.bytes && chat !== 'newsletter') {
      expect(isSample(kind.file, await downloadedByBaileys(read, kind.file))).toBe(true)
    }
    expect(comparable(message)).toMatchObject(comparable(kind.expected(context)))
  })
})

describe.each(chatKinds)('Baileys to Kurir: %s', chat => {
  const direction = 'baileys to kurir'
  let conversation: Conversation

  beforeAll(async () => {
    conversation = await converse(chat, baileysParty(), kurirParty(), await places(chat, bob, alice))
  })

  it.each(kindsOf(direction, chat))('%s', async (_, kind) => {
    const { context, reader } = conversation
    const { key, message } = await sendByBaileys(conversation, kind)
    const read = await reader.read(key.id ?? '')
    check(compare(direction, kind, conversation, message, read.message))
    if (kind.file) expect(isSample(kind.file, await kurir.socket.downloadMedia(read, 'buffer'))).toBe(true)
    if (passageOf(kind, direction).otherwise === undefined) {
      expect(comparable(message)).toMatchObject(comparable(kind.expected(context)))
    }
  })
})

describe.each(['kurir to baileys', 'baileys to kurir'] as const)('the table of differences: %s', direction => {
  it('lists none that are not there', () => {
    const missing = [...explainedIn(direction)].filter(reason => !seen.has(reason))
    expect(missing).toEqual([])
  })
})
