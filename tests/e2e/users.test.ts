import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()

describe('questions about users (docs/protocol/06 §4.2 and §4.3)', () => {
  it('onWhatsApp names the registered numbers, however they are written, and remembers their LIDs', async () => {
    const owner = await world().phone('owner')
    const friend = await world().phone('friend')
    const client = await world().linked(owner)
    const number = friend.jid.split('@', 1)[0] ?? ''
    const known = { jid: friend.jid, exists: true, lid: friend.lid }
    expect(await client.socket.onWhatsApp(number)).toEqual([known])
    expect(await client.socket.onWhatsApp(`+${number}`, '999000111')).toEqual([known])
    expect(await client.socket.onWhatsApp(friend.jid)).toEqual([known])
    expect(await client.socket.onWhatsApp()).toEqual([])
    expect(await client.socket.onWhatsApp(friend.lid)).toEqual([])
    expect(await client.socket.signalRepository.lidMapping.getLIDForPN(friend.jid)).toBe(friend.lid)
  })

  it('fetchStatus and fetchDisappearingDuration give what people have set', async () => {
    const owner = await world().phone('owner')
    const friend = await world().phone('friend')
    const client = await world().linked(owner)
    expect(await client.socket.fetchStatus(friend.jid)).toEqual([
      { id: friend.jid, status: { status: 'Hey there! I am using WhatsApp.', setAt: expect.any(Date) } },
    ])
    expect(await client.socket.fetchDisappearingDuration(friend.jid, owner.jid)).toEqual([
      { id: friend.jid, disappearing_mode: { duration: 0, setAt: expect.any(Date) } },
      { id: owner.jid, disappearing_mode: { duration: 0, setAt: expect.any(Date) } },
    ])
  })
})
