import { describe, expect, it } from 'vitest'
import { type Companion, textOf } from './support/companion.js'
import { worldForEachTest } from './support/world.js'

describe('a group with Kurir and Baileys members', () => {
  const world = worldForEachTest()

  it.each(['lid', 'pn'] as const)('carries texts of all members in %s addressing, over a restart', async addressing => {
    const place = world()
    const [left, right] = await Promise.all([place.phone('Kurir', 'strict'), place.phone('Baileys', 'lenient')])
    const [kurir, baileys] = await Promise.all([
      place.linked('kurir', left, place.newFolder()),
      place.linked('baileys', right, place.newFolder()),
    ])
    const second = await place.linked('kurir', left)
    const owner = await place.phone('Owner', 'strict')
    const group = await owner.createGroup('Everybody', [left.jid, right.jid], { addressing })
    const companions: Companion[] = [kurir, baileys, second]
    const texts: string[] = []

    const everybodySpeaks = async (name: string) => {
      for (const speaker of [owner, ...companions, left, right]) {
        const text = `${name} ${speaker.jid}`
        texts.push(text)
        if ('sendText' in speaker) await speaker.sendText(group, text)
        else await speaker.send(group, { text })
        await Promise.all(companions.map(companion => companion.text(text)))
        for (const phone of [owner, left, right]) {
          if (phone !== speaker) await phone.waitForMessage(message => message.text === text)
        }
      }
    }

    await everybodySpeaks('first')
    await everybodySpeaks('again')
    for (const client of [kurir, baileys]) {
      await client.end()
      await client.resume()
    }
    await everybodySpeaks('after the restart')

    for (const companion of companions) {
      const seen = companion.readable.filter(({ key }) => key.remoteJid === group)
      expect(
        seen.flatMap(message => textOf(message) ?? []),
        `at ${companion.jid}`,
      ).toEqual(texts)
    }
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])
  })

  it('repairs what a member could not read', async () => {
    const place = world()
    const [left, right] = await Promise.all([place.phone('Kurir', 'strict'), place.phone('Baileys', 'lenient')])
    const [kurir, baileys] = await Promise.all([place.linked('kurir', left), place.linked('baileys', right)])
    const group = await left.createGroup('Two', [right.jid])
    await kurir.sendText(group, 'first of Kurir')
    await baileys.text('first of Kurir')
    await baileys.sendText(group, 'first of Baileys')
    await kurir.text('first of Baileys')

    for (const [from, to] of [
      [kurir, baileys],
      [baileys, kurir],
    ] as const) {
      const before = world().retryReceipts
      world().corruptNextMessageTo(to)
      await from.sendText(group, `damaged for ${to.jid}`)
      await to.text(`damaged for ${to.jid}`)
      expect(world().retryReceipts).toBeGreaterThan(before)
      await from.sendText(group, `then ${to.jid}`)
      await to.text(`then ${to.jid}`)
    }
    expect(world().violations).toEqual([])
  })
})
