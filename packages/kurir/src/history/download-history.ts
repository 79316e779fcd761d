import type { ILogger } from '../logger/logger.js'
import { downloadContentFromMessage } from '../media/download.js'
import type { MediaDownloadOptions } from '../media/media-types.js'
import { proto } from '../proto/index.js'
import type { HistoryContents } from './history-contents.js'
import { invalidHistory } from './history-error.js'
import { historySyncTypeOf } from './notification.js'
import { type HistoryDownload, openHistory } from './open-history.js'
import { readHistory } from './read-history.js'

/** Most encoded bytes that {@link downloadHistory} holds. */
const maxWholeHistory = 268_435_456

/** Fetches history from the media host, with a network of the caller's choice. */
export function historyDownload(network: MediaDownloadOptions): HistoryDownload {
  return message => downloadContentFromMessage(message, 'md-msg-hist', network)
}

/**
 * The whole history that a notification announces, decoded. It is in memory as a whole: `readHistory` takes history of
 * any size.
 *
 * @param options as for `fetch`
 * @throws KurirError `invalid-history` when it is damaged or larger than 256 MiB, `invalid-protobuf`, and those of
 *   `downloadContentFromMessage`
 */
export async function downloadHistory(
  msg: proto.Message.IHistorySyncNotification,
  options: RequestInit,
): Promise<proto.HistorySync> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of openHistory(msg, historyDownload({ options }))) {
    length += piece.byteLength
    if (length > maxWholeHistory) throw invalidHistory('it is too large to be held as a whole')
    pieces.push(piece)
  }
  return proto.HistorySync.decode(Buffer.concat(pieces, length))
}

/** Fetches history and takes it apart. The result is in memory as a whole. Throws as {@link downloadHistory}. */
export async function downloadAndProcessHistorySyncNotification(
  msg: proto.Message.IHistorySyncNotification,
  options: RequestInit,
  logger?: ILogger,
): Promise<HistoryContents> {
  const bytes = openHistory(msg, historyDownload({ options }))
  let whole: HistoryContents | undefined
  const batches = readHistory(bytes, historySyncTypeOf(msg), { maxBytes: maxWholeHistory })
  for await (const { callLogRecords, nctSalt, ...batch } of batches) {
    if (whole === undefined) {
      whole = batch
      continue
    }
    append(whole.chats, batch.chats)
    append(whole.contacts, batch.contacts)
    append(whole.messages, batch.messages)
    append(whole.lidPnMappings, batch.lidPnMappings)
    append(whole.pastParticipants, batch.pastParticipants)
    Object.assign(whole, { syncType: batch.syncType, progress: batch.progress })
  }
  if (whole === undefined) throw invalidHistory('it is empty')
  logger?.debug({ syncType: whole.syncType, messages: whole.messages.length }, 'took a piece of history apart')
  return whole
}

/** Not as arguments of one call: there may be hundreds of thousands. */
function append<Item>(list: Item[], more: readonly Item[]): void {
  for (const item of more) list.push(item)
}
