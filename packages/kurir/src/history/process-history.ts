import type { ILogger } from '../logger/logger.js'
import { proto } from '../proto/index.js'
import { HistoryCollector, type HistoryContents } from './history-contents.js'

/**
 * Takes a decoded HistorySync apart: chats, contacts, messages, mappings by the kind of sync (docs/protocol/03, 9.3).
 * For history of any size see `readHistory`, which never holds all of it.
 */
export function processHistoryMessage(item: proto.IHistorySync, logger?: ILogger): HistoryContents {
  const collector = new HistoryCollector(item.syncType ?? proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP)
  collector.addPart(item)
  for (const conversation of item.conversations ?? []) {
    for (const { message } of conversation.messages ?? []) if (message) collector.addMessage(message)
    collector.addConversation(conversation)
  }
  const { callLogRecords, nctSalt, ...contents } = collector.take()
  logger?.trace({ syncType: contents.syncType, progress: contents.progress }, 'took a piece of history apart')
  return contents
}
