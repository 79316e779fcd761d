import { constantTimeEqual } from '../crypto/random.js'
import type { proto } from '../proto/index.js'
import { type IntegerLike, toNumber } from '../proto/integer.js'
import type { LTHashState } from '../signal/key-store.js'
import { AppStateError, appStateMacMismatch, invalidAppState } from './app-state-error.js'
import { patchMac, snapshotMac } from './collection-macs.js'
import type { WAPatchName } from './collection-names.js'
import { newLTHashState } from './collection-state.js'
import { type AppStateMutation, type ReceivedRecord, readRecord } from './mutation.js'
import { base64, operationOf, StateWalk } from './next-state.js'
import { openRecords } from './open-records.js'
import type { ExpandedAppStateKey } from './sync-keys.js'

/** Finds a key by its id (base64): load the keys of {@link keyIdsOf} first. */
export type KeyOf = (keyId: string) => ExpandedAppStateKey | undefined

/** A snapshot or patch that was believed. */
export interface Applied {
  readonly kind: 'applied'
  /** Store it before anybody hears of the mutations. */
  readonly state: LTHashState
  /** In order; nothing is left out when an index changes twice. */
  readonly mutations: readonly AppStateMutation[]
  /** The hash is not what its author had: fetch a snapshot once, then ask the phone (docs/protocol/04, 1.14). */
  readonly diverged: boolean
  /** Removals of what was not there. */
  readonly unknownRemovals: number
  /** Records whose index is no list of texts: they count for the hash and say nothing. */
  readonly unreadable: number
}

/** Nothing was done: ask for the keys and try again when they come (docs/protocol/04, 1.15). */
export interface MissingKeys {
  readonly kind: 'missing-keys'
  /** Base64. */
  readonly keyIds: readonly string[]
}

/** A patch that the state contains already: nothing was done, go on with the next. */
export interface AlreadyApplied {
  readonly kind: 'already-applied'
}

/** The ids of all keys that a patch or snapshot needs, base64, each once. External mutations must be in it already. */
export function keyIdsOf(source: proto.ISyncdPatch | proto.ISyncdSnapshot): string[] {
  const ids = new Set<string>()
  let last: Uint8Array | undefined
  const note = (keyId: proto.IKeyId | null | undefined) => {
    const id = keyId?.id
    // One after another has the same as a rule.
    if (!id || (last !== undefined && Buffer.compare(last, id) === 0)) return
    ids.add(base64(id))
    last = id
  }
  note(source.keyId)
  if ('records' in source) for (const record of source.records ?? []) note(record.keyId)
  if ('mutations' in source) for (const { record } of source.mutations ?? []) note(record?.keyId)
  return [...ids]
}

/** A patch whose mutations were kept as a file, with the content of that file (docs/protocol/04, 1.6). */
export function withExternalMutations(patch: proto.ISyncdPatch, external: proto.ISyncdMutations): proto.ISyncdPatch {
  const mutations = [...(patch.mutations ?? []), ...(external.mutations ?? [])]
  return { ...patch, mutations, externalMutations: null }
}

/**
 * Reads a whole collection (docs/protocol/04, 1.12). Every record is checked; one that is wrong refuses the snapshot.
 *
 * @throws AppStateError `app-state-mac-mismatch`, `invalid-app-state`
 */
export function applySnapshot(
  collection: WAPatchName,
  snapshot: proto.ISyncdSnapshot,
  keyOf: KeyOf,
): Applied | MissingKeys {
  return complete(snapshotSteps(collection, snapshot, keyOf))
}

/**
 * {@link applySnapshot} for snapshots of any size: tens of thousands of records take so long that others have to get
 * their turn.
 *
 * @param pause awaited after every thousand records
 */
export async function applyLargeSnapshot(
  collection: WAPatchName,
  snapshot: proto.ISyncdSnapshot,
  keyOf: KeyOf,
  pause: () => Promise<void>,
): Promise<Applied | MissingKeys> {
  const steps = snapshotSteps(collection, snapshot, keyOf)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await pause()
  }
}

type Steps<Result> = Generator<undefined, Result, void>

function complete<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

function* snapshotSteps(
  collection: WAPatchName,
  snapshot: proto.ISyncdSnapshot,
  keyOf: KeyOf,
): Steps<Applied | MissingKeys> {
  const version = versionOf(snapshot.version?.version)
  try {
    if (version === undefined) throw invalidAppState('a snapshot without version')
    const missing = missingKeys(snapshot, keyOf)
    if (missing !== undefined) return missing
    const mainKey = keyOf(idOf(snapshot.keyId))
    if (mainKey === undefined) throw invalidAppState('a snapshot without key id')
    const records = snapshot.records ?? []
    return yield* openAll({
      collection,
      state: { ...newLTHashState(), version },
      count: records.length,
      read: (start, end) => records.slice(start, end).map(record => readRecord(record, 'set')),
      keyOf,
      mainKey,
      claimedMac: snapshot.mac,
    })
  } catch (error) {
    throw inContext(error, collection, version)
  }
}

/**
 * Takes one patch into the state of a collection (docs/protocol/04, 1.13). External mutations must have been added with
 * {@link withExternalMutations}. A patch without version is the next one.
 *
 * @param state stays as it is, whatever comes
 * @throws AppStateError `app-state-mac-mismatch`, `app-state-version-gap`, `app-state-terminated`, `invalid-app-state`:
 *   nothing of the patch may be kept; fetch the collection anew, once
 */
export function applyPatch(
  collection: WAPatchName,
  state: LTHashState,
  patch: proto.ISyncdPatch,
  keyOf: KeyOf,
): Applied | MissingKeys | AlreadyApplied {
  const version = patch.version ? versionOf(patch.version.version) : state.version + 1
  try {
    if (version === undefined) throw invalidAppState('a patch without version')
    if (version <= state.version) return { kind: 'already-applied' }
    checkPatch(patch, version, state)
    const missing = missingKeys(patch, keyOf)
    if (missing !== undefined) return missing
    const mainKey = keyOf(idOf(patch.keyId))
    if (mainKey === undefined || !patch.snapshotMac) throw invalidAppState('a patch without key id or snapshot MAC')
    const records = (patch.mutations ?? []).map(({ record, operation }) => readRecord(record, operationOf(operation)))
    const valueMacs = records.map(({ valueMac }) => valueMac)
    const expected = patchMac(mainKey, collection, version, patch.snapshotMac, valueMacs)
    if (!constantTimeEqual(expected, patch.patchMac ?? nothing)) throw appStateMacMismatch('patch')
    return complete(
      openAll({
        collection,
        state: { ...state, version },
        count: records.length,
        read: (start, end) => records.slice(start, end),
        keyOf,
        mainKey,
        claimedMac: patch.snapshotMac,
      }),
    )
  } catch (error) {
    throw inContext(error, collection, version)
  }
}

const nothing = Buffer.alloc(0)

function checkPatch(patch: proto.ISyncdPatch, version: number, state: LTHashState): void {
  if (version > state.version + 1) {
    throw new AppStateError('app-state-version-gap', 'Patches before this one are missing', {
      statusCode: 409,
      retryable: true,
      data: { what: `version ${version} on version ${state.version}` },
    })
  }
  const exitCode = toNumber(patch.exitCode?.code)
  if (exitCode !== 0) {
    throw new AppStateError('app-state-terminated', 'The collection was ended by another device', {
      statusCode: 410,
      data: { what: `exit code ${exitCode}` },
    })
  }
  if (patch.externalMutations) throw invalidAppState('a patch whose external mutations were not fetched')
}

interface Opening {
  readonly collection: WAPatchName
  /** Before the records, with the version after them. */
  readonly state: LTHashState
  readonly count: number
  /** The records from `start` to before `end`. */
  readonly read: (start: number, end: number) => readonly ReceivedRecord[]
  readonly keyOf: KeyOf
  readonly mainKey: ExpandedAppStateKey
  readonly claimedMac: Uint8Array | null | undefined
}

/** Records between two pauses: some ten milliseconds. */
const recordsOfStep = 1024

/** Opens the records and computes where they lead, a step at a time. */
function* openAll({ collection, state, count, read, keyOf, mainKey, claimedMac }: Opening): Steps<Applied> {
  const mutations: AppStateMutation[] = []
  const walk = new StateWalk(state)
  const keyOfRecord = keyFinder(keyOf)
  for (let start = 0; start < count; start += recordsOfStep) {
    if (start > 0) yield
    const records = read(start, start + recordsOfStep)
    openRecords(records, keyOfRecord).forEach(({ index, value, version }, position) => {
      const { operation } = records[position] as ReceivedRecord
      if (index !== undefined) mutations.push({ collection, operation, index, value, version })
    })
    walk.take(records)
  }
  const { unknownRemovals, ...reached } = walk.finish()
  const next = { version: state.version, ...reached }
  const diverged = !constantTimeEqual(snapshotMac(mainKey, collection, next), claimedMac ?? nothing)
  return { kind: 'applied', state: next, mutations, diverged, unknownRemovals, unreadable: count - mutations.length }
}

/** Finds the keys of records. One after another has the same as a rule, and its name is made only once. */
function keyFinder(keyOf: KeyOf): (record: ReceivedRecord) => ExpandedAppStateKey {
  let last: { readonly keyId: Buffer; readonly key: ExpandedAppStateKey } | undefined
  return ({ keyId }) => {
    if (last?.keyId.equals(keyId)) return last.key
    const key = keyOf(base64(keyId))
    if (key === undefined) throw invalidAppState('a record whose key went away')
    last = { keyId: Buffer.from(keyId), key }
    return key
  }
}

function missingKeys(source: proto.ISyncdPatch | proto.ISyncdSnapshot, keyOf: KeyOf): MissingKeys | undefined {
  const keyIds = keyIdsOf(source).filter(id => keyOf(id) === undefined)
  return keyIds.length === 0 ? undefined : { kind: 'missing-keys', keyIds }
}

const idOf = (keyId: proto.IKeyId | null | undefined) => base64(keyId?.id ?? nothing)

/** Undefined for what is absent or beyond what a number holds. */
function versionOf(value: IntegerLike): number | undefined {
  const version = toNumber(value)
  return value === null || value === undefined || !Number.isSafeInteger(version) ? undefined : version
}

/** Says in errors of the room which collection and version they are about. */
function inContext(error: unknown, collection: WAPatchName, version: number | undefined): unknown {
  if (error instanceof AppStateError) {
    error.data = { collection, ...(version === undefined ? {} : { version }), ...error.data }
  }
  return error
}
