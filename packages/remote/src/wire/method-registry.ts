import type { WASocket } from 'kurir'

/**
 * What becomes of each member of a socket in socket mode: one line per member. A member that `WASocket` has and this
 * table has not is a compile error here: decide what it is, and add its line.
 *
 * - `read(…)`: asks; the gateway may be asked again when the answer got lost.
 * - `write(…)`: changes something. It carries a key under which a gateway does it once, however often it is asked.
 * - `files(…)`: the same, with files among the arguments.
 * - `message(…)`: sends a message whose id follows from the key, so that even another gateway process may repeat it.
 * - `here(…)`: answered in this process, without the gateway.
 * - `absent(…)`: not available in socket mode; using it throws `not-available-remotely` with this reason.
 */

/** What a token must allow for a call (docs/socket-mode.md). */
export type Verb =
  /** Messages, receipts, presence, calls. */
  | 'send'
  /** Questions. */
  | 'read'
  /** Groups, channels, profile, chats: what belongs to the account. */
  | 'manage'
  /** Stanzas and protobuf as they are, keys of others, logging out. */
  | 'admin'

export const verbs: readonly Verb[] = ['read', 'send', 'manage', 'admin']

export interface CallEntry {
  readonly kind: 'call'
  readonly verb: Verb
  /** Milliseconds until the call is given up, unless the program says otherwise. */
  readonly deadlineMs: number
  /**
   * What may be done when the connection broke before the answer: ask again (`free`), ask the same gateway process again
   * with the key (`keyed`), ask any again with the key, which names the message (`named`).
   */
  readonly repeat: 'free' | 'keyed' | 'named'
  /** Takes files: local paths among the arguments are read in this process. */
  readonly takesFiles: boolean
}

export interface HereEntry {
  readonly kind: 'here'
}

export interface AbsentEntry {
  readonly kind: 'absent'
  readonly why: string
}

export type MemberEntry = CallEntry | HereEntry | AbsentEntry

type PromisedFunction = (...args: never[]) => Promise<unknown>

/** Only what returns a promise can be asked of another process. */
export type EntryOf<Member> = Member extends PromisedFunction ? MemberEntry : HereEntry | AbsentEntry

type CompleteRegistry = { readonly [Name in keyof WASocket]-?: EntryOf<WASocket[Name]> }

const minute = 60_000
const mediaDeadlineMs = 10 * minute

function read(verb: Verb = 'read', deadlineMs: number = minute): CallEntry {
  return { kind: 'call', verb, deadlineMs, repeat: 'free', takesFiles: false }
}

function write(verb: Verb): CallEntry {
  return { kind: 'call', verb, deadlineMs: minute, repeat: 'keyed', takesFiles: false }
}

function files(verb: Verb): CallEntry {
  return { kind: 'call', verb, deadlineMs: mediaDeadlineMs, repeat: 'keyed', takesFiles: true }
}

function message(verb: Verb): CallEntry {
  return { kind: 'call', verb, deadlineMs: mediaDeadlineMs, repeat: 'named', takesFiles: true }
}

function here(): HereEntry {
  return { kind: 'here' }
}

function absent(why: string): AbsentEntry {
  return { kind: 'absent', why }
}

/** The same for several members. */
function each<Name extends string, Entry extends MemberEntry>(
  names: readonly Name[],
  entry: Entry,
): { readonly [N in Name]: Entry } {
  return Object.fromEntries(names.map(name => [name, entry])) as { readonly [N in Name]: Entry }
}

const keysStay = 'The keys of the session stay in the gateway'
const noStanzas = 'Stanzas are not passed on to programs; use the events'
const noLocks = 'The lock belongs to the gateway, which takes it where it is needed'
const noCaches = 'The cache belongs to the gateway'

const connection = {
  type: here(),
  logger: here(),
  ev: here(),
  user: here(),
  authState: here(),
  end: here(),
  generateMessageTag: here(),
  onUnexpectedError: here(),
  registerSocketEndHandler: here(),
  waitForConnectionUpdate: here(),
  waitForSocketOpen: here(),
  ws: absent(noStanzas),
  signalRepository: absent(keysStay),
  sendRawMessage: absent('Frames are encrypted for one connection, which belongs to the gateway'),
  updateServerTimeOffset: absent('The gateway keeps the time of the server'),
  waitForMessage: absent(noStanzas),
  query: read('admin'),
  sendNode: write('admin'),
  logout: write('admin'),
  uploadPreKeys: write('admin'),
  uploadPreKeysToServerIfRequired: write('admin'),
  digestKeyBundle: write('admin'),
  rotateSignedPreKey: write('admin'),
  requestPairingCode: write('admin'),
  sendUnifiedSession: write('admin'),
  fetchAccountReachoutTimelock: read(),
  fetchNewChatMessageCap: read(),
} as const

const people = {
  executeUSyncQuery: absent('A query is an object with methods; use onWhatsApp, fetchStatus and their like'),
  onWhatsApp: read(),
  fetchStatus: read(),
  fetchDisappearingDuration: read(),
  fetchBlocklist: read(),
  ...each(
    [
      'fetchPrivacySettings',
      'fetchPrivacyExceptions',
      'fetchStatusAudience',
      'fetchTextStatus',
      'fetchOwnUsername',
      'findByUsername',
    ],
    read(),
  ),
  ...each(['updatePrivacyExceptions', 'updateTextStatus'], write('manage')),
  presenceSubscribe: read(),
  sendPresenceUpdate: write('send'),
  upsertMessage: write('admin'),
  serverProps: absent('The gateway follows the switches of the service'),
  messageMutex: absent(noLocks),
  receiptMutex: absent(noLocks),
  notificationMutex: absent(noLocks),
} as const

const groups = {
  ...each(
    [
      'groupMetadata',
      'groupFetch',
      'groupFetchAllParticipating',
      'groupGetInviteInfo',
      'groupGetInviteV4Info',
      'groupInviteCode',
      'groupReports',
      'groupRequestParticipantsList',
    ],
    read(),
  ),
  ...each(
    [
      'groupAcceptInvite',
      'groupAcceptInviteV4',
      'groupAcknowledge',
      'groupCancelJoinRequest',
      'groupCreate',
      'groupJoinApprovalMode',
      'groupLeave',
      'groupMemberAddMode',
      'groupParticipantsUpdate',
      'groupReportMessage',
      'groupRequestParticipantsUpdate',
      'groupRevokeInvite',
      'groupRevokeInviteV4',
      'groupSettingUpdate',
      'groupToggleEphemeral',
      'groupUpdateDescription',
      'groupUpdateSubject',
    ],
    write('manage'),
  ),
} as const

const messages = {
  sendMessage: message('send'),
  relayMessage: message('admin'),
  readMessages: write('send'),
  sendReceipt: write('send'),
  sendReceipts: write('send'),
  assertSessions: write('admin'),
  getUSyncDevices: read(),
  createParticipantNodes: write('admin'),
  sendPeerDataOperationMessage: write('admin'),
  issuePrivacyTokens: write('admin'),
  updateMemberLabel: write('manage'),
  refreshMediaConn: read('admin'),
  updateMediaMessage: read('read', mediaDeadlineMs),
  downloadMedia: read('read', mediaDeadlineMs),
  getMediaHost: absent('Files are transferred by the gateway; use downloadMedia'),
  waUploadToServer: absent('Files are transferred by the gateway; use sendMessage'),
  sendMessageAck: write('admin'),
  sendRetryRequest: write('admin'),
  fetchMessageHistory: write('read'),
  requestPlaceholderResend: write('read'),
  rejectCall: write('send'),
  createCallLink: write('send'),
  userDevicesCache: absent(noCaches),
  placeholderResendCache: absent(noCaches),
  messageRetryManager: absent(noCaches),
  devicesMutex: absent(noLocks),
} as const

const chatChanges = {
  ...each(
    [
      'addChatLabel',
      'addLabel',
      'addMessageLabel',
      'addOrEditContact',
      'addOrEditQuickReply',
      'appPatch',
      'chatModify',
      'cleanDirtyBits',
      'removeChatLabel',
      'removeContact',
      'removeMessageLabel',
      'removeQuickReply',
      'resyncAppState',
      'star',
      'updateDisableLinkPreviewsPrivacy',
      'updateProfileName',
    ],
    write('manage'),
  ),
  appStatePatchMutex: absent(noLocks),
} as const

const business = {
  ...each(['productCreate', 'productUpdate', 'updateCoverPhoto'], files('manage')),
  ...each(
    ['getBusinessProfile', 'getCatalog', 'getCollections', 'getOrderDetails', 'getProduct', 'getVerifiedName'],
    read(),
  ),
  ...each(['productDelete', 'removeCoverPhoto', 'updateBussinesProfile'], write('manage')),
} as const

const communities = {
  ...each(
    [
      'communityFetchAllParticipating',
      'communityFetchLinkedGroups',
      'communityFetchMembers',
      'communityGetInviteInfo',
      'communityInviteCode',
      'communityMetadata',
      'communityRequestParticipantsList',
    ],
    read(),
  ),
  ...each(
    [
      'communityAcceptInvite',
      'communityAcceptInviteV4',
      'communityCreate',
      'communityCreateGroup',
      'communityDeactivate',
      'communityJoinApprovalMode',
      'communityJoinGroup',
      'communityLeave',
      'communityLinkGroup',
      'communityMemberAddMode',
      'communityParticipantsUpdate',
      'communityRequestParticipantsUpdate',
      'communityRevokeInvite',
      'communityRevokeInviteV4',
      'communitySettingUpdate',
      'communityToggleEphemeral',
      'communityUnlinkGroup',
      'communityUpdateDescription',
      'communityUpdateSubject',
    ],
    write('manage'),
  ),
} as const

const newsletters = {
  ...each(['newsletterUpdate', 'newsletterUpdatePicture'], files('manage')),
  ...each(
    [
      'newsletterAdminCount',
      'newsletterFetchAllFollowed',
      'newsletterFetchMessages',
      'newsletterFollowers',
      'newsletterMessages',
      'newsletterMetadata',
      'newsletterPendingAdmins',
      'newsletterSubscribers',
    ],
    read(),
  ),
  ...each(
    [
      'newsletterAcceptAdminInvite',
      'newsletterChangeOwner',
      'newsletterCreate',
      'newsletterDelete',
      'newsletterDemote',
      'newsletterFollow',
      'newsletterInviteAdmin',
      'newsletterMarkViewed',
      'newsletterMute',
      'newsletterReactMessage',
      'newsletterRemovePicture',
      'newsletterRevokeAdminInvite',
      'newsletterUnfollow',
      'newsletterUnmute',
      'newsletterUpdateDescription',
      'newsletterUpdateName',
      'subscribeNewsletterUpdates',
      'unsubscribeNewsletterUpdates',
    ],
    write('manage'),
  ),
} as const

const privacy = {
  ...each(
    [
      'updateBlockStatus',
      'updateCallPrivacy',
      'updateDefaultDisappearingMode',
      'updateGroupsAddPrivacy',
      'updateLastSeenPrivacy',
      'updateMessagesPrivacy',
      'updateOnlinePrivacy',
      'updateProfilePicturePrivacy',
      'updateReadReceiptsPrivacy',
      'updateStatusPrivacy',
    ],
    write('manage'),
  ),
} as const

const profile = {
  updateProfilePicture: files('manage'),
  ...each(['getBotListV2', 'profilePictureUrl'], read()),
  ...each(['removeProfilePicture', 'updateProfileStatus'], write('manage')),
} as const

export const methodRegistry = {
  ...connection,
  ...people,
  ...groups,
  ...messages,
  ...chatChanges,
  ...business,
  ...communities,
  ...newsletters,
  ...privacy,
  ...profile,
} as const satisfies CompleteRegistry & Readonly<Record<string, MemberEntry>>

/** Members that are asked of the gateway. */
export type RemoteMethod = {
  [Name in keyof typeof methodRegistry]: (typeof methodRegistry)[Name] extends CallEntry ? Name : never
}[keyof typeof methodRegistry]

const calls: ReadonlyMap<string, CallEntry> = new Map(
  Object.entries<MemberEntry>(methodRegistry).flatMap(([name, entry]) =>
    entry.kind === 'call' ? [[name, entry]] : [],
  ),
)

/** The entry of a method that may be called from outside; undefined for every other name. */
export function callEntry(name: string): CallEntry | undefined {
  return calls.get(name)
}

export function isRemoteMethod(name: string): name is RemoteMethod {
  return calls.has(name)
}
