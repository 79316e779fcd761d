import type { CacheStore } from '../auth/cacheable-key-store.js'
import { isPnUser, jidNormalizedUser } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { type Schedule, unrefSchedule } from '../events/schedule.js'
import { type IntegerLike, toNumber } from '../messages/numbers.js'
import { PLACEHOLDER_MAX_AGE_SECONDS } from '../messages/retry-rules.js'
import { proto } from '../proto/index.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'
import { messageNameOfKey } from './message-memory.js'

/** Most messages that one request for older history brings, and most keys in one request for resends. */
const MOST_OLDER_MESSAGES = 50
const MOST_KEYS = 32

/** The sender's own answer usually comes within this time. */
const PATIENCE_MS = 2_000
/** Further keys that come within this time go along. */
const GATHERING_MS = 200
/** A phone that has not answered by then may be asked again. */
const ANSWER_MS = 8_000

const REMEMBERED = 5_000
const REMEMBERED_MS = 3_600_000

export interface PhoneRequestsParts {
  readonly send: (request: proto.Message.IPeerDataOperationRequestMessage) => Promise<string>
  readonly upsert: (message: WAMessage, requestId: string) => Promise<void>
  readonly schedule?: Schedule
}

interface Batch {
  readonly keys: WAMessageKey[]
  readonly requestId: Promise<string>
}

/** Asks the own phone for what only it has: older messages, and messages that came without content (docs/protocol/03, 4.10). */
export class PhoneRequests {
  /** What is known of the messages that were asked for, by id. */
  readonly cache: CacheStore
  readonly #core: SocketCore
  readonly #parts: PhoneRequestsParts
  readonly #schedule: Schedule
  /** Ids in the cache: to look at it for every message would be a call of the program's for every message. */
  readonly #asked: ExpiringMap<true>
  #batch: Batch | undefined

  constructor(core: SocketCore, parts: PhoneRequestsParts) {
    this.#core = core
    this.#parts = parts
    this.#schedule = parts.schedule ?? unrefSchedule
    const remembered = { limit: REMEMBERED, ttlMs: REMEMBERED_MS, clock: core.config.clock }
    this.#asked = new ExpiringMap(remembered)
    this.cache = core.config.placeholderResendCache ?? memoryCache(remembered)
  }

  /**
   * Older messages of a chat. The time is sent in seconds, as phones expect it (docs/protocol/03, 9.6).
   *
   * @throws KurirError `invalid-history-request` (400)
   */
  async fetchHistory(count: number, oldest: WAMessageKey, timestamp: IntegerLike): Promise<string> {
    const { remoteJid, fromMe, id } = oldest
    if (!remoteJid || !id || !Number.isInteger(count) || count < 1) {
      throw new KurirError(
        'invalid-history-request',
        'Older messages need a count and the key of the oldest known one',
        {
          statusCode: 400,
          data: { count, remoteJid, id },
        },
      )
    }
    const { PeerDataOperationRequestType } = proto.Message
    return await this.#parts.send({
      peerDataOperationRequestType: PeerDataOperationRequestType.HISTORY_SYNC_ON_DEMAND,
      historySyncOnDemandRequest: {
        chatJid: remoteJid,
        oldestMsgId: id,
        oldestMsgFromMe: fromMe === true,
        onDemandMsgCount: Math.min(count, MOST_OLDER_MESSAGES),
        oldestMsgTimestampMs: toNumber(timestamp),
      },
    })
  }

  /**
   * Asks for a message, unless its sender is faster.
   *
   * @param known what is known of it: the phone's copy is laid over it
   * @param patienceMs how long the sender has
   * @returns the id of the request; undefined when it was asked for
   * already, or is too old for the phone to send it; `RESOLVED` when it came meanwhile
   */
  async requestResend(
    key: WAMessageKey,
    known?: Partial<WAMessage>,
    patienceMs = PATIENCE_MS,
  ): Promise<string | undefined> {
    const { id } = key
    if (!id || (await this.cache.get(id))) return undefined
    const sentAt = toNumber(known?.messageTimestamp)
    if (sentAt > 0 && this.#core.clock.nowSeconds() - sentAt > PLACEHOLDER_MAX_AGE_SECONDS) return undefined
    await this.cache.set(id, known ?? true)
    this.#asked.set(id, true)
    await new Promise<void>(resolve => this.#schedule(resolve, patienceMs))
    if (!(await this.cache.get(id))) return 'RESOLVED'
    const requestId = await this.#join(key)
    this.#schedule(() => void this.#forget(id), ANSWER_MS)
    return requestId
  }

  /** A message came with its content: the phone need not send it any more. */
  async arrived(id: string): Promise<void> {
    if (this.#asked.has(id)) await this.#forget(id)
  }

  /**
   * The phone's copy of a message: it is laid over what is known of it. Whichever comes first, this copy or the one of the
   * sender, is handed over; the other is one too many.
   */
  async resent(message: WAMessage, requestId: string): Promise<void> {
    const { id } = message.key
    if (!id) return
    const known = await this.cache.get<Partial<WAMessage> | true>(id)
    await this.#forget(id)
    const { message: content, messageTimestamp } = message
    const told = typeof known === 'object' ? { ...known, key: known.key ?? message.key, message: content } : message
    const merged = { ...told, key: await this.#withBothNames(told.key) }
    const { messages } = this.#core.memory
    const name = messageNameOfKey(merged.key)
    if (messages.progressOf(name) === 'handed-over') return
    messages.note(name, 'handed-over')
    await this.#parts.upsert(
      { ...merged, messageTimestamp: messageTimestamp ?? merged.messageTimestamp ?? 0 },
      requestId,
    )
  }

  /** The phone names the author in one namespace only; what came as a stanza is known by the LID. */
  async #withBothNames(key: WAMessageKey): Promise<WAMessageKey> {
    const { remoteJid, remoteJidAlt, participant, participantAlt, fromMe } = key
    const [author, alternative] = participant ? [participant, participantAlt] : [remoteJid, remoteJidAlt]
    if (fromMe === true || alternative || !author || isPnUser(author) !== true) return key
    const { repository, logger } = this.#core
    let lid: string | null
    try {
      lid = await repository.lidMapping.getLIDForPN(author)
    } catch (error) {
      // The message is worth more than the other name of its author.
      logger.warn({ err: error, id: key.id }, 'the LID of an author could not be found out')
      return key
    }
    if (lid === null) return key
    return { ...key, [participant ? 'participantAlt' : 'remoteJidAlt']: jidNormalizedUser(lid) }
  }

  async #forget(id: string): Promise<void> {
    this.#asked.delete(id)
    try {
      await this.cache.del(id)
    } catch (error) {
      this.#core.logger.warn({ err: error, id }, 'the cache of requested messages failed')
    }
  }

  /** The request in the making that this key goes along with. */
  #join(key: WAMessageKey): Promise<string> {
    if (!this.#batch || this.#batch.keys.length >= MOST_KEYS) {
      const keys: WAMessageKey[] = []
      const batch: Batch = { keys, requestId: this.#gather(() => this.#sendBatch(batch)) }
      this.#batch = batch
    }
    this.#batch.keys.push(key)
    return this.#batch.requestId
  }

  async #gather(send: () => Promise<string>): Promise<string> {
    await new Promise<void>(resolve => this.#schedule(resolve, GATHERING_MS))
    return await send()
  }

  #sendBatch(batch: Batch): Promise<string> {
    if (this.#batch === batch) this.#batch = undefined
    const { PeerDataOperationRequestType } = proto.Message
    return this.#parts.send({
      peerDataOperationRequestType: PeerDataOperationRequestType.PLACEHOLDER_MESSAGE_RESEND,
      placeholderMessageResendRequest: batch.keys.map(({ remoteJid, fromMe, id, participant }) => ({
        messageKey: {
          remoteJid: remoteJid ?? '',
          fromMe: fromMe === true,
          id: id ?? '',
          ...(participant ? { participant } : {}),
        },
      })),
    })
  }
}

function memoryCache(options: ConstructorParameters<typeof ExpiringMap>[0]): CacheStore {
  const entries = new ExpiringMap<unknown>(options)
  return {
    get: <Value>(key: string) => entries.get(key) as Value | undefined,
    set: (key, value) => entries.set(key, value),
    del: key => entries.delete(key),
    flushAll: () => entries.clear(),
  }
}
