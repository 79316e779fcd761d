import type { Phone } from '@kurir/simulator'
import type { WAMessageUpdate } from 'kurir'
import { type AckVerdict, judgeMessageAck, parseMessageAck } from 'kurir/messages'
import { describe, expect, it } from 'vitest'
import { type CrashScene, crashScene, killAndRestart } from './support/crashing-state.js'
import { type KurirClient, rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** The rows of docs/guarantees.md on sending, one test each. */
const world = worldForEachTest()

const SERVER_ACK = 2

async function scene(): Promise<CrashScene> {
  const made = await crashScene(world())
  await accepted(made.bot, await made.bot.sendText(made.bob.jid, 'hello'))
  return made
}

const accepted = (client: KurirClient, id: string) =>
  client.waitFor(() => client.status(id) >= SERVER_ACK, `the server's answer to ${id}`)

const updatesOf = (client: KurirClient, id: string): WAMessageUpdate[] =>
  client.events.flatMap(({ name, data }) =>
    name === 'messages.update' ? (data as WAMessageUpdate[]).filter(({ key }) => key.id === id) : [],
  )

const refusalOf = (client: KurirClient, id: string) =>
  client.waitFor(() => updatesOf(client, id).find(({ update }) => update.status === 0), `refusal of ${id}`)

const received = (phone: Phone, text: string) => phone.messages.filter(message => message.text === text)

describe('a sent message', () => {
  it('is stored before it leaves', async () => {
    const { bob, state, bot } = await scene()
    let written = 0
    world().service.onStanza(({ node, direction }) => {
      if (direction === 'from-client' && node.tag === 'message') written += 1
    })
    state.hold()
    const sending = bot.sendText(bob.jid, 'one')
    expect(await world().service.ping(bot.jid)).toBe(true)
    expect(written).toBe(0)
    state.release()
    const id = await sending
    await bob.waitForMessage(message => message.id === id)
    expect(state.slots('outbox').length).toBeGreaterThan(0)
  })

  it.each([
    ['outbox', 'session'],
    ['session', 'outbox'],
  ])('waits for the record of type %s, and type %s is stored meanwhile', async (held, free) => {
    const { bob, state, bot } = await scene()
    await bot.waitFor(() => state.isAnswered, 'a stored answer')
    let written = 0
    world().service.onStanza(({ node, direction }) => {
      if (direction === 'from-client' && node.tag === 'message') written += 1
    })
    const stored = () => state.ids(free).map(id => state.record(free, id))
    const before = stored()
    state.hold(held)
    const sending = bot.sendText(bob.jid, 'one')
    await bot.waitFor(() => stored().some((record, index) => record !== before[index]), `a stored ${free}`)
    expect(await world().service.ping(bot.jid)).toBe(true)
    expect(written).toBe(0)
    state.release()
    const id = await sending
    expect(await bob.waitForMessage(message => message.id === id)).toMatchObject({ text: 'one', retries: 0 })
  })

  it.each(['bob', 'group'])('that a killed process had not brought through is sent by the next one: %s', async to => {
    const at = await scene()
    const chat = to === 'bob' ? at.bob.jid : await at.alice.createGroup('Team', [at.bob.jid])
    await accepted(at.bot, await at.bot.sendText(chat, 'before'))
    const lost = world().service.faults.add({
      direction: 'from-client',
      match: { tag: 'message', device: at.bot.jid },
      action: { kind: 'drop' },
    })
    const ids = [await at.bot.sendText(chat, 'one'), await at.bot.sendText(chat, 'two')]
    await at.bot.waitFor(() => lost.hits === 2, 'two lost stanzas')
    lost.remove()
    const { again } = await killAndRestart(world(), at, {})
    await again.sendText(chat, 'three')
    await at.bob.waitForMessage(({ text }) => text === 'three')
    const texts = at.bob.messages.filter(({ id, text }) => ids.includes(id) || text === 'three')
    expect(texts.map(({ text }) => text)).toEqual(['one', 'two', 'three'])
    expect(texts.map(({ retries }) => retries)).toEqual([0, 0, 0])
    for (const id of ids) await accepted(again, id)
  })

  it('whose answer got lost with the connection is sent again, and arrives once', async () => {
    const { bob, bot } = await scene()
    const lost = world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'ack', class: 'message', device: bot.jid },
      action: { kind: 'drop' },
    })
    const id = await bot.sendText(bob.jid, 'one')
    await bob.waitForMessage(({ text }) => text === 'one')
    await bot.waitFor(() => lost.hits > 0, 'a lost answer')
    lost.remove()
    world().service.disconnect(bot.jid)
    await bot.closed()
    await bot.reconnect()
    await accepted(bot, id)
    await bob.settled()
    expect(received(bob, 'one')).toHaveLength(1)
    expect(updatesOf(bot, id).map(({ key }) => key.remoteJid)).toContain(bob.jid)
  })

  it('that sendMessage rejected is not sent later', async () => {
    const { bob, bot } = await scene()
    await bot.end()
    expect(await rejection(bot.socket.sendMessage(bob.jid, { text: 'one' }))).toMatchObject({
      code: 'connection-closed',
    })
    await bot.reconnect()
    await bot.sendText(bob.jid, 'two')
    await bob.waitForMessage(({ text }) => text === 'two')
    expect(received(bob, 'one')).toEqual([])
  })

  it('answers a retry request after a restart, without getMessage', async () => {
    const at = await scene()
    at.bob.goOffline()
    const id = await at.bot.sendText(at.bob.jid, 'one')
    await accepted(at.bot, id)
    await at.bot.waitFor(() => at.state.isAnswered, 'a stored answer')
    await killAndRestart(world(), at, { config: { getMessage: async () => undefined } })
    await at.bob.loseSession(at.bot.jid)
    at.bob.goOnline()
    expect(await at.bob.waitForMessage(message => message.id === id)).toMatchObject({ text: 'one', retries: 1 })
  })
})

describe('a refused message', () => {
  const refuseOnce = (bot: KurirClient, code: number, times = 1) =>
    world().service.faults.add({
      direction: 'from-client',
      match: { tag: 'message', device: bot.jid },
      times,
      action: { kind: 'nack', code },
    })

  it('is sent again after a while when the server could not take it now', async () => {
    const { bob, bot } = await scene()
    refuseOnce(bot, 503)
    const id = await bot.sendText(bob.jid, 'one')
    await accepted(bot, id)
    expect(await bob.waitForMessage(message => message.id === id)).toMatchObject({ text: 'one' })
    expect(updatesOf(bot, id).map(({ update }) => update.status)).not.toContain(0)
  })

  it('is sent once more with fresh metadata when the group is addressed otherwise', async () => {
    const { alice, bob, bot } = await scene()
    const group = await alice.createGroup('Team', [bob.jid])
    const rule = refuseOnce(bot, 421)
    const id = await bot.sendText(group, 'one')
    await accepted(bot, id)
    expect(await bob.waitForMessage(message => message.id === id)).toMatchObject({ text: 'one' })
    expect(rule.hits).toBe(1)
    refuseOnce(bot, 421, 2)
    const second = await bot.sendText(group, 'two')
    expect((await refusalOf(bot, second)).update.messageStubParameters?.[0]).toBe('421')
  })

  it('for want of trust (463) is followed by a token for the contact, and is not sent again', async () => {
    const { bob, bot } = await scene()
    const asked: string[] = []
    world().service.onStanza(({ node, direction }) => {
      if (direction === 'from-client' && node.tag === 'iq') asked.push(node.attrs['xmlns'] ?? '')
    })
    const verdicts: AckVerdict[] = []
    bot.socket.ws.on('CB:ack,class:message', node =>
      verdicts.push(judgeMessageAck(parseMessageAck(node), { isGroup: false })),
    )
    const rule = refuseOnce(bot, 463, 9)
    const id = await bot.sendText(bob.jid, 'one')
    expect((await refusalOf(bot, id)).update.messageStubParameters).toEqual(['463', 'Your account has been restricted'])
    await bot.waitFor(
      () => asked.includes('privacy') && asked.includes('w:mex'),
      'a token and a question about the lock',
    )
    expect(rule.hits).toBe(1)
    // The way to the typed error that docs/errors.md names.
    expect(verdicts).toMatchObject([{ kind: 'refused', error: { code: 'account-restricted', data: { id } } }])
  })

  it.each([479, 475, 406, 499])('%s is final: ERROR with what it means and what to do', async code => {
    const { bob, bot } = await scene()
    const rule = refuseOnce(bot, code, 9)
    const id = await bot.sendText(bob.jid, 'one')
    const { update, key } = await refusalOf(bot, id)
    expect(key).toMatchObject({ remoteJid: bob.jid, fromMe: true, id })
    expect(update.messageStubParameters?.[0]).toBe(String(code))
    expect(update.messageStubParameters?.[1]).toMatch(/\w+: \w+/)
    await bot.end()
    rule.remove()
    await bot.reconnect()
    await bot.sendText(bob.jid, 'two')
    await bob.waitForMessage(({ text }) => text === 'two')
    expect(received(bob, 'one')).toEqual([])
  })
})
