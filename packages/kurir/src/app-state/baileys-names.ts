import type { AccountSettings } from '../auth/credentials.js'
import type { BinaryNode } from '../binary/node.js'
import type { Contact } from '../chats/contact-types.js'
import { randomBytes } from '../crypto/random.js'
import type { BaileysEventEmitter } from '../events/event-buffer.js'
import type { ILogger } from '../logger/logger.js'
import { proto } from '../proto/index.js'
import type { LTHashState } from '../signal/key-store.js'
import { actionEvents } from './action-events.js'
import { actionTable, isActionName } from './action-table.js'
import { missingAppStateKey } from './app-state-error.js'
import { type Applied, applyPatch, applySnapshot, type KeyOf, keyIdsOf, type MissingKeys } from './apply.js'
import { composePatch } from './build-patch.js'
import type { WAPatchName } from './collection-names.js'
import { blobDownload, completePatch, fetchSnapshot } from './external-blobs.js'
import { updateLtHash } from './lt-hash.js'
import { type AppStateMutation, type ReceivedRecord, readRecord } from './mutation.js'
import { base64, nextState, operationOf, type StateChange } from './next-state.js'
import { openRecords } from './open-records.js'
import type { WAPatchCreate } from './patch-create.js'
import { type ExpandedAppStateKey, expandAppStateKey } from './sync-keys.js'
import { parseSyncAnswer } from './sync-stanza.js'

/*
 * The functions of the room under the names and in the forms of Baileys (docs/protocol/06, 3.10). Every MAC is verified,
 * whatever is given for `validateMacs`: what cannot be proved is an error, where Baileys leaves it out and goes on.
 */

/** A change that was received. */
export interface ChatMutation {
  syncAction: proto.ISyncActionData
  index: string[]
}

/** The last change of each index, by the text of the index. */
export type ChatMutationMap = { [index: string]: ChatMutation }

/** Given to {@link processSyncAction} while the collections are read for the first time. */
export interface InitialAppStateSyncOptions {
  accountSettings: AccountSettings
}

/** Finds a key in the store by its id (base64). */
type FetchAppStateSyncKey = (keyId: string) => Promise<proto.Message.IAppStateSyncKeyData | null | undefined>

type HashAndMap = Pick<LTHashState, 'hash' | 'indexValueMap'>

/** How often Baileys tries a collection. Kurir judges by the fault. */
export const MAX_SYNC_ATTEMPTS = 2

/** Whether an error says that the phone has not shared a key yet. */
export function isMissingKeyError(error: unknown): boolean {
  return dataOf(error)?.isMissingKey === true
}

function dataOf(error: unknown): { readonly isMissingKey?: unknown } | undefined {
  const data: unknown = typeof error === 'object' && error !== null && 'data' in error ? error.data : undefined
  return typeof data === 'object' && data !== null ? data : undefined
}

/** Whether Baileys gives a collection up after this error. */
export function isAppStateSyncIrrecoverable(error: unknown, attempts: number): boolean {
  return attempts >= MAX_SYNC_ATTEMPTS || (error instanceof Error && error.name === 'TypeError')
}

/** Gives a state that was stored without a usable version version 0. Changes and returns its argument. */
export function ensureLTHashStateVersion(state: LTHashState): LTHashState {
  if (typeof state.version !== 'number' || Number.isNaN(state.version)) state.version = 0
  return state
}

/** The sum of a collection; see `updateLtHash`. */
export const LT_HASH_ANTI_TAMPERING = {
  subtractThenAdd: (base: Uint8Array, subtract: Uint8Array[], add: Uint8Array[]): Uint8Array =>
    updateLtHash(base, subtract, add),
}

/** Computes the next hash and map of a collection: `mix` what changes in order, then `finish`. */
export function makeLtHashGenerator({ hash, indexValueMap }: HashAndMap) {
  const changes: StateChange[] = []
  return {
    mix: (change: {
      indexMac: Uint8Array
      valueMac: Uint8Array
      operation: proto.SyncdMutation.SyncdOperation
    }): void => {
      changes.push({ ...change, operation: operationOf(change.operation) })
    },
    finish: (): HashAndMap => hashAndMap(nextState({ hash, indexValueMap }, changes)),
  }
}

const hashAndMap = ({ hash, indexValueMap }: HashAndMap): HashAndMap => ({ hash, indexValueMap })

/**
 * Encrypts one change, and computes the state that it leads to.
 *
 * @throws AppStateError `app-state-key-missing`
 */
export async function encodeSyncdPatch(
  { type, index, syncAction, apiVersion, operation }: WAPatchCreate,
  myAppStateKeyId: string,
  state: LTHashState,
  getAppStateSyncKey: FetchAppStateSyncKey,
): Promise<{ patch: proto.ISyncdPatch; state: LTHashState }> {
  const keyOf = await loadKeys([myAppStateKeyId], getAppStateSyncKey)
  const expanded = keyOf(myAppStateKeyId)
  if (expanded === undefined) throw missingAppStateKey([myAppStateKeyId])
  const mutation = { operation: operationOf(operation), index, value: syncAction, version: apiVersion }
  const key = { keyId: Buffer.from(myAppStateKeyId, 'base64'), expanded }
  return composePatch({ collection: type, state, mutations: [mutation], key, random: randomBytes })
}

/**
 * Opens mutations, or the records of a snapshot, and computes the state that they lead to.
 *
 * @throws AppStateError `app-state-key-missing`, `app-state-mac-mismatch`, `invalid-app-state`
 */
export async function decodeSyncdMutations(
  msgMutations: (proto.ISyncdMutation | proto.ISyncdRecord)[],
  initialState: LTHashState,
  getAppStateSyncKey: FetchAppStateSyncKey,
  onMutation: (mutation: ChatMutation) => void,
  _validateMacs: boolean,
): Promise<HashAndMap> {
  const records = msgMutations.map(mutation =>
    'record' in mutation && mutation.record
      ? readRecord(mutation.record, operationOf(mutation.operation))
      : readRecord(mutation as proto.ISyncdRecord, 'set'),
  )
  const keyIds = new Set(records.map(({ keyId }) => base64(keyId)))
  const keyOf = await loadKeys([...keyIds], getAppStateSyncKey)
  for (const { index, value, version } of openRecords(records, record => keyOfRecord(record, keyOf))) {
    if (index !== undefined) onMutation(chatMutation({ index, value, version }))
  }
  return hashAndMap(nextState(initialState, records))
}

function keyOfRecord({ keyId }: ReceivedRecord, keyOf: KeyOf): ExpandedAppStateKey {
  const id = base64(keyId)
  const key = keyOf(id)
  if (key === undefined) throw missingAppStateKey([id])
  return key
}

/**
 * Opens one patch. `initialState` has the version of the patch already, as in Baileys.
 *
 * @throws AppStateError as for {@link decodeSyncdMutations}
 */
export async function decodeSyncdPatch(
  msg: proto.ISyncdPatch,
  name: WAPatchName,
  initialState: LTHashState,
  getAppStateSyncKey: FetchAppStateSyncKey,
  onMutation: (mutation: ChatMutation) => void,
  _validateMacs: boolean,
): Promise<HashAndMap> {
  const keyOf = await loadKeys(keyIdsOf(msg), getAppStateSyncKey)
  const version = Number(msg.version?.version ?? initialState.version) - 1
  const result = applyPatch(name, { ...initialState, version }, msg, keyOf)
  if (result.kind === 'already-applied') return hashAndMap(initialState)
  const { state, mutations } = applied(result)
  for (const mutation of mutations) onMutation(chatMutation(mutation))
  return hashAndMap(state)
}

/**
 * Reads a whole collection. What is in a snapshot up to `minimumVersionNumber` is known and not reported. A hash that is
 * not what the snapshot says is logged.
 *
 * @throws AppStateError as for {@link decodeSyncdMutations}
 */
export async function decodeSyncdSnapshot(
  name: WAPatchName,
  snapshot: proto.ISyncdSnapshot,
  getAppStateSyncKey: FetchAppStateSyncKey,
  minimumVersionNumber: number | undefined,
  _validateMacs = true,
  logger?: ILogger,
): Promise<{ state: LTHashState; mutationMap: ChatMutationMap }> {
  const keyOf = await loadKeys(keyIdsOf(snapshot), getAppStateSyncKey)
  const { state, mutations, diverged } = applied(applySnapshot(name, snapshot, keyOf))
  if (diverged) logger?.warn({ name, version: state.version }, 'the hash of an app-state snapshot is another')
  const mutationMap: ChatMutationMap = {}
  if (isNew(state.version, minimumVersionNumber)) note(mutationMap, mutations)
  return { state, mutationMap }
}

/**
 * Applies patches one after another; mutations that are kept as files are fetched. A hash that is not what a patch says
 * is logged. The states and messages that are given stay as they are.
 *
 * @param options as for `fetch`
 * @throws AppStateError as for {@link decodeSyncdMutations}, `app-state-version-gap`, `app-state-terminated`; errors of
 *   `downloadContentFromMessage`
 */
export async function decodePatches(
  name: WAPatchName,
  syncds: proto.ISyncdPatch[],
  initial: LTHashState,
  getAppStateSyncKey: FetchAppStateSyncKey,
  options: RequestInit,
  minimumVersionNumber?: number,
  logger?: ILogger,
  _validateMacs = true,
): Promise<{ state: LTHashState; mutationMap: ChatMutationMap }> {
  const mutationMap: ChatMutationMap = {}
  let state = initial
  for (const syncd of syncds) {
    const patch = await completePatch(syncd, blobDownload({ options }))
    const result = applyPatch(name, state, patch, await loadKeys(keyIdsOf(patch), getAppStateSyncKey))
    if (result.kind === 'already-applied') continue
    const { state: next, mutations, diverged } = applied(result)
    if (diverged) logger?.warn({ name, version: next.version }, 'the hash of an app-state patch is another')
    if (isNew(next.version, minimumVersionNumber)) note(mutationMap, mutations)
    state = next
  }
  return { state, mutationMap }
}

const isNew = (version: number, minimum: number | undefined) => minimum === undefined || version > minimum

function note(mutationMap: ChatMutationMap, mutations: readonly AppStateMutation[]): void {
  for (const mutation of mutations) mutationMap[JSON.stringify(mutation.index)] = chatMutation(mutation)
}

function chatMutation({ index, value, version }: Pick<AppStateMutation, 'index' | 'value' | 'version'>): ChatMutation {
  const syncAction = { index: Buffer.from(JSON.stringify(index)), value, padding: Buffer.alloc(0), version }
  return { syncAction, index: [...index] }
}

function applied(result: Applied | MissingKeys): Applied {
  if (result.kind === 'missing-keys') throw missingAppStateKey(result.keyIds)
  return result
}

/** Keys that the store does not have are left out. */
async function loadKeys(keyIds: readonly string[], getAppStateSyncKey: FetchAppStateSyncKey): Promise<KeyOf> {
  const keys = new Map<string, ExpandedAppStateKey>()
  for (const id of keyIds) {
    const keyData = id === '' ? undefined : (await getAppStateSyncKey(id))?.keyData
    if (keyData) keys.set(id, expandAppStateKey(keyData))
  }
  return id => keys.get(id)
}

type CollectionContents = {
  [Name in WAPatchName]: {
    patches: proto.ISyncdPatch[]
    hasMorePatches: boolean
    snapshot?: proto.ISyncdSnapshot
  }
}

/**
 * What an answer of the server holds, by collection; snapshots are fetched. Collections that it does not name are not
 * there.
 *
 * @param options as for `fetch`
 * @throws AppStateError `invalid-app-state`; errors of `downloadContentFromMessage`
 */
export async function extractSyncdPatches(result: BinaryNode, options: RequestInit): Promise<CollectionContents> {
  const contents: Partial<CollectionContents> = {}
  for (const [name, answer] of parseSyncAnswer(result)) {
    if (answer.unreadable !== undefined) throw answer.unreadable
    const collection = { patches: [...answer.patches], hasMorePatches: answer.hasMore }
    contents[name] = answer.snapshot
      ? { ...collection, snapshot: await fetchSnapshot(answer.snapshot, blobDownload({ options })) }
      : collection
  }
  // As in Baileys, the type has every collection.
  return contents as CollectionContents
}

/**
 * Fetches, checks and decrypts a file of app state.
 *
 * @param options as for `fetch`
 * @throws AppStateError `invalid-app-state`; errors of `downloadContentFromMessage`
 */
export async function downloadExternalBlob(blob: proto.IExternalBlobReference, options: RequestInit): Promise<Buffer> {
  return Buffer.from(await blobDownload({ options })(blob))
}

/** The mutations of a patch that are kept as a file. Throws as {@link downloadExternalBlob}, and `invalid-protobuf`. */
export async function downloadExternalPatch(
  blob: proto.IExternalBlobReference,
  options: RequestInit,
): Promise<proto.SyncdMutations> {
  return proto.SyncdMutations.decode(await downloadExternalBlob(blob, options))
}

/**
 * Emits what follows from a change; see `actionEvents`. It is taken for one that sets something: what is removed, this
 * form does not tell.
 *
 * @param initialSyncOpts given while the collections are read for the first time; a change of its settings is noted there
 */
export function processSyncAction(
  syncAction: ChatMutation,
  ev: BaileysEventEmitter,
  me: Contact,
  initialSyncOpts?: InitialAppStateSyncOptions,
  logger?: ILogger,
): void {
  const { index, syncAction: data } = syncAction
  const [name] = index
  const collection = isActionName(name) ? actionTable[name].collection : 'regular'
  const accountSettings = initialSyncOpts?.accountSettings
  const mutation = {
    collection,
    operation: 'set' as const,
    index,
    value: data.value ?? undefined,
    version: data.version ?? 0,
  }
  logger?.trace({ action: name, initial: initialSyncOpts !== undefined }, 'app-state action')
  for (const event of actionEvents(mutation, { me, accountSettings, initial: initialSyncOpts !== undefined })) {
    // The union keeps event and payload together; `emit` takes them apart.
    ev.emit<typeof event.event>(event.event, event.data)
    if (event.event === 'creds.update' && accountSettings && event.data.accountSettings) {
      accountSettings.unarchiveChats = event.data.accountSettings.unarchiveChats
    }
  }
}
