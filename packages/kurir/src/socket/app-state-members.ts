import { type ChatModification, modificationMutations, type QuickReplyAction } from '../app-state/chat-modification.js'
import type { WAPatchName } from '../app-state/collection-names.js'
import { operationOf } from '../app-state/next-state.js'
import type { WAPatchCreate } from '../app-state/patch-create.js'
import { parseDecimal } from '../binary/decimal.js'
import type { LabelActionBody } from '../chats/label-types.js'
import { checkText } from '../messages/content/checks.js'
import { invalidContent } from '../messages/content/content-error.js'
import type { proto } from '../proto/index.js'
import type { AppStateSync } from './app-state-sync.js'
import type { AppStateUploads } from './app-state-uploads.js'
import type { SocketCore } from './core.js'
import { buildClean } from './dirty-bits.js'
import type { Mutex } from './scheduling.js'

/**
 * What the devices of an account share (docs/protocol/06, chats and app state). Changes resolve when the server has
 * accepted them, and come as events like those of other devices unless `emitOwnEvents` is off.
 *
 * All that change something throw AppStateError `app-state-key-missing` (400) as long as the phone has shared no key,
 * `invalid-chat-modification`; KurirError `app-state-conflict` (409), `app-state-refused`, `timed-out` (408); and what
 * keeps the collection from being fetched ({@link AppStateMembers.resyncAppState}).
 */
export interface AppStateMembers {
  /** Changes a chat, a contact, a message mark or a setting; what there is to change is in {@link ChatModification}. */
  chatModify(modification: ChatModification, jid: string): Promise<void>
  /** Makes one change of the app state as it is given. {@link chatModify} is what programs want. */
  appPatch(patch: WAPatchCreate): Promise<void>
  /** Own changes go through here, one patch at a time. */
  readonly appStatePatchMutex: Mutex
  /**
   * Fetches what is new in these collections; Kurir does so by itself. A collection whose keys are missing is no
   * failure: it goes on when the phone has shared them.
   *
   * @param isInitialSync changes of chats wait until their chat has come with the history
   * @throws AppStateError, KurirError `app-state-refused`, `app-state-endless`, `timed-out`, those of media downloads;
   *   what the other collections brought counts
   */
  resyncAppState(collections: readonly WAPatchName[], isInitialSync: boolean): Promise<void>
  /**
   * Tells the server that a change is known; Kurir does so by itself. Does not wait for the answer: what the server does
   * not clean, it speaks of again with the next connection.
   *
   * @param fromTimestamp unix seconds; what is newer stays
   * @throws KurirError `invalid-content` (400) for no type, or a time that is none
   */
  cleanDirtyBits(type: 'account_sync' | 'groups', fromTimestamp?: number | string): Promise<void>
  /** Stars messages, or takes the stars off. Messages of others in groups need their author as `participant`. */
  star(
    jid: string,
    messages: { id: string; fromMe?: boolean | undefined; participant?: string | undefined }[],
    star: boolean,
  ): Promise<void>
  /** Saves a contact in the address book of the account, with the phone's if `saveOnPrimaryAddressbook` is set. */
  addOrEditContact(jid: string, contact: proto.SyncActionValue.IContactAction): Promise<void>
  removeContact(jid: string): Promise<void>
  /** Makes or changes a label. Ids are decimal texts of the caller's choice, colours 0 to 19. */
  addLabel(jid: string, label: LabelActionBody): Promise<void>
  addChatLabel(jid: string, labelId: string): Promise<void>
  removeChatLabel(jid: string, labelId: string): Promise<void>
  addMessageLabel(jid: string, messageId: string, labelId: string): Promise<void>
  removeMessageLabel(jid: string, messageId: string, labelId: string): Promise<void>
  /** Makes a quick reply, or changes the one that `timestamp` names: the unix second in which it was made, as text. */
  addOrEditQuickReply(quickReply: QuickReplyAction): Promise<void>
  removeQuickReply(timestamp: string): Promise<void>
  /** Changes the name that others see beside messages. */
  updateProfileName(name: string): Promise<void>
  /** Whether link previews are made in chats of this account. */
  updateDisableLinkPreviewsPrivacy(isPreviewsDisabled: boolean): Promise<void>
}

export interface AppStateMembersParts {
  readonly sync: AppStateSync
  readonly uploads: AppStateUploads
}

export function appStateMembers(core: SocketCore, { sync, uploads }: AppStateMembersParts): AppStateMembers {
  const chatModify = async (modification: ChatModification, jid: string): Promise<void> => {
    const { collection, mutations } = modificationMutations(modification, jid, core.config.clock())
    await uploads.change(collection, mutations)
  }
  return {
    chatModify,
    appPatch: ({ type, index, syncAction, apiVersion, operation }) =>
      uploads.change(type, [{ index, value: syncAction, version: apiVersion, operation: operationOf(operation) }]),
    appStatePatchMutex: uploads.mutex,
    resyncAppState: (collections, isInitialSync) => sync.resync(collections, isInitialSync),
    cleanDirtyBits: (type, fromTimestamp) => cleanDirtyBits(core, type, fromTimestamp),
    star: (jid, messages, star) => chatModify({ star: { messages, star } }, jid),
    addOrEditContact: (jid, contact) => chatModify({ contact }, jid),
    removeContact: jid => chatModify({ contact: null }, jid),
    addLabel: (jid, label) => chatModify({ addLabel: label }, jid),
    addChatLabel: (jid, labelId) => chatModify({ addChatLabel: { labelId } }, jid),
    removeChatLabel: (jid, labelId) => chatModify({ removeChatLabel: { labelId } }, jid),
    addMessageLabel: (jid, messageId, labelId) => chatModify({ addMessageLabel: { messageId, labelId } }, jid),
    removeMessageLabel: (jid, messageId, labelId) => chatModify({ removeMessageLabel: { messageId, labelId } }, jid),
    addOrEditQuickReply: quickReply => chatModify({ quickReply }, ''),
    removeQuickReply: timestamp => chatModify({ quickReply: { timestamp, deleted: true } }, ''),
    updateProfileName: name => chatModify({ pushNameSetting: name }, ''),
    updateDisableLinkPreviewsPrivacy: isPreviewsDisabled =>
      chatModify({ disableLinkPreviews: { isPreviewsDisabled } }, ''),
  }
}

async function cleanDirtyBits(
  { connection }: SocketCore,
  type: string,
  fromTimestamp: number | string | undefined,
): Promise<void> {
  const timestamp = fromTimestamp === undefined ? undefined : String(fromTimestamp)
  if (timestamp !== undefined && parseDecimal(timestamp) === undefined) {
    throw invalidContent('fromTimestamp', 'This is a time in unix seconds')
  }
  const node = buildClean(checkText('type', type), timestamp)
  await connection.sendNode({ ...node, attrs: { ...node.attrs, id: connection.ids.next() } })
}
