import { describe, expect, it } from 'vitest'
import type { Companion } from './support/companion.js'
import { Conversation, type Side } from './support/conversation.js'
import { type Library, type World, worldForEachTest } from './support/world.js'

const TEXTS_EACH_WAY = 200

describe('Kurir and Baileys, each with two companions and a phone', () => {
  const world = worldForEachTest()

  it(`exchange ${TEXTS_EACH_WAY} texts in both directions`, async () => {
    const talk = await kurirWithBaileys(world())
    await talk.takeTurns('text', TEXTS_EACH_WAY)
    talk.expectEveryDeviceToHaveSeenEverything()
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])
  })

  it('go on after a restart of all clients from what they have saved', async () => {
    const talk = await kurirWithBaileys(world(), { inFolders: true })
    await talk.takeTurns('before', 6)
    await Promise.all(talk.companions.map(companion => companion.end()))
    await Promise.all(talk.companions.map(companion => companion.resume()))
    await talk.takeTurns('after', 6)
    talk.expectEveryDeviceToHaveSeenEverything()
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])
  })

  it.each(['left', 'right'] as const)('deliver in order what was written while the %s side was offline', async away => {
    const talk = await kurirWithBaileys(world())
    await talk.takeTurns('before', 3)
    const absent = talk[away]
    const present = away === 'left' ? talk.right : talk.left
    await Promise.all(absent.companions.map(companion => companion.end()))
    for (let turn = 0; turn < 10; turn += 1) {
      for (const device of [...present.companions, present.phone]) {
        const text = `meanwhile ${turn} from ${device.jid}`
        await talk.send(device, text)
        for (const other of present.companions) await other.text(text)
      }
    }
    expect(world().wa.unconfirmed(absent.companions[0]?.jid ?? '')).toBeGreaterThanOrEqual(30)
    await Promise.all(absent.companions.map(companion => companion.resume()))
    await talk.everythingHasArrived()
    await talk.takeTurns('after', 3)
    talk.expectEveryDeviceToHaveSeenEverything()
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])
  })
})

/** An account with two Kurir companions, and one with two Baileys companions. */
async function kurirWithBaileys(world: World, { inFolders = false } = {}): Promise<Conversation> {
  const side = async (library: Library, validation: 'strict' | 'lenient'): Promise<Side> => {
    const phone = await world.phone(library, validation)
    const companions: Companion[] = []
    for (let count = 0; count < 2; count += 1) {
      companions.push(await world.linked(library, phone, inFolders ? world.newFolder() : undefined))
    }
    return { phone, companions }
  }
  const [left, right] = await Promise.all([side('kurir', 'strict'), side('baileys', 'lenient')])
  return new Conversation(left, right)
}
