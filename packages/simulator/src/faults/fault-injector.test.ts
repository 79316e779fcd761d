import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Phone } from '../phone/phone.js'
import { Simulator } from '../simulator.js'
import type { FaultAction } from './fault-rule.js'

let wa: Simulator
let alice: Phone
let bob: Phone

const start = async (seed: string) => {
  wa = await Simulator.start({ seed })
  alice = await wa.phone('6281110001')
  bob = await wa.phone('6281110002')
}

beforeEach(() => start('faults'))
afterEach(() => wa.stop())

const texts = (phone: Phone) => phone.messages.map(({ text }) => text)
const toBob = (action: FaultAction, more: object = {}) =>
  wa.faults.add({ direction: 'to-client', match: { tag: 'message', device: bob.number }, action, ...more })

describe('faults on stanzas', () => {
  it('delivers every message exactly once under duplicates, delays, reordering and losses', async () => {
    toBob({ kind: 'drop', redeliverAfterMs: 5 }, { probability: 0.1 })
    toBob({ kind: 'duplicate', afterMs: 2 }, { probability: 0.2 })
    toBob({ kind: 'delay', milliseconds: [0, 8] }, { probability: 0.3 })
    toBob({ kind: 'reorder', window: 3, holdMs: 20 }, { probability: 0.3 })
    const sent = Array.from({ length: 300 }, (_, index) => `text ${index}`)
    for (const text of sent) await alice.send(bob.jid, { text })
    await bob.waitForMessage(() => bob.messages.length === sent.length)
    await expect.poll(() => wa.unconfirmed(bob.jid)).toBe(0)
    expect([...texts(bob)].sort()).toEqual([...sent].sort())
    expect(texts(bob)).not.toEqual(sent)
    expect(wa.faults.rules.every(({ hits }) => hits > 0)).toBe(true)
    expect(wa.violations.map(({ message }) => message)).toEqual([])
  })

  it('repeats a lost stanza alone, not everything that waits', async () => {
    bob.goOffline()
    for (let index = 0; index < 200; index += 1) await alice.send(bob.jid, { text: String(index) })
    const fault = toBob({ kind: 'drop', redeliverAfterMs: 1 }, { probability: 0.5 })
    bob.goOnline()
    await bob.waitForMessage(() => bob.messages.length === 200)
    await expect.poll(() => wa.unconfirmed(bob.jid)).toBe(0)
    expect(fault.hits).toBeLessThan(400)
    expect(new Set(texts(bob)).size).toBe(200)
  })

  it('strikes the same stanzas under the same seed', async () => {
    const run = async () => {
      await wa.stop()
      await start('repeatable')
      const fault = toBob({ kind: 'drop' }, { probability: 0.5 })
      for (let index = 0; index < 40; index += 1) await alice.send(bob.jid, { text: String(index) })
      await bob.settled()
      return { hits: fault.hits, arrived: texts(bob) }
    }
    const first = await run()
    expect(first.arrived.length).toBe(40 - first.hits)
    expect(await run()).toEqual(first)
  })

  it('repairs a corrupted message by a retry', async () => {
    toBob({ kind: 'corrupt' }, { times: 1 })
    await alice.send(bob.jid, { text: 'damaged' })
    expect(await bob.waitForMessage()).toMatchObject({ text: 'damaged', retries: 1 })
    expect(wa.violations.map(({ message }) => message)).toEqual([])
  })

  it('keeps what was lost for the next connection', async () => {
    toBob({ kind: 'drop' })
    await alice.send(bob.jid, { text: 'lost' })
    await bob.settled()
    expect(texts(bob)).toEqual([])
    wa.faults.clear()
    bob.goOffline()
    bob.goOnline()
    expect(await bob.waitForMessage()).toMatchObject({ text: 'lost', offline: true })
  })

  it('refuses a message with the code asked for', async () => {
    wa.faults.add({
      direction: 'from-client',
      match: { tag: 'message', device: alice.jid },
      times: 1,
      action: { kind: 'nack', code: 463 },
    })
    await expect(alice.send(bob.jid, { text: 'refused' })).rejects.toMatchObject({
      code: 'message-refused',
      data: { code: '463' },
    })
    await alice.send(bob.jid, { text: 'accepted' })
    expect(await bob.waitForMessage()).toMatchObject({ text: 'accepted' })
  })

  it('skips, counts and ends as the rule says', async () => {
    const fault = toBob({ kind: 'drop' }, { skip: 1, times: 2 })
    for (const text of ['a', 'b', 'c', 'd']) await alice.send(bob.jid, { text })
    await bob.settled()
    expect(texts(bob)).toEqual(['a', 'd'])
    expect(fault.hits).toBe(2)
    fault.remove()
    expect(wa.faults.rules).toEqual([])
  })
})
