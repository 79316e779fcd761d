import { type Phone, Simulator, type TracedStanza } from '@kurir/simulator'
import { type BaileysEventMap, type BinaryNode, type GroupMetadata, getBinaryNodeChild, proto } from 'kurir'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { comparable, differences } from '../kinds/compare.js'
import { kindsOf, unexplained } from '../kinds/directions.js'
import { type ChatKind, idOf, type KindContext, type MessageKind } from '../kinds/message-kind.js'
import { type Conversation, converse } from '../kinds/party.js'
import type { KurirClient } from './support/kurir-client.js'
import { audienceOf, kurirParty, phoneParty, sent } from './support/parties.js'
import { World } from './support/world.js'

const channel = '120363000000000009@newsletter'

let world: World
let alice: Phone
let bob: Phone
/** Linked to Alice's phone. */
let bot: KurirClient
const stanzas: TracedStanza[] = []
/** Groups that Kurir takes for announcement groups of a community. */
const announcements = new Map<string, GroupMetadata>()

beforeAll(async () => {
  world = new World(await Simulator.start({ seed: 'message kinds' }))
  alice = await world.phone('Alice')
  bob = await world.phone('Bob')
  bot = await world.linked(alice, { config: { cachedGroupMetadata: async jid => announcements.get(jid) } })
  world.service.onStanza(stanza => stanzas.push(stanza))
})

afterAll(() => world.end())

afterEach(() => {
  const { violations } = world
  world.service.clearViolations()
  expect(violations).toEqual([])
})

/** A group of both, with one of them as its admin. */
async function newGroup(kind: ChatKind, admin: Phone, member: Phone): Promise<string> {
  const group = await admin.createGroup('Lunch', [member.jid])
  if (kind === 'announcement') {
    announcements.set(group, { ...(await bot.socket.groupMetadata(group)), isCommunityAnnounce: true })
  }
  return group
}

const chatKinds = ['user', 'group', 'announcement', 'status'] as const

describe.each(chatKinds)('Kurir to a phone: %s', chat => {
  const direction = 'kurir to phone'
  let conversation: Conversation

  beforeAll(async () => {
    conversation = await converse(chat, kurirParty(bot, alice), phoneParty(bob), await newGroup(chat, alice, bob))
  })

  it.each(kindsOf(direction, chat))('%s', async (_, kind) => {
    const { context, sender, options } = conversation
    const { key, message } = await sender.send(context.chat, kind.content(context), {
      ...options,
      ...kind.options?.(context),
    })
    const id = key.id ?? ''
    const read = await bob.waitForMessage(each => each.id === id)
    expect(unexplained(direction, kind, conversation, message, read.message)).toEqual([])
    expect(comparable(read.message)).toMatchObject(comparable(kind.expected(context)))
    if (kind.file) expect((await bob.download(read.message)).equals(kind.file.bytes)).toBe(true)
    if (kind.opened) expect(read.addOn).toMatchObject(kind.opened)
    const copy = await alice.waitForMessage(each => each.id === id)
    expect(differences(message ?? {}, copy.message)).toEqual([])
    checkStanza(stanzaOf(id), kind, chat)
  })
})

describe.each(chatKinds)('a phone to Kurir: %s', chat => {
  const direction = 'phone to kurir'
  let conversation: Conversation

  beforeAll(async () => {
    conversation = await converse(chat, phoneParty(bob), kurirParty(bot, alice), await newGroup(chat, bob, alice))
  })

  it.each(kindsOf(direction, chat))('%s', async (_, kind) => {
    const { context, sender, reader, options } = conversation
    const before = bot.events.length
    const id = kind.byPhone
      ? await kind.byPhone(bob, context, audienceOf(options))
      : idOf(await sender.send(context.chat, kind.content(context), { ...options, ...kind.options?.(context) }))
    const message = await reader.read(id)
    expect(unexplained(direction, kind, conversation, bob.sentMessage(id), message.message)).toEqual([])
    if (kind.file) expect((await bot.socket.downloadMedia(message, 'buffer')).equals(kind.file.bytes)).toBe(true)
    for (const name of kind.events ?? []) await bot.waitFor(() => eventSince(before, name), name)
  })
})

const eventSince = (before: number, wanted: keyof BaileysEventMap): boolean =>
  bot.events.slice(before).some(({ name }) => name === wanted)

describe('Kurir to a channel', () => {
  let context: KindContext

  beforeAll(async () => {
    const group = await newGroup('user', alice, bob)
    context = (await converse('user', kurirParty(bot, alice), phoneParty(bob), group)).context
  })

  it.each(kindsOf('kurir to phone', 'newsletter'))('%s', async (_, kind) => {
    const { key, message } = sent(await bot.socket.sendMessage(channel, kind.content({ ...context, chat: channel })))
    const stanza = await bot.waitFor(() => stanzaOf(key.id ?? ''), kind.name)
    const plaintext = getBinaryNodeChild(stanza, 'plaintext')
    expect(stanza.attrs['type']).toBe(kind.stanza.type)
    expect(plaintext?.attrs['mediatype']).toBe(kind.stanza.mediatype)
    const read = proto.Message.decode(plaintext?.content as Uint8Array)
    expect(differences(message ?? {}, read)).toEqual([])
    expect(comparable(read)).toMatchObject(comparable(kind.expected(context)))
  })
})

const stanzaOf = (id: string): BinaryNode | undefined =>
  stanzas.findLast(
    ({ direction, node }) => direction === 'from-client' && node.tag === 'message' && node.attrs['id'] === id,
  )?.node

const encs = (node: BinaryNode): BinaryNode[] =>
  Array.isArray(node.content) ? node.content.flatMap(child => (child.tag === 'enc' ? [child] : encs(child))) : []

function checkStanza(stanza: BinaryNode | undefined, { name, stanza: wanted }: MessageKind, chat: ChatKind): void {
  const { type, edit } = stanza?.attrs ?? {}
  expect({ type, edit }).toEqual({ type: wanted.type, edit: wanted.edit })
  const setting = chat === 'status' ? { status_setting: 'contacts' } : undefined
  const meta = setting || wanted.meta ? { ...wanted.meta, ...setting } : undefined
  if (name !== 'comment') expect(getBinaryNodeChild(stanza, 'meta')?.attrs).toEqual(meta)
  for (const { attrs } of stanza ? encs(stanza) : []) {
    // The sender key that travels with a message to a group is no content.
    if (chat !== 'user' && attrs['type'] !== 'skmsg') continue
    expect(attrs['mediatype']).toBe(wanted.mediatype)
    expect(attrs['decrypt-fail']).toBe(wanted.hidden && 'hide')
  }
}
