import { describe, expect, it } from 'vitest'
import { RESTART_REQUIRED, worldForEachTest } from './support/world.js'

describe('Kurir beside Baileys on one phone', () => {
  const world = worldForEachTest()

  it('pairs by code, is listed, and talks at once', async () => {
    const phone = await world().phone('Owner', 'lenient')
    const friend = await world().phone('Friend', 'strict')
    const baileys = await world().linked('baileys', phone)
    const kurir = await world().client('kurir', world().newFolder())
    kurir.connect()
    await kurir.qr()
    await phone.enterPairingCode(await kurir.socket.requestPairingCode(phone.number))
    expect((await kurir.closed()).code).toBe(RESTART_REQUIRED)
    await kurir.resume()
    expect(kurir.jid).toBe(`${phone.number}:2@s.whatsapp.net`)
    expect(kurir.auth.creds.registered).toBe(true)
    expect(phone.linkedDevices).toMatchObject([{ jid: baileys.jid }, { jid: kurir.jid, online: true }])

    await kurir.sendText(friend.jid, 'from Kurir')
    expect((await baileys.text('from Kurir')).key.fromMe).toBe(true)
    expect(await friend.waitForMessage(({ text }) => text === 'from Kurir')).toMatchObject({ senderPn: phone.jid })
    await friend.send(phone.jid, { text: 'to all' })
    await Promise.all([kurir.text('to all'), baileys.text('to all')])
    expect(world().violations).toEqual([])
  })
})
