import { deflateSync } from 'node:zlib'
import { proto } from 'kurir/proto'
import { findMessage, type HistoryArchive } from '../history/history-archive.js'
import {
  earlierMessages,
  fullHistory,
  type HistoryChunk,
  type HistoryPlan,
  historyChunks,
  nothingMore,
} from '../history/history-chunks.js'
import { type InventedHistory, inventHistory } from '../history/invented-history.js'
import { historyMessage, rememberedHistory } from '../history/remembered-history.js'
import type { PhoneContext } from './phone-context.js'
import { uploadFile } from './phone-media.js'
import type { PhoneSender } from './phone-sender.js'

/** What a phone tells a new companion about the past: what it remembers, and what is made up besides. */
export interface HistoryOptions extends HistoryPlan {
  readonly invented?: InventedHistory
  /** Puts the first notification into the message instead of on the media host. */
  readonly inline?: boolean
  /** `reversed`: the chunks arrive from the last to the first. */
  readonly order?: 'reversed'
  /** Every chunk comes twice. */
  readonly twice?: boolean
}

/** Sends history to companions (docs/protocol/03 §9). */
export class PhoneHistory {
  readonly #context: () => PhoneContext
  readonly #sender: PhoneSender
  readonly #options: HistoryOptions
  #invented: HistoryArchive | undefined

  constructor(context: () => PhoneContext, sender: PhoneSender, options: HistoryOptions = {}) {
    this.#context = context
    this.#sender = sender
    this.#options = options
  }

  /** Everything the phone can tell about the past. */
  archive(): HistoryArchive {
    const { memory, service, account, random } = this.#context()
    const { accounts, groups } = service.core
    const remembered = rememberedHistory(
      memory.all(),
      jid => {
        const user = accounts.resolve(jid)?.account
        return user && { pnJid: user.pn, lidJid: user.lid, name: user.pushName }
      },
      jid => {
        const group = groups.get(jid)
        const members = [...(group?.members.keys() ?? [])].map(member => member.jid(group?.addressing ?? 'lid'))
        return group && { subject: group.subject, members }
      },
    )
    const { invented } = this.#options
    if (invented === undefined) return remembered
    const owner = { lid: account.lid, random: random.fork('history'), now: service.core.now() }
    this.#invented ??= inventHistory(invented, owner)
    return {
      chats: [...remembered.chats, ...this.#invented.chats],
      statuses: [...remembered.statuses, ...this.#invented.statuses],
      pushNames: new Map([...remembered.pushNames, ...this.#invented.pushNames]),
    }
  }

  /** Sends the chunks of a new companion; `full`: also what it did not ask for itself. */
  async send(companion: string, full: boolean): Promise<void> {
    const { order, twice } = this.#options
    const plan = { ...this.#options, full: this.#options.full ?? full }
    const chunks = historyChunks(this.archive(), plan)
    for (const chunk of order === 'reversed' ? [...chunks].reverse() : chunks) {
      for (let copy = 0; copy < (twice === true ? 2 : 1); copy += 1) await this.#deliver(companion, chunk)
    }
  }

  /** Tells a companion that there is no past (docs/protocol/03 §9.1). */
  async sendNothing(companion: string): Promise<void> {
    await this.#deliver(companion, nothingMore('INITIAL_BOOTSTRAP'), {}, true)
  }

  /** Answers a request for messages before a given one; the answer names the request. */
  async answerOnDemand(
    companion: string,
    requestId: string,
    request: proto.Message.PeerDataOperationRequestMessage.IHistorySyncOnDemandRequest,
  ): Promise<void> {
    const chat = this.archive().chats.find(({ jid, pnJid, lidJid }) =>
      [jid, pnJid, lidJid].includes(request.chatJid ?? ''),
    )
    const index = chat?.indexOf(request.oldestMsgId ?? '')
    const answer = { peerDataRequestSessionId: requestId }
    const count = Math.min(MOST_ON_DEMAND, request.onDemandMsgCount ?? MOST_ON_DEMAND)
    const known = chat !== undefined && index !== undefined
    const chunk = known ? earlierMessages(chat, index, count) : nothingMore('ON_DEMAND')
    await this.#deliver(companion, chunk, answer)
  }

  /** Answers a request for everything of some days. */
  async answerFull(
    companion: string,
    request: proto.Message.PeerDataOperationRequestMessage.IFullHistorySyncOnDemandRequest,
  ): Promise<void> {
    const { requestMetadata, fullHistorySyncOnDemandConfig: config } = request
    const days = config?.historyDurationDays ?? 365
    const since = Number(config?.historyFromTimestamp ?? 0) || this.#context().service.core.now() - days * 86_400
    for (const chunk of fullHistory(this.archive(), since, this.#options.messagesPerChunk)) {
      await this.#deliver(companion, chunk, { fullHistorySyncOnDemandRequestMetadata: requestMetadata ?? null })
    }
  }

  /** A message as it is sent again for a companion that has only a placeholder. */
  find(id: string): proto.IWebMessageInfo | undefined {
    const remembered = this.#context().memory.find(id)
    return remembered === undefined ? findMessage(this.archive(), id) : historyMessage(remembered)
  }

  async #deliver(
    companion: string,
    { history, kind, chunkOrder, progress, oldest }: HistoryChunk,
    further: proto.Message.IHistorySyncNotification = {},
    inline = this.#options.inline === true && kind === 'INITIAL_BOOTSTRAP',
  ): Promise<void> {
    const payload = deflateSync(proto.HistorySync.encode(history).finish())
    const place = inline ? { initialHistBootstrapInlinePayload: payload } : await this.#upload(payload)
    const historySyncNotification: proto.Message.IHistorySyncNotification = {
      syncType: proto.Message.HistorySyncType[kind],
      chunkOrder,
      progress,
      ...(oldest === undefined ? {} : { oldestMsgInChunkTimestampSec: oldest }),
      ...place,
      ...further,
    }
    const type = proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION
    await this.#sender.sendPeer(companion, { protocolMessage: { type, historySyncNotification } })
  }

  async #upload(payload: Buffer): Promise<proto.Message.IHistorySyncNotification> {
    const { service, random } = this.#context()
    const { url: _, ...place } = await uploadFile(service.media, random, 'md-msg-hist', payload)
    return { ...place, encHandle: random.bytes(16).toString('base64url') }
  }
}

/** Messages in one answer (docs/protocol/03 §9.6). */
const MOST_ON_DEMAND = 50
