import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { generateKeyPair } from '../crypto/curve.js'
import { KurirError } from '../errors/kurir-error.js'
import { silentLogger } from '../logger/logger.js'
import { signKeyIndexList } from '../pairing/identity.js'
import type { USyncQueryResult } from '../usync/result.js'
import type { SocketCore } from './core.js'
import { DeviceDirectory } from './device-directory.js'
import type { SessionDirectory } from './session-directory.js'
import { testCore } from './testing/collaborator-core.js'

const ALICE = '15550001111@s.whatsapp.net'
const BOB = '15550002222@s.whatsapp.net'
const NOW = 1_700_000_000

/** A socket that has stored nothing yet. */
const core = {
  logger: silentLogger,
  clock: { nowSeconds: () => NOW },
  keys: { get: async () => ({}), set: async () => {} },
  repository: { getIdentityKey: async () => undefined, lidMapping: { storeLIDPNMappings: async () => {} } },
} as unknown as SocketCore

const companions = { rawId: 1, timestamp: NOW, currentIndex: 1, validIndexes: [0, 1] }
const signedKeyIndex = signKeyIndexList(generateKeyPair(), companions)
const bobsDevices = { deviceList: [{ id: 0 }, { id: 1, keyIndex: 1 }], keyIndex: { timestamp: NOW, signedKeyIndex } }

/** The server's answer. Bob has a companion: his identity must be fetched before his list can be judged. */
const answer = async (): Promise<USyncQueryResult> => ({
  list: [
    { id: ALICE, devices: { deviceList: [{ id: 0 }] } },
    { id: BOB, devices: bobsDevices },
  ],
  sideList: [],
  protocols: {},
})

describe('device directory', () => {
  it('leaves nobody out whose list is forgotten while the lists of others are awaited', async () => {
    const forgetAlice = async () => {
      await setImmediate()
      directory.forget(ALICE)
    }
    const sessions = { assert: forgetAlice } as unknown as SessionDirectory
    const directory: DeviceDirectory = new DeviceDirectory(core, answer, sessions)
    expect(await directory.devicesOf([ALICE, BOB])).toEqual([ALICE, BOB])
    // The same for somebody whose list was there when the question came.
    expect(await directory.devicesOf([ALICE])).toEqual([ALICE])
    directory.forget(BOB)
    expect(await directory.devicesOf([ALICE, BOB])).toEqual([ALICE, BOB])
  })

  const day = 86_400

  /** Bob's phone and his companion, as the list says that was signed `age` seconds ago. */
  async function bobsDevicesAfter(age: number) {
    const account = generateKeyPair()
    const timestamp = NOW - age
    const list = { rawId: 1, timestamp, currentIndex: 1, validIndexes: [0, 1] }
    let devices: USyncQueryResult['list'][number] = {
      id: BOB,
      devices: { ...bobsDevices, keyIndex: { timestamp, signedKeyIndex: signKeyIndexList(account, list) } },
    }
    const kept = testCore()
    await kept.repository.saveIdentityKey(BOB, account.public)
    const query = vi.fn(async () => ({ list: [devices], sideList: [], protocols: {} }))
    const directory = new DeviceDirectory(kept, query, { assert: async () => true } as unknown as SessionDirectory)
    return {
      kept,
      directory,
      query,
      answerWith: (next: USyncQueryResult['list'][number]) => {
        devices = next
      },
    }
  }
  const companion = '15550002222:1@s.whatsapp.net'

  it('leaves out the companions of a list that is older than 35 days', async () => {
    const fresh = await bobsDevicesAfter(34 * day)
    expect(await fresh.directory.devicesOf([BOB])).toEqual([BOB, companion])
    const stale = await bobsDevicesAfter(36 * day)
    expect(await stale.directory.devicesOf([BOB])).toEqual([BOB])
    expect(stale.kept.log.map(({ level }) => level)).toEqual(['warn'])
  })

  it('keeps what it knew when the server cannot say, and asks again', async () => {
    const { directory, query, answerWith } = await bobsDevicesAfter(day)
    await directory.devicesOf([BOB])
    answerWith({ id: BOB, errors: { devices: new KurirError('server-refused', 'busy') } })
    expect(await directory.devicesOf([BOB], false)).toEqual([BOB, companion])
    answerWith({ id: ALICE, devices: { deviceList: [{ id: 0 }] } })
    expect(await directory.devicesOf([BOB], false)).toEqual([BOB, companion])
    expect(query).toHaveBeenCalledTimes(3)
  })

  it('does not keep a list that it had to refuse', async () => {
    const { directory, query, kept } = await bobsDevicesAfter(day)
    await kept.repository.saveIdentityKey(BOB, generateKeyPair().public)
    expect(await directory.devicesOf([BOB])).toEqual([BOB])
    await directory.devicesOf([BOB])
    expect(query).toHaveBeenCalledTimes(2)
  })

  it('asks for the list of an account that vouched for a companion beside a message', async () => {
    const { directory, query } = await bobsDevicesAfter(day)
    await directory.devicesOf([BOB])
    await directory.companionVouched('15550002222:2@s.whatsapp.net', {
      accountChanged: false,
      identity: { rawId: 1, timestamp: NOW, keyIndex: 2, accountKey: Buffer.alloc(32), hosted: false },
    })
    // Newer than the list that the server still gives.
    expect(await directory.devicesOf([BOB])).toEqual([BOB, companion, '15550002222:2@s.whatsapp.net'])
    expect(query).toHaveBeenCalledTimes(2)
  })
})
