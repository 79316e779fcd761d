import { beforeEach, describe, expect, it } from 'vitest'
import type { BaileysClient } from './support/baileys-client.js'
import { Conversation } from './support/conversation.js'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

describe('a message that could not be read comes again, between Kurir and Baileys', () => {
  const world = worldForEachTest()
  let talk: Conversation
  let devices: { readonly kurir: KurirClient; readonly baileys: BaileysClient }

  beforeEach(async () => {
    const [left, right] = await Promise.all([world().phone('Kurir', 'strict'), world().phone('Baileys', 'lenient')])
    const [kurir, baileys] = await Promise.all([world().linked('kurir', left), world().linked('baileys', right)])
    const others = await Promise.all([world().linked('kurir', left), world().linked('baileys', right)])
    talk = new Conversation(
      { phone: left, companions: [kurir, others[0]] },
      { phone: right, companions: [baileys, others[1]] },
    )
    devices = { kurir, baileys }
    await talk.takeTurns('before', 3)
  })

  /** The repaired text is there once, and what follows needs no repair. */
  const expectRepaired = async () => {
    const repairs = world().retryReceipts
    expect(repairs).toBeGreaterThan(0)
    await talk.takeTurns('after', 3)
    expect(world().retryReceipts).toBe(repairs)
    talk.expectEveryDeviceToHaveSeenEverything()
    expect(world().violations).toEqual([])
  }

  it.each([
    ['kurir', 'baileys'],
    ['baileys', 'kurir'],
  ] as const)('damaged on the way from %s to %s', async (from, to) => {
    world().corruptNextMessageTo(devices[to])
    await talk.say(devices[from], 'damaged')
    await expectRepaired()
  })

  it.each([
    ['kurir', 'baileys'],
    ['baileys', 'kurir'],
  ] as const)('from %s to %s, which has lost its session', async (from, to) => {
    await devices[to].loseSession(devices[from].lid)
    await talk.say(devices[from], 'without session')
    await expectRepaired()
  })

  it('that Baileys encrypted with a key it had used before', async () => {
    const { kurir, baileys } = devices
    const restore = await baileys.rememberSession(kurir.lid)
    await talk.say(baileys, 'first use of the key')
    await restore()
    await talk.say(baileys, 'second use of the key')
    await expectRepaired()
  })
})
