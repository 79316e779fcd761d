import type { Chat, Contact, GroupMetadata } from 'kurir'
import type { DirectoryKind } from './directory.js'

/** Members that are told; what is undefined says nothing. */
function told<Entry extends object>(members: Partial<Entry>): Partial<Entry> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<Entry>
}

/** `unreadCount` counts: positive adds, 0 and null mean read, -1 means marked as unread (docs/protocol/04, 7.5). */
export const chatKind: DirectoryKind<Chat> = {
  table: 'chats',
  merge(known, update) {
    const added = update.unreadCount ?? 0
    const merged = { ...known, ...told(update) }
    return added > 0 ? { ...merged, unreadCount: Math.max(known.unreadCount ?? 0, 0) + added } : merged
  },
  activityOf: ({ conversationTimestamp, lastMessageRecvTimestamp }) => {
    const seconds = Math.max(Number(conversationTimestamp ?? 0), lastMessageRecvTimestamp ?? 0)
    return Number.isSafeInteger(seconds) ? seconds : 0
  },
}

export const contactKind: DirectoryKind<Contact> = {
  table: 'contacts',
  merge: (known, update) => ({ ...known, ...told(update) }),
  activityOf: () => 0,
}

export const groupKind: DirectoryKind<GroupMetadata> = {
  table: 'group_chats',
  merge: (known, update) => ({ ...known, ...told(update) }),
  activityOf: () => 0,
}
