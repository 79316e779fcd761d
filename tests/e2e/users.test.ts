import { type BinaryNode, getBinaryNodeChild, type KurirError } from 'kurir'
import { describe, expect, it, vi } from 'vitest'
import { rejection } from './support/kurir-client.js'
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

  it('a message to somebody who is not there is refused, not shown as sent on the other own devices', async () => {
    const owner = await world().phone('owner')
    const client = await world().linked(owner)
    const write = (jid: string): Promise<KurirError> => rejection(client.sendText(jid, 'anybody?'))
    // The service has no keys of one phone, and does not even name the other.
    expect(await write('6289999999998@s.whatsapp.net')).toMatchObject({ code: 'all-encryptions-failed' })
    const withoutStranger = (answer: BinaryNode): BinaryNode =>
      Array.isArray(answer.content)
        ? {
            ...answer,
            content: answer.content
              .filter(({ attrs }) => attrs['jid']?.startsWith('6289999999999') !== true)
              .map(withoutStranger),
          }
        : answer
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'iq', child: 'usync' },
      action: { kind: 'alter', alter: withoutStranger },
    })
    expect(await write('6289999999999@s.whatsapp.net')).toMatchObject({
      code: 'recipient-unknown',
      output: { statusCode: 404 },
    })
    expect(owner.messages).toEqual([])
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

  it('people who write to each other exchange trusted-contact tokens and show them (docs/protocol/02 §11.2)', async () => {
    const [owner, friend] = [await world().phone('owner'), await world().phone('friend')]
    const [client, other] = [await world().linked(owner), await world().linked(friend)]
    const shown: BinaryNode[] = []
    world().service.onStanza(({ direction, node }) => {
      const token = node.tag === 'message' ? getBinaryNodeChild(node, 'tctoken') : undefined
      if (direction === 'from-client' && token) shown.push(token)
    })
    await client.sendText(friend.jid, 'first')
    await other.text('first')
    const tokenOfOwner = async () => {
      const { keys } = other.socket.authState
      return (await keys.get('tctoken', [owner.lid]))[owner.lid]
    }
    await vi.waitFor(async () => expect((await tokenOfOwner())?.token).toHaveLength(16))
    await other.sendText(owner.jid, 'second')
    await client.text('second')
    expect(shown.map(({ content }) => content)).toEqual([(await tokenOfOwner())?.token])
  })
})
