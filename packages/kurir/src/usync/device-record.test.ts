import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/index.js'
import {
  type DeviceRecord,
  decodeDeviceRecord,
  deviceIds,
  encodeDeviceRecord,
  hasCompanions,
  knownDeviceList,
  PRIMARY_ONLY,
} from './device-record.js'

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const seconds = fc.integer({ min: 1, max: 2 ** 48 })
const record: fc.Arbitrary<DeviceRecord> = fc.record(
  {
    rawId: uint32,
    timestamp: seconds,
    expectedTimestamp: seconds,
    currentIndex: uint32,
    validIndexes: fc.array(uint32, { maxLength: 100 }),
    hosted: fc.boolean(),
    devices: fc.array(
      fc.record(
        { id: fc.integer({ min: 0, max: 255 }), keyIndex: uint32, isHosted: fc.boolean() },
        {
          requiredKeys: ['id', 'isHosted'],
          noNullPrototype: true,
        },
      ),
      { maxLength: 100 },
    ),
  },
  { requiredKeys: ['timestamp', 'currentIndex', 'validIndexes', 'hosted', 'devices'], noNullPrototype: true },
)

describe('stored device records', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(record, original => {
        expect(decodeDeviceRecord(encodeDeviceRecord(original))).toStrictEqual(original)
      }),
    )
    expect(decodeDeviceRecord(encodeDeviceRecord(PRIMARY_ONLY))).toStrictEqual(PRIMARY_ONLY)
  })

  it('are small', () => {
    const devices = [0, 4, 7].map(id => ({ id, keyIndex: id, isHosted: false }))
    const typical = {
      rawId: 3_000_000_000,
      timestamp: 1_760_000_000,
      currentIndex: 7,
      validIndexes: [0, 4, 7],
      hosted: false,
      devices,
    }
    expect(encodeDeviceRecord(typical).length).toBeLessThanOrEqual(26)
  })

  it('that are damaged are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        try {
          decodeDeviceRecord(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(KurirError)
          expect((error as KurirError).code).toBe('invalid-device-record')
        }
      }),
      { numRuns: 1000 },
    )
    const bytes = encodeDeviceRecord(PRIMARY_ONLY)
    for (const damaged of [Buffer.of(), bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0)]), Buffer.of(2, 0)]) {
      expect(() => decodeDeviceRecord(damaged)).toThrow(expect.objectContaining({ code: 'invalid-device-record' }))
    }
    expect(() => decodeDeviceRecord(Buffer.of(1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f))).toThrow(KurirError)
  })

  it('say what a query and a key store need', () => {
    const linked: DeviceRecord = {
      ...PRIMARY_ONLY,
      timestamp: 5,
      devices: [...PRIMARY_ONLY.devices, { id: 4, keyIndex: 1, isHosted: false }],
    }
    expect([hasCompanions(undefined), hasCompanions(PRIMARY_ONLY), hasCompanions(linked)]).toEqual([false, false, true])
    expect(deviceIds(linked)).toEqual(['0', '4'])
    expect(knownDeviceList(linked, '2:abc')).toEqual({ deviceHash: '2:abc', timestamp: 5 })
    expect(knownDeviceList({ ...linked, expectedTimestamp: 6 }, '2:abc')).toEqual({
      deviceHash: '2:abc',
      timestamp: 5,
      expectedTimestamp: 6,
    })
  })
})
