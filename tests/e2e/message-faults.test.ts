import type { FaultRule, Phone } from '@kurir/simulator'
import { SeededRandom, Simulator } from '@kurir/simulator'
import { afterEach, describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { MessageTrace } from './support/message-trace.js'
import { World } from './support/world.js'

/**
 * A conversation of many parties while deliveries go wrong in every way the service can think of. Repeat a failure with
 * the seed that it names: `KURIR_SEED=… npx vitest run --project e2e tests/e2e/message-faults.test.ts`.
 */
const SEEDS = (process.env['KURIR_SEED'] ?? 'first,second').split(',')
const MESSAGES = Number(process.env['KURIR_MESSAGES'] ?? 500)
/** Messages that are under way at the same time. */
const SIDE_BY_SIDE = 6
const BETWEEN_RECONNECTS = 90

/** What happens to messages on the way to clients and phones. The first rule that strikes decides. */
const disturbances: FaultRule[] = [
  { direction: 'to-client', match: { tag: 'message' }, probability: 0.06, action: { kind: 'corrupt' } },
  {
    direction: 'to-client',
    match: { tag: 'message' },
    probability: 0.06,
    action: { kind: 'drop', redeliverAfterMs: 40 },
  },
  { direction: 'to-client', match: { tag: 'message' }, probability: 0.05, action: { kind: 'drop' } },
  { direction: 'to-client', match: { tag: 'message' }, probability: 0.08, action: { kind: 'duplicate', afterMs: 15 } },
  { direction: 'to-client', match: { tag: 'message' }, probability: 0.04, action: { kind: 'duplicate', copies: 2 } },
  {
    direction: 'to-client',
    match: { tag: 'message' },
    probability: 0.15,
    action: { kind: 'reorder', window: 4, holdMs: 30 },
  },
  {
    direction: 'to-client',
    match: { tag: 'message' },
    probability: 0.1,
    action: { kind: 'delay', milliseconds: [1, 40] },
  },
  // Receipts of clients and acks of the service get lost too: what was taken over is delivered again.
  { direction: 'from-client', match: { tag: 'receipt' }, probability: 0.08, action: { kind: 'drop' } },
  { direction: 'to-client', match: { tag: 'ack', companion: true }, probability: 0.05, action: { kind: 'drop' } },
  { direction: 'to-client', match: { tag: 'receipt' }, probability: 0.05, action: { kind: 'duplicate' } },
]

interface Party {
  readonly name: string
  /** Texts that were sent to it, by others or by its own other devices. */
  readonly expected: Set<string>
  readonly received: () => string[]
}

describe('deliveries out of order, twice, late, lost and corrupted', () => {
  let world: World

  afterEach(() => world.end())

  it.each(SEEDS)('%s: every message arrives exactly once', async seed => {
    world = new World(await Simulator.start({ seed }))
    await converse(world, seed).catch(error => {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error })
    })
  })
})

async function converse(world: World, seed: string): Promise<void> {
  const random = new SeededRandom(seed)
  const phones = [
    await world.phone('Alice'),
    await world.phone('Bob'),
    await world.phone('Carol'),
    await world.phone('Dave'),
  ] as const
  const [alice, bob] = phones
  const trace = new MessageTrace(world.service)
  const ids = new Map<string, string>()
  const bot = await world.linked(alice)
  const companion = await world.linked(bob)
  const group = await alice.createGroup(
    'All',
    phones.slice(1).map(({ jid }) => jid),
  )
  const { faults } = world.service
  const parties = new Map<Phone | KurirClient, Party>([
    ...phones.map(phone => [phone, partyOf(phone)] as const),
    [bot, clientParty('bot', bot)],
    [companion, clientParty('companion', companion)],
  ])
  for (const rule of disturbances) faults.add(rule)
  const clients = [bot, companion]
  for (let sent = 0; sent < MESSAGES; ) {
    const batch = Math.min(1 + random.below(SIDE_BY_SIDE), MESSAGES - sent)
    const sends = Array.from({ length: batch }, (_, index) =>
      oneMessage(random, `${seed} ${sent + index}`, group, parties, ids),
    )
    sent += batch
    await Promise.all(sends)
    if (sent % BETWEEN_RECONNECTS < batch) {
      const client = random.pick(clients)
      // What it has sent must have reached the service: only what comes back may get lost.
      await client.socket.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } })
      if (random.chance(0.5)) await client.end()
      else world.service.disconnect(client.jid)
      await client.closed()
      await oneMessage(random, `${seed} while away ${sent}`, group, parties, ids, [...phones])
      await client.reconnect()
    }
  }
  faults.clear()
  for (let round = 1; round <= 5 && (round === 1 || lacking(parties).length > 0); round += 1) {
    for (const client of clients) await settle(world, client)
    for (const phone of phones) {
      phone.goOffline()
      phone.goOnline()
    }
    await bot.waitFor(() => lacking(parties).length === 0, 'everything', 2000).catch(() => {})
  }
  const lost = lacking(parties)
  const examples = lost
    .slice(0, 3)
    .map(entry => `${entry}\n${trace.of(ids.get(entry.slice(entry.indexOf(': ') + 2)) ?? '')}`)
  expect(lost, `lost on the way:\n${examples.join('\n')}`).toEqual([])
  for (const party of parties.values()) {
    expect(party.received().toSorted(), party.name).toEqual([...party.expected].toSorted())
  }
  expect(world.violations).toEqual([])
}

/** Who still lacks what. */
function lacking(parties: ReadonlyMap<unknown, Party>): string[] {
  return [...parties.values()].flatMap(({ name, expected, received }) => {
    const there = new Set(received())
    return [...expected].filter(text => !there.has(text)).map(text => `${name}: ${text}`)
  })
}

/** Redelivers until a client has confirmed everything. */
async function settle(world: World, client: KurirClient): Promise<void> {
  await client.end()
  await client.reconnect()
  await client.waitFor(() => world.service.unconfirmed(client.jid) === 0, 'confirmation of everything')
}

function partyOf(phone: Phone): Party {
  return {
    name: `phone ${phone.number}`,
    expected: new Set(),
    received: () => phone.messages.flatMap(({ text }) => text ?? []),
  }
}

function clientParty(name: string, client: KurirClient): Party {
  return { name, expected: new Set(), received: () => client.texts() }
}

/** Somebody writes to somebody, or to the group. Notes who is to get it. */
async function oneMessage(
  random: SeededRandom,
  text: string,
  group: string,
  parties: ReadonlyMap<Phone | KurirClient, Party>,
  ids: Map<string, string>,
  senders: readonly (Phone | KurirClient)[] = [...parties.keys()],
): Promise<void> {
  const all = [...parties.keys()]
  const sender = random.pick(senders)
  const account = accountOf(sender)
  const others = all.filter(other => accountOf(other) !== account)
  const addressee = random.chance(0.3) ? undefined : random.pick(others)
  const partner = addressee && accountOf(addressee)
  const jid = addressee === undefined ? group : random.chance(0.3) ? lidOf(addressee) : `${partner}@s.whatsapp.net`
  for (const [party, { expected }] of parties) {
    const concerned = partner === undefined || accountOf(party) === partner || accountOf(party) === account
    // Own messages are reported to clients too; a phone knows what it sent.
    if (concerned && (party !== sender || 'socket' in party)) expected.add(text)
  }
  ids.set(text, 'socket' in sender ? await sender.sendText(jid, text) : await sender.send(jid, { text }))
}

function accountOf(party: Phone | KurirClient): string {
  return 'socket' in party ? (party.jid.split(':')[0] ?? '') : party.number
}

function lidOf(party: Phone | KurirClient): string {
  return 'socket' in party ? party.lid.replace(/:\d+@/, '@') : party.lid
}
