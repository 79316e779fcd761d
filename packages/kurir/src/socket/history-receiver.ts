import { jidNormalizedUser } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'
import type { HistorySet } from '../events/event-map.js'
import { type Schedule, unrefSchedule } from '../events/schedule.js'
import type { HistoryContents, HistoryExtras } from '../history/history-contents.js'
import { historySyncTypeOf } from '../history/notification.js'
import { type HistoryDownload, openHistory } from '../history/open-history.js'
import { readHistory } from '../history/read-history.js'
import type { MessageEffect } from '../messages/message-effects.js'
import { toNumber } from '../messages/numbers.js'
import { buildHistorySyncReceipt } from '../messages/receipts.js'
import { addOnParentOf } from '../messages/side-effects.js'
import { isNewerToken } from '../privacy/trusted-contact-tokens.js'
import { proto } from '../proto/index.js'
import type { PendingHistoryRow, SignalDataSet } from '../signal/key-store.js'
import { HISTORY_SYNC_PAUSED_TIMEOUT_MS, PROCESSABLE_HISTORY_TYPES } from './config.js'
import type { SocketCore } from './core.js'
import type { MessageSecretStore } from './message-secret-store.js'
import { ownAccount } from './own-account.js'
import { KeyedQueue } from './scheduling.js'

type Announced = Extract<MessageEffect, { kind: 'history-sync' }>
type Waiting = PendingHistoryRow['waiting'][number]

export interface HistoryReceiverParts {
  readonly secrets: MessageSecretStore
  readonly download: HistoryDownload
  /** Told of each piece that is announced, and whether it is of a kind that is taken in. */
  readonly announced?: (isTaken: boolean) => void
  readonly schedule?: Schedule
}

/** Pieces that wait at most, tries of one, and processed ones that are remembered. */
const WAITING = 500
const TRIES = 5
const PROCESSED = 1_000
/** Until a piece is tried again on the same connection, for each try. */
const RETRY_MS = 60_000

/**
 * Takes in the history that the phone sends (docs/protocol/03, 9): one piece after another, streamed in batches, beside
 * the live messages. A piece is noted in the key store before its notification is confirmed; what a process leaves
 * behind is taken in by the next one.
 */
export class HistoryReceiver {
  readonly #core: SocketCore
  readonly #parts: HistoryReceiverParts
  readonly #queue = new KeyedQueue()
  /** Ids that wait or are being taken in. */
  readonly #queued = new Set<string>()
  readonly #schedule: Schedule
  #bootstrapTold = false
  #recentTold = false
  #cancelPause: (() => void) | undefined

  constructor(core: SocketCore, parts: HistoryReceiverParts) {
    this.#core = core
    this.#parts = parts
    this.#schedule = parts.schedule ?? unrefSchedule
    core.connection.onEnd(() => this.#cancelPause?.())
  }

  /** A notification came. Resolves when it cannot get lost any more; the history follows in its own time. */
  async take({ notification, key, timestamp }: Announced): Promise<void> {
    const id = key.id ?? ''
    const syncType = historySyncTypeOf(notification)
    if (!PROCESSABLE_HISTORY_TYPES.includes(syncType) || !this.#core.config.shouldSyncHistoryMessage(notification)) {
      this.#core.logger.debug({ id, syncType }, 'history of this kind is not taken in')
      this.#confirm(id)
      this.#parts.announced?.(false)
      return
    }
    this.#parts.announced?.(true)
    this.#tellBegin(syncType)
    const encoded = proto.Message.HistorySyncNotification.encode(notification).finish()
    const waiting: Waiting = { id, timestamp, notification: Buffer.from(encoded).toString('base64'), tries: 0 }
    try {
      await this.#change(all => (all.some(other => other.id === id) ? all : [...all, waiting].slice(-WAITING)))
    } catch (error) {
      this.#core.logger.warn({ err: error, id }, 'a piece of history could not be noted: a crash now would lose it')
    }
    this.#enqueue(waiting)
  }

  /** Goes on with what earlier connections and processes have left. */
  async resume(): Promise<void> {
    for (const waiting of await this.#load()) this.#enqueue(waiting)
  }

  /** Resolves when everything that has been announced is taken in, or has failed. */
  settled(): Promise<void> {
    return this.#queue.drain()
  }

  #enqueue(waiting: Waiting): void {
    const { id } = waiting
    if (this.#queued.has(id)) return
    this.#queued.add(id)
    this.#queue
      .run('', () => this.#takeIn(waiting))
      .catch(error => this.#core.logger.error({ err: error, id }, 'a piece of history could not be noted as handled'))
      .finally(() => this.#queued.delete(id))
  }

  async #takeIn({ id, timestamp, notification, tries }: Waiting): Promise<void> {
    const { logger } = this.#core
    if (this.#isOver()) return
    try {
      const decoded = proto.Message.HistorySyncNotification.decode(Buffer.from(notification, 'base64'))
      await this.#process(decoded, id, timestamp)
    } catch (error) {
      // The next connection goes on with it.
      if (this.#isOver()) return
      const isHopeless = KurirError.is(error) && error.code.startsWith('invalid-')
      logger.error({ err: error, id, tries: tries + 1 }, 'a piece of history could not be taken in')
      if (!isHopeless && tries + 1 < TRIES) {
        const again = { id, timestamp, notification, tries: tries + 1 }
        await this.#change(all => all.map(other => (other.id === id ? again : other)))
        this.#schedule(() => this.#enqueue(again), RETRY_MS * again.tries)
        return
      }
    }
    await this.#change(all => all.filter(other => other.id !== id))
    this.#confirm(id)
  }

  async #process(notification: proto.Message.IHistorySyncNotification, id: string, timestamp: number): Promise<void> {
    const syncType = historySyncTypeOf(notification)
    let isLatest = this.#noteProcessed(syncType, id, timestamp)
    const bytes = openHistory(notification, this.#parts.download)
    let batches = 0
    for await (const batch of readHistory(bytes, syncType)) {
      // A history that ends with a full batch leaves an empty one behind.
      if (batches > 0 && isEmpty(batch)) continue
      batches += 1
      await this.#store(batch)
      await this.#core.ev.emitAndWait('messaging-history.set', historySet(batch, notification, isLatest))
      isLatest = isLatest === undefined ? undefined : false
    }
    this.#tellEnd(syncType, notification.progress)
  }

  /** Whether nothing had been processed before; on-demand history does not count. */
  #noteProcessed(
    syncType: proto.HistorySync.HistorySyncType,
    id: string,
    messageTimestamp: number,
  ): boolean | undefined {
    if (syncType === proto.HistorySync.HistorySyncType.ON_DEMAND) return undefined
    const { creds, ev } = this.#core
    const others = creds.processedHistoryMessages.filter(({ key }) => key.id !== id)
    const key = { remoteJid: jidNormalizedUser(creds.me?.id), fromMe: true, id }
    const processedHistoryMessages = [...others, { key, messageTimestamp }].slice(-PROCESSED)
    ev.emit('creds.update', { processedHistoryMessages })
    return others.length === 0
  }

  /** Keeps what later messages need: both names of people, tokens, the salt, the secrets of polls and events. */
  async #store({ lidPnMappings, chats, messages, nctSalt }: HistoryContents & HistoryExtras): Promise<void> {
    const { repository, creds, ev, logger } = this.#core
    try {
      if (lidPnMappings.length > 0) await repository.lidMapping.storeLIDPNMappings(lidPnMappings)
      await this.#storeTokens(chats)
    } catch (error) {
      logger.warn({ err: error }, 'names or tokens from the history could not be stored')
    }
    const parents = messages.flatMap(message => addOnParentOf(message) ?? [])
    const lasting = parents.filter(({ expectsAddOns }) => expectsAddOns)
    await this.#parts.secrets.remember(lasting, ownAccount(creds))
    if (nctSalt) ev.emit('creds.update', { nctSalt: Buffer.from(nctSalt) })
  }

  async #storeTokens(chats: HistoryContents['chats']): Promise<void> {
    const { keys, repository } = this.#core
    const found = chats.filter(({ tcToken }) => tcToken?.byteLength)
    const rows: NonNullable<SignalDataSet['tctoken']> = {}
    for (const { id, tcToken, tcTokenTimestamp, tcTokenSenderTimestamp } of found) {
      const owner = jidNormalizedUser((await repository.lidMapping.getLIDForPN(id)) ?? id)
      const { [owner]: known } = await keys.get('tctoken', [owner])
      const timestamp = toNumber(tcTokenTimestamp)
      if (!tcToken || !isNewerToken(known, timestamp)) continue
      const senderTimestamp = toNumber(tcTokenSenderTimestamp) || known?.senderTimestamp
      rows[owner] = {
        token: Buffer.from(tcToken),
        timestamp: String(timestamp),
        ...(senderTimestamp ? { senderTimestamp } : {}),
      }
    }
    if (Object.keys(rows).length > 0) await keys.set({ tctoken: rows })
  }

  #isOver(): boolean {
    return this.#core.connection.phase === 'ended'
  }

  #confirm(id: string): void {
    const { connection, creds, logger } = this.#core
    if (connection.phase !== 'open' || id === '') return
    connection
      .sendNode(buildHistorySyncReceipt(id, ownAccount(creds)))
      .catch(error => logger.warn({ err: error, id }, 'a piece of history could not be confirmed'))
  }

  /** The first piece comes by itself; of the recent ones it is known when they ought to go on. */
  #tellBegin(syncType: proto.HistorySync.HistorySyncType): void {
    const { ev } = this.#core
    if (syncType === proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP && !this.#bootstrapTold) {
      this.#bootstrapTold = true
      ev.emit('messaging-history.status', { syncType, status: 'complete', explicit: true })
    }
    if (syncType !== proto.HistorySync.HistorySyncType.RECENT || this.#recentTold) return
    this.#cancelPause?.()
    this.#cancelPause = this.#schedule(() => {
      if (this.#recentTold || this.#queue.size > 0) return
      this.#recentTold = true
      ev.emit('messaging-history.status', { syncType, status: 'paused', explicit: false })
    }, HISTORY_SYNC_PAUSED_TIMEOUT_MS)
  }

  #tellEnd(syncType: proto.HistorySync.HistorySyncType, progress: number | null | undefined): void {
    if (syncType !== proto.HistorySync.HistorySyncType.RECENT || progress !== 100 || this.#recentTold) return
    this.#recentTold = true
    this.#cancelPause?.()
    this.#core.ev.emit('messaging-history.status', { syncType, status: 'complete', explicit: true })
  }

  async #load(): Promise<readonly Waiting[]> {
    const { pending } = await this.#core.keys.get('history-sync', ['pending'])
    return Array.isArray(pending?.waiting) ? pending.waiting : []
  }

  #change(change: (waiting: readonly Waiting[]) => readonly Waiting[]): Promise<void> {
    const { keys } = this.#core
    return keys.transaction(async () => {
      const waiting = change(await this.#load())
      await keys.set({ 'history-sync': { pending: waiting.length === 0 ? null : { waiting } } })
    }, 'history-sync')
  }
}

function isEmpty({ chats, contacts, messages, lidPnMappings, pastParticipants }: HistoryContents): boolean {
  return [chats, contacts, messages, lidPnMappings, pastParticipants].every(({ length }) => length === 0)
}

/** One batch as an event. All batches of a piece have its order and progress; only the very first can be the latest. */
function historySet(
  { nctSalt: _, callLogRecords, progress, ...contents }: HistoryContents & HistoryExtras,
  { chunkOrder, progress: announced, peerDataRequestSessionId }: proto.Message.IHistorySyncNotification,
  isLatest: boolean | undefined,
): HistorySet {
  return {
    ...contents,
    progress: progress ?? announced,
    isLatest,
    chunkOrder,
    peerDataRequestSessionId,
    ...(callLogRecords.length > 0 ? { callLogRecords } : {}),
  }
}
