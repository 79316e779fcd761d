import { jidDecode, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { WAPresence } from '../chats/chat-types.js'
import { buildAvailability, buildChatState, parsePresence } from '../chats/presence.js'
import { KurirError } from '../errors/kurir-error.js'
import { sendUnifiedSession } from './base-socket.js'
import type { ContactTokens } from './contact-tokens.js'
import type { SocketCore } from './core.js'
import { ownAccount, ownUserLike } from './own-account.js'

export interface PresenceMembers {
  /**
   * Announces this device as available or not, or tells a chat that we are typing, recording or have stopped.
   * Availability needs a push name; without one it is skipped with a warning.
   */
  sendPresenceUpdate(type: WAPresence, toJid?: string): Promise<void>
  /** Asks for a person's presence; it arrives as `presence.update` until the connection ends. */
  presenceSubscribe(toJid: string): Promise<void>
}

/** Who is there and who is typing (docs/protocol/04, presence and chat state). */
export class Presence implements PresenceMembers {
  readonly #core: SocketCore
  readonly #tokens: ContactTokens
  #isOnline = false

  constructor(core: SocketCore, tokens: ContactTokens) {
    this.#core = core
    this.#tokens = tokens
    core.connection.onStanza('presence', node => this.#receive(node))
    core.connection.onStanza('chatstate', node => this.#receive(node))
  }

  /** Whether this device has announced itself as available. */
  get isOnline(): boolean {
    return this.#isOnline
  }

  async sendPresenceUpdate(type: WAPresence, toJid?: string): Promise<void> {
    if (type === 'available' || type === 'unavailable') await this.#announce(type)
    else await this.#sendChatState(type, toJid)
  }

  async presenceSubscribe(toJid: string): Promise<void> {
    const token = await this.#tokens.tokenOf(toJid)
    await this.#core.connection.sendNode({
      tag: 'presence',
      attrs: { to: toJid, id: this.#core.connection.ids.next(), type: 'subscribe' },
      ...(token && { content: [{ tag: 'tctoken', attrs: {}, content: token }] }),
    })
  }

  async #announce(type: 'available' | 'unavailable'): Promise<void> {
    const { connection, creds, ev, logger } = this.#core
    const name = creds.me?.name?.replaceAll('@', '')
    if (!name) {
      logger.warn({}, 'no push name yet: presence not sent')
      return
    }
    this.#isOnline = type === 'available'
    ev.emit('connection.update', { isOnline: this.#isOnline })
    if (this.#isOnline) void sendUnifiedSession(this.#core)
    await connection.sendNode(buildAvailability(type, name))
  }

  async #sendChatState(type: WAPresence, toJid: string | undefined): Promise<void> {
    if (!toJid || !jidDecode(toJid)) {
      throw new KurirError('invalid-jid', 'Typing states need the chat they are for', {
        statusCode: 400,
        data: { jid: toJid },
      })
    }
    const { connection, creds } = this.#core
    const me = ownAccount(creds)
    const from = ownUserLike(toJid, me) === jidNormalizedUser(me.lid) ? (me.lid ?? me.id) : me.id
    await connection.sendNode(buildChatState(type, from, toJid))
  }

  #receive(node: BinaryNode): void {
    const received = parsePresence(node)
    if (!received || this.#core.config.shouldIgnoreJid(received.chat)) return
    const { chat, participant, presence } = received
    this.#core.ev.emit('presence.update', { id: chat, presences: { [participant]: presence } })
  }
}
