import { isJidBroadcast, isJidGroup, isJidNewsletter, isLidUser, jidDecode, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { GroupMetadata } from '../groups/group-types.js'
import type { MessageAck } from '../messages/acks.js'
import { attributesBesideBusiness, businessCompanionOf } from '../messages/business-companion.js'
import type { StatusSetting } from '../messages/content/content-types.js'
import { wrapDeviceSent } from '../messages/device-sent.js'
import {
  buildGroupDirectMessage,
  buildPeerMessage,
  buildRetryMessage,
  buildUserMessage,
  type ExtraStanzaParts,
  type RetryMessageParts,
} from '../messages/fan-out.js'
import { generateMessageIDV2 } from '../messages/ids.js'
import type { MessageRetryManager } from '../messages/message-retry-manager.js'
import { buildNewsletterMessage } from '../messages/newsletter-stanza.js'
import { isOwnAccount, isUserChat } from '../messages/own-account.js'
import { buildReportingNode } from '../messages/reporting-token.js'
import { stanzaAttributesOf } from '../messages/stanza-attributes.js'
import { proto } from '../proto/index.js'
import { makeAudienceStanza } from './audience-sender.js'
import type { ContactTokens } from './contact-tokens.js'
import type { SocketCore } from './core.js'
import type { DeviceDirectory } from './device-directory.js'
import { GroupAudiences } from './group-audiences.js'
import { makeGroupStanza } from './group-sender.js'
import { allEncryptionsFailed, isHosted, MessageCopies, MessageEncodings, recipientUnknown } from './message-copies.js'
import { patchMessage } from './message-patch.js'
import { otherNameOf } from './other-name.js'
import { isThisDevice, ownAccount, ownUserLike } from './own-account.js'
import { KeyedQueue } from './scheduling.js'
import type { SenderKeyHolders } from './sender-key-holders.js'
import { type SentMessage, SentMessages } from './sent-messages.js'
import type { SessionDirectory } from './session-directory.js'

/** Options of `relayMessage`, as in Baileys. */
export interface MessageRelayOptions {
  messageId?: string | undefined
  /** Default true. */
  useCachedGroupMetadata?: boolean | undefined
  /** Sends to this one device only. */
  participant?: { jid: string; count: number } | undefined
  additionalAttributes?: BinaryNode['attrs'] | undefined
  additionalNodes?: BinaryNode[] | undefined
  /** Default true. */
  useUserDevicesCache?: boolean | undefined
  /** Who sees a status, or gets the messages of a broadcast list. */
  statusJidList?: string[] | undefined
  /** Which privacy setting the audience of a status follows; `contacts` when left out. */
  statusSetting?: StatusSetting | undefined
}

/** How the outbox has a message sent. */
export interface StoredRelayOptions extends MessageRelayOptions {
  /** Settles when the outbox has stored the message: the stanza waits for it, the encryption does not. */
  readonly stored?: Promise<void> | undefined
}

export interface MessageSenderParts {
  readonly devices: DeviceDirectory
  readonly sessions: SessionDirectory
  readonly holders: SenderKeyHolders
  readonly retries: MessageRetryManager
  readonly tokens: ContactTokens
  readonly groupMetadata: (jid: string, useCache: boolean) => Promise<GroupMetadata>
  readonly groupChanged: (jid: string) => void
}

/**
 * Sends a ready protobuf message: finds the devices, sees to their sessions, encrypts a copy for each and writes the
 * stanza. The ratchet steps are stored before the stanza leaves (docs/protocol/02, fan-out).
 */
export class MessageSender {
  readonly #core: SocketCore
  readonly #parts: MessageSenderParts
  /** The sender-key step and the stanza of one group leave in the same order. */
  readonly #groups = new KeyedQueue()
  readonly #sent = new SentMessages()
  readonly #copies: MessageCopies
  readonly #audiences: GroupAudiences

  constructor(core: SocketCore, parts: MessageSenderParts) {
    this.#core = core
    this.#parts = parts
    this.#copies = new MessageCopies(core, parts.sessions, parts.holders)
    this.#audiences = new GroupAudiences(core, parts.devices)
  }

  /**
   * @returns the message id
   * @throws KurirError `not-authenticated` (401), `recipient-unknown` (404), `all-encryptions-failed` (500), `unsupported-destination` (400),
   *   `invalid-content` for a status without audience or a kind that a channel does not take; what `stored` rejects with
   */
  async relay(jid: string, message: proto.IMessage, options: StoredRelayOptions): Promise<string> {
    const me = ownAccount(this.#core.creds)
    const id = options.messageId ?? generateMessageIDV2(me.id)
    if (isJidNewsletter(jid)) return this.#relayToNewsletter(jid, id, message, options)
    if (this.#core.config.enableRecentMessageCache)
      this.#parts.retries.addRecentMessage(jidNormalizedUser(jid), id, message)
    if (options.participant) await this.#relayToDevice(jid, id, message, options.participant, options)
    else if (isJidGroup(jid)) await this.#groups.run(jid, () => this.#relayToGroup(jid, id, message, options))
    else if (isJidBroadcast(jid)) await this.#groups.run(jid, () => this.#relayToAudience(jid, id, message, options))
    else if (isUserChat(jid) && isDestination(jid)) await this.#relayToUser(jid, id, message, options)
    else throw unsupportedDestination(jid)
    return id
  }

  /** A message to the own phone: key, history and placeholder requests. */
  async relayToPhone(message: proto.IMessage, id = generateMessageIDV2(this.#core.creds.me?.id)): Promise<string> {
    const { connection, creds } = this.#core
    const me = ownAccount(creds)
    const to = jidNormalizedUser(me.id)
    const [copy] = await this.#copies.encrypt([to], () => proto.Message.encode(message).finish())
    if (!copy) throw allEncryptionsFailed(id, to)
    const { deviceIdentity } = this.#copies
    await connection.sendNode(buildPeerMessage({ id, to, copy, deviceIdentity, pushPriority: 'high_force' }))
    return id
  }

  async #relayToUser(jid: string, id: string, message: proto.IMessage, options: StoredRelayOptions): Promise<void> {
    const { connection, creds, config } = this.#core
    const me = ownAccount(creds)
    const to = jidNormalizedUser(jid)
    const ownUser = ownUserLike(to, me)
    const listed = await this.#parts.devices.devicesOf(
      [...new Set([to, ownUser])],
      options.useUserDevicesCache !== false,
    )
    const targets = listed.filter(device => !isThisDevice(device, me))
    const patched = await patchMessage(config.patchMessageBeforeSending, jid, message, targets)
    const encodings = new MessageEncodings()
    const copies = await this.#copies.encryptForChat(
      to,
      targets,
      device => patched.forDevices.get(device) ?? patched.message,
      encodings,
    )
    // Copies for our own devices alone would look like a message that was sent.
    const isRecipient = (device: string) => isOwnAccount(to, me) || !isOwnAccount(device, me)
    if (!isOwnAccount(to, me) && !copies.some(copy => isRecipient(copy.jid))) {
      throw targets.some(isRecipient) ? allEncryptionsFailed(id, jid) : recipientUnknown(id, jid)
    }
    if (copies.length === 0) return
    this.#sent.add({ id, to, isGroup: false, message: patched.message, devices: copies.map(copy => copy.jid) })
    const biz = businessCompanionOf(patched.message)
    const attributes = stanzaAttributesOf(patched.message)
    const token = this.#core.serverProps.privacyTokenOn1to1 ? await this.#parts.tokens.tokenOf(to) : undefined
    const recipientAlt = await otherNameOf(this.#core, to)
    await options.stored
    await connection.sendNode(
      buildUserMessage({
        id,
        to,
        attributes: biz ? attributesBesideBusiness(attributes) : attributes,
        deviceIdentity: this.#copies.deviceIdentity,
        copies,
        biz,
        recipientAlt,
        // A token stands for one content: there is none for copies that differ.
        reporting:
          patched.forDevices.size > 0
            ? undefined
            : buildReportingNode(patched.message, encodings.plain(patched.message), {
                messageId: id,
                senderUserJid: ownUser,
                remoteJid: to,
              }),
        token: token && { kind: 'tctoken', bytes: token },
        extra: extraParts(options),
      }),
    )
    // A protocol message is no word of ours.
    if (!patched.message.protocolMessage) void this.#parts.tokens.issueTo(to)
  }

  async #relayToGroup(jid: string, id: string, message: proto.IMessage, options: StoredRelayOptions): Promise<void> {
    const { holders, groupMetadata } = this.#parts
    const metadata = await groupMetadata(jid, options.useCachedGroupMetadata !== false)
    const made = await makeGroupStanza(
      this.#core,
      { audiences: this.#audiences, copies: this.#copies },
      {
        id,
        metadata: { ...metadata, id: jid },
        message,
        useDevicesCache: options.useUserDevicesCache !== false,
        extra: extraParts(options),
      },
    )
    const { phash, addressingMode } = made
    this.#sent.add({ id, to: jid, isGroup: true, message: made.message, devices: made.devices, phash, addressingMode })
    await options.stored
    for (const { id: keyId, stanza, newHolders } of made.keysAhead) {
      holders.awaitAck(keyId, jid, newHolders)
      await this.#core.connection.sendNode(stanza)
    }
    holders.awaitAck(id, jid, made.newHolders)
    await this.#core.connection.sendNode(made.stanza)
  }

  async #relayToAudience(jid: string, id: string, message: proto.IMessage, options: StoredRelayOptions): Promise<void> {
    const { devices, holders } = this.#parts
    const { stanza, newHolders } = await makeAudienceStanza(
      this.#core,
      { devices, copies: this.#copies },
      {
        id,
        jid,
        message,
        audience: options.statusJidList,
        statusSetting: options.statusSetting,
        useDevicesCache: options.useUserDevicesCache !== false,
        extra: extraParts(options),
      },
    )
    await options.stored
    holders.awaitAck(id, jid, newHolders)
    await this.#core.connection.sendNode(stanza)
  }

  /** Channels read what everybody may read. */
  async #relayToNewsletter(
    jid: string,
    id: string,
    message: proto.IMessage,
    options: StoredRelayOptions,
  ): Promise<string> {
    const { connection, config } = this.#core
    const { message: patched } = await patchMessage(config.patchMessageBeforeSending, jid, message, [])
    const stanza = buildNewsletterMessage({ id, to: jid, message: patched, extra: extraParts(options) })
    await options.stored
    await connection.sendNode(stanza)
    return stanza.attrs['id'] ?? id
  }

  /** One device alone, as in an answer to a retry request (docs/protocol/03, 2.16). */
  async #relayToDevice(
    jid: string,
    id: string,
    message: proto.IMessage,
    { jid: device, count }: { readonly jid: string; readonly count: number },
    options: MessageRelayOptions,
  ): Promise<void> {
    const { connection, creds } = this.#core
    const chat = jidNormalizedUser(jid)
    const isOwn = isUserChat(chat) && isOwnAccount(device, ownAccount(creds)) && !isOwnAccount(chat, ownAccount(creds))
    const content = isOwn ? wrapDeviceSent(message, chat) : message
    const [copy] = await this.#copies.encrypt([device], () => proto.Message.encode(content).finish())
    if (!copy) throw allEncryptionsFailed(id, device)
    const target: RetryMessageParts['target'] = isJidGroup(chat)
      ? { kind: 'group', participant: device, addressingMode: isLidUser(device) ? 'lid' : 'pn' }
      : isJidBroadcast(chat)
        ? { kind: 'status', participant: device }
        : { kind: 'user', recipient: isOwn ? chat : undefined }
    await connection.sendNode(
      buildRetryMessage({
        id,
        to: target.kind === 'user' ? device : chat,
        attributes: stanzaAttributesOf(message),
        deviceIdentity: this.#copies.deviceIdentity,
        copy,
        count: Math.max(1, count),
        target,
        extra: extraParts(options),
      }),
    )
  }

  /**
   * Follows the server's answer to a message: where it delivered to other devices than we wrote for, our lists are out of
   * date, and the devices that we missed get the same message (docs/protocol/02, ack).
   */
  async acknowledged(ack: MessageAck): Promise<void> {
    const { sent, advice = [] } = this.#sent.answered(ack) ?? {}
    if (!sent) return
    if (sent.isGroup && advice.length > 0) this.#parts.groupChanged(sent.to)
    if (!advice.includes('refresh-devices-and-resend')) return
    const missed = await this.#missedDevices(sent)
    if (missed.length === 0) return
    const stanza = await this.#stanzaForMissed(sent, missed)
    if (stanza) await this.#core.connection.sendNode(stanza)
  }

  async #missedDevices({ to, isGroup, devices }: SentMessage): Promise<string[]> {
    const { creds, logger } = this.#core
    const me = ownAccount(creds)
    const users = isGroup ? (await this.#parts.groupMetadata(to, false)).participants.map(({ id }) => id) : [to]
    const now = await this.#parts.devices.devicesOf([...new Set([...users, ownUserLike(users[0] ?? to, me)])], false)
    const known = new Set(devices)
    const missed = now.filter(
      device => !known.has(device) && !isThisDevice(device, me) && !(isGroup && isHosted(device)),
    )
    logger.debug({ to, missed: missed.length }, 'the server knows other devices')
    return missed
  }

  async #stanzaForMissed(sent: SentMessage, missed: readonly string[]): Promise<BinaryNode | undefined> {
    const { id, to, message, isGroup, addressingMode = 'lid' } = sent
    const encoded = proto.Message.encode(message).finish()
    const copies = isGroup
      ? await this.#copies.encrypt(missed, () => encoded)
      : await this.#copies.encryptForChat(to, missed, () => message)
    if (copies.length === 0) return undefined
    const { deviceIdentity } = this.#copies
    const parts = { id, to, attributes: stanzaAttributesOf(message), deviceIdentity, copies }
    return isGroup
      ? buildGroupDirectMessage({ ...parts, addressingMode })
      : buildUserMessage({ ...parts, recipientAlt: await otherNameOf(this.#core, to), deviceFanout: false })
  }
}

function extraParts({ additionalAttributes, additionalNodes }: MessageRelayOptions): ExtraStanzaParts | undefined {
  if (!additionalAttributes && !additionalNodes) return undefined
  return { attributes: additionalAttributes, nodes: additionalNodes }
}

/** Servers whose users one can write to. */
const userServers: ReadonlySet<string | undefined> = new Set([
  's.whatsapp.net',
  'c.us',
  'lid',
  'hosted',
  'hosted.lid',
  'bot',
])

/** Whether messages can go there: to people, groups, lists and channels, but not to calls. */
export function isDestination(jid: string): boolean {
  return !isUserChat(jid) || userServers.has(jidDecode(jid)?.server)
}

export function unsupportedDestination(jid: string): KurirError {
  return new KurirError('unsupported-destination', 'Messages to this kind of chat are not supported', {
    statusCode: 400,
    data: { field: 'jid', jid },
  })
}
