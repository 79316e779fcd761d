import { parseEncryptNotification } from '../auth/prekeys.js'
import { getBinaryNodeChild } from '../binary/accessors.js'
import { isLidUser, isPnUser, jidDecode, jidNormalizedUser, S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { buildAck } from '../messages/acks.js'
import { isOwnAccount, userFormOf } from '../messages/own-account.js'
import type { ContactTokens } from './contact-tokens.js'
import type { SocketCore } from './core.js'
import type { DeviceDirectory } from './device-directory.js'
import type { IncomingQueue } from './incoming-queue.js'
import type { MediaTransfer } from './media-transfer.js'
import { ownAccount } from './own-account.js'
import type { PreKeyKeeper } from './prekey-keeper.js'
import type { SessionDirectory } from './session-directory.js'

export interface NotificationReceiverParts {
  readonly queue: IncomingQueue
  readonly devices: DeviceDirectory
  readonly sessions: SessionDirectory
  readonly preKeys: PreKeyKeeper
  readonly tokens: ContactTokens
  readonly media: MediaTransfer
}

const PAIRING_NOTIFICATIONS = [
  'link_code_companion_reg',
  'companion_reg_refresh',
  'passkey_prologue_request',
  'crsc_continuation',
]

/**
 * Handles `<notification>` stanzas by type; every one is acknowledged, also when handling failed. The layers register
 * the types of their rooms with {@link SocketCore.notifications}.
 */
export class NotificationReceiver {
  readonly #core: SocketCore
  readonly #parts: NotificationReceiverParts

  constructor(core: SocketCore, parts: NotificationReceiverParts) {
    this.#core = core
    this.#parts = parts
    const { notifications } = core
    notifications.on('encrypt', node => this.#encrypt(node))
    notifications.on('devices', node => parts.devices.applyNotification(node))
    notifications.on('account_sync', async node => {
      if (getBinaryNodeChild(node, 'devices')) await parts.devices.applyNotification(node)
    })
    notifications.on('privacy_token', node => parts.tokens.receive(node))
    notifications.on('mediaretry', async node => parts.media.receiveAnswer(node))
    for (const type of PAIRING_NOTIFICATIONS) notifications.on(type, node => core.hooks.pairing(node))
  }

  receive(node: BinaryNode): void {
    this.#parts.queue.add(`notification ${userFormOf(node.attrs['from'])}`, node, stanza => this.#handle(stanza))
  }

  async #handle(node: BinaryNode): Promise<void> {
    const { logger, connection, notifications } = this.#core
    try {
      await this.#learnIdentity(node)
      await notifications.handle(node)
    } catch (error) {
      // It stays unacknowledged and comes again with the next connection.
      if (connection.phase === 'ended') return
      logger.error(
        { err: error, id: node.attrs['id'], type: node.attrs['type'] },
        'a notification could not be handled',
      )
    }
    if (connection.phase !== 'ended' && node.attrs['id'] !== undefined) await connection.sendNode(buildAck(node))
  }

  async #learnIdentity({ attrs }: BinaryNode): Promise<void> {
    const { from, lid } = attrs
    if (from && lid && isPnUser(from) && isLidUser(lid)) {
      await this.#core.repository.lidMapping.storeLIDPNMappings([{ pn: from, lid }])
    }
  }

  /** Prekeys are running low, the server doubts ours, or somebody's identity changed. */
  async #encrypt(node: BinaryNode): Promise<void> {
    const notification = parseEncryptNotification(node)
    const { preKeys } = this.#parts
    if (notification.kind === 'count') await preKeys.refill(notification.left)
    else if (notification.kind === 'digest') await preKeys.checkDigest()
    else if (notification.kind === 'identity' && notification.from !== S_WHATSAPP_NET) {
      await this.#identityChanged(notification.from)
    }
  }

  /**
   * The account registered anew: its companions are gone and the session with its phone is worthless
   * (docs/protocol/02, identity change).
   */
  async #identityChanged(from: string): Promise<void> {
    const { repository, creds, logger } = this.#core
    if (jidDecode(from)?.device || isOwnAccount(from, ownAccount(creds))) return
    const user = jidNormalizedUser(from)
    logger.info({ user }, 'the identity of a contact changed')
    const known = await this.#parts.devices.knownDevicesOf(user)
    const hadSession = (await repository.devicesWithSession([user])).has(user)
    await repository.deleteSession([...new Set([user, ...known])])
    this.#parts.devices.forget(user)
    if (hadSession) await this.#parts.sessions.assert([user], true)
  }
}
