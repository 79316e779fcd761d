import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { generateKeyPair } from '../crypto/curve.js'
import { silentLogger } from '../logger/logger.js'
import { signKeyIndexList } from '../pairing/identity.js'
import type { USyncQueryResult } from '../usync/result.js'
import type { SocketCore } from './core.js'
import { DeviceDirectory } from './device-directory.js'
import type { SessionDirectory } from './session-directory.js'

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
})
