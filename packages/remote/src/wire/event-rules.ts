import type { BaileysEvent } from 'kurir'

/**
 * What becomes of each event in socket mode: one line per event. An event without a line is a compile error.
 *
 * - `log`: every subscription gets it from the event log, also when its programs were away.
 * - `live`: goes to the programs that are attached at the moment. It says how things are, and is out of date later.
 * - `kept`: does not leave the gateway.
 */
export type EventRule = 'log' | 'live' | 'kept'

export const eventRules: { readonly [Event in BaileysEvent]-?: EventRule } = {
  'connection.update': 'live',
  'creds.update': 'kept',
  'presence.update': 'live',
  'messaging-history.set': 'log',
  'messaging-history.status': 'log',
  'chats.upsert': 'log',
  'chats.update': 'log',
  'chats.delete': 'log',
  'chats.lock': 'log',
  'lid-mapping.update': 'log',
  'contacts.upsert': 'log',
  'contacts.update': 'log',
  'messages.upsert': 'log',
  'messages.update': 'log',
  'messages.delete': 'log',
  'messages.reaction': 'log',
  'messages.media-update': 'log',
  'message-receipt.update': 'log',
  'groups.upsert': 'log',
  'groups.update': 'log',
  'group-participants.update': 'log',
  'group.join-request': 'log',
  'group.member-tag.update': 'log',
  'blocklist.set': 'log',
  'blocklist.update': 'log',
  call: 'log',
  'labels.edit': 'log',
  'labels.association': 'log',
  'business.update': 'log',
  'newsletter.reaction': 'log',
  'newsletter.view': 'log',
  'newsletter-participants.update': 'log',
  'newsletter-settings.update': 'log',
  'message-capping.update': 'log',
  'settings.update': 'log',
  'app-state.action': 'log',
}

export function isEventName(name: string): name is BaileysEvent {
  return Object.hasOwn(eventRules, name)
}

/** The events that subscriptions are about. */
export const loggedEvents: readonly BaileysEvent[] = Object.keys(eventRules)
  .filter(isEventName)
  .filter(event => eventRules[event] === 'log')
