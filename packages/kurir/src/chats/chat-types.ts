import type { proto } from '../proto/index.js'

/** A chat: the history protobuf, plus when the other side last wrote (Unix seconds). */
export interface Chat extends proto.IConversation {
  id: string
  lastMessageRecvTimestamp?: number | undefined
}

/** The chats that wait in the event buffer: what a {@link ChatUpdate.conditional} decides on. */
export interface PendingChats {
  historySets: { chats: { [jid: string]: Chat } }
  chatUpserts: { [jid: string]: Chat }
}

/** Baileys' name of what {@link ChatUpdate.conditional} is given; there it holds every other pending event too. */
export type BufferedEventData = PendingChats

/**
 * Changed fields of one chat. `unreadCount` counts: positive adds, 0 and null mean read, -1 means marked as unread
 * (docs/protocol/04, 7.5).
 */
export interface ChatUpdate extends Partial<Chat> {
  /**
   * Holds the update back until the chat it depends on is known: true applies it, false drops it, undefined keeps
   * waiting. Present on app-state changes of the first sync only (docs/protocol/04, 7.6).
   */
  conditional?(bufferedData: PendingChats): boolean | undefined
  /** Unix milliseconds of the change. */
  timestamp?: number | undefined
}

export type WAPresence = 'unavailable' | 'available' | 'composing' | 'recording' | 'paused'

/** What one participant of a chat is doing. */
export interface PresenceData {
  lastKnownPresence: WAPresence
  /** Unix seconds; absent when hidden by privacy. */
  lastSeen?: number | undefined
  /** Members online, where the server tells it for a group. */
  groupOnlineCount?: number | undefined
}

/** Baileys' record of what the first sync has brought of each chat; times in unix seconds. */
export interface InitialReceivedChatsState {
  [jid: string]: {
    /** Of the last message from somebody else. */
    lastMsgRecvTimestamp?: number | undefined
    /** Of the last message of all. */
    lastMsgTimestamp: number
  }
}
