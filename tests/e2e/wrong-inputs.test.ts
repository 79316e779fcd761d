import { type Phone, Simulator, type TracedStanza } from '@kurir/simulator'
import type { AnyMessageContent, MiscMessageGenerationOptions } from 'kurir'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatKind, KindContext } from '../kinds/message-kind.js'
import { converse } from '../kinds/party.js'
import { wrongInputs } from '../kinds/wrong-inputs.js'
import { type KurirClient, rejection } from './support/kurir-client.js'
import { kurirParty, phoneParty } from './support/parties.js'
import { World } from './support/world.js'

let world: World
let alice: Phone
let bob: Phone
let bot: KurirClient
const stanzas: TracedStanza[] = []
const contexts = new Map<ChatKind, KindContext>()

const chats: Partial<Record<ChatKind, string>> = {
  status: 'status@broadcast',
  newsletter: '120363000000000009@newsletter',
}

beforeAll(async () => {
  world = new World(await Simulator.start({ seed: 'wrong inputs' }))
  alice = await world.phone('Alice')
  bob = await world.phone('Bob')
  bot = await world.linked(alice)
  const group = await alice.createGroup('Lunch', [bob.jid])
  for (const chat of ['user', 'group'] as const) {
    contexts.set(chat, (await converse(chat, kurirParty(bot, alice), phoneParty(bob), { group, channel: '' })).context)
  }
  world.service.onStanza(stanza => stanzas.push(stanza))
})

afterAll(async () => {
  await world.end()
  expect(world.violations).toEqual([])
})

/** What has left for others: messages, and files for the media host. */
const left = () => ({
  messages: stanzas.filter(({ direction, node }) => direction === 'from-client' && node.tag === 'message').length,
  files: world.service.media.files.length,
})

describe('is refused before anything is sent, and the error names the field', () => {
  it.each(wrongInputs.map(input => [input.name, input] as const))('%s', async (_, input) => {
    const context = contexts.get(input.chat ?? 'user') ?? contexts.get('user')!
    const destination = input.destination ?? chats[input.chat ?? 'user'] ?? context.chat
    const before = left()
    const content = input.content(context) as AnyMessageContent
    const options = input.options?.(context) as MiscMessageGenerationOptions | undefined
    const error = await rejection(bot.socket.sendMessage(destination, content, options))
    expect({ code: error.code, field: (error.data as { field?: string } | undefined)?.field }).toEqual({
      code: input.code,
      field: input.field,
    })
    expect(error.output.statusCode).toBe(400)
    expect(left()).toEqual(before)
  })

  it('and what is right still goes', async () => {
    const sent = await bot.socket.sendMessage(bob.jid, { text: 'all is well' })
    await bob.waitForMessage(({ id }) => id === sent?.key.id)
    expect(left().messages).toBe(1)
  })
})
