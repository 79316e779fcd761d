import { describe, expect, it } from 'vitest'
import { typedPublicKey } from '../crypto/curve.js'
import { KurirError } from '../errors/index.js'
import { deviceListMetadata, deviceListSide, identityKeysHash } from './device-list-metadata.js'
import { type DeviceRecord, PRIMARY_ONLY } from './device-record.js'
import { readVectors } from './testing/vectors.js'

const vectors = readVectors<{
  identitiesInDeviceOrder: string[]
  keyHash10: string
  keyHash8: string
  unsorted10: string
  sha256: string
}>('02-icdc')
const keys = vectors.identitiesInDeviceOrder.map(key => Buffer.from(key, 'hex'))
const NOW = 1_760_000_000
const linked: DeviceRecord = {
  rawId: 7,
  timestamp: NOW - 10_000_000,
  currentIndex: 9,
  validIndexes: [0, 3, 9],
  hosted: false,
  devices: [
    { id: 0, isHosted: false },
    { id: 4, keyIndex: 3, isHosted: false },
    { id: 6, keyIndex: 9, isHosted: false },
  ],
}
const identities = new Map([0, 4, 6].map((id, place) => [id, keys[place]!]))

describe('hash of identity keys (docs/protocol/02 §4.4)', () => {
  it('is over the sorted keys, whatever the device order', () => {
    expect(identityKeysHash(keys).toString('hex')).toBe(vectors.keyHash10)
    expect(identityKeysHash([...keys].reverse()).toString('hex')).toBe(vectors.keyHash10)
    expect(identityKeysHash(keys).toString('hex')).not.toBe(vectors.unsorted10)
  })

  it('has the length that is asked for, but 8 bytes at least', () => {
    expect(identityKeysHash(keys, 8).toString('hex')).toBe(vectors.keyHash8)
    expect(identityKeysHash(keys, 2).toString('hex')).toBe(vectors.keyHash8)
    expect(identityKeysHash(keys, 32).toString('hex')).toBe(vectors.sha256)
  })

  it('takes keys with type byte, refuses what is no key, leaves its argument alone', () => {
    expect(identityKeysHash(Object.freeze(keys.map(key => typedPublicKey(key)))).toString('hex')).toBe(
      vectors.keyHash10,
    )
    expect(() => identityKeysHash([Buffer.alloc(31)])).toThrow(KurirError)
  })
})

describe('one side of the block', () => {
  it('has hash and time for an account with companions', () => {
    expect(deviceListSide(linked, identities, NOW)).toEqual({
      keyHash: Buffer.from(vectors.keyHash10, 'hex'),
      timestamp: linked.timestamp,
      hosted: false,
    })
  })

  it('names the key indexes when the hash does not cover all devices', () => {
    const partial = new Map([...identities].filter(([id]) => id !== 4))
    expect(deviceListSide(linked, partial, NOW)).toMatchObject({ keyIndexes: [0, 9] })
    expect(deviceListSide(linked, partial, NOW).keyHash).toEqual(identityKeysHash([keys[0]!, keys[2]!]))
    expect(deviceListSide(linked, new Map(), NOW).keyHash).toBeUndefined()
  })

  it('of a phone alone has no hash, and a time only while the list is younger than 720 hours', () => {
    const alone = (age: number): DeviceRecord => ({ ...linked, timestamp: NOW - age, devices: PRIMARY_ONLY.devices })
    expect(deviceListSide(alone(720 * 3600 - 1), identities, NOW)).toEqual({
      timestamp: NOW - 720 * 3600 + 1,
      hosted: false,
    })
    expect(deviceListSide(alone(720 * 3600), identities, NOW)).toEqual({ hosted: false })
    expect(deviceListSide(PRIMARY_ONLY, identities, 5)).toEqual({ hosted: false })
  })

  it('of a record without list has no time', () => {
    expect(deviceListSide({ ...linked, timestamp: 0 }, identities, NOW).timestamp).toBeUndefined()
  })
})

describe('the block', () => {
  it('has both sides; account types for hosted accounts only', () => {
    const hash = Buffer.from(vectors.keyHash10, 'hex')
    const mine = deviceListSide(linked, identities, NOW)
    expect(deviceListMetadata(mine, { hosted: false })).toEqual({
      senderKeyHash: hash,
      senderTimestamp: linked.timestamp,
    })
    expect(deviceListMetadata({ hosted: true }, { ...mine, keyIndexes: [0, 9], hosted: true })).toEqual({
      senderAccountType: 1,
      receiverAccountType: 1,
      recipientKeyHash: hash,
      recipientTimestamp: linked.timestamp,
      recipientKeyIndexes: [0, 9],
    })
  })
})
