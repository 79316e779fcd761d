import { constantTimeEqual } from 'kurir/crypto'
import type { proto } from 'kurir/proto'
import { actionMisfit } from './action-rules.js'
import type { AppStateKey, AppStateKeys } from './app-state-keys.js'
import type { Collection, NextState } from './collection.js'
import { holds, invalidPatch, type OpenedMutation, openMutation, patchMacOf, snapshotMacOf } from './sealed-mutation.js'

/** A patch that holds, and what it does. */
export interface CheckedPatch {
  readonly patch: proto.ISyncdPatch
  readonly mutations: readonly OpenedMutation[]
  readonly next: NextState
}

export interface PatchRules {
  readonly keys: AppStateKeys
  /** False: what other clients are known to write besides is taken too. */
  readonly strict: boolean
  /** More mutations than this are an external blob (docs/protocol/04 §1.16). */
  readonly mostInline: number
  /** True for keys that the device must not write with any more. */
  readonly expired: (key: AppStateKey) => boolean
}

/**
 * Checks a patch on the present state of its collection with the keys of the phone, which the real service does not
 * have: every MAC, the LT-hash, and in strict mode whether the current client would write it so.
 *
 * @param mutations those of the patch, or what its external blob holds
 * @throws KurirError `app-state-patch-invalid`; `data.check` names what did not hold
 */
export const checkPatch = (
  patch: proto.ISyncdPatch,
  mutations: readonly proto.ISyncdMutation[],
  collection: Collection,
  rules: PatchRules,
): CheckedPatch => {
  const key = rules.keys.find(patch.keyId?.id)
  holds('a key that the phone has shared', key !== undefined)
  holds('a key that has not expired', !rules.expired(key))
  checkForm(patch, mutations, rules)
  const opened = mutations.map(mutation => open(mutation, key, rules))
  const version = collection.version + 1
  const { snapshotMac, patchMac } = patch
  const valueMacs = opened.map(({ valueMac }) => valueMac)
  holds('snapshot MAC', snapshotMac != null)
  holds('patch MAC', isMac(patchMac, patchMacOf(key, snapshotMac, valueMacs, version, collection.name)))
  const next = collection.next(opened)
  holds('snapshot MAC', isMac(snapshotMac, snapshotMacOf(key, next.hash, version, collection.name)))
  if (rules.strict) {
    for (const mutation of opened) {
      const misfit = actionMisfit(collection.name, mutation)
      if (misfit !== undefined) throw invalidPatch(misfit)
    }
  }
  return { patch, mutations: opened, next }
}

const checkForm = (
  { version, mutations: inline, externalMutations, exitCode }: proto.ISyncdPatch,
  mutations: readonly proto.ISyncdMutation[],
  { strict, mostInline }: PatchRules,
): void => {
  holds('at least one mutation', mutations.length > 0)
  holds('mutations inline or in a blob', externalMutations == null || (inline ?? []).length === 0)
  if (!strict) return
  holds('no version of its own', version == null)
  holds('no exit code', exitCode == null)
  holds(`at most ${mostInline} mutations inline`, (inline ?? []).length <= mostInline)
}

const open = (mutation: proto.ISyncdMutation, key: AppStateKey, { keys, strict }: PatchRules): OpenedMutation => {
  const own = keys.find(mutation.record?.keyId?.id)
  holds('a key that the phone has shared', own !== undefined)
  holds('one key for the patch and its records', !strict || own === key)
  return openMutation(mutation, own)
}

const isMac = (given: Uint8Array | null | undefined, expected: Uint8Array): boolean =>
  given != null && constantTimeEqual(given, expected)
