import { isJidGroup, jidDecode, jidEncode, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { buildCallLinkRequest, callLinkToken } from '../calls/call-stanza.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { buildMemberLabel, memberLabelMeta } from '../groups/member-label.js'
import { checkJid } from '../messages/content/checks.js'
import type { AnyMessageContent, MiscMessageGenerationOptions } from '../messages/content/content-types.js'
import { MessageRetryManager } from '../messages/message-retry-manager.js'
import { isOwnAccount } from '../messages/own-account.js'
import { padMessage } from '../messages/padding.js'
import {
  aggregateMessageKeysNotFromMe,
  buildChatReceipt,
  buildReadReceipts,
  type MessageReceiptType,
  postsOfKeys,
} from '../messages/receipts.js'
import { buildViewReceipt } from '../newsletters/newsletter-requests.js'
import { proto } from '../proto/index.js'
import type { PossiblyExtendedCacheStore } from './cache-store.js'
import { ChatTimers } from './chat-timers.js'
import type { ContactTokens } from './contact-tokens.js'
import { ContentSender } from './content-sender.js'
import { extendSocket, type Layer, type SocketCore } from './core.js'
import type { DeviceDirectory } from './device-directory.js'
import { DurableSender } from './durable-sender.js'
import type { GroupActions } from './group-actions.js'
import type { GroupDirectory } from './group-directory.js'
import { groupPicture } from './group-picture.js'
import { type MediaMembers, MediaTransfer } from './media-transfer.js'
import type { MessageSecretStore } from './message-secret-store.js'
import { type MessageRelayOptions, MessageSender } from './message-sender.js'
import type { NewsletterSocket } from './newsletter-layer.js'
import { ownAccount } from './own-account.js'
import { type Mutex, makeMutex } from './scheduling.js'
import { SenderKeyHolders } from './sender-key-holders.js'
import type { SessionDirectory } from './session-directory.js'
import { linkPreviewsOf } from './url-info.js'
import { userDevicesCache } from './user-devices-cache.js'

export interface MessagesMembers extends MediaMembers {
  /**
   * Sends content to a chat. Resolves with the message (status PENDING) once it is encrypted, stored and written; the
   * server's and the recipients' verdicts come as `messages.update`.
   *
   * Undefined for `disappearingMessagesInChat` in a group: that is a request to the server, not a message.
   *
   * @throws KurirError `invalid-content` or `invalid-jid`, naming the field in `data`, when something is not valid, and
   *   `undeliverable-content` for what WhatsApp drops; nothing is sent then
   */
  sendMessage(
    jid: string,
    content: AnyMessageContent,
    options?: MiscMessageGenerationOptions,
  ): Promise<WAMessage | undefined>
  /** Encrypts and sends a ready protobuf message; resolves with its id. */
  relayMessage(jid: string, message: proto.IMessage, options: MessageRelayOptions): Promise<string>
  /**
   * Tells the authors that their messages were read, or only our own devices if the privacy settings say so. Posts of
   * channels count as viewed.
   */
  readMessages(keys: WAMessageKey[]): Promise<void>
  sendReceipt(
    jid: string,
    participant: string | undefined,
    messageIds: string[],
    type: MessageReceiptType,
  ): Promise<void>
  sendReceipts(keys: WAMessageKey[], type: MessageReceiptType): Promise<void>
  /** Fetches the sessions that are missing (all with `force`); true when anything was fetched. */
  assertSessions(jids: string[], force?: boolean): Promise<boolean>
  /** The devices of these users. */
  getUSyncDevices(
    jids: string[],
    useCache: boolean,
    ignoreZeroDevices: boolean,
  ): Promise<{ user: string; device?: number; jid: string }[]>
  /** Encrypts a message for devices and returns the `<to>` nodes. */
  createParticipantNodes(
    recipientJids: string[],
    message: proto.IMessage,
    extraAttrs?: BinaryNode['attrs'],
    dsmMessage?: proto.IMessage,
  ): Promise<{ nodes: BinaryNode[]; shouldIncludeDeviceIdentity: boolean }>
  /** A request to the own phone; resolves with its message id. */
  sendPeerDataOperationMessage(request: proto.Message.IPeerDataOperationRequestMessage): Promise<string>
  /** Gives contacts tokens of trust now; the library does it by itself when it writes to them. */
  issuePrivacyTokens(jids: string[], timestamp?: number): Promise<BinaryNode>
  /** Changes the own label in a group, of at most 30 characters; empty takes it off. Resolves with the message id. */
  updateMemberLabel(jid: string, memberLabel: string): Promise<string>
  /** The device lists by user, to look at and to empty: what is forgotten is asked for anew. */
  readonly userDevicesCache: PossiblyExtendedCacheStore
  readonly devicesMutex: Mutex
  /** Null when `enableRecentMessageCache` is off. */
  readonly messageRetryManager: MessageRetryManager | null
}

export type MessagesSocket = NewsletterSocket & MessagesMembers

export interface SendParts {
  readonly devices: DeviceDirectory
  readonly sessions: SessionDirectory
  readonly holders: SenderKeyHolders
  readonly retries: MessageRetryManager
  readonly sender: MessageSender
  readonly durable: DurableSender
  readonly media: MediaTransfer
  readonly tokens: ContactTokens
}

export function makeMessagesSendLayer({
  core,
  socket,
  groups,
  groupActions,
  devices,
  sessions,
  secrets,
  tokens,
}: Layer<NewsletterSocket> & {
  readonly groups: GroupDirectory
  readonly groupActions: GroupActions
  readonly devices: DeviceDirectory
  readonly sessions: SessionDirectory
  readonly secrets: MessageSecretStore
  readonly tokens: ContactTokens
}): Layer<MessagesSocket> & { readonly parts: SendParts } {
  const { config, logger } = core
  const holders = new SenderKeyHolders(core)
  groups.whenLeft(jid => {
    const { id, lid } = ownAccount(core.creds)
    return holders.discard(jid, lid === undefined ? [id] : [id, lid])
  })
  const retries = new MessageRetryManager(logger, config.maxMsgRetryCount, config.clock)
  core.connection.onEnd(() => retries.clear())
  const sender = new MessageSender(core, {
    devices,
    sessions,
    holders,
    retries,
    tokens,
    groupMetadata: (jid, useCache) => groups.metadata(jid, useCache),
    groupChanged: jid => groups.changed(jid),
  })
  core.hooks.sendToPhone = message => sender.relayToPhone(message)
  const media = new MediaTransfer(core)
  const durable = new DurableSender(core, { sender, devices, tokens })
  const contents = new ContentSender(core, socket, {
    sender: durable,
    timers: new ChatTimers(core),
    retries,
    secrets,
    groupMetadata: (jid, useCache) => groups.metadata(jid, useCache),
    setGroupTimer: (jid, seconds) => groupActions.updateTimer(jid, seconds),
    generation: () => ({
      ...media.generation(),
      getUrlInfo: linkPreviewsOf(config, media.upload),
      getGroupPicture: group => groupPicture(core, group),
      getCallLink: async (type, event) =>
        callLinkToken(await core.connection.query(buildCallLinkRequest(type, event?.startTime))),
    }),
  })
  const members: MessagesMembers = {
    ...media.members,
    sendMessage: (jid, content, options = {}) => contents.send(jid, content, options),
    relayMessage: (jid, message, options) => durable.relay(jid, message, options),
    readMessages: keys => readMessages(core, socket, keys),
    sendReceipt: (jid, participant, messageIds, type) => sendReceipt(core, jid, participant, messageIds, type),
    sendReceipts: (keys, type) => sendReceipts(core, keys, type),
    assertSessions: (jids, force) => sessions.assert(jids, force),
    getUSyncDevices: (jids, useCache, ignoreZeroDevices) => listDevices(devices, jids, useCache, ignoreZeroDevices),
    createParticipantNodes: (jids, message, extraAttrs, dsmMessage) =>
      createParticipantNodes(core, jids, message, extraAttrs, dsmMessage),
    sendPeerDataOperationMessage: request => sendPeerRequest(sender, request),
    issuePrivacyTokens: (jids, timestamp) => tokens.issue(jids, timestamp),
    updateMemberLabel: (jid, label) =>
      durable.relay(checkJid('jid', jid, isJidGroup), buildMemberLabel(label, config.clock()), {
        additionalNodes: [memberLabelMeta],
      }),
    userDevicesCache: userDevicesCache(devices),
    devicesMutex: makeMutex(),
    messageRetryManager: config.enableRecentMessageCache ? retries : null,
  }
  return {
    core,
    socket: extendSocket(socket, members),
    parts: { devices, sessions, holders, retries, sender, durable, media, tokens },
  }
}

async function readMessages(core: SocketCore, socket: NewsletterSocket, keys: WAMessageKey[]): Promise<void> {
  const { connection, creds, clock } = core
  const settings = await socket.fetchPrivacySettings()
  const isVisible = settings['readreceipts'] !== 'none'
  for (const receipt of buildReadReceipts(keys, isVisible, ownAccount(creds), clock.nowSeconds())) {
    await connection.sendNode(receipt)
  }
  // Channels count who has looked at a post.
  for (const [channel, serverIds] of postsOfKeys(keys)) {
    await connection.sendNode(buildViewReceipt(connection.ids.next(), channel, serverIds))
  }
}

async function sendReceipt(
  { connection, creds, clock }: SocketCore,
  jid: string,
  participant: string | undefined,
  messageIds: readonly string[],
  type: MessageReceiptType,
): Promise<void> {
  await connection.sendNode(buildChatReceipt(jid, participant, messageIds, type, ownAccount(creds), clock.nowSeconds()))
}

async function sendReceipts(core: SocketCore, keys: readonly WAMessageKey[], type: MessageReceiptType): Promise<void> {
  for (const { jid, participant, messageIds } of aggregateMessageKeysNotFromMe(keys)) {
    await sendReceipt(core, jid, participant, messageIds, type)
  }
}

async function listDevices(
  devices: DeviceDirectory,
  jids: readonly string[],
  useCache: boolean,
  ignoreZeroDevices: boolean,
): Promise<{ user: string; device?: number; jid: string }[]> {
  const listed: { user: string; device?: number; jid: string }[] = []
  for (const jid of await devices.devicesOf(jids.map(jidNormalizedUser), useCache)) {
    const decoded = jidDecode(jid)
    if (!decoded || (ignoreZeroDevices && !decoded.device)) continue
    const { user, server, device } = decoded
    listed.push({ user, jid: jidEncode(user, server, device), ...(device === undefined ? {} : { device }) })
  }
  return listed
}

async function createParticipantNodes(
  { repository, creds, logger }: SocketCore,
  jids: readonly string[],
  message: proto.IMessage,
  extraAttrs: BinaryNode['attrs'] = {},
  dsmMessage?: proto.IMessage,
): Promise<{ nodes: BinaryNode[]; shouldIncludeDeviceIdentity: boolean }> {
  const me = ownAccount(creds)
  const encoded = proto.Message.encode(message).finish()
  const own = dsmMessage ? proto.Message.encode(dsmMessage).finish() : encoded
  const copies = await repository.encryptForDevices(jids, jid => padMessage(isOwnAccount(jid, me) ? own : encoded))
  const nodes: BinaryNode[] = []
  let shouldIncludeDeviceIdentity = false
  for (const copy of copies) {
    if (copy.type === 'failed') {
      logger.warn({ jid: copy.jid, err: copy.error }, 'could not encrypt for a device')
      continue
    }
    shouldIncludeDeviceIdentity ||= copy.type === 'pkmsg'
    nodes.push({
      tag: 'to',
      attrs: { jid: copy.jid },
      content: [{ tag: 'enc', attrs: { v: '2', type: copy.type, ...extraAttrs }, content: copy.ciphertext }],
    })
  }
  if (nodes.length === 0 && jids.length > 0) {
    throw new KurirError('all-encryptions-failed', 'All encryptions failed', { statusCode: 500, retryable: true })
  }
  return { nodes, shouldIncludeDeviceIdentity }
}

function sendPeerRequest(
  sender: MessageSender,
  request: proto.Message.IPeerDataOperationRequestMessage,
): Promise<string> {
  return sender.relayToPhone({
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
      peerDataOperationRequestMessage: request,
    },
  })
}
