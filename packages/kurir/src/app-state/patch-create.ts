import type { proto } from '../proto/index.js'
import { type ChatModification, modificationMutations } from './chat-modification.js'
import type { WAPatchName } from './collection-names.js'
import { syncdOperation } from './next-state.js'

/** One change of one collection, as Baileys writes it. */
export interface WAPatchCreate {
  syncAction: proto.ISyncActionValue
  index: string[]
  type: WAPatchName
  /** Version of the action. */
  apiVersion: number
  operation: proto.SyncdMutation.SyncdOperation
}

/**
 * What a modification changes, for `appPatch`. It is one change only: what goes with it, such as the pin that archiving
 * takes off, and all messages to star but the first, are left to `chatModify`.
 *
 * @throws AppStateError `invalid-chat-modification`
 */
export function chatModificationToAppPatch(mod: ChatModification, jid: string): WAPatchCreate {
  const { collection, mutations } = modificationMutations(mod, jid, Date.now())
  const [{ value, index, version, operation }] = mutations
  return {
    syncAction: value ?? {},
    index: [...index],
    type: collection,
    apiVersion: version,
    operation: syncdOperation(operation),
  }
}
