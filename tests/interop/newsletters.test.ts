import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

describe('a channel with Kurir and Baileys', () => {
  const world = worldForEachTest()

  it('is run by a Baileys client and followed by a Kurir client', async () => {
    const place = world()
    const [left, right] = await Promise.all([place.phone('Kurir', 'strict'), place.phone('Baileys', 'lenient')])
    const [kurir, baileys] = await Promise.all([place.linked('kurir', left), place.linked('baileys', right)])
    // Older documents of Baileys, answered in their own shape; the update has the present one.
    const { id } = await baileys.socket.newsletterCreate('News', 'of the day')
    expect(await baileys.socket.newsletterMetadata('jid', id)).toMatchObject({
      viewer_metadata: { role: 'OWNER', mute: 'OFF' },
    })
    await kurir.socket.newsletterFollow(id)
    await baileys.socket.newsletterUpdateName(id, 'Other news')
    expect(await kurir.socket.newsletterMetadata('jid', id)).toMatchObject({ name: 'Other news', subscribers: 1 })
    expect(await baileys.socket.newsletterAdminCount(id)).toBe(1)
    await baileys.sendText(id, 'from Baileys')
    const { key } = await kurir.text('from Baileys')
    expect(key).toMatchObject({ remoteJid: id, fromMe: false })
    // Both see each other's reactions in the counters.
    await baileys.socket.newsletterReactMessage(id, '100', '👍')
    await kurir.socket.newsletterReactMessage(id, '100', '👍')
    expect((await kurir.socket.newsletterMessages(id))[0]?.reactions).toEqual({ '👍': 2 })
    await expect(kurir.socket.newsletterDelete(id)).rejects.toMatchObject({ output: { statusCode: 403 } })
    await baileys.socket.newsletterDelete(id)
    await expect(kurir.socket.newsletterMetadata('jid', id)).rejects.toMatchObject({ output: { statusCode: 404 } })
    expect(world().violations).toEqual([])
  })

  it('is run by a Kurir client, and followed, muted and left by a Baileys client', async () => {
    const place = world()
    const [left, right] = await Promise.all([place.phone('Kurir', 'strict'), place.phone('Baileys', 'lenient')])
    const [kurir, baileys] = await Promise.all([place.linked('kurir', left), place.linked('baileys', right)])
    const { id } = await kurir.socket.newsletterCreate('News')
    await baileys.socket.newsletterFollow(id)
    expect(await kurir.socket.newsletterFollowers(id)).toMatchObject([{ id: right.lid, role: 'SUBSCRIBER' }])
    await kurir.sendText(id, 'from Kurir')
    await baileys.text('from Kurir')
    expect(await baileys.socket.subscribeNewsletterUpdates(id)).toEqual({ duration: '300' })
    await baileys.socket.newsletterMute(id)
    expect(right.newsletters.read(id).isMuted).toBe(true)
    await baileys.socket.newsletterUnmute(id)
    await baileys.socket.newsletterUnfollow(id)
    expect(await kurir.socket.newsletterSubscribers(id)).toEqual({ subscribers: 0 })
    await expect(baileys.socket.newsletterUpdateName(id, 'Mine')).rejects.toMatchObject({ output: { statusCode: 403 } })
    expect(world().violations).toEqual([])
  })
})
