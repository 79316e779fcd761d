import type { Phone } from '@kurir/simulator'
import type { WACallEvent } from 'baileys'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BaileysClient } from './support/baileys-client.js'
import { worldForEachTest } from './support/world.js'

describe('an unmodified Baileys on the simulator', () => {
  const world = worldForEachTest()
  let alice: Phone
  let bob: Phone
  let bot: BaileysClient
  let calls: WACallEvent[]

  beforeEach(async () => {
    alice = await world().phone('Alice', 'lenient')
    bob = await world().phone('Bob', 'lenient')
    bot = await world().linked('baileys', alice)
    calls = []
    bot.socket.ev.on('call', events => calls.push(...events))
  })

  afterEach(() => expect(world().violations).toEqual([]))

  it.each([true, false])('hears calls and refuses one (video: %s)', async video => {
    const callId = await bob.call(alice.jid, { video })
    await expect.poll(() => calls).toMatchObject([{ id: callId, status: 'offer', isVideo: video, from: bob.jid }])
    await bot.socket.rejectCall(callId, calls[0]!.from)
    expect(await bob.waitForCall(({ kind }) => kind === 'reject')).toMatchObject({ callId, from: bot.jid })
    const second = await bob.call(alice.jid, { video })
    bob.answerCall(second, 'terminate', 'timeout')
    await expect.poll(() => calls.at(-1)).toMatchObject({ id: second, status: 'timeout', isVideo: video })
    await expect.poll(() => world().wa.unconfirmed(bot.jid)).toBe(0)
  })

  it('makes call links', async () => {
    expect(await bot.socket.createCallLink('video')).toMatch(/^[\w-]{22}$/)
  })

  it('asks the phone for what only the phone has', async () => {
    const match = { tag: 'message', device: bot.jid }
    world().wa.faults.add({ direction: 'to-client', match, times: 1, action: { kind: 'unavailable' } })
    const id = await bob.send(alice.jid, { text: 'on the phone' })
    expect((await bot.text('on the phone')).key.id).toBe(id)
  })

  it('sets the timer of a group', async () => {
    const group = await bot.socket.groupCreate('Two', [bob.jid])
    await bot.socket.sendMessage(group.id, { disappearingMessagesInChat: 86_400 })
    expect((await bot.socket.groupMetadata(group.id)).ephemeralDuration).toBe(86_400)
    await bot.socket.groupToggleEphemeral(group.id, 0)
    expect((await bot.socket.groupMetadata(group.id)).ephemeralDuration).toBeUndefined()
  })
})
