import { getBinaryNodeChild, getBinaryNodeChildren } from 'kurir'
import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

const MEMBERS = 1024

describe(`a group of ${MEMBERS} members`, () => {
  const world = worldForEachTest()

  it('is made, written to and emptied', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const crowd = world().service.crowd({ count: MEMBERS - 2, firstNumber: 6_282_000_000 })
    const made = await bot.socket.groupCreate('Everybody', [bob.jid, ...crowd.map(({ jid }) => jid)])
    expect(made).toMatchObject({ size: MEMBERS, failed: [] })
    expect(made.participants).toHaveLength(MEMBERS)
    const sent: number[] = []
    world().service.onStanza(({ direction, device, node }) => {
      if (direction !== 'from-client' || device !== bot.jid || node.tag !== 'message') return
      sent.push(getBinaryNodeChildren(getBinaryNodeChild(node, 'participants'), 'to').length)
    })
    const first = await bot.sendText(made.id, 'first')
    await bob.waitForMessage(({ text }) => text === 'first')
    // Every device of the others gets the key, once.
    expect(sent.reduce((sum, count) => sum + count)).toBe(MEMBERS)
    await bot.waitFor(() => bot.status(first) >= 2, 'ack')
    await bot.sendText(made.id, 'second')
    await bob.waitForMessage(({ text }) => text === 'second')
    expect(sent.at(-1)).toBe(0)
    expect(
      await bot.socket.groupParticipantsUpdate(
        made.id,
        crowd.map(({ lid }) => lid),
        'remove',
      ),
    ).toHaveLength(MEMBERS - 2)
    expect(await bot.socket.groupMetadata(made.id)).toMatchObject({ size: 2 })
  })
})
