import { isJidBroadcast, isJidNewsletter, jidDecode } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { WAPresence } from '../chats/chat-types.js'
import { buildAvailability, buildChatState, buildPresenceSubscription, parsePresence } from '../chats/presence.js'
import { KurirError } from '../errors/kurir-error.js'
import { sendUnifiedSession } from './base-socket.js'
import type { ContactTokens } from './contact-tokens.js'
import type { SocketCore } from './core.js'

export interface PresenceMembers {
  /**
   * Announces this device as available or not, or tells a chat that we are typing, recording or have stopped.
   * Availability needs a push name; without one it is skipped with a warning. Channels and broadcast lists are told
   * nothing.
   *
   * @throws KurirError `invalid-jid` (400) for a typing state without chat
   */
  sendPresenceUpdate(type: WAPresence, toJid?: string): Promise<void>
  /**
   * Asks for the presence of a person, or for how many members of a group are there. It arrives as `presence.update` until
   * the connection ends, and only while this device is available itself.
   *
   * @throws KurirError `invalid-jid` (400)
   */
  presenceSubscribe(toJid: string): Promise<void>
}

/** Who is there and who is typing (docs/protocol/04, presence and chat state). */
export class Presence {
  readonly members: PresenceMembers
  readonly #core: SocketCore
  readonly #tokens: ContactTokens
  #isOnline = false

  constructor(core: SocketCore, tokens: ContactTokens) {
    this.#core = core
    this.#tokens = tokens
    this.members = {
      sendPresenceUpdate: (type, toJid) =>
        type === 'available' || type === 'unavailable' ? this.announce(type) : this.#sendChatState(type, toJid),
      presenceSubscribe: toJid => this.#subscribe(toJid),
    }
    core.connection.onStanza('presence', node => this.#receive(node))
    core.connection.onStanza('chatstate', node => this.#receive(node))
  }

  /** Whether this device has announced itself as available. */
  get isOnline(): boolean {
    return this.#isOnline
  }

  async #subscribe(toJid: string): Promise<void> {
    if (!jidDecode(toJid)?.user) {
      throw new KurirError('invalid-jid', 'Whose presence?', { statusCode: 400, data: { jid: toJid } })
    }
    const proof = await this.#tokens.proofFor(toJid)
    await this.#core.connection.sendNode(buildPresenceSubscription(toJid, proof))
  }

  async announce(type: 'available' | 'unavailable'): Promise<void> {
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
    // Channels and lists have nobody who could see it.
    if (isJidNewsletter(toJid) || isJidBroadcast(toJid)) return
    await this.#core.connection.sendNode(buildChatState(type, toJid))
  }

  #receive(node: BinaryNode): void {
    const received = parsePresence(node)
    if (!received || this.#core.config.shouldIgnoreJid(received.chat)) return
    const { chat, participant, presence } = received
    this.#core.ev.emit('presence.update', { id: chat, presences: { [participant]: presence } })
  }
}
