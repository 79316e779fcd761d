import type { Phone, TracedStanza } from '@kurir/simulator'
import { type BinaryNode, getBinaryNodeChild, proto, type WAMessage } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { type ChatKind, type KindContext, type MessageKind, textKinds } from './support/message-kinds.js'
import { type World, worldForEachTest } from './support/world.js'

const secret = Buffer.alloc(32, 9)
const lunch = { name: 'Lunch?', options: [{ optionName: 'Pizza' }, { optionName: 'Sushi' }], selectableOptionsCount: 1 }

/** A chat with a few messages in it, and what comes of those that are sent there. */
interface Chat extends KindContext {
  readonly bot: KurirClient
  readonly reader: Phone
  readonly stanzas: readonly TracedStanza[]
}

async function prepare(world: World, kind: ChatKind): Promise<Chat> {
  const [alice, bob] = [await world.phone('Alice'), await world.phone('Bob')]
  const bot = await world.linked(alice)
  const group = await alice.createGroup('Lunch', [bob.jid])
  const chat = kind === 'user' ? bob.jid : group
  const stanzas: TracedStanza[] = []
  world.service.onStanza(stanza => stanzas.push(stanza))
  const received = async (message: proto.IMessage) => {
    const id = await bob.send(kind === 'user' ? alice.jid : group, { message })
    return bot.waitFor(() => bot.readable.find(({ key }) => key.id === id), id)
  }
  const context = { messageContextInfo: { messageSecret: secret } }
  const theirs = await received({ conversation: 'from Bob', ...context })
  const poll = await received({ pollCreationMessageV3: lunch, ...context })
  const own = await sent(bot, chat, { text: 'from us' })
  const event = await sent(bot, chat, { event: { name: 'Meeting', startDate: new Date(1_800_000_000_000) } })
  return { bot, reader: bob, stanzas, chat, theirs, own, poll, event, person: bob.jid, group }
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

/** Sends a sample; returns what was sent, and how it came: the stanza and what the phone read. */
async function deliver(chat: Chat, kind: MessageKind) {
  const message = await sent(chat.bot, chat.chat, kind.content(chat), kind.options?.(chat))
  const id = message.key.id ?? ''
  const read = await chat.reader.waitForMessage(each => each.id === id)
  const stanza = chat.stanzas.find(
    ({ direction, node }) => direction === 'from-client' && node.tag === 'message' && node.attrs['id'] === id,
  )?.node
  return { message, read: read.message, stanza }
}

/** Bytes and lists in the same form on both sides. */
const comparable = (message: proto.IMessage | null | undefined): object =>
  proto.Message.decode(proto.Message.encode(message ?? {}).finish()).toJSON()

const encs = (node: BinaryNode): BinaryNode[] =>
  Array.isArray(node.content) ? node.content.flatMap(child => (child.tag === 'enc' ? [child] : encs(child))) : []

describe.each(['user', 'group'] as const)('every kind to a %s', chatKind => {
  const world = worldForEachTest()
  it('arrives as it was sent', async () => {
    const chat = await prepare(world(), chatKind)
    for (const kind of textKinds.filter(({ chats }) => chats.includes(chatKind))) {
      const { message, read, stanza } = await deliver(chat, kind)
      expect(comparable(read), kind.name).toEqual(comparable(message.message))
      expect(comparable(read), kind.name).toMatchObject(comparable(kind.expected(chat)))
      checkStanza(stanza, kind, chatKind)
      expect(world().violations, kind.name).toEqual([])
    }
  }, 60_000)
})

function checkStanza(stanza: BinaryNode | undefined, { name, stanza: wanted }: MessageKind, chatKind: ChatKind): void {
  const { type, edit } = stanza?.attrs ?? {}
  expect({ type, edit }, name).toEqual({ type: wanted.type, edit: wanted.edit })
  expect(getBinaryNodeChild(stanza, 'meta')?.attrs, name).toEqual(wanted.meta)
  for (const { attrs } of stanza ? encs(stanza) : []) {
    // The sender key that travels with a message to a group is no content.
    if (chatKind !== 'user' && attrs['type'] !== 'skmsg') continue
    expect(attrs['mediatype'], name).toBe(wanted.mediatype)
    expect(attrs['decrypt-fail'], name).toBe(wanted.hidden && 'hide')
  }
}
