import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/index.js'
import {
  type DeviceRecord,
  decodeDeviceRecord,
  deviceIds,
  encodeDeviceRecord,
  hasCompanions,
  isOutdated,
  knownDeviceList,
  notingExpectation,
  PRIMARY_ONLY,
} from './device-record.js'

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const seconds = fc.integer({ min: 1, max: 2 ** 48 })
const record = fc.record(
  {
    rawId: uint32,
    timestamp: seconds,
    expected: fc.record(
      { expectedTimestamp: seconds, expectedSince: seconds },
      { requiredKeys: ['expectedTimestamp'] },
    ),
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
      fc.property(record, ({ expected, ...rest }) => {
        const original: DeviceRecord = { ...rest, ...expected }
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
    expect(encodeDeviceRecord(typical).length).toBeLessThanOrEqual(27)
  })

  it('of the first format, without the time of an expectation, are read', () => {
    const linked: DeviceRecord = { ...PRIMARY_ONLY, timestamp: 5, expectedTimestamp: 6 }
    const bytes = encodeDeviceRecord(linked)
    // After format, flags, raw id and the two times comes the one that was added.
    const first = Buffer.concat([Buffer.of(1), bytes.subarray(1, 5), bytes.subarray(6)])
    expect(decodeDeviceRecord(first)).toStrictEqual(linked)
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
    for (const damaged of [Buffer.of(), bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0)]), Buffer.of(3, 0)]) {
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

  const day = 86_400
  const linked: DeviceRecord = {
    ...PRIMARY_ONLY,
    timestamp: 1_700_000_000,
    devices: [...PRIMARY_ONLY.devices, { id: 4, keyIndex: 1, isHosted: false }],
  }

  it('are out of date after 35 days, or when a list that was announced has not come for 25 hours', () => {
    const after = (seconds: number, changes: Partial<DeviceRecord> = {}) =>
      isOutdated({ ...linked, ...changes }, linked.timestamp + seconds)
    expect([after(35 * day), after(35 * day + 1)]).toEqual([false, true])
    const expectedTimestamp = linked.timestamp + 10
    const expectedSince = linked.timestamp + 3 * day
    expect(after(3 * day + 25 * 3600, { expectedTimestamp, expectedSince })).toBe(false)
    expect(after(3 * day + 25 * 3600 + 1, { expectedTimestamp, expectedSince })).toBe(true)
    expect(after(30 * day, { expectedTimestamp })).toBe(false)
    // Nothing to lose, or nothing signed yet.
    expect(after(99 * day, { devices: PRIMARY_ONLY.devices })).toBe(false)
    expect(after(99 * day, { timestamp: 0 })).toBe(false)
  })

  it('remember since when a newer list is missing, over announcements of still newer ones', () => {
    const told = notingExpectation({ ...linked, expectedTimestamp: linked.timestamp + 1 }, undefined, 100)
    expect(told.expectedSince).toBe(100)
    expect(notingExpectation({ ...linked, expectedTimestamp: linked.timestamp + 9 }, told, 200).expectedSince).toBe(100)
    expect(notingExpectation(linked, told, 200)).toEqual(linked)
    expect(notingExpectation({ ...told, expectedSince: 5 }, linked, 200).expectedSince).toBe(200)
  })
})
