import { encodeSignedDeviceIdentity } from '../auth/account-identity.js'
import {
  isJidGroup,
  isJidNewsletter,
  isJidStatusBroadcast,
  isPnUser,
  jidDecode,
  jidNormalizedUser,
} from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { GroupMetadata } from '../groups/group-types.js'
import type { MessageAck } from '../messages/acks.js'
import { wrapDeviceSent } from '../messages/device-sent.js'
import {
  buildGroupDirectMessage,
  buildGroupMessage,
  buildPeerMessage,
  buildUserMessage,
  type EncryptedCopy,
  type ExtraStanzaParts,
} from '../messages/fan-out.js'
import { generateMessageIDV2 } from '../messages/ids.js'
import type { MessageRetryManager } from '../messages/message-retry-manager.js'
import { isOwnAccount, isUserChat } from '../messages/own-account.js'
import { padMessage } from '../messages/padding.js'
import { buildReportingNode } from '../messages/reporting-token.js'
import { stanzaAttributesOf } from '../messages/stanza-attributes.js'
import { proto } from '../proto/index.js'
import { participantHash } from '../usync/participant-hash.js'
import type { SocketCore } from './core.js'
import type { DeviceDirectory } from './device-directory.js'
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
  statusJidList?: string[] | undefined
}

export interface MessageSenderParts {
  readonly devices: DeviceDirectory
  readonly sessions: SessionDirectory
  readonly holders: SenderKeyHolders
  readonly retries: MessageRetryManager
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

  constructor(core: SocketCore, parts: MessageSenderParts) {
    this.#core = core
    this.#parts = parts
  }

  /**
   * @returns the message id
   * @throws KurirError `not-authenticated` (401), `all-encryptions-failed` (500), `unsupported-destination` (400)
   */
  async relay(jid: string, message: proto.IMessage, options: MessageRelayOptions): Promise<string> {
    const me = ownAccount(this.#core.creds)
    const id = options.messageId ?? generateMessageIDV2(me.id)
    if (this.#core.config.enableRecentMessageCache)
      this.#parts.retries.addRecentMessage(jidNormalizedUser(jid), id, message)
    if (isJidGroup(jid)) await this.#groups.run(jid, () => this.#relayToGroup(jid, id, message, options))
    else if (isUserChat(jid)) await this.#relayToUser(jid, id, message, options)
    else {
      throw new KurirError(
        'unsupported-destination',
        `Messages to ${isJidStatusBroadcast(jid) ? 'status' : isJidNewsletter(jid) ? 'channels' : 'this kind of chat'} are not supported yet`,
        {
          statusCode: 400,
          data: { jid },
        },
      )
    }
    return id
  }

  /** A message to the own phone: key, history and placeholder requests. */
  async relayToPhone(message: proto.IMessage, id = generateMessageIDV2(this.#core.creds.me?.id)): Promise<string> {
    const { connection, creds } = this.#core
    const me = ownAccount(creds)
    const to = jidNormalizedUser(me.id)
    await this.#parts.sessions.assert([to])
    const copies = await this.#encrypt([to], () => proto.Message.encode(message).finish())
    const copy = copies[0]
    if (!copy) throw allEncryptionsFailed(id, to)
    await connection.sendNode(
      buildPeerMessage({ id, to, copy, deviceIdentity: this.#deviceIdentity(), pushPriority: 'high_force' }),
    )
    return id
  }

  async #relayToUser(jid: string, id: string, message: proto.IMessage, options: MessageRelayOptions): Promise<void> {
    const { connection, creds } = this.#core
    const { devices, sessions } = this.#parts
    const me = ownAccount(creds)
    const to = jidNormalizedUser(jid)
    const ownUser = ownUserLike(to, me)
    const targets = options.participant
      ? [options.participant.jid]
      : (await devices.devicesOf([...new Set([to, ownUser])], options.useUserDevicesCache !== false)).filter(
          device => !isThisDevice(device, me),
        )
    await sessions.assert(targets)
    const encoded = proto.Message.encode(message).finish()
    const copies = await this.#encryptCopies(to, targets, message, encoded)
    // Copies for our own devices alone would look like a message that was sent.
    const isRecipient = (device: string) => isOwnAccount(to, me) || !isOwnAccount(device, me)
    if (targets.some(isRecipient) && !copies.some(copy => isRecipient(copy.jid))) throw allEncryptionsFailed(id, jid)
    if (copies.length === 0) return
    if (!options.participant) {
      this.#sent.add({ id, to, isGroup: false, message, devices: copies.map(copy => copy.jid) })
    }
    await connection.sendNode(
      buildUserMessage({
        id,
        to,
        attributes: stanzaAttributesOf(message),
        deviceIdentity: this.#deviceIdentity(),
        copies,
        recipientAlt: await this.#otherIdentity(to),
        reporting: buildReportingNode(message, encoded, { messageId: id, senderUserJid: ownUser, remoteJid: to }),
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
    await this.#parts.sessions.assert(missed)
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
      ? await this.#encrypt(missed, () => encoded)
      : await this.#encryptCopies(to, missed, message, encoded)
    if (copies.length === 0) return undefined
    const parts = { id, to, attributes: stanzaAttributesOf(message), deviceIdentity: this.#deviceIdentity(), copies }
    return isGroup
      ? buildGroupDirectMessage({ ...parts, addressingMode })
      : buildUserMessage({ ...parts, recipientAlt: await this.#otherIdentity(to), deviceFanout: false })
  }

  /** Copies for a 1:1 chat: the message for the recipient's devices, the device-sent form for our own. */
  async #encryptCopies(
    to: string,
    targets: readonly string[],
    message: proto.IMessage,
    encoded: Uint8Array,
  ): Promise<EncryptedCopy[]> {
    const me = ownAccount(this.#core.creds)
    let deviceSent: Uint8Array | undefined
    const deviceSentForm = () => {
      deviceSent ??= proto.Message.encode(wrapDeviceSent(message, to)).finish()
      return deviceSent
    }
    const patched = await this.#patched(message, targets, encoded)
    return this.#encrypt(targets, device =>
      isOwnAccount(device, me) ? deviceSentForm() : (patched.get(device) ?? encoded),
    )
  }

  /** Applies `patchMessageBeforeSending`; returns the encodings of devices whose message it changed. */
  async #patched(
    message: proto.IMessage,
    targets: readonly string[],
    encoded: Uint8Array,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const result = await this.#core.config.patchMessageBeforeSending(message, [...targets])
    if (result === message) return new Map()
    const changed = Array.isArray(result) ? result : targets.map(recipientJid => ({ ...result, recipientJid }))
    return new Map(
      changed.flatMap(({ recipientJid, ...content }) =>
        recipientJid === undefined ? [] : [[recipientJid, proto.Message.encode(content).finish() ?? encoded] as const],
      ),
    )
  }

  async #relayToGroup(jid: string, id: string, message: proto.IMessage, options: MessageRelayOptions): Promise<void> {
    const { connection, creds, repository } = this.#core
    const { devices, sessions, holders, groupMetadata } = this.#parts
    const me = ownAccount(creds)
    const metadata = await groupMetadata(jid, options.useCachedGroupMetadata !== false)
    const addressingMode = metadata.addressingMode === 'pn' ? 'pn' : 'lid'
    const meId = addressingMode === 'lid' ? (me.lid ?? me.id) : me.id
    const users = metadata.participants.map(participant => participant.id)
    const all = (
      await devices.devicesOf([...new Set([...users, jidNormalizedUser(meId)])], options.useUserDevicesCache !== false)
    ).filter(device => !isHosted(device))
    const others = all.filter(device => !isThisDevice(device, me))
    const patched = await this.#core.config.patchMessageBeforeSending(message)
    if (Array.isArray(patched)) {
      throw new KurirError(
        'invalid-patch',
        'patchMessageBeforeSending may not return one message per recipient in groups',
        {
          statusCode: 400,
          data: { jid },
        },
      )
    }
    const encoded = proto.Message.encode(patched).finish()
    // With this device: Baileys lists it as a holder, and its folders are continued.
    await holders.rotateIfMembersLeft(jid, meId, all)
    const { ciphertext, senderKeyDistributionMessage } = await repository.encryptGroupMessage({
      group: jid,
      meId,
      data: padMessage(encoded),
    })
    const lacking = await holders.lacking(jid, others)
    await sessions.assert(lacking)
    const distribution = proto.Message.encode({
      senderKeyDistributionMessage: { groupId: jid, axolotlSenderKeyDistributionMessage: senderKeyDistributionMessage },
    }).finish()
    const keyDistribution = lacking.length === 0 ? [] : await this.#encrypt(lacking, () => distribution)
    const phash = participantHash([...others, meId])
    const stanza = buildGroupMessage({
      id,
      to: jid,
      attributes: stanzaAttributesOf(patched),
      deviceIdentity: this.#deviceIdentity(),
      addressingMode,
      phash,
      senderKeyMessage: ciphertext,
      keyDistribution,
      reporting: buildReportingNode(patched, encoded, {
        messageId: id,
        senderUserJid: jidNormalizedUser(meId),
        remoteJid: jid,
      }),
      extra: extraParts(options),
    })
    this.#sent.add({ id, to: jid, isGroup: true, message: patched, devices: others, phash, addressingMode })
    holders.awaitAck(
      id,
      jid,
      keyDistribution.map(copy => copy.jid),
    )
    await connection.sendNode(stanza)
  }

  /** Encrypts one plaintext per device; devices that fail are logged and left out. */
  async #encrypt(jids: readonly string[], plaintextFor: (jid: string) => Uint8Array): Promise<EncryptedCopy[]> {
    const { repository, logger } = this.#core
    const results = await repository.encryptForDevices(jids, jid => padMessage(plaintextFor(jid)))
    return results.flatMap(result => {
      if (result.type !== 'failed') return [result]
      logger.warn({ jid: result.jid, err: result.error }, 'could not encrypt for a device')
      return []
    })
  }

  #deviceIdentity(): Uint8Array | undefined {
    const { account } = this.#core.creds
    return account ? encodeSignedDeviceIdentity(account, true) : undefined
  }

  /** The recipient's other name, if we know it. */
  async #otherIdentity(jid: string): Promise<string | undefined> {
    const { lidMapping } = this.#core.repository
    const other = isPnUser(jid) ? await lidMapping.getLIDForPN(jid) : await lidMapping.getPNForLID(jid)
    return other ? jidNormalizedUser(other) : undefined
  }
}

function extraParts({ additionalAttributes, additionalNodes }: MessageRelayOptions): ExtraStanzaParts | undefined {
  if (!additionalAttributes && !additionalNodes) return undefined
  return { attributes: additionalAttributes, nodes: additionalNodes }
}

const HOSTED_DEVICE = 99

/** Cloud-hosted devices take no part in groups (docs/protocol/02, hosted devices). */
function isHosted(jid: string): boolean {
  const decoded = jidDecode(jid)
  return decoded?.device === HOSTED_DEVICE || decoded?.server === 'hosted' || decoded?.server === 'hosted.lid'
}

function allEncryptionsFailed(id: string, jid: string): KurirError {
  return new KurirError('all-encryptions-failed', 'All encryptions failed', {
    statusCode: 500,
    retryable: true,
    data: { id, jid },
  })
}
