import { proto } from 'kurir/proto'
import { type HistoryArchive, type HistoryChat, timeOf } from './history-archive.js'

/** What of the past is sent at once, and in which portions. */
export interface HistoryPlan {
  /** Newest messages of each chat in the first notification; 1 when absent. */
  readonly bootstrapMessages?: number
  /** Newest messages of each chat that RECENT chunks bring; 50 when absent. */
  readonly recentMessages?: number
  /** Bring all the rest as FULL chunks. */
  readonly full?: boolean
  /** Messages of RECENT and FULL chunks; 500 when absent. */
  readonly messagesPerChunk?: number
}

/** Name of a sync type; payload and notification each have an enum of their own with it. */
export type HistoryKind = keyof typeof proto.HistorySync.HistorySyncType & keyof typeof proto.Message.HistorySyncType

/** One portion of history. */
export interface HistoryChunk {
  readonly kind: HistoryKind
  readonly history: proto.IHistorySync
  readonly chunkOrder: number
  readonly progress: number
  /** Unix seconds of the oldest message in it. */
  readonly oldest: number | undefined
}

interface Slice {
  readonly chat: HistoryChat
  /** From the newest on, the end not included. */
  readonly from: number
  readonly to: number
}

/** The chunks after linking, in the usual order (docs/protocol/03 §9.1). */
export function* historyChunks(archive: HistoryArchive, plan: HistoryPlan = {}): Generator<HistoryChunk> {
  const { bootstrapMessages = 1, recentMessages = 50, full = false, messagesPerChunk = 500 } = plan
  const upTo = (limit: number) => (chat: HistoryChat) => Math.min(chat.size, limit)
  const first = archive.chats.map(chat => ({ chat, from: 0, to: upTo(bootstrapMessages)(chat) }))
  yield chunk('INITIAL_BOOTSTRAP', first, 1, 100, { phoneNumberToLidMappings: mappings(archive) })
  const pushnames = [...archive.pushNames].map(([id, pushname]) => ({ id, pushname }))
  yield chunk('PUSH_NAME', [], 1, 100, { pushnames })
  yield chunk('NON_BLOCKING_DATA', [], 1, 100, { pastParticipants: pastParticipants(archive) })
  yield chunk('INITIAL_STATUS_V3', [], 1, 100, { statusV3Messages: [...archive.statuses] })
  yield* portions('RECENT', between(archive, upTo(bootstrapMessages), upTo(recentMessages)), messagesPerChunk)
  if (full)
    yield* portions(
      'FULL',
      between(archive, upTo(recentMessages), chat => chat.size),
      messagesPerChunk,
    )
}

/** A notification without content: there is no past, or no more of it. */
export const nothingMore = (kind: HistoryKind): HistoryChunk => chunk(kind, [], 1, 100)

/** Messages before the one with this index, as an answer to a request for more (docs/protocol/03 §9.6). */
export const earlierMessages = (chat: HistoryChat, index: number, count: number): HistoryChunk => {
  const from = Math.min(chat.size, index + 1)
  const slice = { chat, from, to: Math.min(chat.size, from + count) }
  return chunk('ON_DEMAND', [slice], 1, 100)
}

/** All that a request for the full history brings: messages not older than `oldest`, in Unix seconds. */
export function* fullHistory(archive: HistoryArchive, oldest: number, messagesPerChunk = 500): Generator<HistoryChunk> {
  const until = (chat: HistoryChat) => {
    let size = 0
    while (size < chat.size && timeOf(chat.message(size)) >= oldest) size += 1
    return size
  }
  yield* portions(
    'FULL',
    between(archive, () => 0, until),
    messagesPerChunk,
  )
}

const between = (
  { chats }: HistoryArchive,
  from: (chat: HistoryChat) => number,
  to: (chat: HistoryChat) => number,
): Slice[] => chats.map(chat => ({ chat, from: from(chat), to: Math.max(from(chat), to(chat)) }))

/** Slices cut into chunks of so many messages; at least one chunk, whose progress is 100. */
function* portions(kind: HistoryKind, slices: readonly Slice[], messagesPerChunk: number): Generator<HistoryChunk> {
  const total = slices.reduce((sum, { from, to }) => sum + to - from, 0)
  const pending = slices.filter(({ from, to }) => to > from)
  let [order, done] = [0, 0]
  do {
    const taken = take(pending, messagesPerChunk)
    done += taken.reduce((sum, { from, to }) => sum + to - from, 0)
    order += 1
    yield chunk(kind, taken, order, total === 0 ? 100 : Math.floor((done / total) * 100))
  } while (pending.length > 0)
}

/** Takes slices off the front, up to this many messages. */
const take = (pending: Slice[], limit: number): Slice[] => {
  const taken: Slice[] = []
  let room = limit
  while (room > 0) {
    const slice = pending.shift()
    if (slice === undefined) break
    const end = Math.min(slice.to, slice.from + room)
    taken.push({ ...slice, to: end })
    room -= end - slice.from
    if (end < slice.to) pending.unshift({ ...slice, from: end })
  }
  return taken
}

const chunk = (
  kind: HistoryKind,
  slices: readonly Slice[],
  chunkOrder: number,
  progress: number,
  further: proto.IHistorySync = {},
): HistoryChunk => {
  const conversations = slices.map(conversation)
  const times = conversations.flatMap(({ messages }) => (messages ?? []).map(({ message }) => timeOf(message ?? {})))
  const oldest = times.length === 0 ? undefined : times.reduce((least, time) => Math.min(least, time))
  const syncType = proto.HistorySync.HistorySyncType[kind]
  return { kind, history: { syncType, chunkOrder, progress, conversations, ...further }, chunkOrder, progress, oldest }
}

const conversation = ({ chat, from, to }: Slice): proto.IConversation => {
  const messages = Array.from({ length: to - from }, (_, offset) => ({
    message: chat.message(from + offset),
    msgOrderId: chat.size - from - offset,
  }))
  const newest = chat.size === 0 ? 0 : timeOf(chat.message(0))
  const types = proto.Conversation.EndOfHistoryTransferType
  const { SUPERADMIN, REGULAR } = proto.GroupParticipant.Rank
  const members = chat.members?.map((userJid, index) => ({ userJid, rank: index === 0 ? SUPERADMIN : REGULAR }))
  return {
    id: chat.jid,
    messages,
    name: chat.name,
    unreadCount: chat.unreadCount,
    conversationTimestamp: newest,
    lastMsgTimestamp: newest,
    endOfHistoryTransfer: true,
    endOfHistoryTransferType:
      to === chat.size
        ? types.COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY
        : types.COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY,
    ...(members === undefined ? {} : { participant: members }),
    ...(chat.pnJid === undefined || chat.jid === chat.pnJid ? {} : { pnJid: chat.pnJid }),
    ...(chat.lidJid === undefined || chat.jid === chat.lidJid ? {} : { lidJid: chat.lidJid }),
  }
}

const mappings = ({ chats }: HistoryArchive): proto.IPhoneNumberToLIDMapping[] =>
  chats.flatMap(({ pnJid, lidJid }) => (pnJid === undefined || lidJid === undefined ? [] : [{ pnJid, lidJid }]))

/** Somebody has left every tenth group. */
const pastParticipants = ({ chats }: HistoryArchive): proto.IPastParticipants[] =>
  chats
    .filter(({ members }, index) => members !== undefined && index % 10 === 0)
    .map(({ jid, members = [] }) => ({
      groupJid: jid,
      pastParticipants: [
        {
          userJid: members.at(-1) ?? null,
          leaveReason: proto.PastParticipant.LeaveReason.LEFT,
          leaveTs: 1_700_000_000,
        },
      ],
    }))
