/** App state: the settings and marks that all devices of an account share, in five encrypted collections. */
export { actionEvents } from './action-events.js'
export type { ActionContext, AppStateEvent } from './action-rule.js'
export * from './action-table.js'
export * from './actions.js'
export * from './app-state-error.js'
export * from './apply.js'
export * from './build-patch.js'
export {
  type ChatModification,
  type ModificationMutations,
  modificationMutations,
  type QuickReplyAction,
} from './chat-modification.js'
export * from './collection-macs.js'
export * from './collection-names.js'
export * from './collection-state.js'
export * from './key-messages.js'
export { updateLtHash } from './lt-hash.js'
export type { LastMessageList } from './message-range.js'
export * from './mutation.js'
export * from './next-state.js'
export * from './open-records.js'
export * from './patch-create.js'
export * from './snapshot-recovery.js'
export * from './sync-keys.js'
export * from './sync-stanza.js'
