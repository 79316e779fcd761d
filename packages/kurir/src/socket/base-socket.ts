import type { AuthenticationCreds } from '../auth/credentials.js'
import { getBinaryNodeChild, getBinaryNodeChildBuffer } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { Contact } from '../chats/contact-types.js'
import type { NewChatMessageCapInfo, ReachoutTimelockState } from '../events/account-limits.js'
import type { ConnectionState } from '../events/connection-state.js'
import type { BaileysBufferableEventEmitter } from '../events/event-buffer.js'
import { bindWaitForConnectionUpdate } from '../events/wait-for-event.js'
import type { ILogger } from '../logger/logger.js'
import { buildRemoveCompanionDevice } from '../pairing/stanzas.js'
import type { SignalKeyStoreWithTransaction } from '../signal/key-store.js'
import type { SignalRepositoryWithLIDStore } from '../signal/repository.js'
import { fetchAccountReachoutTimelock, fetchNewChatMessageCap, followAccountLimits } from './account-limits.js'
import type { SocketConfig } from './config.js'
import { intentionalLogout } from './connection-errors.js'
import { type Layer, makeCore, type SocketCore } from './core.js'
import { DirtyBitReceiver } from './dirty-bits.js'
import { LoginSequence } from './login-sequence.js'
import { PairingSession } from './pairing-session.js'
import { PreKeyKeeper } from './prekey-keeper.js'
import type { WebSocketClient } from './web-socket-client.js'

/** Connection, queries, pairing: what every layer above stands on (docs/protocol/06, base socket). */
export interface BaseSocket {
  readonly type: 'md'
  /** The logger of the config. */
  logger: ILogger
  ws: WebSocketClient
  ev: BaileysBufferableEventEmitter
  authState: { creds: AuthenticationCreds; keys: SignalKeyStoreWithTransaction }
  signalRepository: SignalRepositoryWithLIDStore
  /** The own contact, live: undefined until the device is linked. */
  readonly user: Contact | undefined
  /** The id of the next stanza. */
  generateMessageTag(): string
  /**
   * Sends a stanza and waits for its answer. Rejects with a `ServerRefusal` (`data` is the server's code), a time-out
   * (408), or the reason why the connection ended (428 …).
   */
  query(node: BinaryNode, timeoutMs?: number): Promise<BinaryNode>
  /** Waits for a stanza with this id; undefined after the time-out, rejects when the connection ends. */
  waitForMessage<T = BinaryNode>(id: string, timeoutMs?: number): Promise<T | undefined>
  waitForSocketOpen(): Promise<void>
  sendRawMessage(data: Uint8Array): Promise<void>
  sendNode(node: BinaryNode): Promise<void>
  /** Unlinks this device and ends the connection with 401; the auth state is left for the caller to delete. */
  logout(message?: string): Promise<void>
  /** Ends the connection with this reason. */
  end(error: Error | undefined): Promise<void>
  registerSocketEndHandler(handler: (error: Error | undefined) => void | Promise<void>): void
  onUnexpectedError(error: Error, message: string): void
  uploadPreKeys(count?: number): Promise<void>
  uploadPreKeysToServerIfRequired(): Promise<void>
  digestKeyBundle(): Promise<void>
  rotateSignedPreKey(): Promise<void>
  /** A code to type on the phone instead of scanning the QR; see {@link PairingSession.requestCode}. */
  requestPairingCode(phoneNumber: string, customPairingCode?: string): Promise<string>
  updateServerTimeOffset(node: BinaryNode): void
  sendUnifiedSession(): Promise<void>
  /** Whether the account may write to new people; also emitted as `connection.update`. @throws MexError */
  fetchAccountReachoutTimelock(): Promise<ReachoutTimelockState>
  /** How many chats with new people the account may still open. @throws MexError */
  fetchNewChatMessageCap(): Promise<NewChatMessageCapInfo>
  waitForConnectionUpdate(
    check: (update: Partial<ConnectionState>) => Promise<boolean | undefined>,
    timeoutMs?: number,
  ): Promise<void>
}

export interface BaseLayer extends Layer<BaseSocket> {
  readonly preKeys: PreKeyKeeper
}

export function makeBaseLayer(config: SocketConfig): BaseLayer {
  const core = makeCore(config)
  const preKeys = new PreKeyKeeper(core)
  const pairing = new PairingSession(core)
  const login = new LoginSequence(core, preKeys)
  receiveServerStanzas(core, pairing, login)
  closeEventsAtTheEnd(core)
  followAccountLimits(core)
  // Listeners are attached after the factory returned: the first event comes on the next tick.
  process.nextTick(() => begin(core))
  return { core, preKeys, socket: baseMembers(core, preKeys, pairing) }
}

function begin({ ev, creds, connection, memory, keys, config, logger }: SocketCore): void {
  // What waited on the server is handed over as one batch once it is complete.
  if (creds.me?.id) ev.buffer()
  ev.emit('connection.update', { connection: 'connecting', receivedPendingNotifications: false, qr: undefined })
  memory
    .succeed(() => keys.settled(), config.connectTimeoutMs)
    .catch(error => logger.warn({ err: error }, 'the connection before is still writing, going on without it'))
    .then(() => connection.start())
}

function closeEventsAtTheEnd({ connection, ev, repository, config }: SocketCore): void {
  connection.whenEnded(error => {
    repository.close?.()
    ev.flush()
    ev.emit('connection.update', { connection: 'close', lastDisconnect: { error, date: new Date(config.clock()) } })
  })
}

/** Stanzas that concern the connection itself. Message, receipt and notification belong to the layers above. */
function receiveServerStanzas(core: SocketCore, pairing: PairingSession, login: LoginSequence): void {
  const { connection, logger } = core
  const guarded = (what: string, work: (node: BinaryNode) => Promise<void>) => (node: BinaryNode) => {
    work(node).catch(error => logger.error({ err: error, id: node.attrs['id'] }, `${what} failed`))
  }
  const iq: Record<string, (node: BinaryNode) => void> = {
    'pair-device': guarded('pairing', node => pairing.receiveReferences(node)),
    'pair-success': guarded('pairing', node => pairing.receiveSuccess(node)),
  }
  connection.onStanza('iq', node => {
    const child = Array.isArray(node.content) ? node.content[0]?.tag : undefined
    if (node.attrs['xmlns'] === 'urn:xmpp:ping') guarded('answer to a ping', answerPing(core))(node)
    else if (child !== undefined && iq[child]) iq[child](node)
    else if (node.attrs['type'] === 'get' || node.attrs['type'] === 'set') {
      logger.debug({ attrs: node.attrs, child }, 'unknown request of the server')
    }
  })
  connection.onStanza(
    'success',
    guarded('login', node => login.accepted(node)),
  )
  connection.onStanza('failure', node => login.refused(node))
  connection.onStanza('stream:error', node => login.streamFailed(node))
  connection.onStanza('xmlstreamend', () => login.streamEnded())
  const dirty = new DirtyBitReceiver(core)
  connection.onStanza('ib', node => {
    receiveBulletin(core, login, node)
    dirty.receive(node)
  })
  core.hooks.pairing = node => pairing.receiveNotification(node)
}

const answerPing =
  ({ connection }: SocketCore) =>
  (node: BinaryNode): Promise<void> => {
    const id = node.attrs['id']
    return connection.sendNode({
      tag: 'iq',
      attrs: { to: S_WHATSAPP_NET, type: 'result', ...(id === undefined ? {} : { id }) },
    })
  }

function receiveBulletin(core: SocketCore, login: LoginSequence, node: BinaryNode): void {
  const routing = getBinaryNodeChildBuffer(getBinaryNodeChild(node, 'edge_routing'), 'routing_info')
  if (routing) core.ev.emit('creds.update', { routingInfo: Buffer.from(routing) })
  if (getBinaryNodeChild(node, 'offline_preview')) login.offlineQueueAnnounced()
  if (getBinaryNodeChild(node, 'offline')) login.offlineQueueDelivered()
  if (getBinaryNodeChild(node, 'downgrade_webclient')) login.downgraded()
}

function baseMembers(core: SocketCore, preKeys: PreKeyKeeper, pairing: PairingSession): BaseSocket {
  const { connection, config, ev, creds, keys, repository, clock, logger } = core
  return {
    type: 'md',
    logger,
    ws: connection.ws,
    ev,
    authState: { creds, keys },
    signalRepository: repository,
    get user() {
      return creds.me
    },
    generateMessageTag: () => connection.ids.next(),
    query: (node, timeoutMs) => connection.query(node, timeoutMs),
    waitForMessage: <T>(id: string, timeoutMs?: number) =>
      connection.waitFor(id, timeoutMs ?? config.defaultQueryTimeoutMs).catch(error => {
        if (error.code === 'timed-out') return undefined
        throw error
      }) as Promise<T | undefined>,
    waitForSocketOpen: () => connection.waitForWebSocket(),
    sendRawMessage: data => connection.sendRawMessage(data),
    sendNode: node => connection.sendNode(node),
    logout: message => logOut(core, message),
    end: error => connection.end(error),
    registerSocketEndHandler: handler => connection.onEnd(handler),
    onUnexpectedError: (error, message) => logger.error({ err: error }, `unexpected error in '${message}'`),
    uploadPreKeys: count => preKeys.upload(count),
    uploadPreKeysToServerIfRequired: () => preKeys.uploadIfRequired(),
    digestKeyBundle: () => preKeys.checkDigest(),
    rotateSignedPreKey: () => preKeys.rotateSignedPreKey(),
    requestPairingCode: (phoneNumber, customPairingCode) => pairing.requestCode(phoneNumber, customPairingCode),
    updateServerTimeOffset: node => clock.updateFrom(node),
    sendUnifiedSession: () => sendUnifiedSession(core),
    fetchAccountReachoutTimelock: () => fetchAccountReachoutTimelock(core),
    fetchNewChatMessageCap: () => fetchNewChatMessageCap(core),
    waitForConnectionUpdate: bindWaitForConnectionUpdate(ev),
  }
}

const LOGOUT_DEADLINE_MS = 5000

async function logOut({ connection, creds, logger }: SocketCore, message: string | undefined): Promise<void> {
  const reason = intentionalLogout(message)
  // The server may cut the connection before its answer is read.
  connection.intendToEnd(reason)
  const jid = creds.me?.id
  if (jid !== undefined && connection.phase === 'open') {
    await connection
      .query(buildRemoveCompanionDevice(jid), LOGOUT_DEADLINE_MS)
      .catch(error => logger.warn({ err: error }, 'the server did not confirm the logout'))
  }
  await connection.end(reason)
}

/** The web client's session marker; nothing depends on it and a failure is ignored (docs/protocol/01, success). */
export async function sendUnifiedSession({ connection, clock, logger }: SocketCore): Promise<void> {
  try {
    await connection.sendNode({
      tag: 'ib',
      attrs: {},
      content: [{ tag: 'unified_session', attrs: { id: clock.unifiedSessionId() } }],
    })
  } catch (error) {
    logger.debug({ err: error }, 'unified session could not be sent')
  }
}
