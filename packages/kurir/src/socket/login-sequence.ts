import { decodeAccount } from '../auth/account-identity.js'
import { jidNormalizedUser, S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { ConnectionError, connectionClosed, loginFailure, streamError } from './connection-errors.js'
import type { SocketCore } from './core.js'
import type { PreKeyKeeper } from './prekey-keeper.js'

/** How many queued stanzas are asked for at once (docs/protocol/01, ib). */
const OFFLINE_BATCH = '100'
/** The queue's end is assumed when the server says nothing for this long: events must not stay buffered. */
const OFFLINE_QUIET_MS = 20_000

/**
 * From the server's verdict on a login to a working connection (docs/protocol/01, success and what follows). The
 * questions that follow a login are asked side by side, so `open` costs no further round trip.
 */
export class LoginSequence {
  readonly #core: SocketCore
  readonly #preKeys: PreKeyKeeper
  #offlineTimer: NodeJS.Timeout | undefined
  #offlineDone = false

  constructor(core: SocketCore, preKeys: PreKeyKeeper) {
    this.#core = core
    this.#preKeys = preKeys
    core.connection.onEnd(() => clearTimeout(this.#offlineTimer))
  }

  async accepted(node: BinaryNode): Promise<void> {
    const { connection, ev, creds, clock, logger } = this.#core
    const { phase } = connection
    if (phase !== 'authenticating') {
      logger.warn({ phase }, 'ignored a second verdict on the login')
      return
    }
    clock.updateFrom(node)
    connection.loginAccepted()
    const lid = node.attrs['lid']
    const me = creds.me && lid !== undefined && creds.me.lid !== lid ? { ...creds.me, lid } : undefined
    const serverIdentity = connection.verifiedServer
    if (me || serverIdentity) ev.emit('creds.update', { ...(me && { me }), ...(serverIdentity && { serverIdentity }) })
    const active = this.#becomeActive()
    const stocked = this.#preKeys.uploadIfRequired()
    // Before anything is sent: it decides which companions of our own are believed.
    await this.#rememberOwnAccount()
    if (connection.phase !== 'open') return
    logger.info({ me: creds.me?.id, location: node.attrs['location'] }, 'logged in')
    ev.emit('connection.update', { connection: 'open' })
    await Promise.all([active, stocked])
    if (connection.phase !== 'open') return
    await this.#preKeys
      .checkDigest()
      .catch(error => logger.warn({ err: error }, 'the keys on the server could not be checked'))
  }

  refused(node: BinaryNode): void {
    void this.#core.connection.end(loginFailure(node))
  }

  streamFailed(node: BinaryNode): void {
    void this.#core.connection.end(streamError(node))
  }

  streamEnded(): void {
    void this.#core.connection.end(connectionClosed('Connection Terminated by Server'))
  }

  downgraded(): void {
    const message = 'Multi-device beta not joined'
    void this.#core.connection.end(new ConnectionError('multi-device-mismatch', message, { statusCode: 411 }))
  }

  /** `<offline_preview>`: ask for the queue. */
  offlineQueueAnnounced(): void {
    const { connection, logger } = this.#core
    connection
      .sendNode({ tag: 'ib', attrs: {}, content: [{ tag: 'offline_batch', attrs: { count: OFFLINE_BATCH } }] })
      .catch(error => logger.debug({ err: error }, 'offline batch could not be asked for'))
  }

  /** `<offline>`: everything that waited has been delivered. */
  offlineQueueDelivered(): void {
    if (this.#offlineDone) return
    this.#offlineDone = true
    clearTimeout(this.#offlineTimer)
    const { ev } = this.#core
    void this.#core.hooks.incomingSettled().then(() => {
      ev.flush()
      ev.emit('connection.update', { receivedPendingNotifications: true })
    })
  }

  /** Nothing is delivered before this; a server that refuses it leaves a deaf connection, so that ends it. */
  async #becomeActive(): Promise<void> {
    const { connection, config } = this.#core
    try {
      await connection.query(
        {
          tag: 'iq',
          attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'passive' },
          content: [{ tag: 'active', attrs: {} }],
        },
        config.defaultQueryTimeoutMs,
      )
    } catch (error) {
      if (connection.phase === 'ended') return
      await connection.end(
        new ConnectionError('activation-failed', 'The server did not start the delivery of messages', {
          statusCode: 503,
          retryable: true,
          cause: error,
        }),
      )
      return
    }
    if (this.#offlineDone) return
    this.#offlineTimer = setTimeout(() => this.offlineQueueDelivered(), OFFLINE_QUIET_MS)
    this.#offlineTimer.unref()
  }

  /** Both names of the account, and the identity of its phone, which signs the list of our devices. */
  async #rememberOwnAccount(): Promise<void> {
    const { creds, repository, logger } = this.#core
    if (!creds.me?.id || !creds.me.lid) return
    try {
      await repository.lidMapping.storeLIDPNMappings([{ pn: creds.me.id, lid: creds.me.lid }])
      const accountKey = creds.account && decodeAccount(creds.account).accountSignatureKey
      if (accountKey?.length) await repository.saveIdentityKey(jidNormalizedUser(creds.me.lid), accountKey)
    } catch (error) {
      logger.error({ err: error }, 'the own account could not be stored')
    }
  }
}
