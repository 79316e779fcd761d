import type { proto } from 'kurir/proto'

/** A chat as a phone has it in its history. */
export interface HistoryChat {
  /** User or group, as the chat is named. */
  readonly jid: string
  /** Both names of a user, where they are known. */
  readonly pnJid?: string | undefined
  readonly lidJid?: string | undefined
  readonly name: string
  /** Members of a group: user JIDs; the first is its superadmin. */
  readonly members?: readonly string[]
  readonly unreadCount: number
  /** How many messages there are. */
  readonly size: number
  /** 0 is the newest. */
  message(index: number): proto.IWebMessageInfo
  /** Where a message is; undefined when the chat has no such message. */
  indexOf(id: string): number | undefined
}

/** Everything a phone can tell a companion about the past. */
export interface HistoryArchive {
  readonly chats: readonly HistoryChat[]
  /** Status posts of the last day. */
  readonly statuses: readonly proto.IWebMessageInfo[]
  /** User JID → name that the user has chosen. */
  readonly pushNames: ReadonlyMap<string, string>
}

export const findMessage = (archive: HistoryArchive, id: string): proto.IWebMessageInfo | undefined => {
  for (const chat of archive.chats) {
    const index = chat.indexOf(id)
    if (index !== undefined) return chat.message(index)
  }
  return archive.statuses.find(({ key }) => key?.id === id)
}

/** Unix seconds of a message. */
export const timeOf = ({ messageTimestamp }: proto.IWebMessageInfo): number => Number(messageTimestamp ?? 0)
