import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aesCbcEncrypt, hmacSha256, hmacSha512 } from '../crypto/index.js'
import { proto } from '../proto/index.js'
import { type MutationOperation, type ReceivedRecord, readRecord, type SealedRecord, sealMutation } from './mutation.js'
import { openRecords, type RecordContent } from './open-records.js'
import { type ExpandedAppStateKey, expandAppStateKey } from './sync-keys.js'
import { hex, keyOfVector, plain, readFixture } from './testing/vectors.js'

interface MutationVector {
  readonly id: string
  readonly operation: 'SET' | 'REMOVE'
  readonly index: string[]
  readonly value: Record<string, unknown>
  readonly actionVersion: number
  readonly keyId: string
  readonly keyData: string
  readonly iv: string
  readonly valueMac: string
  readonly indexMac: string
  readonly valueBlob: string
}

const { cases } = readFixture<{ cases: MutationVector[] }>('vectors/04-mutation.json')
const operationOf = (vector: MutationVector): MutationOperation => (vector.operation === 'SET' ? 'set' : 'remove')

const key = { keyId: hex('000100000001'), expanded: expandAppStateKey(Buffer.alloc(32, 7)) }
const random = (length: number) => Buffer.alloc(length, 9)
const mute = {
  operation: 'set',
  index: ['mute', '1@s.whatsapp.net'],
  value: { muteAction: { muted: true } },
  version: 2,
} as const
const failure = (code: string, what?: string) =>
  expect.objectContaining({ code, ...(what === undefined ? {} : { data: expect.objectContaining({ what }) }) })

function openRecord(record: ReceivedRecord, recordKey: ExpandedAppStateKey): RecordContent {
  return openRecords([record], () => recordKey)[0]!
}

/** Opens what was sealed, as if it had come over the wire. */
function open({ record }: Pick<SealedRecord, 'record'>, operation: MutationOperation = 'set') {
  const received = proto.SyncdRecord.decode(proto.SyncdRecord.encode(record).finish())
  return openRecord(readRecord(received, operation), key.expanded)
}

describe('one mutation (docs/protocol/04, 1.9)', () => {
  it.each(cases)('is sealed: $id', vector => {
    const value = proto.SyncActionValue.fromObject(vector.value)
    const mutation = { operation: operationOf(vector), index: vector.index, value, version: vector.actionVersion }
    const { record, indexMac, valueMac } = sealMutation(mutation, keyOfVector(vector), () => hex(vector.iv))
    expect(plain({ record, indexMac, valueMac })).toEqual({
      indexMac: vector.indexMac,
      valueMac: vector.valueMac,
      record: {
        index: { blob: vector.indexMac },
        value: { blob: vector.valueBlob },
        keyId: { id: vector.keyId },
      },
    })
  })

  it.each(cases)('is opened: $id', vector => {
    const record = {
      index: { blob: hex(vector.indexMac) },
      value: { blob: hex(vector.valueBlob) },
      keyId: { id: hex(vector.keyId) },
    }
    const content = openRecord(readRecord(record, operationOf(vector)), keyOfVector(vector).expanded)
    expect(content.index).toEqual(vector.index)
    expect(content.version).toBe(vector.actionVersion)
    expect(plain(content.value)).toEqual(plain(proto.SyncActionValue.fromObject(vector.value)))
  })

  it('comes back as it was, whatever its index', () => {
    const mutations = fc.record({
      operation: fc.constantFrom('set' as const, 'remove' as const),
      index: fc.array(fc.string({ unit: fc.constantFrom('a', '"', '\\', '\0', 'é', '\u2028', '🚚') }), {
        maxLength: 5,
      }),
      version: fc.nat(100),
      name: fc.option(fc.string()),
    })
    fc.assert(
      fc.property(mutations, ({ name, ...mutation }) => {
        const value = name === null ? undefined : { pushNameSetting: { name } }
        const opened = open(sealMutation({ ...mutation, value }, key, random), mutation.operation)
        expect(opened.index).toEqual(mutation.index)
        expect(plain(opened.value)).toEqual(plain(value))
        expect(opened.version).toBe(mutation.version)
      }),
    )
  })

  it('is refused when one bit of it is another', () => {
    const { record } = sealMutation(mute, key, random)
    const bytes = Buffer.from(record.value?.blob ?? [])
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), bit => {
        const blob = Buffer.from(bytes)
        blob[bit >> 3]! ^= 1 << (bit & 7)
        expect(() => open({ record: { ...record, value: { blob } } })).toThrow(
          failure('app-state-mac-mismatch', 'value'),
        )
      }),
    )
    const index = { blob: Buffer.alloc(32, 1) }
    expect(() => open({ record: { ...record, index } })).toThrow(failure('app-state-mac-mismatch', 'index'))
    const keyId = { id: hex('000100000002') }
    expect(() => open({ record: { ...record, keyId } })).toThrow(failure('app-state-mac-mismatch', 'value'))
    expect(() => open({ record }, 'remove')).toThrow(failure('app-state-mac-mismatch', 'value'))
  })

  it('is refused without one of its parts', () => {
    const { record } = sealMutation(mute, key, random)
    const broken: [proto.ISyncdRecord | null, string][] = [
      [null, 'a record without index MAC'],
      [{ ...record, index: { blob: Buffer.alloc(31) } }, 'a record without index MAC'],
      [{ ...record, value: { blob: Buffer.alloc(47) } }, 'a record without value'],
      [{ ...record, value: null }, 'a record without value'],
      [{ ...record, keyId: {} }, 'a record without key id'],
    ]
    for (const [part, what] of broken) {
      expect(() => readRecord(part, 'set')).toThrow(failure('invalid-app-state', what))
    }
  })

  /** Authentic, and yet not what it should be: another device of the account wrote it. */
  function sealed(plaintext: Buffer, index?: Buffer<ArrayBuffer>): { record: proto.ISyncdRecord } {
    const iv = random(16)
    return encrypted(Buffer.concat([iv, aesCbcEncrypt(key.expanded.valueEncryptionKey, iv, plaintext)]), index)
  }

  function encrypted(bytes: Buffer, index = Buffer.from('["mute"]')): { record: proto.ISyncdRecord } {
    const { expanded, keyId } = key
    const mac = hmacSha512(expanded.valueMacKey, hex('01'), keyId, bytes, hex('0000000000000007')).subarray(0, 32)
    const blob = Buffer.concat([bytes, mac])
    return { record: { index: { blob: hmacSha256(expanded.indexKey, index) }, value: { blob }, keyId: { id: keyId } } }
  }

  it('is refused when its content is no action, or has no index', () => {
    expect(() => open(sealed(Buffer.from([0x0f])))).toThrow(failure('invalid-app-state', 'a value that is no action'))
    expect(() => open(sealed(Buffer.alloc(0)))).toThrow(failure('invalid-app-state', 'a record without index'))
  })

  it('is refused when it does not decrypt', () => {
    for (const length of [0, 16, 24, 32]) {
      expect(() => open(encrypted(Buffer.alloc(16 + length, 5))), `${length} bytes`).toThrow(
        failure('invalid-app-state', 'a value that does not decrypt'),
      )
    }
  })

  it('has no index for its reader when that is no list of texts', () => {
    for (const text of ['', '{', '{"a":1}', '[1]', 'null', '["a",null]']) {
      const index = Buffer.from(text)
      const data = proto.SyncActionData.encode({ index, version: 1 }).finish()
      expect(open(sealed(data, index)), text).toEqual({ index: undefined, value: undefined, version: 1 })
    }
  })
})

describe('many records at once', () => {
  const keys = [1, 2, 3].map(byte => ({
    keyId: Buffer.of(0, 1, 0, 0, 0, byte),
    expanded: expandAppStateKey(Buffer.alloc(32, byte)),
  }))
  const keyOf = ({ keyId }: ReceivedRecord) => keys.find(each => each.keyId.equals(keyId))!.expanded
  const seal = (position: number, keyNumber: number, length: number) => {
    const value = { contactAction: { fullName: 'n'.repeat(length) } }
    const mutation = {
      operation: 'set' as const,
      index: ['contact', String(position).padEnd(length, 'x')],
      value,
      version: 2,
    }
    return readRecord(sealMutation(mutation, keys[keyNumber]!, () => Buffer.alloc(16, position)).record, 'set')
  }

  it('come back in order, whatever their lengths and keys', () => {
    const lengths = fc.array(fc.tuple(fc.nat(2), fc.nat(1200)), { maxLength: 40 })
    fc.assert(
      fc.property(lengths, list => {
        const records = list.map(([keyNumber, length], position) => seal(position, keyNumber, length))
        const contents = openRecords(records, keyOf)
        expect(contents.map(({ index }) => Number.parseInt(index?.[1] ?? '', 10))).toEqual(
          list.map((_, position) => position),
        )
        expect(contents.map(({ value }) => value?.contactAction?.fullName?.length ?? 0)).toEqual(
          list.map(([, length]) => length),
        )
      }),
      { numRuns: 20 },
    )
  })

  it('are refused when one of hundreds is damaged', () => {
    const records = Array.from({ length: 600 }, (_, position) => seal(position, 0, 5))
    expect(openRecords(records, keyOf)).toHaveLength(600)
    for (const position of [0, 255, 256, 599]) {
      const damaged = records.with(position, { ...records[position]!, indexMac: Buffer.alloc(32) })
      expect(() => openRecords(damaged, keyOf)).toThrow(failure('app-state-mac-mismatch', 'index'))
    }
  })
})
