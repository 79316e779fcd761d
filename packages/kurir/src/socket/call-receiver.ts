import { isHostedLidUser, isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import {
  buildCallAnswer,
  buildCallLinkRequest,
  buildCallReject,
  callLinkToken,
  endsCall,
  parseCall,
  withOffer,
} from '../calls/call-stanza.js'
import type { WACallEvent } from '../calls/call-types.js'
import type { MessageUpsertType, WAMessage } from '../events/message-types.js'
import { callMessage } from '../messages/call-messages.js'
import { checkJid, checkText } from '../messages/content/checks.js'
import { ExpiringMap } from '../time/expiring-map.js'
import { DEFAULT_CACHE_TTLS } from './cache-store.js'
import type { SocketCore } from './core.js'
import { ownAccount } from './own-account.js'

const OFFERS = 1_000

/** Turns `<call>` stanzas into events, and answers them; calls themselves are no matter of this library. */
export class CallReceiver {
  readonly #core: SocketCore
  readonly #upsert: (message: WAMessage, type: MessageUpsertType) => Promise<void>
  readonly #offers: ExpiringMap<WACallEvent>
  /** Which device began a call: answers name it. */
  readonly #creators: ExpiringMap<string>

  constructor(core: SocketCore, upsert: (message: WAMessage, type: MessageUpsertType) => Promise<void>) {
    this.#core = core
    this.#upsert = upsert
    const ttlMs = DEFAULT_CACHE_TTLS.CALL_OFFER * 1000
    this.#offers = new ExpiringMap({ limit: OFFERS, ttlMs, clock: core.config.clock })
    this.#creators = new ExpiringMap({ limit: OFFERS, ttlMs, clock: core.config.clock })
  }

  async handle(stanza: BinaryNode): Promise<void> {
    const { logger, ev, connection, config } = this.#core
    const { id, from = '' } = stanza.attrs
    try {
      const { event, creator } = parseCall(stanza)
      if (event.status === 'offer') this.#creators.set(event.id, creator)
      const call = withOffer(event, await this.#offerOf(event))
      await this.#remember(call)
      if (config.shouldIgnoreJid(jidNormalizedUser(from)) !== true) {
        ev.emit('call', [call])
        const message = callMessage(call)
        if (message) await this.#upsert(message, call.offline ? 'append' : 'notify')
      }
    } catch (error) {
      logger.warn({ err: error, id }, 'a call could not be read')
    }
    if (connection.phase === 'open' && id !== undefined) {
      const own = this.#ownDeviceLike(from)
      await connection.sendNode(buildCallAnswer(stanza, isLidUser(own) ? own : jidNormalizedUser(own)))
    }
  }

  async reject(callId: string, callFrom: string): Promise<void> {
    const to = checkJid('callFrom', callFrom, jid => isPnUser(jid) || isLidUser(jid))
    const creator = this.#creators.get(callId) ?? to
    const from = this.#ownDeviceLike(to)
    await this.#core.connection.query(buildCallReject({ callId: checkText('callId', callId), to, creator, from }))
  }

  async createLink(
    type: 'audio' | 'video',
    event: { startTime: number } | undefined,
    timeoutMs: number | undefined,
  ): Promise<string | undefined> {
    return callLinkToken(await this.#core.connection.query(buildCallLinkRequest(type, event?.startTime), timeoutMs))
  }

  async #offerOf(event: WACallEvent): Promise<WACallEvent | undefined> {
    const { callOfferCache } = this.#core.config
    return callOfferCache ? await callOfferCache.get<WACallEvent>(event.id) : this.#offers.get(event.id)
  }

  async #remember(call: WACallEvent): Promise<void> {
    const { callOfferCache } = this.#core.config
    if (call.status === 'offer') {
      this.#offers.set(call.id, call)
      await callOfferCache?.set(call.id, call)
    } else if (endsCall(call)) {
      this.#offers.delete(call.id)
      await callOfferCache?.del(call.id)
    }
  }

  /** Callers that are named by LID are answered by the own one. */
  #ownDeviceLike(jid: string): string {
    const me = ownAccount(this.#core.creds)
    const byLid = isLidUser(jid) === true || isHostedLidUser(jid) === true
    return byLid && me.lid !== undefined ? me.lid : me.id
  }
}
