import { encodeSignedDeviceIdentity } from '../auth/account-identity.js'
import { isJidGroup, isLidUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { WAMessageKey } from '../events/message-types.js'
import { buildAck } from '../messages/acks.js'
import { wrapDeviceSent } from '../messages/device-sent.js'
import { buildRetryMessage, type RetryMessageParts } from '../messages/fan-out.js'
import type { MessageRetryManager } from '../messages/message-retry-manager.js'
import { isOwnAccount, isSameAccount } from '../messages/own-account.js'
import { padMessage } from '../messages/padding.js'
import { parseRetryReceipt, type RetryKeys, type RetryRequest } from '../messages/retry-receipt.js'
import { decideResend, type ResendDecision } from '../messages/retry-rules.js'
import { stanzaAttributesOf } from '../messages/stanza-attributes.js'
import { proto } from '../proto/index.js'
import { checkCompanion } from '../signal/companion-trust.js'
import type { SocketCore } from './core.js'
import type { OfferedKeys } from './offered-keys.js'
import { otherNameOf } from './other-name.js'
import { ownAccount } from './own-account.js'
import type { RetryCounters } from './retry-counters.js'
import type { SenderKeyHolders } from './sender-key-holders.js'
import type { SessionDirectory } from './session-directory.js'

export interface RetryAnswererParts {
  readonly retries: MessageRetryManager
  readonly counters: RetryCounters
  readonly sessions: SessionDirectory
  readonly holders: SenderKeyHolders
}

/** Sends a message again to the one device that could not read it (docs/protocol/02, answering a retry request). */
export class RetryAnswerer {
  readonly #core: SocketCore
  readonly #parts: RetryAnswererParts
  readonly #offered: OfferedKeys

  constructor(core: SocketCore, parts: RetryAnswererParts) {
    this.#core = core
    this.#parts = parts
    this.#offered = core.memory.offeredKeys
  }

  async answer(receipt: BinaryNode): Promise<void> {
    const { connection, logger } = this.#core
    try {
      const request = parseRetryReceipt(receipt)
      for (const id of request.ids) await this.#resend(request, id)
    } catch (error) {
      // Unacknowledged, the request comes again with the next connection.
      if (connection.phase !== 'open') return
      logger.error({ err: error, id: receipt.attrs['id'] }, 'a retry request could not be answered')
    }
    if (connection.phase === 'open') await connection.sendNode(buildAck(receipt))
  }

  async #resend(request: RetryRequest, id: string): Promise<void> {
    const { logger, repository, config, memory } = this.#core
    const { retries, counters, holders } = this.#parts
    const message = await this.#find(request, id)
    const session = await repository.getSessionInfo(request.requester)
    const address = repository.jidToSignalProtocolAddress(request.requester)
    const answered = await counters.countOf(id, request.requester)
    const decision = decideResend(request, {
      isKnown: message !== undefined,
      answered,
      maxRetryCount: config.maxMsgRetryCount,
      session: session ?? undefined,
      rememberedBaseKey: retries.getBaseKey(address, id),
      sinceRecreationMs: config.enableAutoSessionRecreation ? retries.sinceRecreation(request.requester) : 0,
      isRecipient: this.#isRecipient(request),
      isDelivered: memory.deliveries.has(id, request.requester),
    })
    logger.debug({ id, requester: request.requester, count: request.count, decision: decision.kind }, 'retry request')
    if (isJidGroup(request.from)) await holders.forget(request.from, request.requester)
    if (decision.kind === 'refuse' || !message) {
      logger.warn(
        { id, requester: request.requester, why: decision.kind === 'refuse' ? decision.why : '' },
        'did not resend',
      )
      return
    }
    retries.incrementRetryCount(`${request.requester} ${id}`)
    await counters.set(id, request.requester, answered + 1)
    try {
      await this.#resendTo(request, id, message, decision)
    } catch (error) {
      // It comes again, and an answer that has not left does not count.
      if (this.#core.connection.phase !== 'open') await counters.set(id, request.requester, answered)
      throw error
    }
  }

  async #resendTo(
    request: RetryRequest,
    id: string,
    message: proto.IMessage,
    decision: Extract<ResendDecision, { kind: 'resend' }>,
  ): Promise<void> {
    const { repository } = this.#core
    await this.#prepareSession(request, decision)
    if (decision.rememberBaseKey) {
      const baseKey = (await repository.getSessionInfo(request.requester))?.baseKey
      const address = repository.jidToSignalProtocolAddress(request.requester)
      if (baseKey) this.#parts.retries.saveBaseKey(address, id, baseKey)
    }
    await this.#send(request, id, message)
  }

  async #find(request: RetryRequest, id: string): Promise<proto.IMessage | undefined> {
    const chat = jidNormalizedUser(request.recipient ?? request.from)
    const other = await otherNameOf(this.#core, chat)
    const aliases = other ? [other] : []
    const recent = this.#parts.retries.getRecentMessage(chat, id, aliases)
    if (recent) return recent.message
    const kept = this.#core.memory.outbox.get(id)
    if (kept && [chat, ...aliases].includes(jidNormalizedUser(kept.jid))) return kept.message
    for (const remoteJid of [chat, ...aliases]) {
      const key: WAMessageKey = {
        remoteJid,
        id,
        fromMe: true,
        ...(request.participant && { participant: request.participant }),
      }
      const stored = await this.#core.config.getMessage(key)
      if (stored) return stored
    }
    return undefined
  }

  /** Only somebody the message was for may have it again: the chat's account, our own, or a group's devices. */
  #isRecipient(request: RetryRequest): boolean {
    const me = ownAccount(this.#core.creds)
    if (request.participant !== undefined) return true
    return (
      request.recipient === undefined ||
      isOwnAccount(request.requester, me) ||
      isSameAccount(request.requester, request.recipient)
    )
  }

  async #prepareSession(request: RetryRequest, decision: Extract<ResendDecision, { kind: 'resend' }>): Promise<void> {
    const { repository } = this.#core
    const { requester, keys, registrationId } = request
    if (decision.session === 'keep') return
    this.#parts.retries.noteRecreation(requester)
    if (decision.session === 'fetch' || !keys) {
      await this.#parts.sessions.assert([requester], true)
      return
    }
    const { identity: identityKey, deviceIdentity } = keys
    await checkCompanion(repository, { jid: requester, identityKey, deviceIdentity }, 'refuse')
    if (this.#offered.take(repository.jidToSignalProtocolAddress(requester), keys)) {
      await repository.injectE2ESession({ jid: requester, session: bundleOf(keys, registrationId) })
    } else {
      // A request that came twice: the session from the first one stands.
      await this.#parts.sessions.assert([requester])
    }
  }

  async #send(request: RetryRequest, id: string, message: proto.IMessage): Promise<void> {
    const { connection, repository, creds } = this.#core
    const me = ownAccount(creds)
    const isGroup = isJidGroup(request.from)
    const isOwn = isOwnAccount(request.requester, me)
    const chat = request.recipient ?? request.from
    const content = isGroup
      ? await this.#withSenderKey(request, message)
      : isOwn && request.recipient
        ? wrapDeviceSent(message, jidNormalizedUser(chat))
        : message
    const { type, ciphertext } = await repository.encryptMessage({
      jid: request.requester,
      data: padMessage(proto.Message.encode(content).finish()),
    })
    const target: RetryMessageParts['target'] = isGroup
      ? { kind: 'group', participant: request.requester, addressingMode: isLidUser(request.requester) ? 'lid' : 'pn' }
      : { kind: 'user', recipient: isOwn ? request.recipient : undefined }
    await connection.sendNode(
      buildRetryMessage({
        id,
        to: isGroup ? request.from : request.requester,
        attributes: stanzaAttributesOf(message),
        deviceIdentity: creds.account ? encodeSignedDeviceIdentity(creds.account, true) : undefined,
        copy: { type, ciphertext },
        count: request.count,
        target,
        timestamp: request.messageTimestamp,
      }),
    )
  }

  /** In groups the device may lack the sender key: it travels with the content. */
  async #withSenderKey(request: RetryRequest, message: proto.IMessage): Promise<proto.IMessage> {
    const { repository, creds } = this.#core
    const me = ownAccount(creds)
    const meId = isLidUser(request.requester) ? (me.lid ?? me.id) : me.id
    const distribution = await repository.getSenderKeyDistributionMessage({ group: request.from, meId })
    if (!distribution) return message
    return {
      ...message,
      senderKeyDistributionMessage: { groupId: request.from, axolotlSenderKeyDistributionMessage: distribution },
    }
  }
}

function bundleOf(keys: RetryKeys, registrationId: number | undefined) {
  return {
    registrationId: registrationId ?? 0,
    identityKey: keys.identity,
    signedPreKey: {
      keyId: keys.signedPreKey.id,
      publicKey: keys.signedPreKey.public,
      signature: keys.signedPreKey.signature,
    },
    ...(keys.preKey && { preKey: { keyId: keys.preKey.id, publicKey: keys.preKey.public } }),
  }
}
