import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

describe('first contact', () => {
  const world = worldForEachTest()

  it('pairs by QR, restarts on 515, logs in and opens', async () => {
    const alice = await world().phone('Alice')
    const bot = world().client().connect()
    expect(bot.updates[0] ?? { connection: 'connecting' }).toMatchObject({ connection: 'connecting' })
    await alice.scan(await bot.qr())
    expect(await bot.closed()).toMatchObject({ code: 'restart-required', statusCode: 515 })
    expect(bot.updates.map(update => Object.keys(update).join())).toEqual([
      'connection,receivedPendingNotifications,qr',
      'qr',
      'isNewLogin,qr',
      'connection,lastDisconnect',
    ])
    await bot.reconnect()
    expect(bot.jid).toBe(`${alice.number}:1@s.whatsapp.net`)
    expect(bot.socket.user).toMatchObject({ id: bot.jid, lid: `${alice.account.lidUser}:1@lid`, name: 'Alice' })
    expect(alice.linkedDevices).toMatchObject([{ jid: bot.jid, online: true }])
  })
})
