import type { proto } from '../proto/index.js'
import { HistoryCollector, type HistoryContents, type HistoryExtras } from './history-contents.js'
import { invalidHistory } from './history-error.js'
import { HistoryReader } from './history-reader.js'

export interface ReadHistoryOptions {
  /** Elements (messages, chats, contacts …) handed out together, about. Default 2,000. */
  readonly batchSize?: number
  /** Encoded bytes behind the elements handed out together, about. Default 1 MiB. */
  readonly batchBytes?: number
  /** Most encoded bytes that are read. Default 2 GiB. */
  readonly maxBytes?: number
}

const defaultBatchSize = 2_000
const defaultBatchBytes = 1_048_576
/** More than any account has; the notification only tells the compressed length. */
const defaultMaxHistoryBytes = 2_147_483_648

/**
 * Takes an encoded HistorySync apart while its bytes arrive, and hands its contents out in batches. Memory holds one
 * batch; the next one is read when it has been taken. A long conversation may stretch over several batches: its
 * messages come first, the chat itself with or after the last of them.
 *
 * @param syncType the kind that the notification names; the history's own word goes before
 * @throws KurirError `invalid-history`, `invalid-protobuf`
 */
export async function* readHistory(
  bytes: AsyncIterable<Uint8Array>,
  syncType: proto.HistorySync.HistorySyncType,
  options: ReadHistoryOptions = {},
): AsyncGenerator<HistoryContents & HistoryExtras, void, void> {
  const { batchSize = defaultBatchSize, batchBytes = defaultBatchBytes, maxBytes = defaultMaxHistoryBytes } = options
  const collector = new HistoryCollector(syncType)
  const reader = new HistoryReader({
    message: message => collector.addMessage(message),
    conversation: conversation => collector.addConversation(conversation),
    part: part => collector.addPart(part),
  })
  let total = 0
  let sinceBatch = 0
  for await (const chunk of bytes) {
    total += chunk.byteLength
    sinceBatch += chunk.byteLength
    if (total > maxBytes) throw invalidHistory('it is too large')
    reader.push(chunk)
    if (collector.size < batchSize && (sinceBatch < batchBytes || collector.size === 0)) continue
    sinceBatch = 0
    yield collector.take()
  }
  reader.end()
  yield collector.take()
}
