import type { BinaryNode, WAMessage } from 'kurir'
import { describe, expect, it } from 'vitest'
import {
  CrashingState,
  type CrashScene,
  crashScene,
  killAndRestart,
  type RestartOptions,
} from './support/crashing-state.js'
import { type KurirClient, textOf } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** The rows of docs/guarantees.md, one test each. */
const world = worldForEachTest()

async function scene(): Promise<CrashScene> {
  const { alice, bob, state, bot } = await crashScene(world())
  await bob.send(alice.jid, { text: 'hello' })
  await bot.text('hello')
  await bot.waitFor(() => world().service.unconfirmed(bot.jid) === 0 && state.isEmpty('inbox'), 'quiet')
  return { alice, bob, state, bot }
}

const never = () => new Promise<void>(() => {})

const restart = (life: Pick<CrashScene, 'state' | 'bot'>, options: RestartOptions = {}) =>
  killAndRestart(world(), life, options)

const marks = (messages: readonly WAMessage[]) => messages.map(message => [textOf(message), message.redelivered])

const confirmed = (client: KurirClient) =>
  client.waitFor(() => world().service.unconfirmed(client.jid) === 0, 'receipts for everything')

describe('a received message, when the process dies', () => {
  it('before the commit: the server delivers it again, and nobody has seen it', async () => {
    const at = await scene()
    at.state.hold()
    await at.bob.send(at.alice.jid, { text: 'one' })
    await at.bot.waitFor(() => world().service.unconfirmed(at.bot.jid) > 0, 'delivery')
    expect(at.bot.texts()).toEqual(['hello'])
    const { again } = await restart(at)
    await again.text('one')
    expect(marks(again.readable)).toEqual([['one', undefined]])
    await confirmed(again)
    expect(at.bot.texts()).toEqual(['hello'])
  })

  it('after the commit, before a handler is through: it comes again, marked, before anything new', async () => {
    const at = await scene()
    const handled: string[] = []
    at.bot.socket.ev.process(async events => {
      const messages = events['messages.upsert']?.messages ?? []
      if (messages.length === 0) return
      handled.push(...messages.flatMap(message => textOf(message) ?? []))
      await never()
    })
    await at.bob.send(at.alice.jid, { text: 'one' })
    await at.bob.send(at.alice.jid, { text: 'two' })
    await at.bot.text('two')
    await confirmed(at.bot)
    expect(handled).toEqual(['one'])
    const { again, state } = await restart(at, { meanwhile: () => at.bob.send(at.alice.jid, { text: 'three' }) })
    await again.text('three')
    expect(marks(again.readable)).toEqual([
      ['one', 1],
      ['two', 1],
      ['three', undefined],
    ])
    const idOf = (client: KurirClient, text: string) => client.readable.find(each => textOf(each) === text)?.key.id
    for (const text of ['one', 'two']) expect(idOf(again, text)).toBe(idOf(at.bot, text))
    await again.waitFor(() => state.isEmpty('inbox'), 'an empty inbox')
  })

  it('again and again: the mark counts', async () => {
    const at = await scene()
    at.bot.socket.ev.process(never)
    await at.bob.send(at.alice.jid, { text: 'one' })
    await at.bot.text('one')
    const second = await restart(at, { handler: never })
    expect(marks(second.again.readable)).toEqual([['one', 1]])
    const third = await restart({ bot: second.again, state: second.state })
    expect(marks(third.again.readable)).toEqual([['one', 2]])
    await third.again.waitFor(() => third.state.isEmpty('inbox'), 'an empty inbox')
    const fourth = await restart({ bot: third.again, state: third.state })
    expect(fourth.again.readable).toEqual([])
  })

  it('before the receipt arrived: the second delivery is confirmed, and handed over once', async () => {
    const at = await scene()
    const { faults } = world().service
    const lost = faults.add({ direction: 'from-client', match: { tag: 'receipt' }, action: { kind: 'drop' } })
    await at.bob.send(at.alice.jid, { text: 'one' })
    await at.bot.text('one')
    await at.bot.waitFor(() => lost.hits > 0 && at.state.isEmpty('inbox'), 'a lost receipt')
    lost.remove()
    const { again } = await restart(at)
    await confirmed(again)
    expect(again.messages).toEqual([])
  })

  it('after it was handled: another copy of it is confirmed and not handed over', async () => {
    const at = await scene()
    const stanzas: BinaryNode[] = []
    at.bot.socket.ws.on('CB:message', (node: BinaryNode) => stanzas.push(node))
    await at.bob.send(at.alice.jid, { text: 'one' })
    await at.bot.text('one')
    await at.bot.waitFor(() => at.state.isEmpty('inbox'), 'an empty inbox')
    const { again } = await restart(at)
    const [stanza] = stanzas
    if (!stanza) throw new Error('no stanza')
    const resent = new Promise<void>(resolve => {
      again.socket.ws.on('CB:message', (node: BinaryNode) => {
        if (node.attrs['id'] === stanza.attrs['id']) resolve()
      })
    })
    await again.socket.sendRetryRequest(stanza)
    await resent
    await confirmed(again)
    expect(again.messages).toEqual([])
  })
})

describe('the acknowledgement of a received message', () => {
  it('waits for the commit', async () => {
    const at = await scene()
    at.state.hold()
    await at.bob.send(at.alice.jid, { text: 'one' })
    await at.bot.waitFor(() => world().service.unconfirmed(at.bot.jid) === 1, 'delivery')
    expect(await world().service.ping(at.bot.jid)).toBe(true)
    expect(world().service.unconfirmed(at.bot.jid)).toBe(1)
    expect(at.bot.texts()).toEqual(['hello'])
    at.state.release()
    await at.bot.text('one')
    await confirmed(at.bot)
  })

  it('does not wait for the handlers', async () => {
    const at = await scene()
    at.bot.socket.ev.process(never)
    await at.bob.send(at.alice.jid, { text: 'one' })
    await confirmed(at.bot)
    expect(at.state.slots('inbox')).toHaveLength(1)
  })
})

describe('the inbox', () => {
  it('hands over on the next connection what the emitter of this one was destroyed with', async () => {
    const { alice, bob, state, bot } = await scene()
    bot.socket.ev.process(never)
    bot.socket.ev.buffer()
    await bob.send(alice.jid, { text: 'one' })
    await confirmed(bot)
    bot.socket.ev.destroy()
    world().service.disconnect(bot.jid)
    await bot.reconnect()
    await bot.text('one')
    expect(marks(bot.readable).at(-1)).toEqual(['one', 1])
    await bot.waitFor(() => state.isEmpty('inbox'), 'an empty inbox')
  })

  it('keeps a message until what follows from it could be stored', async () => {
    const alice = await world().phone('Alice', { shareAppStateKey: true })
    const state = new CrashingState()
    state.refused = 'app-state-sync-key'
    const bot = await world().linked(alice, { auth: state.state })
    await bot.waitFor(() => bot.messages.some(({ message }) => message?.protocolMessage?.appStateSyncKeyShare), 'keys')
    await confirmed(bot)
    expect(state.has('app-state-sync-key')).toBe(false)
    state.refused = undefined
    await bot.end()
    await bot.reconnect()
    await bot.waitFor(() => state.has('app-state-sync-key') && state.isEmpty('inbox'), 'stored keys')
  })

  it('does without a store that knows the type: messages are received as before', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const { state } = new CrashingState()
    const { keys } = state
    const strict = {
      ...state,
      keys: {
        get: keys.get,
        set: async (data: Parameters<typeof keys.set>[0]) => {
          if (data.inbox ?? data.outbox) throw new Error('no such table')
          await keys.set(data)
        },
      },
    }
    const bot = await world().linked(alice, { auth: strict })
    await bob.send(alice.jid, { text: 'one' })
    await bob.send(alice.jid, { text: 'two' })
    await bot.text('two')
    await confirmed(bot)
    expect(bot.texts()).toEqual(['one', 'two'])
  })
})
