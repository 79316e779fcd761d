import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import {
  type Applied,
  applyLargeSnapshot,
  applyPatch,
  applySnapshot,
  keyIdsOf,
  withExternalMutations,
} from './apply.js'
import { composePatch } from './build-patch.js'
import { snapshotMac } from './collection-macs.js'
import { newLTHashState } from './collection-state.js'
import { type OutgoingMutation, sealMutation } from './mutation.js'
import { nextState } from './next-state.js'
import { expandAppStateKey } from './sync-keys.js'
import { hex, keyFinder, plain, readFixture, type StateVector, vectorOf } from './testing/vectors.js'

interface MutationsVector {
  readonly mutations: { index: string[]; actionVersion: number; value: object }[]
}
type Outcome = MutationsVector & { readonly version: number; readonly hash: string; readonly indexValueMapSize: number }

interface FailureVector {
  readonly id: string
  readonly patchBytes?: string[]
  readonly snapshotBytes?: string
  readonly keys?: Record<string, string>
  readonly baileysMacChecksOn: Partial<Outcome>
  readonly baileysMacChecksOff?: Partial<Outcome>
}

const vectors = readFixture<{
  collection: 'regular_low'
  keys: Record<string, string>
  snapshot: { snapshotBytes: string; expected: StateVector & MutationsVector }
  patches: { id: string; patchBytes: string[]; expected: StateVector & MutationsVector }[]
  failures: FailureVector[]
}>('vectors/04-snapshot.json')

const { collection } = vectors
const keyOf = keyFinder(vectors.keys)
const decodePatch = (text: string) => proto.SyncdPatch.decode(hex(text))
const decodeSnapshot = (text: string) => proto.SyncdSnapshot.decode(hex(text))
const snapshot = decodeSnapshot(vectors.snapshot.snapshotBytes)

function applied(result: { readonly kind: string }): Applied {
  expect(result.kind).toBe('applied')
  return result as Applied
}

const base = applied(applySnapshot(collection, snapshot, keyOf)).state

const readable = (mutations: Applied['mutations']) =>
  mutations.map(({ index, version, value }) => ({ index, actionVersion: version, value: plain(value) }))
const expected = ({ mutations }: MutationsVector) =>
  mutations.map(mutation => ({ ...mutation, value: plain(proto.SyncActionValue.fromObject(mutation.value)) }))
/** Baileys reports an index once: where it first came, as it was last. */
function onePerIndex<Mutation extends { readonly index: readonly string[] }>(
  mutations: readonly Mutation[],
): Mutation[] {
  return [...new Map(mutations.map(mutation => [JSON.stringify(mutation.index), mutation])).values()]
}

const failure = (code: string, data: object = {}) =>
  expect.objectContaining({ code, data: expect.objectContaining({ collection, ...data }) })
function failing(id: string): FailureVector & { readonly patch: proto.SyncdPatch } {
  const vector = vectors.failures.find(candidate => candidate.id === id)
  if (vector === undefined) throw new Error(`no case ${id}`)
  return { ...vector, patch: decodePatch(vector.patchBytes?.[0] ?? '') }
}

describe('a snapshot (docs/protocol/04, 1.12)', () => {
  it('becomes the state and its mutations, in order', () => {
    const { state, mutations, ...rest } = applied(applySnapshot(collection, snapshot, keyOf))
    expect(rest).toEqual({ kind: 'applied', diverged: false, unknownRemovals: 0, unreadable: 0 })
    const { version, hash, indexValueMap } = vectors.snapshot.expected
    expect(vectorOf(state)).toEqual({ version, hash, indexValueMap })
    expect(readable(mutations)).toEqual(expected(vectors.snapshot.expected))
    expect(new Set(mutations.map(mutation => `${mutation.collection} ${mutation.operation}`))).toEqual(
      new Set(['regular_low set']),
    )
  })

  it('names the keys that it needs, each once', () => {
    expect(keyIdsOf(snapshot).toSorted()).toEqual(Object.keys(vectors.keys).toSorted())
  })

  it('is not begun without one of its keys', () => {
    const { keys } = failing('snapshot-missing-key')
    expect(applySnapshot(collection, snapshot, keyFinder(keys ?? {}))).toEqual({
      kind: 'missing-keys',
      keyIds: ['AAEAAAAC'],
    })
  })

  // Baileys leaves the record out and keeps the rest (1.14).
  it('is refused as a whole for one damaged record (1.14)', () => {
    const damaged = decodeSnapshot(failing('snapshot-one-corrupt-record').snapshotBytes ?? '')
    expect(() => applySnapshot(collection, damaged, keyOf)).toThrow(
      failure('app-state-mac-mismatch', { what: 'value', version: 57 }),
    )
  })

  it('is kept and reported as diverged when its MAC does not fit (1.14)', () => {
    for (const mac of [Buffer.alloc(32), null]) {
      const other = applied(applySnapshot(collection, { ...snapshot, mac }, keyOf))
      expect(other.diverged).toBe(true)
      expect(other.state).toEqual(base)
    }
    expect(applied(applySnapshot('regular', snapshot, keyOf)).diverged).toBe(true)
  })

  it('is refused without version or key, and beyond what a number holds', () => {
    const without = (part: Partial<proto.ISyncdSnapshot>) => () =>
      applySnapshot(collection, { ...snapshot, ...part }, keyOf)
    expect(without({ version: null })).toThrow(failure('invalid-app-state'))
    expect(without({ version: { version: 2 ** 60 } })).toThrow(failure('invalid-app-state'))
    expect(without({ keyId: null })).toThrow(failure('invalid-app-state', { version: 57 }))
  })

  it('may be empty', () => {
    const key = keyOf('AAEAAAAB')!
    const state = { ...newLTHashState(), version: 4 }
    const empty = { version: { version: 4 }, keyId: snapshotKey, mac: snapshotMac(key, collection, state) }
    expect(applySnapshot(collection, empty, keyOf)).toMatchObject({ diverged: false, state, mutations: [] })
  })
})

describe('a large snapshot', () => {
  const key = { keyId: hex('000100000001'), expanded: expandAppStateKey(Buffer.alloc(32, 7)) }
  const sealed = Array.from({ length: 2500 }, (_, number) => {
    // Every tenth sets an index anew.
    const index = ['pin_v1', String(number % 10 === 9 ? number - 1 : number)]
    const value = { pinAction: { pinned: true } }
    const mutation = { operation: 'set' as const, index, value, version: 5 }
    return { operation: 'set' as const, ...sealMutation(mutation, key, () => Buffer.alloc(16, number)) }
  })
  const state = { version: 9, ...nextState(newLTHashState(), sealed) }
  const large = {
    version: { version: 9 },
    records: sealed.map(({ record }) => record),
    mac: snapshotMac(key.expanded, collection, state),
    keyId: { id: key.keyId },
  }
  const ownKey = () => key.expanded

  it('is read with pauses, and gives the same', async () => {
    let pauses = 0
    const result = await applyLargeSnapshot(collection, large, ownKey, async () => {
      pauses += 1
    })
    expect(pauses).toBe(2)
    expect(result).toEqual(applySnapshot(collection, large, ownKey))
    const { mutations, diverged, state: reached } = applied(result)
    expect({ diverged, mutations: mutations.length, live: Object.keys(reached.indexValueMap).length }).toEqual({
      diverged: false,
      mutations: 2500,
      live: 2250,
    })
  })

  it('is refused as a whole for its last record', async () => {
    const records = large.records.with(-1, { ...large.records[0]!, index: { blob: Buffer.alloc(32) } })
    await expect(applyLargeSnapshot(collection, { ...large, records }, ownKey, async () => {})).rejects.toThrow(
      failure('app-state-mac-mismatch', { what: 'index', version: 9 }),
    )
  })
})

const snapshotKey = { id: Buffer.from('AAEAAAAB', 'base64') }

describe('patches (docs/protocol/04, 1.13)', () => {
  it('follow one another', () => {
    const [{ patchBytes, expected: outcome }] = [vectors.patches[0]!]
    let state = base
    const mutations = patchBytes.flatMap(bytes => {
      const result = applied(applyPatch(collection, state, decodePatch(bytes), keyOf))
      expect(result.diverged).toBe(false)
      state = result.state
      return result.mutations
    })
    const { version, hash, indexValueMap } = outcome
    expect(vectorOf(state)).toEqual({ version, hash, indexValueMap })
    expect(readable(onePerIndex(mutations))).toEqual(expected(outcome))
    expect(mutations.filter(({ operation }) => operation === 'remove').length).toBeGreaterThan(0)
  })

  it('that are known already are left out', () => {
    const patch = decodePatch(vectors.patches[0]!.patchBytes[0]!)
    for (const version of [58, 59]) {
      expect(applyPatch(collection, { ...base, version }, patch, keyOf)).toEqual({ kind: 'already-applied' })
    }
  })

  it.each([
    ['bad-patch-mac', 'app-state-mac-mismatch', 'patch'],
    ['bad-value-mac', 'app-state-mac-mismatch', 'value'],
    ['bad-index-mac', 'app-state-mac-mismatch', 'index'],
    ['version-gap', 'app-state-version-gap', 'version 61 on version 57'],
  ])('are refused as a whole, and the state stays (1.14): %s', (id, code, what) => {
    const before = vectorOf(base)
    expect(() => applyPatch(collection, base, failing(id).patch, keyOf)).toThrow(failure(code, { what }))
    expect(vectorOf(base)).toEqual(before)
  })

  it('are kept and reported as diverged when the hash is another (1.14)', () => {
    const { patch, baileysMacChecksOff: outcome } = failing('bad-snapshot-mac')
    const { state, diverged, mutations } = applied(applyPatch(collection, base, patch, keyOf))
    expect(diverged).toBe(true)
    expect({ version: state.version, hash: state.hash.toString('hex') }).toEqual({
      version: outcome?.version,
      hash: outcome?.hash,
    })
    expect(readable(onePerIndex(mutations))).toEqual(expected({ mutations: outcome?.mutations ?? [] }))
  })

  it('are not begun without their key', () => {
    const { patch, keys } = failing('missing-key')
    expect(applyPatch(collection, base, patch, keyFinder(keys ?? {}))).toEqual({
      kind: 'missing-keys',
      keyIds: ['AAEAAAAB'],
    })
  })

  it('may remove what is not there', () => {
    const { patch, baileysMacChecksOn } = failing('remove-unknown-index')
    const { state, diverged, unknownRemovals } = applied(applyPatch(collection, base, patch, keyOf))
    expect({ diverged, unknownRemovals }).toEqual({ diverged: false, unknownRemovals: 1 })
    expect(Object.keys(state.indexValueMap)).toHaveLength(baileysMacChecksOn.indexValueMapSize ?? -1)
    expect(state.hash.toString('hex')).toBe(baileysMacChecksOn.hash)
  })
})

describe('patches that are made here', () => {
  const key = { keyId: hex('000100000001'), expanded: expandAppStateKey(Buffer.alloc(32, 7)) }
  const ownKey = (keyId: string) => (keyId === 'AAEAAAAB' ? key.expanded : undefined)
  const random = (length: number) => Buffer.alloc(length, 3)
  const pin = (jid: string): OutgoingMutation => ({
    operation: 'set',
    index: ['pin_v1', jid],
    value: { timestamp: 1, pinAction: { pinned: true } },
    version: 5,
  })
  const make = (mutations: readonly OutgoingMutation[]) =>
    composePatch({ collection, state: newLTHashState(), mutations, key, random }).patch

  it('are the next ones when they have no version', () => {
    expect(applied(applyPatch(collection, newLTHashState(), make([pin('a')]), ownKey)).state.version).toBe(1)
  })

  it('may have their mutations in a file', () => {
    const { mutations, ...patch } = make([pin('a'), pin('b')])
    const external = { mutations: mutations ?? [] }
    const incomplete = { ...patch, externalMutations: { directPath: '/x' } }
    expect(() => applyPatch(collection, newLTHashState(), incomplete, ownKey)).toThrow(
      failure('invalid-app-state', { what: 'a patch whose external mutations were not fetched' }),
    )
    const complete = withExternalMutations(incomplete, external)
    const result = applied(applyPatch(collection, newLTHashState(), complete, ownKey))
    expect(result.mutations.map(({ index }) => index[1])).toEqual(['a', 'b'])
    expect(result.diverged).toBe(false)
  })

  it('end a collection with an exit code', () => {
    const ended = { ...make([pin('a')]), exitCode: { code: 3 } }
    expect(() => applyPatch(collection, newLTHashState(), ended, ownKey)).toThrow(
      failure('app-state-terminated', { what: 'exit code 3', version: 1 }),
    )
  })

  it('are refused without key, MACs or version', () => {
    const patch = make([pin('a')])
    const refuse = (part: Partial<proto.ISyncdPatch>, code: string) =>
      expect(() => applyPatch(collection, newLTHashState(), { ...patch, ...part }, ownKey)).toThrow(failure(code))
    refuse({ keyId: null }, 'invalid-app-state')
    refuse({ snapshotMac: null }, 'invalid-app-state')
    refuse({ patchMac: null }, 'app-state-mac-mismatch')
    refuse({ version: {} }, 'invalid-app-state')
    refuse({ mutations: [{ record: null }] }, 'invalid-app-state')
  })

  it('keep records that say nothing to their reader in the hash', () => {
    const patch = make([{ operation: 'set', index: ['brand_new', 'x'], value: undefined, version: 99 }, pin('a')])
    const result = applied(applyPatch(collection, newLTHashState(), patch, ownKey))
    expect(result.diverged).toBe(false)
    expect(Object.keys(result.state.indexValueMap)).toHaveLength(2)
    expect(result.mutations[0]).toMatchObject({ index: ['brand_new', 'x'], version: 99 })
  })
})
