import type { Phone } from '@kurir/simulator'
import { beforeEach, describe, expect, it } from 'vitest'
import type { BaileysClient } from './support/baileys-client.js'
import { Conversation } from './support/conversation.js'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

describe('Kurir and Baileys as companions of one phone', () => {
  const world = worldForEachTest()
  let phone: Phone
  let kurir: KurirClient
  let baileys: BaileysClient
  let talk: Conversation

  beforeEach(async () => {
    phone = await world().phone('Both', 'lenient')
    const friend = await world().phone('Friend', 'lenient')
    const others = Promise.all([world().linked('baileys', friend), world().linked('baileys', friend)])
    kurir = await world().linked('kurir', phone)
    baileys = await world().linked('baileys', phone)
    talk = new Conversation({ phone, companions: [kurir, baileys] }, { phone: friend, companions: await others })
  })

  it('see what the other one writes as their own, and what comes from others', async () => {
    await talk.takeTurns('text', 15)
    talk.expectEveryDeviceToHaveSeenEverything()
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])
  })

  it('repair their copies of own messages', async () => {
    await talk.takeTurns('before', 3)
    for (const [from, to] of [
      [kurir, baileys],
      [baileys, kurir],
    ] as const) {
      world().corruptNextMessageTo(to)
      await talk.say(from, `damaged copy for ${to.jid}`)
    }
    expect(world().retryReceipts).toBeGreaterThanOrEqual(2)
    await talk.takeTurns('after', 3)
    talk.expectEveryDeviceToHaveSeenEverything()
    expect(world().violations).toEqual([])
  })

  it('see a note that Kurir writes to its own account', async () => {
    await kurir.sendText(phone.jid, 'note')
    expect((await baileys.text('note')).key).toMatchObject({ fromMe: true, remoteJid: phone.jid })
    expect(await phone.waitForMessage(({ text }) => text === 'note')).toMatchObject({ fromMe: true, chatPn: phone.jid })
    expect(world().violations).toEqual([])
  })
})
