import { describe, expect, it } from 'vitest'
import type { GroupMetadata } from '../groups/group-types.js'
import { participantHash } from '../usync/participant-hash.js'
import { GroupAudiences } from './group-audiences.js'
import { testCore } from './testing/collaborator-core.js'

const me = { id: '15550001111:7@s.whatsapp.net', lid: '100:7@lid' }
const group = (...ids: string[]): GroupMetadata => ({
  id: '1@g.us',
  owner: undefined,
  subject: '',
  participants: ids.map(id => ({ id })),
})

/** Everybody has a phone, a companion and a hosted device, which gets nothing in groups. */
function audiencesOf() {
  let now = 0
  const devices = {
    revision: 0,
    asked: 0,
    devicesOf: async (users: readonly string[]) => {
      devices.asked += 1
      return users.flatMap(user => [
        user,
        user.replace('@', user.startsWith('100@') ? ':7@' : ':1@'),
        user.replace('@lid', ':99@hosted.lid'),
      ])
    },
  }
  const core = testCore({ config: { clock: () => now } })
  const audiences = new GroupAudiences(core, devices)
  const of = (metadata: GroupMetadata, useCache = true) => audiences.of(metadata, me.lid, me, useCache)
  return {
    devices,
    of,
    wait: (milliseconds: number) => {
      now += milliseconds
    },
  }
}

describe('GroupAudiences', () => {
  it('finds all devices but this one, and names them together with it', async () => {
    const { of } = audiencesOf()
    const { all, others, phash } = await of(group('2@lid'))
    expect(others).toEqual(['2@lid', '2:1@lid', '100@lid'])
    expect(all).toEqual([...others, me.lid])
    expect(phash).toBe(participantHash(all))
  })

  it('remembers them until a member, a device or a minute is other than it was', async () => {
    const { devices, of, wait } = audiencesOf()
    const first = await of(group('2@lid'))
    expect(await of(group('2@lid'))).toBe(first)
    expect(devices.asked).toBe(1)
    expect((await of(group('2@lid', '3@lid'))).others).toContain('3@lid')
    expect((await of(group('3@lid'))).others).not.toContain('2@lid')
    expect(devices.asked).toBe(3)
    devices.revision += 1
    await of(group('3@lid'))
    expect(devices.asked).toBe(4)
    wait(60_001)
    await of(group('3@lid'))
    await of(group('3@lid'), false)
    expect(devices.asked).toBe(6)
  })

  it('does not remember what changed while it was asked for', async () => {
    const { devices, of } = audiencesOf()
    const { devicesOf } = devices
    devices.devicesOf = async users => {
      devices.revision += 1
      return devicesOf(users)
    }
    await of(group('2@lid'))
    await of(group('2@lid'))
    expect(devices.asked).toBe(2)
  })
})
