import { jidDecode, jidNormalizedUser, S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { PresenceData, WAPresence } from '../chats/chat-types.js'
import { KurirError } from '../errors/kurir-error.js'
import type { MessageUpsertType, WAMessage } from '../events/message-types.js'
import { historyDownload } from '../history/download-history.js'
import { sendUnifiedSession } from './base-socket.js'
import { ContactTokens } from './contact-tokens.js'
import { extendSocket, type Layer, type SocketCore } from './core.js'
import { MessageEffects } from './effects.js'
import { HistoryReceiver } from './history-receiver.js'
import { mediaNetwork } from './media-network.js'
import { MessageSecretStore } from './message-secret-store.js'
import { ownAccount, ownUserLike } from './own-account.js'
import { type Mutex, makeMutex } from './scheduling.js'
import type { USyncSocket } from './usync-layer.js'

/** Presence, and the hand-over of messages with what follows from them (docs/protocol/06, chats). */
export interface ChatsMembers {
  readonly messageMutex: Mutex
  readonly receiptMutex: Mutex
  readonly notificationMutex: Mutex
  /**
   * Emits a message and applies what follows from it.
   *
   * @param requestId the request that the phone answers with this message (Kurir's own)
   */
  upsertMessage(message: WAMessage, type: MessageUpsertType, requestId?: string): Promise<void>
  /**
   * Announces this device as available or not, or tells a chat that we are typing, recording or have stopped.
   * Availability needs a push name; without one it is skipped with a warning.
   */
  sendPresenceUpdate(type: WAPresence, toJid?: string): Promise<void>
  /** Asks for a person's presence; it arrives as `presence.update` until the connection ends. */
  presenceSubscribe(toJid: string): Promise<void>
  /** Privacy settings by category, cached until `force`. */
  fetchPrivacySettings(force?: boolean): Promise<Record<string, string>>
  /** Whom the account has blocked. */
  fetchBlocklist(): Promise<string[]>
}

export type ChatsSocket = USyncSocket & ChatsMembers

/** Internal: whether the device has announced itself as available. */
export interface Availability {
  isOnline: boolean
}

export function makeChatsLayer({ core, socket }: Layer<USyncSocket>): Layer<ChatsSocket> & {
  readonly availability: Availability
  readonly secrets: MessageSecretStore
  readonly tokens: ContactTokens
} {
  const availability: Availability = { isOnline: false }
  const privacy = new PrivacySettings(core)
  const tokens = new ContactTokens(core)
  const secrets = new MessageSecretStore(core.keys, core.config.clock)
  const history = new HistoryReceiver(core, { secrets, download: historyDownload(mediaNetwork(core.config)) })
  const effects = new MessageEffects(core, { secrets, history })
  const members: ChatsMembers = {
    messageMutex: makeMutex(),
    receiptMutex: makeMutex(),
    notificationMutex: makeMutex(),
    upsertMessage: (message, type, requestId) => upsertMessage(core, effects, message, type, requestId),
    sendPresenceUpdate: (type, toJid) => sendPresence(core, availability, type, toJid),
    presenceSubscribe: toJid => subscribe(core, tokens, toJid),
    fetchPrivacySettings: force => privacy.fetch(force),
    fetchBlocklist: () => fetchBlocklist(core),
  }
  core.connection.onStanza('presence', node => receivePresence(core, node))
  core.connection.onStanza('chatstate', node => receivePresence(core, node))
  core.ev.on('connection.update', ({ connection }) => {
    if (connection !== 'open') return
    void afterLogin(core, availability, privacy)
    history.resume().catch(error => core.logger.error({ err: error }, 'waiting history could not be read'))
  })
  return { core, socket: extendSocket(socket, members), availability, secrets, tokens }
}

async function upsertMessage(
  core: SocketCore,
  effects: MessageEffects,
  message: WAMessage,
  type: MessageUpsertType,
  requestId?: string,
): Promise<void> {
  const { ev, creds } = core
  ev.emit('messages.upsert', { messages: [message], type, ...(requestId === undefined ? {} : { requestId }) })
  if (message.pushName && message.key.remoteJid) {
    const id = jidNormalizedUser(message.key.fromMe ? creds.me?.id : (message.key.participant ?? message.key.remoteJid))
    if (!message.key.fromMe)
      ev.emit('contacts.update', [{ id, notify: message.pushName, verifiedName: message.verifiedBizName ?? undefined }])
    else if (creds.me && creds.me.name !== message.pushName)
      ev.emit('creds.update', { me: { ...creds.me, name: message.pushName } })
  }
  await effects.apply(message)
}

/** What the web client asks right after a login. Failures are logged only: nothing here is needed to talk. */
async function afterLogin(core: SocketCore, availability: Availability, privacy: PrivacySettings): Promise<void> {
  const { config, logger, creds } = core
  const asked = config.fireInitQueries ? [fetchProps(core), fetchBlocklist(core), privacy.fetch(true)] : []
  const presence = creds.me?.name
    ? sendPresence(core, availability, config.markOnlineOnConnect ? 'available' : 'unavailable')
    : Promise.resolve()
  for (const result of await Promise.allSettled([presence, ...asked])) {
    if (result.status === 'rejected' && core.connection.phase === 'open') {
      logger.warn({ err: result.reason }, 'a question after the login was not answered')
    }
  }
}

async function fetchProps({ connection, creds, ev }: SocketCore): Promise<void> {
  const answer = await connection.query({
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'abt' },
    content: [{ tag: 'props', attrs: { protocol: '1', ...(creds.lastPropHash ? { hash: creds.lastPropHash } : {}) } }],
  })
  const props = child(answer, 'props')
  if (props?.attrs['hash'] && props.attrs['hash'] !== creds.lastPropHash)
    ev.emit('creds.update', { lastPropHash: props.attrs['hash'] })
}

async function fetchBlocklist({ connection }: SocketCore): Promise<string[]> {
  const answer = await connection.query({ tag: 'iq', attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'blocklist' } })
  return childrenOf(child(answer, 'list')).flatMap(({ attrs }) => (attrs['jid'] ? [attrs['jid']] : []))
}

class PrivacySettings {
  readonly #core: SocketCore
  #settings: Record<string, string> | undefined

  constructor(core: SocketCore) {
    this.#core = core
  }

  async fetch(force = false): Promise<Record<string, string>> {
    if (this.#settings && !force) return this.#settings
    const answer = await this.#core.connection.query({
      tag: 'iq',
      attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'privacy' },
      content: [{ tag: 'privacy', attrs: {} }],
    })
    const settings: Record<string, string> = {}
    for (const { attrs } of childrenOf(child(answer, 'privacy'))) {
      if (attrs['name'] && attrs['value']) settings[attrs['name']] = attrs['value']
    }
    this.#settings = settings
    return settings
  }
}

async function sendPresence(
  core: SocketCore,
  availability: Availability,
  type: WAPresence,
  toJid?: string,
): Promise<void> {
  const { connection, creds, ev, logger } = core
  if (type === 'available' || type === 'unavailable') {
    const name = creds.me?.name?.replace(/@/g, '')
    if (!name) {
      logger.warn({}, 'no push name yet: presence not sent')
      return
    }
    availability.isOnline = type === 'available'
    ev.emit('connection.update', { isOnline: availability.isOnline })
    if (availability.isOnline) void sendUnifiedSession(core)
    return connection.sendNode({ tag: 'presence', attrs: { name, type } })
  }
  if (!toJid || !jidDecode(toJid)) {
    throw new KurirError('invalid-jid', 'Typing states need the chat they are for', {
      statusCode: 400,
      data: { jid: toJid },
    })
  }
  const me = ownAccount(creds)
  const from = ownUserLike(toJid, me) === jidNormalizedUser(me.lid) ? (me.lid ?? me.id) : me.id
  const content =
    type === 'paused' ? { tag: 'paused', attrs: {} } : { tag: 'composing', attrs: recordingAttributes(type) }
  await connection.sendNode({ tag: 'chatstate', attrs: { from, to: toJid }, content: [content] })
}

function recordingAttributes(type: WAPresence): BinaryNode['attrs'] {
  return type === 'recording' ? { media: 'audio' } : {}
}

async function subscribe({ connection }: SocketCore, tokens: ContactTokens, toJid: string): Promise<void> {
  const token = await tokens.tokenOf(toJid)
  await connection.sendNode({
    tag: 'presence',
    attrs: { to: toJid, id: connection.ids.next(), type: 'subscribe' },
    ...(token && { content: [{ tag: 'tctoken', attrs: {}, content: token }] }),
  })
}

/** `<presence>` and `<chatstate>` of others (docs/protocol/04, presence and chat state). */
function receivePresence({ ev, config }: SocketCore, node: BinaryNode): void {
  const { from, participant, type, last, count } = node.attrs
  if (!from || config.shouldIgnoreJid(from)) return
  let presence: PresenceData | undefined
  if (node.tag === 'presence') {
    const lastSeen = Number(last)
    presence = {
      lastKnownPresence: type === 'unavailable' ? 'unavailable' : 'available',
      ...(last !== undefined && Number.isFinite(lastSeen) ? { lastSeen } : {}),
      ...(count !== undefined && Number.isFinite(Number(count)) ? { groupOnlineCount: Number(count) } : {}),
    }
  } else {
    const [state] = childrenOf(node)
    if (state) presence = { lastKnownPresence: chatState(state) }
  }
  if (presence) ev.emit('presence.update', { id: from, presences: { [participant ?? from]: presence } })
}

function chatState({ tag, attrs }: BinaryNode): WAPresence {
  if (tag === 'paused') return 'available'
  return attrs['media'] === 'audio' ? 'recording' : 'composing'
}

function childrenOf(node: BinaryNode | undefined): readonly BinaryNode[] {
  return Array.isArray(node?.content) ? node.content : []
}

function child(node: BinaryNode, tag: string): BinaryNode | undefined {
  return childrenOf(node).find(candidate => candidate.tag === tag)
}
