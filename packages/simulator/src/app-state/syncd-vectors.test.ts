import { readFileSync } from 'node:fs'
import { proto } from 'kurir/proto'
import { describe, expect, it } from 'vitest'
import { readVectors } from '../testing/vectors.js'
import { type AppStateKey, expandKey } from './app-state-keys.js'
import { changedHash } from './lattice-hash.js'
import { openMutation, patchMacOf, sealMutation, snapshotMacOf } from './sealed-mutation.js'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const keyOf = (id: string, data: string): AppStateKey => ({
  id: bytes(id),
  epoch: bytes(id).readUInt32BE(2),
  data: bytes(data),
  timestamp: 0,
  ...expandKey(bytes(data)),
})

interface HashCase {
  readonly id: string
  readonly base: string
  readonly subtract: readonly string[]
  readonly add: readonly string[]
  readonly result: string
}

interface MutationCase {
  readonly id: string
  readonly operation: 'SET' | 'REMOVE'
  readonly indexBytes: string
  readonly value: Record<string, unknown>
  readonly actionVersion: number
  readonly keyId: string
  readonly keyData: string
  readonly iv: string
  readonly indexMac: string
  readonly valueBlob: string
}

interface PatchCase {
  readonly id: string
  readonly collection: string
  readonly keyId: string
  readonly keyData: string
  readonly newHash: string
  readonly newVersion: number
  readonly snapshotMac: string
  readonly patchMac: string
  readonly valueMac: string
  readonly patchBytes: string
  readonly index: readonly string[]
}

const { cases: hashes } = readVectors<{ cases: readonly HashCase[] }>('04-lthash.json')
const { cases: mutations } = readVectors<{ cases: readonly MutationCase[] }>('04-mutation.json')
const { cases: patches } = readVectors<{ cases: readonly PatchCase[] }>('04-patch-encode.json')

describe('the simulator reads and writes app state by itself (docs/protocol/04 §1.9, §1.10, §1.11)', () => {
  it.each(hashes)('LT-hash: $id', ({ base, subtract, add, result }) => {
    expect(changedHash(bytes(base), subtract.map(bytes), add.map(bytes)).toString('hex')).toBe(result)
  })

  it.each(mutations)('mutation: $id', ({ operation, indexBytes, value, actionVersion: version, iv, ...vector }) => {
    const key = keyOf(vector.keyId, vector.keyData)
    const content = { indexText: bytes(indexBytes).toString(), value: proto.SyncActionValue.fromObject(value), version }
    const sealed = sealMutation({ operation: operation === 'SET' ? 'set' : 'remove', ...content }, key, bytes(iv))
    expect(Buffer.from(sealed.record?.index?.blob ?? []).toString('hex')).toBe(vector.indexMac)
    expect(Buffer.from(sealed.record?.value?.blob ?? []).toString('hex')).toBe(vector.valueBlob)
    expect(openMutation(sealed, key)).toMatchObject({ indexText: content.indexText, version })
  })

  it.each(patches)('patch: $id', ({ collection, newHash, newVersion, snapshotMac, patchMac, valueMac, ...vector }) => {
    const key = keyOf(vector.keyId, vector.keyData)
    expect(snapshotMacOf(key, bytes(newHash), newVersion, collection).toString('hex')).toBe(snapshotMac)
    const mac = patchMacOf(key, bytes(snapshotMac), [bytes(valueMac)], newVersion, collection)
    expect(mac.toString('hex')).toBe(patchMac)
    const [mutation] = proto.SyncdPatch.decode(bytes(vector.patchBytes)).mutations
    expect(openMutation(mutation ?? {}, key).index).toEqual(vector.index)
  })

  it('has the table of actions as the protocol documents it', () => {
    const read = (path: string): unknown =>
      JSON.parse(readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8'))
    const [own, documented] = ['packages/simulator/data', 'tests/fixtures/data']
    expect(read(`${own}/app-state-actions.json`)).toEqual(read(`${documented}/app-state-actions.json`))
  })
})
