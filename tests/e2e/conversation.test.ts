import type { TracedStanza } from '@kurir/simulator'
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir'
import { describe, expect, it } from 'vitest'
import { type KurirClient, rejection, textOf } from './support/kurir-client.js'
import { type World, worldForEachTest } from './support/world.js'

/** Everything that the service reads and writes from now on. */
function traced(world: World): TracedStanza[] {
  const stanzas: TracedStanza[] = []
  world.service.onStanza(stanza => stanzas.push(stanza))
  return stanzas
}

const from = (client: KurirClient, stanzas: readonly TracedStanza[]): BinaryNode[] =>
  stanzas.flatMap(({ direction, device, node }) => (direction === 'from-client' && device === client.jid ? [node] : []))

const confirmedIds = (node: BinaryNode): string[] =>
  node.tag === 'receipt'
    ? [node, ...getBinaryNodeChildren(getBinaryNodeChild(node, 'list'), 'item')].map(({ attrs }) => attrs['id'] ?? '')
    : []

const retryRequests = (stanzas: readonly TracedStanza[]): BinaryNode[] =>
  stanzas.flatMap(({ direction, node }) =>
    direction === 'from-client' && node.tag === 'receipt' && node.attrs['type'] === 'retry' ? [node] : [],
  )

const requestsFor = (xmlns: string, child: string, nodes: readonly BinaryNode[]): BinaryNode[] =>
  nodes.filter(node => node.attrs['xmlns'] === xmlns && getBinaryNodeChild(node, child) !== undefined)

function hasAll(client: KurirClient, texts: readonly string[]): boolean {
  const received = new Set(client.texts())
  return texts.every(text => received.has(text))
}

/** All `<enc>` in a stanza, however deep. */
const encs = (node: BinaryNode): BinaryNode[] =>
  Array.isArray(node.content) ? node.content.flatMap(child => (child.tag === 'enc' ? [child] : encs(child))) : []

describe('what others get wrong (design: defects that are not inherited)', () => {
  const world = worldForEachTest()

  it('sending and receiving at once on one session: nothing is lost, nothing is asked for again', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const [left, right] = [await world().linked(alice), await world().linked(bob)]
    await left.sendText(bob.jid, 'hello')
    await right.text('hello')
    await right.sendText(alice.jid, 'hello yourself')
    await left.text('hello yourself')
    const stanzas = traced(world())
    const texts = Array.from({ length: 100 }, (_, index) => `${index}`)
    await Promise.all(
      texts.flatMap(text => [left.sendText(bob.jid, `left ${text}`), right.sendText(alice.jid, `right ${text}`)]),
    )
    const all = texts.flatMap(text => [`left ${text}`, `right ${text}`])
    for (const client of [left, right]) await client.waitFor(() => hasAll(client, all), 'all')
    const received = (client: KurirClient, prefix: string) => client.texts().filter(text => text.startsWith(prefix))
    // Those of one sender arrive in the order in which they left.
    expect(received(left, 'right ')).toEqual(texts.map(text => `right ${text}`))
    expect(received(right, 'left ')).toEqual(texts.map(text => `left ${text}`))
    expect(retryRequests(stanzas)).toEqual([])
    expect([...left.unreadable, ...right.unreadable]).toEqual([])
  })

  it('fifty first messages to one contact look it up once and use one prekey of each device', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const companion = await world().linked(bob)
    const stanzas = traced(world())
    const texts = Array.from({ length: 50 }, (_, index) => `first ${index}`)
    await Promise.all(texts.map(text => bot.sendText(bob.jid, text)))
    await companion.waitFor(() => hasAll(companion, texts), 'all')
    const sent = from(bot, stanzas)
    const asked = requestsFor('encrypt', 'key', sent).flatMap(node =>
      getBinaryNodeChildren(getBinaryNodeChild(node, 'key'), 'user').map(({ attrs }) => attrs['jid']),
    )
    expect(asked.length).toBe(new Set(asked).size)
    const lookedUp = requestsFor('usync', 'usync', sent).flatMap(node =>
      getBinaryNodeChildren(getBinaryNodeChild(getBinaryNodeChild(node, 'usync'), 'list'), 'user').map(
        ({ attrs }) => attrs['jid'],
      ),
    )
    expect(lookedUp.filter(jid => jid === bob.jid)).toHaveLength(1)
    expect(companion.unreadable).toEqual([])
  })

  it('a resend carries one ciphertext, for the device that asked', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const companion = await world().linked(bob)
    await bot.sendText(bob.jid, 'warm up')
    await companion.text('warm up')
    const stanzas = traced(world())
    const corruption = { tag: 'message', device: companion.jid }
    world().service.faults.add({ direction: 'to-client', match: corruption, times: 1, action: { kind: 'corrupt' } })
    const id = await bot.sendText(bob.jid, 'read me')
    await companion.text('read me')
    expect(companion.unreadable).toHaveLength(1)
    const [first, resend, ...rest] = from(bot, stanzas).filter(
      node => node.tag === 'message' && node.attrs['id'] === id,
    )
    expect(rest).toEqual([])
    expect(encs(first ?? { tag: '', attrs: {} })).toHaveLength(3)
    expect(resend?.attrs).toMatchObject({ to: expect.stringContaining(':1@'), device_fanout: 'false' })
    expect(resend && encs(resend)).toHaveLength(1)
    expect(resend && getBinaryNodeChild(resend, 'participants')).toBeUndefined()
    expect(resend && encs(resend)[0]?.attrs).toMatchObject({ count: '1' })
    // The bad MAC was asked for once, with its reason.
    expect(retryRequests(stanzas).map(node => getBinaryNodeChild(node, 'retry')?.attrs)).toMatchObject([
      { id, count: '1', error: '7' },
    ])
  })

  it('a message that comes twice is no reason to ask again', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const stanzas = traced(world())
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: bot.jid },
      action: { kind: 'duplicate', copies: 3 },
    })
    let copies = 0
    bot.socket.ws.on('CB:message', () => {
      copies += 1
    })
    const texts = Array.from({ length: 10 }, (_, index) => `once ${index}`)
    for (const text of texts) await bob.send(alice.jid, { text })
    await bot.text('once 9')
    // Receipts of one turn share a stanza, and copies of one message an entry in it.
    const confirmed = () => new Set(from(bot, stanzas).flatMap(confirmedIds)).size
    await bot.waitFor(() => copies >= 40 && confirmed() >= texts.length, 'receipts for all copies')
    expect(bot.texts()).toEqual(texts)
    expect(retryRequests(stanzas)).toEqual([])
    expect(bot.unreadable).toEqual([])
  })

  it('a message that stays unreadable is shown as such, and asked for five times at most', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    await bob.send(alice.jid, { text: 'warm up' })
    await bot.text('warm up')
    const stanzas = traced(world())
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: bot.jid },
      action: { kind: 'corrupt' },
    })
    const id = await bob.send(alice.jid, { text: 'never' })
    await bot.waitFor(() => bot.unreadable.filter(({ key }) => key.id === id).length >= 6, 'placeholders')
    const acks = () => from(bot, stanzas).filter(({ tag, attrs }) => tag === 'ack' && attrs['id'] === id)
    await bot.waitFor(() => acks().length > 0, 'final answer')
    expect(acks()).toMatchObject([{ attrs: { class: 'message', error: '500' } }])
    const requests = retryRequests(stanzas)
    expect(requests.map(node => getBinaryNodeChild(node, 'retry')?.attrs['count'])).toEqual(['1', '2', '3', '4', '5'])
    expect(requests.map(node => getBinaryNodeChild(node, 'keys') !== undefined)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
    expect(bot.readable.filter(message => textOf(message) === 'never')).toEqual([])
    // The next one is readable again.
    world().service.faults.clear()
    await bob.send(alice.jid, { text: 'but this' })
    await bot.text('but this')
  })

  it('an answer that never comes makes sending fail with 408, and the next try works', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice, { config: { defaultQueryTimeoutMs: 200 } })
    for (const xmlns of ['usync', 'encrypt']) {
      const silence = world().service.faults.add({
        direction: 'from-client',
        match: { tag: 'iq', xmlns, device: bot.jid },
        action: { kind: 'drop' },
      })
      const error = await rejection(bot.sendText(bob.jid, `without ${xmlns}`))
      expect(error).toMatchObject({ code: 'timed-out', output: { statusCode: 408 }, retryable: true })
      silence.remove()
    }
    await bot.sendText(bob.jid, 'at last')
    await bob.waitForMessage(({ text }) => text === 'at last')
    expect(bob.messages.map(({ text }) => text)).toEqual(['at last'])
  })
})

describe('device lists that are out of date (docs/protocol/02 §7.12)', () => {
  const world = worldForEachTest()

  it('a device that was linked unnoticed gets the message too, once', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    await bot.sendText(bob.jid, 'to the phone')
    await bob.waitForMessage(({ text }) => text === 'to the phone')
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'notification', type: 'devices', device: bot.jid },
      action: { kind: 'drop' },
    })
    const companion = await world().linked(bob)
    await bot.sendText(bob.jid, 'to both')
    await companion.text('to both')
    await bot.sendText(bob.jid, 'known now')
    await companion.text('known now')
    expect(companion.texts()).toEqual(['to both', 'known now'])
    expect(bob.messages.filter(({ text }) => text === 'to both')).toHaveLength(1)
  })

  it('an own device that was linked unnoticed gets a copy too', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    await bot.sendText(bob.jid, 'first')
    await alice.waitForMessage(({ text }) => text === 'first')
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'notification', device: bot.jid },
      action: { kind: 'drop' },
    })
    const second = await world().linked(alice)
    const id = await bot.sendText(bob.jid, 'second')
    expect((await second.text('second')).key).toMatchObject({ id, fromMe: true })
  })

  it('in a group as well: a new member device and a new member', async () => {
    const phones = [await world().phone('Alice'), await world().phone('Bob'), await world().phone('Carol')] as const
    const [alice, bob, carol] = phones
    const bot = await world().linked(alice)
    const group = await alice.createGroup('Team', [bob.jid])
    await bot.sendText(group, 'one')
    await bob.waitForMessage(({ text }) => text === 'one')
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'notification', device: bot.jid },
      action: { kind: 'drop' },
    })
    const companion = await world().linked(bob)
    await bot.sendText(group, 'two')
    await companion.text('two')
    await alice.changeGroup(group, 'add', [carol.jid])
    await bot.sendText(group, 'three')
    await carol.waitForMessage(({ text }) => text === 'three')
    await bot.sendText(group, 'four')
    for (const phone of [bob, carol]) await phone.waitForMessage(({ text }) => text === 'four')
    await companion.text('four')
    expect(companion.texts()).toEqual(['two', 'three', 'four'])
    expect(bob.messages.flatMap(({ text }) => text ?? [])).toEqual(['one', 'two', 'three', 'four'])
  })

  it('who left a group cannot read on: the sender key is replaced', async () => {
    const phones = [await world().phone('Alice'), await world().phone('Bob'), await world().phone('Carol')] as const
    const [alice, bob, carol] = phones
    const bot = await world().linked(alice)
    const group = await alice.createGroup('Team', [bob.jid, carol.jid])
    await bot.sendText(group, 'all')
    await carol.waitForMessage(({ text }) => text === 'all')
    const stanzas = traced(world())
    await alice.changeGroup(group, 'remove', [carol.jid])
    const isNewsAck = ({ tag, attrs }: BinaryNode) => tag === 'ack' && attrs['type'] === 'w:gp2'
    await bot.waitFor(() => from(bot, stanzas).some(isNewsAck), 'the news')
    const id = await bot.sendText(group, 'without Carol')
    await bob.waitForMessage(({ text }) => text === 'without Carol')
    const stanza = from(bot, stanzas).find(node => node.attrs['id'] === id)
    const given = getBinaryNodeChildren(stanza && getBinaryNodeChild(stanza, 'participants'), 'to')
    expect(given.map(({ attrs }) => attrs['jid']?.split('@')[0]).sort()).toEqual(
      [alice.account.lidUser, bob.account.lidUser].sort(),
    )
  })
})

describe('a contact with a new phone (docs/protocol/02 §11.1)', () => {
  const world = worldForEachTest()

  it.each(['while we are connected', 'while we are away'])('%s: both directions go on', async when => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const companion = await world().linked(bob)
    await bot.sendText(bob.jid, 'old phone')
    await companion.text('old phone')
    await bob.send(alice.jid, { text: 'from the old phone' })
    await bot.text('from the old phone')
    if (when === 'while we are away') await bot.end()
    await bob.reinstall()
    if (when === 'while we are away') await bot.reconnect()
    await bob.send(alice.jid, { text: 'from the new phone' })
    await bot.text('from the new phone')
    await bot.sendText(bob.jid, 'new phone')
    expect(await bob.waitForMessage(({ text }) => text === 'new phone')).toMatchObject({ retries: 0 })
    expect(await companion.closed()).toMatchObject({ code: 'logged-out' })
    expect(companion.texts()).not.toContain('new phone')
    expect(bot.unreadable).toEqual([])
  })

  it('and nobody told us: the first message is asked for again, and read', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    await bot.sendText(bob.jid, 'old phone')
    await bob.waitForMessage(({ text }) => text === 'old phone')
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'notification', device: bot.jid },
      action: { kind: 'drop' },
    })
    await bob.reinstall()
    await bot.sendText(bob.jid, 'new phone')
    expect(await bob.waitForMessage(({ text }) => text === 'new phone')).toMatchObject({ retries: 1 })
    await bob.send(alice.jid, { text: 'got it' })
    await bot.text('got it')
  })
})
