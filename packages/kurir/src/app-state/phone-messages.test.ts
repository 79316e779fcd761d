import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { randomBytes } from '../crypto/random.js'
import { proto } from '../proto/index.js'
import { buildPatch } from './build-patch.js'
import { newLTHashState } from './collection-state.js'
import { buildKeyRequest, readKeyShare } from './key-messages.js'
import { applyRecovery, buildRecoveryRequest, readRecovery } from './snapshot-recovery.js'
import { expandAppStateKey } from './sync-keys.js'

const keyId = Buffer.from('000100000001', 'hex')
const keyData = Buffer.alloc(32, 1)

describe('a share of keys', () => {
  it('brings keys that are well-formed; the rest is told apart (docs/protocol/04, 1.8)', () => {
    const other = Buffer.from('000100000002', 'hex')
    const share = {
      keys: [
        { keyId: { keyId }, keyData: { keyData } },
        { keyId: { keyId: other } },
        { keyId: { keyId: other }, keyData: {} },
        { keyId: { keyId: other }, keyData: { keyData: Buffer.alloc(31) } },
        { keyId: { keyId: Buffer.alloc(5) }, keyData: { keyData } },
        { keyData: { keyData } },
        {},
      ],
    }
    expect(readKeyShare(share)).toEqual({
      keys: [{ id: 'AAEAAAAB', data: { keyData } }],
      orphans: ['AAEAAAAC', 'AAEAAAAC'],
      malformed: 4,
    })
    expect(readKeyShare(undefined)).toEqual({ keys: [], orphans: [], malformed: 0 })
  })

  it('is asked for by the ids', () => {
    const message = proto.Message.decode(proto.Message.encode(buildKeyRequest(['AAEAAAAB'])).finish())
    expect(message.protocolMessage).toMatchObject({ type: 7, appStateSyncKeyRequest: { keyIds: [{ keyId }] } })
  })
})

describe('a copy of a collection', () => {
  const expanded = expandAppStateKey(keyData)
  const index = Buffer.from('["pin_v1","1@g.us"]')
  const action = { index, value: { timestamp: 1, pinAction: { pinned: true } }, version: 5 }
  const { state } = buildPatch({
    collection: 'regular_low',
    state: { ...newLTHashState(), version: 6 },
    mutations: [{ operation: 'set', index: ['pin_v1', '1@g.us'], value: action.value, version: 5 }],
    key: { keyId, expanded },
    random: randomBytes,
  })
  const [mac] = Object.values(state.indexValueMap).map(({ valueMac }) => valueMac)
  const whole: proto.ISyncdSnapshotRecovery = {
    version: { version: 7 },
    collectionName: 'regular_low',
    collectionLthash: state.hash,
    mutationRecords: [{ value: action, keyId, mac: mac! }],
  }
  const encoded = (change: proto.ISyncdSnapshotRecovery = {}) =>
    proto.SyncdSnapshotRecovery.encode({ ...whole, ...change }).finish()
  const read = (change: proto.ISyncdSnapshotRecovery = {}) => readRecovery({ collectionSnapshot: encoded(change) })

  it.each([false, true])('leads to the state that the phone has (compressed: %s)', isCompressed => {
    const bytes = encoded()
    const recovery = readRecovery({ collectionSnapshot: isCompressed ? gzipSync(bytes) : bytes, isCompressed })
    expect(recovery).toMatchObject({ collection: 'regular_low', version: 7 })
    const applied = applyRecovery(recovery, () => expanded)
    expect(applied).toMatchObject({
      kind: 'applied',
      state,
      diverged: false,
      mutations: [{ collection: 'regular_low', operation: 'set', index: ['pin_v1', '1@g.us'], version: 5 }],
    })
  })

  it('needs the keys of its records', () => {
    expect(applyRecovery(read(), () => undefined)).toEqual({ kind: 'missing-keys', keyIds: ['AAEAAAAB'] })
  })

  it.each([
    ['another hash', { collectionLthash: Buffer.alloc(128) }],
    ['a hash of another length', { collectionLthash: Buffer.alloc(5) }],
    ['a record without MAC', { mutationRecords: [{ value: action, keyId }] }],
    ['a record without index', { mutationRecords: [{ value: {}, keyId, mac: mac! }] }],
  ])('with %s is refused', (_, change) => {
    expect(() => applyRecovery(read(change), () => expanded)).toThrow(
      expect.objectContaining({
        code: 'invalid-app-state',
        data: expect.objectContaining({ collection: 'regular_low' }),
      }),
    )
  })

  it.each([
    ['of no collection', { collectionName: 'critical' }],
    ['without version', { version: null }],
    ['of version 0', { version: { version: 0 } }],
    ['without hash', { collectionLthash: null }],
  ])('%s is refused', (_, change) => {
    expect(() => read(change)).toThrow(expect.objectContaining({ code: 'invalid-app-state' }))
  })

  it('whose index is no list counts for the hash and says nothing', () => {
    const odd = { ...action, index: Buffer.from('{}') }
    expect(applyRecovery(read({ mutationRecords: [{ value: odd, keyId, mac: mac! }] }), () => expanded)).toMatchObject({
      mutations: [],
      unreadable: 1,
    })
  })

  it('does not inflate beyond its bounds', () => {
    const bomb = gzipSync(Buffer.alloc(65 * 1_048_576))
    expect(() => readRecovery({ collectionSnapshot: bomb, isCompressed: true })).toThrow(
      expect.objectContaining({ code: 'invalid-app-state' }),
    )
  })

  it('is asked for by its name', () => {
    expect(buildRecoveryRequest('regular', 5)).toEqual({
      peerDataOperationRequestType: 8,
      syncdCollectionFatalRecoveryRequest: { collectionName: 'regular', timestamp: 5 },
    })
  })
})
