import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateKeyPair, type KeyPair, typedPublicKey } from '../crypto/curve.js'
import { xeddsaSign } from '../crypto/xeddsa.js'
import { proto } from '../proto/index.js'
import {
  applyAddedDevices,
  applyDeviceList,
  applyRemovedDevices,
  applyVouchedDevice,
  type DeviceListOutcome,
} from './device-list.js'
import type { ParsedDeviceInfo } from './device-protocol.js'
import { type DeviceEntry, type DeviceRecord, PRIMARY_ONLY } from './device-record.js'
import { decodeSignedKeyIndexList, verifyKeyIndexList } from './key-index-list.js'
import { readVectors } from './testing/vectors.js'

interface VectorDevice {
  id: number
  keyIndex?: number
}
interface AdvVectors {
  account: { public: string }
  keyIndexList: {
    decoded: { rawId: number; timestamp: number; currentIndex: number; validIndexes: number[] }
    details: string
    signed: string
    wrongPrefixSignature: string
    filter: {
      id: string
      ts: number
      reply: VectorDevice[] | null
      stored: { rawId: number; timestamp: number; devices: VectorDevice[] } | null
      clear?: boolean
      devices?: number[]
      result?: string
    }[]
  }
}
const { account, keyIndexList } = readVectors<AdvVectors>('02-adv')
const accountKey = Buffer.from(account.public, 'hex')
const signedVector = Buffer.from(keyIndexList.signed, 'hex')

const phone = generateKeyPair()
const stranger = generateKeyPair()

interface ListOptions extends Partial<proto.IADVKeyIndexList> {
  readonly signer?: KeyPair
  readonly prefix?: readonly number[]
  readonly embedKey?: boolean
}

/** A list as the phone signs it. */
function signedList({ signer = phone, prefix, embedKey = true, ...fields }: ListOptions = {}): Uint8Array {
  const hosted = fields.accountType === proto.ADVEncryptionType.HOSTED
  const list = { rawId: 77, timestamp: 1000, currentIndex: 5, validIndexes: [0, 3, 5], ...fields }
  const details = proto.ADVKeyIndexList.encode(list).finish()
  const message = Buffer.concat([Uint8Array.from(prefix ?? (hosted ? [6, 7] : [6, 2])), details])
  return proto.ADVSignedKeyIndexList.encode({
    details,
    accountSignature: xeddsaSign(signer, message),
    ...(embedKey && { accountSignatureKey: signer.public }),
  }).finish()
}

function info(
  deviceList: ParsedDeviceInfo['deviceList'] | null,
  options: ListOptions & { ts?: number } = {},
): ParsedDeviceInfo {
  const { ts, ...list } = options
  const timestamp = ts ?? Number(list.timestamp ?? 1000)
  return { ...(deviceList && { deviceList }), keyIndex: { timestamp, signedKeyIndex: signedList(list) } }
}

const entry = (id: number, keyIndex?: number): DeviceEntry => ({
  id,
  isHosted: false,
  ...(keyIndex !== undefined && { keyIndex }),
})
const storedRecord = (devices: readonly DeviceEntry[], fields: Partial<DeviceRecord> = {}): DeviceRecord => ({
  rawId: 77,
  timestamp: 900,
  currentIndex: 2,
  validIndexes: [0, 2],
  hosted: false,
  devices,
  ...fields,
})
const context = (stored?: DeviceRecord, primaryIdentity: Uint8Array | undefined = phone.public) => ({
  stored,
  primaryIdentity,
})
const idsOf = (outcome: DeviceListOutcome): number[] => {
  if (outcome.kind !== 'updated') throw new Error(`not updated: ${JSON.stringify(outcome)}`)
  return outcome.record.devices.map(({ id }) => id)
}
const checkOf = (outcome: DeviceListOutcome): unknown =>
  outcome.kind === 'refused' ? [outcome.error.code, outcome.error.data] : outcome

describe('vectors (docs/protocol/02 §5.4)', () => {
  it('read the list', () => {
    const { list, embeddedKey } = decodeSignedKeyIndexList(signedVector)
    expect(list).toEqual({ ...keyIndexList.decoded, hosted: false })
    expect(Buffer.from(embeddedKey ?? [])).toEqual(accountKey)
  })

  it('verify its signature, not one over another prefix', () => {
    const signed = decodeSignedKeyIndexList(signedVector)
    expect(() => verifyKeyIndexList(signed, accountKey)).not.toThrow()
    expect(() => verifyKeyIndexList(signed, typedPublicKey(accountKey))).not.toThrow()
    const signature = Buffer.from(keyIndexList.wrongPrefixSignature, 'hex')
    expect(() => verifyKeyIndexList({ ...signed, signature }, accountKey)).toThrow(
      expect.objectContaining({ code: 'key-index-list-invalid', data: { check: 'signature' } }),
    )
  })

  for (const vector of keyIndexList.filter) {
    it(`filter: ${vector.id}`, () => {
      const stored =
        vector.stored === null ? undefined : storedRecord(vector.stored.devices.map(asEntry), vector.stored as object)
      const outcome = applyDeviceList(
        {
          ...(vector.reply && { deviceList: vector.reply }),
          keyIndex: { timestamp: vector.ts, signedKeyIndex: signedVector },
        },
        context(stored && { ...stored, devices: vector.stored?.devices.map(asEntry) ?? [] }, accountKey),
      )
      if (vector.result === 'ignored') {
        expect(['refused', 'outdated']).toContain(outcome.kind)
        return
      }
      expect(idsOf(outcome)).toEqual(vector.devices)
      expect(outcome).toMatchObject({ registration: vector.clear ? 'new' : 'same' })
    })
  }

  function asEntry({ id, keyIndex }: VectorDevice): DeviceEntry {
    return entry(id, keyIndex)
  }
})

describe('a device list from the server', () => {
  it('gives the record to store', () => {
    const outcome = applyDeviceList(
      { ...info([{ id: 0 }, { id: 4, keyIndex: 3 }]), deviceHash: '2:x' },
      context(storedRecord([entry(0), entry(4, 2)])),
    )
    expect(outcome).toEqual({
      kind: 'updated',
      record: {
        rawId: 77,
        timestamp: 1000,
        currentIndex: 5,
        validIndexes: [0, 3, 5],
        hosted: false,
        devices: [entry(0), entry(4, 3)],
      },
      gone: [4],
      registration: 'same',
    })
  })

  it('→ is refused when it names companions without a signed list', () => {
    const unsigned = applyDeviceList({ deviceList: [{ id: 0 }, { id: 4, keyIndex: 3 }] }, context())
    expect(checkOf(unsigned)).toEqual(['key-index-list-invalid', { check: 'missing' }])
    const bytesMissing = applyDeviceList(
      { deviceList: [{ id: 4, keyIndex: 3 }], keyIndex: { timestamp: 1000 } },
      context(storedRecord([entry(0), entry(4, 3)])),
    )
    expect(bytesMissing.kind).toBe('refused')
  })

  it('may say without signature that there is a phone, or that nothing changed', () => {
    expect(applyDeviceList({ deviceList: [{ id: 0 }] }, context())).toEqual({ kind: 'unchanged', record: PRIMARY_ONLY })
    const stored = storedRecord([entry(0), entry(4, 2)])
    expect(applyDeviceList({}, context(stored))).toEqual({ kind: 'unchanged', record: stored })
    const announced = applyDeviceList({ keyIndex: { timestamp: 900, expectedTimestamp: 950 } }, context(stored))
    expect(announced).toEqual({ kind: 'unchanged', record: { ...stored, expectedTimestamp: 950 } })
  })

  it('→ is refused when anybody but the phone signed it, or over other bytes', () => {
    const forged = [
      info([{ id: 4, keyIndex: 3 }], { signer: stranger }),
      info([{ id: 4, keyIndex: 3 }], { prefix: [6, 0] }),
      info([{ id: 4, keyIndex: 3 }], { prefix: [6, 7] }),
      info([{ id: 4, keyIndex: 3 }], { accountType: proto.ADVEncryptionType.HOSTED, prefix: [6, 2] }),
    ]
    for (const answer of forged) {
      expect(checkOf(applyDeviceList(answer, context()))).toEqual(['key-index-list-invalid', { check: 'signature' }])
    }
  })

  it('→ is not believed because of the key inside it', () => {
    const answer = info([{ id: 0 }, { id: 99, keyIndex: 3, isHosted: true }], { signer: stranger })
    expect(applyDeviceList(answer, context()).kind).toBe('refused')
    const supported = applyDeviceList(info([{ id: 4, keyIndex: 3 }], { signer: stranger }), {
      ...context(),
      hostedSupport: true,
    })
    expect(supported.kind).toBe('refused')
  })

  it('uses the key inside it for hosted devices where that is supported, and hands it out', () => {
    const hosted = info([{ id: 0 }, { id: 99, keyIndex: 3 }], {
      signer: stranger,
      accountType: proto.ADVEncryptionType.HOSTED,
    })
    const outcome = applyDeviceList(hosted, { ...context(), hostedSupport: true })
    expect(idsOf(outcome)).toEqual([0, 99])
    expect(outcome).toMatchObject({ record: { hosted: true, devices: [{}, { id: 99, isHosted: true }] } })
    expect(Buffer.from((outcome as { hostedKey: Uint8Array }).hostedKey)).toEqual(Buffer.from(stranger.public))
  })

  it('waits for the identity of the phone', () => {
    expect(applyDeviceList(info([{ id: 4, keyIndex: 3 }]), { stored: undefined, primaryIdentity: undefined })).toEqual({
      kind: 'identity-needed',
    })
  })

  it('does not verify the same statement twice', () => {
    const answer = info([{ id: 0 }, { id: 4, keyIndex: 3 }])
    const first = applyDeviceList(answer, context())
    if (first.kind !== 'updated') throw new Error('not updated')
    const again = applyDeviceList(answer, { stored: first.record, primaryIdentity: undefined })
    expect(again).toEqual({ ...first, gone: [] })
    for (const other of [{ validIndexes: [0, 3, 4] }, { currentIndex: 6 }, { rawId: 78 }, { timestamp: 1001 }]) {
      const changed = info([{ id: 4, keyIndex: 3 }], { ...other, signer: stranger })
      expect(applyDeviceList(changed, context(first.record)).kind).toBe('refused')
    }
  })

  it('is ignored when it is older than ours or speaks of another time than it says', () => {
    const stored = storedRecord([entry(0), entry(4, 3)], { timestamp: 1001 })
    expect(applyDeviceList(info([{ id: 0 }]), context(stored))).toEqual({ kind: 'outdated' })
    const mismatch = applyDeviceList(info([{ id: 0 }], { timestamp: 1000, ts: 1002 }), context(stored))
    expect(checkOf(mismatch)).toEqual(['key-index-list-invalid', { check: 'timestamp' }])
  })

  it('→ admits devices of the answer only when the list names them; newer ones only if we knew them', () => {
    const reply = [{ id: 0 }, { id: 4, keyIndex: 3 }, { id: 5, keyIndex: 4 }, { id: 6, keyIndex: 9 }, { id: 7 }]
    expect(idsOf(applyDeviceList(info(reply), context()))).toEqual([0, 4])
    const stored = storedRecord([entry(0), entry(8, 6), entry(9, 4)])
    expect(idsOf(applyDeviceList(info(reply), context(stored)))).toEqual([0, 4, 8])
  })

  it('drops the device with the highest index when the list no longer names it', () => {
    const stored = storedRecord([entry(0), entry(4, 3), entry(9, 5)])
    const outcome = applyDeviceList(info(null, { validIndexes: [0, 3] }), context(stored))
    expect(idsOf(outcome)).toEqual([0, 4])
    expect(outcome).toMatchObject({ gone: [9] })
  })

  it('forgets all companions of an earlier registration, equal numbers included', () => {
    const stored = storedRecord([entry(0), entry(4, 3), entry(8, 9)], { rawId: 76 })
    const outcome = applyDeviceList(info([{ id: 0 }, { id: 4, keyIndex: 3 }]), context(stored))
    expect(outcome).toMatchObject({ registration: 'new', gone: [4, 8] })
    expect(idsOf(outcome)).toEqual([0, 4])
    const withoutList = applyDeviceList(info(null), context(stored))
    expect(idsOf(withoutList)).toEqual([0])
    expect(withoutList).toMatchObject({ gone: [4, 8] })
  })

  it('forgets them too when the account becomes hosted', () => {
    const stored = storedRecord([entry(0), entry(4, 3)])
    const outcome = applyDeviceList(info([{ id: 0 }], { accountType: proto.ADVEncryptionType.HOSTED }), context(stored))
    expect(outcome).toMatchObject({ registration: 'new', gone: [4], record: { hosted: true } })
  })

  it('remembers that a newer list was announced until it is there', () => {
    const answer = info([{ id: 0 }])
    const announcing = (expectedTimestamp: number) => ({
      ...answer,
      keyIndex: { ...answer.keyIndex!, expectedTimestamp },
    })
    expect(applyDeviceList(announcing(1005), context())).toMatchObject({ record: { expectedTimestamp: 1005 } })
    const met = applyDeviceList(announcing(1000), context(storedRecord([entry(0)], { expectedTimestamp: 1000 })))
    expect(met).toMatchObject({ kind: 'updated' })
    expect((met as { record: DeviceRecord }).record.expectedTimestamp).toBeUndefined()
  })

  it('is refused, not thrown at the caller, when it is garbage', () => {
    const refusal = (signedKeyIndex: Uint8Array): unknown =>
      checkOf(applyDeviceList({ deviceList: [], keyIndex: { timestamp: 1000, signedKeyIndex } }, context()))
    expect(refusal(Buffer.alloc(8193))).toEqual(['key-index-list-invalid', { check: 'size' }])
    expect(refusal(Buffer.of(0xff, 0xff))).toEqual(['key-index-list-invalid', { check: 'encoding' }])
    const empty = proto.ADVSignedKeyIndexList.encode({ details: Buffer.alloc(0) }).finish()
    expect(refusal(empty.length ? empty : Buffer.of(0x0a, 0))).toEqual(['key-index-list-invalid', { check: 'fields' }])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, minLength: 1 }), bytes => {
        const outcome = applyDeviceList(
          { deviceList: [], keyIndex: { timestamp: 0, signedKeyIndex: bytes } },
          context(),
        )
        expect(outcome.kind).toBe('refused')
      }),
    )
  })

  it('is refused when our key of the phone is unusable', () => {
    expect(applyDeviceList(info([{ id: 0 }]), context(undefined, Buffer.alloc(5))).kind).toBe('refused')
  })

  it('always has the phone, no unvouched companion, and tells every device that went', () => {
    const device = fc.record({ id: fc.integer({ min: 1, max: 12 }), keyIndex: fc.integer({ min: 1, max: 12 }) })
    const devices = fc.uniqueArray(device, { maxLength: 6, selector: ({ id }) => id })
    fc.assert(
      fc.property(devices, devices, fc.boolean(), (reply, known, sameAccount) => {
        const stored = storedRecord([entry(0), ...known.map(({ id, keyIndex }) => entry(id, keyIndex))], {
          rawId: sameAccount ? 77 : 76,
        })
        const outcome = applyDeviceList(info(reply), context(stored))
        if (outcome.kind !== 'updated') throw new Error('not updated')
        const now = new Map(outcome.record.devices.map(({ id, keyIndex }) => [id, keyIndex]))
        expect(now.has(0)).toBe(true)
        for (const [id, keyIndex] of now) {
          if (id === 0) continue
          const vouched = [3, 5].includes(keyIndex!)
          const newer = sameAccount && keyIndex! > 5 && known.some(k => k.id === id && k.keyIndex === keyIndex)
          expect(vouched || newer).toBe(true)
        }
        const expectedGone = known
          .filter(({ id, keyIndex }) => !sameAccount || now.get(id) !== keyIndex)
          .map(({ id }) => id)
        expect([...outcome.gone].sort()).toEqual(expectedGone.sort())
      }),
    )
  })
})

describe('an added device (docs/protocol/02 §5.6)', () => {
  const stored = storedRecord([entry(0), entry(4, 3), entry(6, 4)])

  it('joins those that the list still names', () => {
    const outcome = applyAddedDevices([{ id: 7, keyIndex: 5 }], info(null).keyIndex, context(stored))
    expect(idsOf(outcome)).toEqual([0, 4, 7])
    expect(outcome).toMatchObject({ gone: [6] })
  })

  it('may be newer than the list', () => {
    expect(idsOf(applyAddedDevices([{ id: 7, keyIndex: 6 }], info(null).keyIndex, context(stored)))).toEqual([0, 4, 7])
  })

  it('is left out when the list knows better or when it has no key index', () => {
    expect(idsOf(applyAddedDevices([{ id: 7, keyIndex: 4 }], info(null).keyIndex, context(stored)))).toEqual([0, 4])
    expect(idsOf(applyAddedDevices([{ id: 7 }], info(null).keyIndex, context(stored)))).toEqual([0, 4])
  })

  it('replaces an older device with the same number', () => {
    const outcome = applyAddedDevices([{ id: 4, keyIndex: 5 }], info(null).keyIndex, context(stored))
    expect(outcome).toMatchObject({ gone: [4, 6], record: { devices: [entry(0), entry(4, 5)] } })
  })

  it('needs a signature', () => {
    const forged = info(null, { signer: stranger }).keyIndex
    expect(applyAddedDevices([{ id: 7, keyIndex: 5 }], forged, context(stored)).kind).toBe('refused')
  })

  it('makes us ask when we have no list to add it to, or none came', () => {
    const list = info(null).keyIndex
    expect(applyAddedDevices([{ id: 7, keyIndex: 5 }], list, context())).toEqual({ kind: 'invalidated', gone: [] })
    expect(applyAddedDevices([{ id: 7, keyIndex: 5 }], list, context(PRIMARY_ONLY)).kind).toBe('invalidated')
    expect(applyAddedDevices([{ id: 7, keyIndex: 5 }], { timestamp: 1000 }, context(stored)).kind).toBe('invalidated')
    expect(applyAddedDevices([{ id: 7, keyIndex: 5 }], undefined, context(stored)).kind).toBe('invalidated')
  })

  it('of another registration stands alone', () => {
    const list = info(null, { rawId: 78 }).keyIndex
    const outcome = applyAddedDevices([{ id: 7, keyIndex: 5 }], list, context(stored))
    expect(idsOf(outcome)).toEqual([0, 7])
    expect(outcome).toMatchObject({ registration: 'new', gone: [4, 6] })
  })
})

describe('a removed device', () => {
  const stored = storedRecord([entry(0), entry(4, 2), entry(6, 3)])

  it('is gone, and a newer list is expected', () => {
    expect(applyRemovedDevices([4], 1000, stored)).toEqual({
      kind: 'updated',
      record: { ...stored, devices: [entry(0), entry(6, 3)], expectedTimestamp: 1000 },
      gone: [4],
      registration: 'same',
    })
  })

  it('loses its sessions even if we keep no list', () => {
    expect(applyRemovedDevices([4, 0], undefined, undefined)).toEqual({ kind: 'invalidated', gone: [4] })
  })

  it('cannot be the phone', () => {
    expect(applyRemovedDevices([0], undefined, stored)).toMatchObject({ gone: [], record: stored })
  })
})

describe('a device that its account vouches for', () => {
  const device = { id: 8, rawId: 77, keyIndex: 6, isHosted: false }

  it('joins the record', () => {
    const stored = storedRecord([entry(0), entry(4, 2)])
    expect(applyVouchedDevice(device, stored, false)).toEqual({
      kind: 'updated',
      record: { ...stored, devices: [entry(0), entry(4, 2), entry(8, 6)] },
      gone: [],
      registration: 'same',
    })
  })

  it('starts a record, which the next list completes', () => {
    const { record, registration } = applyVouchedDevice(device, undefined, false)
    expect(record).toEqual({ ...PRIMARY_ONLY, rawId: 77, devices: [entry(0), entry(8, 6)] })
    expect(registration).toBe('same')
    const outcome = applyDeviceList(info([{ id: 0 }, { id: 4, keyIndex: 3 }]), context(record))
    expect(idsOf(outcome)).toEqual([0, 4, 8])
    expect(outcome).toMatchObject({ registration: 'same', gone: [] })
  })

  it('stands alone after a new registration or another identity', () => {
    const stored = storedRecord([entry(0), entry(4, 2), entry(8, 1)])
    for (const outcome of [
      applyVouchedDevice({ ...device, rawId: 78 }, stored, false),
      applyVouchedDevice(device, stored, true),
    ]) {
      expect(idsOf(outcome)).toEqual([0, 8])
      expect(outcome).toMatchObject({ registration: 'new', gone: [4] })
    }
  })
})
