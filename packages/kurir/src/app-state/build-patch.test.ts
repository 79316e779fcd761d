import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { applyPatch } from './apply.js'
import { buildPatch } from './build-patch.js'
import type { WAPatchName } from './collection-names.js'
import { newLTHashState } from './collection-state.js'
import { expandAppStateKey } from './sync-keys.js'
import { hex, keyOfVector, plain, readFixture, type StateVector, stateOf, vectorOf } from './testing/vectors.js'

interface PatchVector {
  readonly id: string
  readonly collection: WAPatchName
  readonly index: string[]
  readonly actionVersion: number
  readonly operation: 'SET' | 'REMOVE'
  readonly decodedValue: Record<string, unknown>
  readonly keyId: string
  readonly keyData: string
  readonly iv: string
  readonly stateBefore: StateVector
  readonly newHash: string
  readonly newVersion: number
  readonly patchBytes: string
  readonly indexValueMapAfter: Readonly<Record<string, string>>
  readonly correctIndexValueMapAfter?: Readonly<Record<string, string>>
}

const { cases } = readFixture<{ cases: PatchVector[] }>('vectors/04-patch-encode.json')

const key = { keyId: hex('000100000001'), expanded: expandAppStateKey(Buffer.alloc(32, 7)) }
const random = (length: number) => Buffer.alloc(length, 9)

describe('an outgoing patch (docs/protocol/04, 1.16)', () => {
  // The message range is built by the chat modification: bytes with the timestamp of 2.5 are its business.
  it.each(cases)('$id', vector => {
    const state = stateOf(vector.stateBefore)
    const before = vectorOf(state)
    const mutation = {
      operation: vector.operation === 'SET' ? ('set' as const) : ('remove' as const),
      index: vector.index,
      value: proto.SyncActionValue.fromObject(vector.decodedValue),
      version: vector.actionVersion,
    }
    const { collection } = vector
    const built = buildPatch({
      collection,
      state,
      mutations: [mutation],
      key: keyOfVector(vector),
      random: () => hex(vector.iv),
    })
    expect(built.patch.toString('hex')).toBe(vector.patchBytes)
    expect(vectorOf(built.state)).toEqual({
      version: vector.newVersion,
      hash: vector.newHash,
      // 1.17: what was removed leaves the map.
      indexValueMap: vector.correctIndexValueMapAfter ?? vector.indexValueMapAfter,
    })
    expect(vectorOf(state), 'the state it started from').toEqual(before)
  })

  it('carries several mutations in order, and is read by everybody else with the same outcome', () => {
    const star = (id: string, starred: boolean) => ({
      operation: 'set' as const,
      index: ['star', '1@s.whatsapp.net', id, '0', '0'],
      value: { starAction: { starred } },
      version: 2,
    })
    const mutations = [star('A', true), star('B', true), { ...star('A', false), operation: 'remove' as const }]
    const state = newLTHashState()
    const built = buildPatch({ collection: 'regular_high', state, mutations, key, random })
    expect(Object.keys(built.state.indexValueMap)).toHaveLength(1)
    const applied = applyPatch('regular_high', state, proto.SyncdPatch.decode(built.patch), () => key.expanded)
    expect(applied).toMatchObject({ kind: 'applied', diverged: false, state: built.state })
    expect(
      applied.kind === 'applied' && applied.mutations.map(({ operation, index }) => [operation, index[2]]),
    ).toEqual([
      ['set', 'A'],
      ['set', 'B'],
      ['remove', 'A'],
    ])
    expect(plain(applied.kind === 'applied' && applied.mutations[1]?.value)).toEqual({ starAction: { starred: true } })
  })
})
