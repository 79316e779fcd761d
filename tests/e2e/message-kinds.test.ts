import { type Phone, Simulator, type TracedStanza } from '@kurir/simulator'
import { type BinaryNode, getBinaryNodeChild } from 'kurir'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { comparable, contains, differences, isSample } from '../kinds/compare.js'
import { compare, kindsOf } from '../kinds/directions.js'
import { type ChatKind, idOf, type MessageKind } from '../kinds/message-kind.js'
import { type Conversation, converse } from '../kinds/party.js'
import { type Announcements, newPlaces } from '../kinds/places.js'
import type { KurirClient } from './support/kurir-client.js'
import { audienceOf, kurirParty, phoneParty } from './support/parties.js'
import { World } from './support/world.js'

let world: World
let alice: Phone
let bob: Phone
/** Linked to Alice's phone. */
let bot: KurirClient
const stanzas: TracedStanza[] = []
const announcements: Announcements = new Map()

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

const places = (kind: ChatKind, owner: Phone, other: Phone) =>
  newPlaces(kind, [owner, other], bot.socket, announcements)

const chatKinds = ['user', 'group', 'announcement', 'status', 'newsletter'] as const

describe.each(chatKinds)('Kurir to a phone: %s', chat => {
  const direction = 'kurir to phone'
  let conversation: Conversation

  beforeAll(async () => {
    conversation = await converse(chat, kurirParty(bot, alice), phoneParty(bob), await places(chat, alice, bob))
  })

  it.each(kindsOf(direction, chat))('%s', async (_, kind) => {
    const { context, sender, options } = conversation
    const { key, message } = await sender.send(context.chat, kind.content(context), {
      ...options,
      ...kind.options?.(context),
    })
    const id = key.id ?? ''
    const read = await bob.waitForMessage(each => each.id === id)
    expect(compare(direction, kind, conversation, message, read.message).unexplained).toEqual([])
    expect(comparable(read.message)).toMatchObject(comparable(kind.expected(context)))
    if (kind.file) expect(isSample(kind.file, await bob.download(read.message))).toBe(true)
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
    conversation = await converse(chat, phoneParty(bob), kurirParty(bot, alice), await places(chat, bob, alice))
  })

  it.each(kindsOf(direction, chat))('%s', async (_, kind) => {
    const { context, sender, reader, options } = conversation
    const before = bot.events.length
    const id = kind.byPhone
      ? await kind.byPhone(bob, context, audienceOf(options))
      : idOf(await sender.send(context.chat, kind.content(context), { ...options, ...kind.options?.(context) }))
    const message = await reader.read(id)
    expect(compare(direction, kind, conversation, bob.sentMessage(id), message.message).unexplained).toEqual([])
    if (kind.file) expect(isSample(kind.file, await bot.socket.downloadMedia(message, 'buffer'))).toBe(true)
    for (const [name, wanted] of Object.entries(kind.reported?.(context) ?? {})) {
      await bot.waitFor(
        () => entriesSince(before, name).some(entry => contains(entry, wanted)),
        `${name} with ${JSON.stringify(wanted)}`,
      )
    }
  })
})

const entriesSince = (before: number, wanted: string): unknown[] =>
  bot.events.slice(before).flatMap(({ name, data }) => (name === wanted ? (data as unknown[]) : []))

const stanzaOf = (id: string): BinaryNode | undefined =>
  stanzas.findLast(
    ({ direction, node }) => direction === 'from-client' && node.tag === 'message' && node.attrs['id'] === id,
  )?.node

const encs = (node: BinaryNode): BinaryNode[] =>
  Array.isArray(node.content) ? node.content.flatMap(child => (child.tag === 'enc' ? [child] : encs(child))) : []

function checkStanza(stanza: BinaryNode | undefined, { name, stanza: wanted }: MessageKind, chat: ChatKind): void {
  const { type, edit } = stanza?.attrs ?? {}
  expect({ type, edit }).toEqual({ type: wanted.type, edit: wanted.edit })
  if (chat === 'newsletter') {
    expect(getBinaryNodeChild(stanza, 'plaintext')?.attrs['mediatype']).toBe(wanted.mediatype)
    return
  }
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
