import { extractDeviceJids as extractByBaileys } from 'baileys'
import { describe, expect, it } from 'vitest'
import { deviceJid, deviceJids, deviceListHash, extractDeviceJids, isOwnDevice } from './device-jids.js'
import type { ParsedDeviceInfo } from './device-protocol.js'
import { readVectors } from './testing/vectors.js'

describe('device JIDs (docs/protocol/02 §5.3)', () => {
  it('stay in the namespace of the user', () => {
    expect(deviceJid('1@s.whatsapp.net', { id: 4 })).toBe('1:4@s.whatsapp.net')
    expect(deviceJid('1@lid', { id: 4 })).toBe('1:4@lid')
    expect(deviceJid('1@c.us', { id: 0 })).toBe('1@s.whatsapp.net')
    expect(deviceJid('not a jid', { id: 0 })).toBeUndefined()
  })

  it('of hosted devices are on hosted servers, and nobody else’s are', () => {
    const devices = [
      { id: 0, isHosted: false },
      { id: 3, isHosted: true },
      { id: 4, isHosted: false },
      { id: 99, isHosted: false },
    ]
    expect(deviceJids('1@s.whatsapp.net', { devices })).toEqual([
      '1@s.whatsapp.net',
      '1:3@hosted',
      '1:4@s.whatsapp.net',
      '1:99@hosted',
    ])
    expect(deviceJids('1@lid', { devices })).toEqual(['1@lid', '1:3@hosted.lid', '1:4@lid', '1:99@hosted.lid'])
    expect(deviceJids('1:99@hosted.lid', { devices: devices.slice(0, 1) })).toEqual(['1@lid'])
  })

  it('hash to what device_hash says', () => {
    const { dhash } = readVectors<{ dhash: { hash: string } }>('02-phash')
    const devices = [4, 0, 1].map(id => ({ id, isHosted: false }))
    expect(deviceListHash('15550000009@s.whatsapp.net', { devices })).toBe(dhash.hash)
  })
})

describe('the own device', () => {
  const own = { pn: '1:3@s.whatsapp.net', lid: '10:3@lid' }

  it('→ is recognised in both namespaces, and only this very device', () => {
    const jids = [
      '1:3@s.whatsapp.net',
      '10:3@lid',
      '1:4@s.whatsapp.net',
      '10@lid',
      '1:3@lid',
      '10:3@s.whatsapp.net',
      '2:3@lid',
    ]
    expect(jids.map(jid => isOwnDevice(jid, own))).toEqual([true, true, false, false, false, false, false])
  })

  it('is recognised when only one name has the device part, or there is no LID yet', () => {
    expect(isOwnDevice('10:3@lid', { pn: '1:3@s.whatsapp.net', lid: '10@lid' })).toBe(true)
    expect(isOwnDevice('1:3@s.whatsapp.net', { pn: '1:3@s.whatsapp.net', lid: undefined })).toBe(true)
    expect(isOwnDevice('10:3@lid', { pn: '1:3@s.whatsapp.net', lid: undefined })).toBe(false)
    expect(isOwnDevice('nobody', { pn: undefined, lid: undefined })).toBe(false)
    expect(isOwnDevice('1@lid', { pn: undefined, lid: undefined })).toBe(false)
  })
})

describe('extractDeviceJids', () => {
  const entry = (id: string, deviceList: ParsedDeviceInfo['deviceList']) => ({
    id,
    ...(deviceList && { devices: { deviceList } }),
  })
  const listed = [
    { id: 0, isHosted: false },
    { id: 3, keyIndex: 1, isHosted: false },
    { id: 4, keyIndex: 2, isHosted: false },
    { id: 5, isHosted: false },
    { id: 6, keyIndex: 0, isHosted: false },
  ]

  it('takes what Baileys takes', () => {
    const results = [
      entry('1@s.whatsapp.net', listed),
      entry('2@s.whatsapp.net', listed),
      entry('3@lid', [...listed, { id: 99, keyIndex: 7, isHosted: true }]),
      entry('4@s.whatsapp.net', undefined),
    ]
    for (const excludeZero of [false, true]) {
      const ours = extractDeviceJids(results, '1:3@s.whatsapp.net', '10:3@lid', excludeZero)
      expect(ours).toEqual(extractByBaileys(results as never, '1:3@s.whatsapp.net', '10:3@lid', excludeZero))
      expect(ours.some(({ device }) => device === 0)).toBe(!excludeZero)
    }
  })

  it('→ leaves the own device out in LID addressing too, where Baileys keeps it', () => {
    const results = [entry('10@lid', listed)]
    const devices = (list: { device?: number }[]): unknown[] => list.map(({ device }) => device)
    expect(devices(extractDeviceJids(results, '1:3@s.whatsapp.net', '10:3@lid', false))).toEqual([0, 4])
    expect(devices(extractByBaileys(results as never, '1:3@s.whatsapp.net', '10:3@lid', false))).toEqual([0, 3, 4])
  })

  it('QUIRK: a hosted device does not make those after it hosted', () => {
    const results = [
      entry('2@s.whatsapp.net', [
        { id: 99, keyIndex: 1, isHosted: true },
        { id: 4, keyIndex: 2, isHosted: false },
      ]),
    ]
    expect(extractDeviceJids(results, '1:3@s.whatsapp.net', '10:3@lid', false)).toEqual([
      { user: '2', device: 99, domainType: 128, server: 'hosted' },
      { user: '2', device: 4, domainType: 0, server: 's.whatsapp.net' },
    ])
  })

  it('skips entries that are not JIDs', () => {
    expect(extractDeviceJids([entry('undefined', listed)], '1:3@s.whatsapp.net', '10:3@lid', false)).toEqual([])
  })
})
