import type { WACallEvent } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

describe('calls between phones and a bot (docs/protocol/03 §10)', () => {
  const world = worldForEachTest()

  const parties = async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    return { alice, bob, bot: await world().linked(alice) }
  }
  const step = (client: KurirClient, id: string, status: WACallEvent['status']) =>
    client.waitFor(
      () =>
        client.events
          .flatMap(({ name, data }) => (name === 'call' ? (data as WACallEvent[]) : []))
          .find(call => call.id === id && call.status === status),
      `${status} of ${id}`,
    )

  it.each([true, false])('ring and are rejected, which the caller hears (video: %s)', async video => {
    const { alice, bob, bot } = await parties()
    const id = await bob.call(alice.lid, { video })
    const offer = await step(bot, id, 'offer')
    expect(offer).toMatchObject({ isVideo: video, isGroup: false, offline: false, callerPn: bob.jid })
    await bot.socket.rejectCall(id, offer.from)
    expect(await bob.waitForCall(({ kind }) => kind === 'reject')).toMatchObject({ callId: id, from: bot.lid })
    await expect.poll(() => world().service.unconfirmed(bot.jid)).toBe(0)
  })

  it('are taken elsewhere, end, and run out, each step with what the offer said', async () => {
    const { alice, bob, bot } = await parties()
    const taken = await bob.call(alice.jid, { video: true })
    await step(bot, taken, 'offer')
    bob.answerCall(taken, 'accept')
    expect(await step(bot, taken, 'accept')).toMatchObject({ isVideo: true })
    const ended = await bob.call(alice.jid)
    bob.answerCall(ended, 'terminate')
    expect(await step(bot, ended, 'terminate')).toMatchObject({ isVideo: false })
    const missed = await bob.call(alice.jid)
    bob.answerCall(missed, 'terminate', 'timeout')
    await step(bot, missed, 'timeout')
    // The chat gets a line about it.
    expect(await bot.waitFor(() => bot.messages.find(({ key }) => key.id === missed), 'missed call')).toMatchObject({
      key: { remoteJid: bob.jid },
    })
  })

  it('of groups say which', async () => {
    const { alice, bob, bot } = await parties()
    const group = await bob.createGroup('Two', [alice.jid])
    const id = await bob.call(alice.jid, { group, video: true })
    expect(await step(bot, id, 'offer')).toMatchObject({ isGroup: true, groupJid: group, isVideo: true })
  })

  it('that were missed while we were away are told as such', async () => {
    const { alice, bob, bot } = await parties()
    await bot.end()
    const id = await bob.call(alice.jid)
    bob.answerCall(id, 'terminate', 'timeout')
    await bot.reconnect()
    expect(await step(bot, id, 'offer')).toMatchObject({ offline: true })
    expect(await step(bot, id, 'timeout')).toMatchObject({ offline: true })
  })

  it('are not rejected towards nobody; links have a token', async () => {
    const { bot } = await parties()
    const nobody = bot.socket.rejectCall('A1B2C3D4E5F60718293A4B5C6D7E8F90', '99999999999@lid')
    await expect(nobody).rejects.toMatchObject({ code: 'server-refused', data: 404 })
    expect(await bot.socket.createCallLink('audio')).toMatch(/^[\w-]{22}$/)
    expect(await bot.socket.createCallLink('video', { startTime: 1_900_000_000 })).toMatch(/^[\w-]{22}$/)
  })
})
