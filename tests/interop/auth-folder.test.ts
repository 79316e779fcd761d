import { describe, expect, it } from 'vitest'
import type { Companion } from './support/companion.js'
import { worldForEachTest } from './support/world.js'

describe('an auth folder', () => {
  const world = worldForEachTest()

  it('that Baileys has written is continued by Kurir with the same sessions and sender keys', async () => {
    const place = world()
    const folder = place.newFolder()
    const phone = await place.phone('Moving', 'lenient')
    const friend = await place.phone('Friend', 'lenient')
    const peer = await place.linked('kurir', friend)
    const before = await place.linked('baileys', phone, folder)
    const group = await friend.createGroup('Two', [phone.jid])
    await talk(before, 'before')
    await before.end()

    const after = await place.client('kurir', folder)
    await after.resume()
    expect([after.jid, after.lid]).toEqual([before.jid, before.lid])
    expect(await talk(after, 'after')).toEqual(['msg', 'msg', 'skmsg', 'skmsg'])
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])

    /** Texts both ways, 1:1 and in the group; resolves with how those that arrived at the clients were encrypted. */
    async function talk(client: Companion, name: string): Promise<string[]> {
      const ids: [Companion, string][] = []
      for (const chat of ['1:1', 'group'] as const) {
        const [toPeer, toClient] = chat === 'group' ? [group, group] : [friend.jid, phone.jid]
        const answer = `${name}: answer in ${chat}`
        ids.push([client, await peer.sendText(toClient, answer)])
        await client.text(answer)
        const question = `${name}: question in ${chat}`
        ids.push([peer, await client.sendText(toPeer, question)])
        await peer.text(question)
        await friend.waitForMessage(({ text }) => text === question)
        await phone.waitForMessage(({ text }) => text === question)
      }
      return ids.flatMap(([receiver, id]) => receiver.ciphertextsOf(id))
    }
  })
})
