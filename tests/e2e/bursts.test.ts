import { describe, expect, it } from 'vitest'
import { type CrashScene, crashScene, killAndRestart } from './support/crashing-state.js'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()

const texts = Array.from({ length: 12 }, (_, index) => `message ${index}`)

/** The conversation before the burst. */
const before = ['hello', 'go on']

const quiet = (bot: KurirClient, state: CrashScene['state']) =>
  bot.waitFor(() => world().service.unconfirmed(bot.jid) === 0 && state.isEmpty('inbox'), 'quiet')

/** Bob has written all texts while the store is busy with the first one. */
async function burst(): Promise<CrashScene> {
  const scene = await crashScene(world(), { transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 1 } })
  const { alice, bob, bot, state } = scene
  await bob.send(alice.jid, { text: 'hello' })
  await bot.text('hello')
  // With an answer, the session needs no prekey messages any more.
  const answerId = await bot.sendText(bob.jid, 'go on')
  await bob.waitForMessage(({ id }) => id === answerId)
  await quiet(bot, state)
  state.hold()
  for (const text of texts) await bob.send(alice.jid, { text })
  await bot.waitFor(() => world().service.unconfirmed(bot.jid) === texts.length, 'delivery of everything')
  state.writes.length = 0
  return scene
}

const commits = ({ state }: CrashScene) => state.writes.filter(write => write['session'] && write['inbox'])

describe('a burst of messages from one device', () => {
  it('is committed together, confirmed after that, and handed over in order', async () => {
    const at = await burst()
    expect(at.bot.texts()).toEqual(before)
    at.state.release()
    await quiet(at.bot, at.state)
    expect(at.bot.texts()).toEqual([...before, ...texts])
    const sizes = commits(at).map(write => write['inbox'] ?? 0)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(texts.length)
    // The first one may have gone ahead.
    expect(sizes.length).toBeLessThanOrEqual(2)
  })

  it('comes again as a whole when the process dies before the commit', async () => {
    const at = await burst()
    const { again, state } = await killAndRestart(world(), at, {})
    await quiet(again, state)
    expect(again.texts()).toEqual(texts)
    expect(again.readable.some(({ redelivered }) => redelivered !== undefined)).toBe(false)
  })

  it('is committed one by one when the store does not take it as a whole', async () => {
    const at = await burst()
    at.state.limits.set('inbox', 2)
    at.state.release()
    await at.bot.text(texts.at(-1) ?? '')
    expect(at.bot.texts()).toEqual([...before, ...texts])
    expect(commits(at).map(write => write['inbox'])).toEqual(texts.map(() => 1))
  })

  it('leaves out what comes twice in it', async () => {
    const at = await burst()
    const { faults } = world().service
    faults.add({ direction: 'to-client', match: { tag: 'message' }, action: { kind: 'duplicate' } })
    await at.bob.send(at.alice.jid, { text: 'twice' })
    at.state.release()
    await at.bot.text('twice')
    await quiet(at.bot, at.state)
    expect(at.bot.texts()).toEqual([...before, ...texts, 'twice'])
  })
})
