import { UserService } from 'kurir/services'
import { describe, expect, it } from 'vitest'
import { png } from '../kinds/files.js'
import { rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()

async function scene() {
  const [owner, friend] = [await world().phone('Owner'), await world().phone('Friend')]
  const client = await world().linked(owner)
  return { users: new UserService(() => client.socket), client, owner, friend }
}

describe('UserService', () => {
  it('says who has an account, in the order asked', async () => {
    const { users, friend } = await scene()
    expect(await users.lookUp(['+62 899 9999 9999', `+${friend.number}`])).toEqual([
      { asked: '+62 899 9999 9999', exists: false, jid: undefined, lid: undefined },
      { asked: `+${friend.number}`, exists: true, jid: friend.jid, lid: friend.lid },
    ])
    expect(await users.exists(friend.number)).toBe(true)
    expect(await rejection(users.lookUp(['111@lid']))).toMatchObject({ code: 'invalid-jid' })
  })

  it('shows and changes what people see of each other', async () => {
    const { users, owner, friend } = await scene()
    expect(users.me).toMatchObject({ jid: owner.jid, lid: owner.lid })
    expect(await users.about(friend.jid)).toMatchObject({ text: 'Hey there! I am using WhatsApp.' })
    expect(await users.pictureUrl(friend.jid)).toBeUndefined()
    await users.setAbout('busy')
    await users.setPicture(png(64, 64))
    const other = new UserService((await world().linked(friend)).socket)
    expect(await other.about(owner.jid)).toMatchObject({ text: 'busy', setAt: expect.any(Date) })
    expect(await other.pictureUrl(owner.number)).toMatch(/^https?:/)
    expect(await other.pictureUrl(owner.number, 'preview')).toMatch(/^https?:/)
    await users.removePicture()
    expect(await other.pictureUrl(owner.number)).toBeUndefined()
  })

  it('blocks and unblocks', async () => {
    const { users, friend } = await scene()
    await users.block(friend.number)
    expect(await users.blocked()).toEqual([friend.lid])
    await users.unblock(friend.number)
    expect(await users.blocked()).toEqual([])
  })

  it('watches whether somebody is there', async () => {
    const { users, client, friend } = await scene()
    await users.setAvailable(true)
    await users.watchPresence(friend.number)
    const other = new UserService((await world().linked(friend)).socket)
    await other.setAvailable(true)
    await client.waitFor(
      () =>
        client.events.some(
          ({ name, data }) => name === 'presence.update' && JSON.stringify(data).includes('available'),
        ),
      'presence',
    )
  })

  it('has nobody to speak of before the device is linked', () => {
    const { socket } = world().client().connect()
    expect(() => new UserService(socket).me).toThrow(expect.objectContaining({ code: 'not-authenticated' }))
  })
})
