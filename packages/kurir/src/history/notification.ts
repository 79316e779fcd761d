import { normalizeMessageContent } from '../messages/content-type.js'
import type { proto } from '../proto/index.js'

/** The history notification in a message; undefined when there is none. */
export function getHistoryMsg(message: proto.IMessage): proto.Message.IHistorySyncNotification | undefined | null {
  return normalizeMessageContent(message)?.protocolMessage?.historySyncNotification
}

/** The kind of history that a notification announces. */
export function historySyncTypeOf({
  syncType,
}: proto.Message.IHistorySyncNotification): proto.HistorySync.HistorySyncType {
  // Both enums number their members alike.
  return (syncType ?? 0) as number as proto.HistorySync.HistorySyncType
}
