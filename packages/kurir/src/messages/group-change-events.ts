import type { GroupChange } from '../groups/group-change.js'
import type { GroupNotification } from '../groups/group-notification.js'
import type { EventEffect } from './message-effects.js'

/** The events of a change that no system line brings (docs/protocol/05, 2.3). */
export function groupChangeEvents(notification: GroupNotification, change: GroupChange): EventEffect[] {
  const { group: id, time, author } = notification
  const by = {
    author: author?.id ?? '',
    authorPn: author?.phoneNumber,
    authorUsername: author?.username,
  }
  switch (change.kind) {
    case 'created': {
      const { subject, creation } = change.metadata
      const chat = { id, name: subject, ...(creation === undefined ? {} : { conversationTimestamp: creation }) }
      return [
        { kind: 'event', event: 'chats.upsert', data: [chat] },
        { kind: 'event', event: 'groups.upsert', data: [{ ...change.metadata, ...by }] },
      ]
    }
    case 'timer': {
      const chat = { id, ephemeralSettingTimestamp: time, ephemeralExpiration: change.seconds || null }
      const group = { id, ephemeralDuration: change.seconds || undefined, ...by }
      return [
        { kind: 'event', event: 'chats.update', data: [chat] },
        { kind: 'event', event: 'groups.update', data: [group] },
      ]
    }
    case 'suspension':
      return [{ kind: 'event', event: 'groups.update', data: [{ id, isSuspended: change.isOn, ...by }] }]
    default:
      return []
  }
}
