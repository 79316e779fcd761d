import { describe, expect, it } from 'vitest'
import type { Companion } from './support/companion.js'
import { Conversation, type Side } from './support/conversation.js'
import { type Library, type World, worldForEachTest } from './support/world.js'

const TEXTS_EACH_WAY = 200
/** WebMessageInfo.Status */
const DELIVERED = 3
const READ = 4

describe('Kurir and Baileys, each with two companions and a phone', () => {
  const world = worldForEachTest()

  it(`exchange ${TEXTS_EACH_WAY} texts in both directions`, async () => {
    const talk = await kurirWithBaileys(world())
    await talk.takeTurns('text', TEXTS_EACH_WAY)
    talk.expectEveryDeviceToHaveSeenEverything()
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])
  })

  it('go on with their sessions when they address each other by LID', async () => {
    const talk = await kurirWithBaileys(world())
    for (const [turn, addressing] of (['pn', 'lid', 'pn'] as const).entries()) {
      talk.addressing = addressing
      await talk.takeTurns(`${turn}: by ${addressing}`, 3)
    }
    talk.expectEveryDeviceToHaveSeenEverything()
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])
  })

  it('show each other that a text was delivered and read', async () => {
    const { left, right } = await kurirWithBaileys(world())
    const [kurir, baileys] = [left.companions[0]!, right.companions[0]!]
    for (const [from, to, partner] of [
      [kurir, baileys, right.phone],
      [baileys, kurir, left.phone],
    ] as const) {
      const id = await from.sendText(partner.jid, `from ${from.jid}`)
      const received = await to.text(`from ${from.jid}`)
      await from.waitFor(() => from.status(id) === DELIVERED, 'delivery tick')
      await to.read(received)
      await from.waitFor(() => from.status(id) === READ, 'read tick')
    }
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

describe('two accounts with Kurir alone', () => {
  const world = worldForEachTest()

  it('lose nothing when all devices write at once, first contact included', async () => {
    const talk = new Conversation(
      await side(world(), 'kurir', { validation: 'strict' }),
      await side(world(), 'kurir', { validation: 'strict' }),
    )
    await talk.talkAtOnce('at once', 40)
    talk.expectEveryDeviceToHaveSeenEverything('in any order')
    expect(world().retryReceipts).toBe(0)
    expect(world().violations).toEqual([])
  })
})

/** An account with two Kurir companions, and one with two Baileys companions. */
async function kurirWithBaileys(world: World, { inFolders = false } = {}): Promise<Conversation> {
  const [left, right] = await Promise.all([
    side(world, 'kurir', { validation: 'strict', inFolders }),
    side(world, 'baileys', { validation: 'lenient', inFolders }),
  ])
  return new Conversation(left, right)
}

async function side(
  world: World,
  library: Library,
  { validation, inFolders = false }: { validation: 'strict' | 'lenient'; inFolders?: boolean },
): Promise<Side> {
  const phone = await world.phone(library, validation)
  const companions: Companion[] = []
  for (let count = 0; count < 2; count += 1) {
    companions.push(await world.linked(library, phone, inFolders ? world.newFolder() : undefined))
  }
  return { phone, companions }
}
