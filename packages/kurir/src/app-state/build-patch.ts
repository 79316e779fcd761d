import { proto } from '../proto/index.js'
import type { LTHashState } from '../signal/key-store.js'
import { patchMac, snapshotMac } from './collection-macs.js'
import type { WAPatchName } from './collection-names.js'
import { type AppStateKey, type OutgoingMutation, type SealedRecord, sealMutation } from './mutation.js'
import { nextState, syncdOperation } from './next-state.js'

export interface PatchRequest {
  readonly collection: WAPatchName
  /** The state that the server has: fetch first. */
  readonly state: LTHashState
  /** In one patch: at most 100 (docs/protocol/04, 1.16). */
  readonly mutations: readonly OutgoingMutation[]
  readonly key: AppStateKey
  /** Bytes of the length it is given. */
  readonly random: (length: number) => Uint8Array
}

export interface BuiltPatch {
  /** An encoded `SyncdPatch`, as the server takes it. */
  readonly patch: Buffer
  /** The state once the server has accepted it. */
  readonly state: LTHashState
}

/** The mutations that the server takes in one patch. */
export const maximumMutationsOfPatch = 100

/** Makes the patch that carries own changes, with the state that follows from it (docs/protocol/04, 1.16). */
export function buildPatch(request: PatchRequest): BuiltPatch {
  const { patch, state } = composePatch(request)
  return { patch: proto.SyncdPatch.encode(patch).finish(), state }
}

/** {@link buildPatch} before it is encoded. */
export function composePatch(request: PatchRequest): { patch: proto.ISyncdPatch; state: LTHashState } {
  const { collection, key, mutations } = request
  const sealed = mutations.map(mutation => ({
    operation: mutation.operation,
    ...sealMutation(mutation, key, request.random),
  }))
  const { hash, indexValueMap } = nextState(request.state, sealed)
  const state = { version: request.state.version + 1, hash, indexValueMap }
  const macOfState = snapshotMac(key.expanded, collection, state)
  const patch = {
    mutations: sealed.map(({ operation, record }) => ({ operation: syncdOperation(operation), record })),
    snapshotMac: macOfState,
    patchMac: patchMac(key.expanded, collection, state.version, macOfState, valueMacsOf(sealed)),
    keyId: { id: key.keyId },
  }
  return { patch, state }
}

const valueMacsOf = (sealed: readonly SealedRecord[]) => sealed.map(({ valueMac }) => valueMac)
