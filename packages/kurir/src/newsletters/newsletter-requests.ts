import { getBinaryNodeChild } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { inviteCodeOf } from './newsletter-operations.js'

/** Most posts in one answer (docs/protocol/05, 4.5). */
const mostPosts = 300
/** Numbers of posts lie between these. */
const lastServerId = 2_147_476_647

/** Which posts of a channel are asked for: the newest, or those before or after the number of one. */
export interface NewsletterRange {
  /** Most posts in the answer: 1 to 300; 50 when absent. More are cut. */
  count?: number | undefined
  /** Posts before this `server_id`, nearest first chosen. */
  before?: string | number | undefined
  /** Posts after this `server_id`; not together with `before`. */
  after?: string | number | undefined
}

/** Asks for posts with content. @param key JID of the channel, or the code (or link) of its invitation */
export function buildMessagesRequest(key: string, range: NewsletterRange): BinaryNode {
  const place = key.endsWith('@newsletter') ? { type: 'jid', jid: key } : { type: 'invite', key: inviteCodeOf(key) }
  return request(S_WHATSAPP_NET, 'get', {
    tag: 'messages',
    attrs: { ...place, count: countOf(range.count ?? 50), ...positionOf(range) },
  })
}

/**
 * Asks for posts whose counters or content changed. The service wants one of `before` and `after`: without either this
 * asks for the newest.
 *
 * @param since Unix seconds
 */
export function buildUpdatesRequest(jid: string, since: number | undefined, range: NewsletterRange): BinaryNode {
  const position = positionOf(range)
  return request(jid, 'get', {
    tag: 'message_updates',
    attrs: {
      count: countOf(range.count ?? 50),
      ...(since === undefined ? {} : { since: String(Math.max(0, Math.floor(since))) }),
      ...(Object.keys(position).length > 0 ? position : { before: String(lastServerId) }),
    },
  })
}

/** Subscribes to live updates of one channel. */
export function buildLiveUpdatesRequest(jid: string): BinaryNode {
  return request(jid, 'set', { tag: 'live_updates', attrs: {} })
}

/** For how many seconds live updates come, as the service writes it; undefined when it does not say. */
export function liveUpdatesDuration(answer: BinaryNode): string | undefined {
  const duration = getBinaryNodeChild(answer, 'live_updates')?.attrs['duration']
  return parseDecimal(duration) === undefined ? undefined : duration
}

/** Says that posts were looked at: channels count that (docs/protocol/05, 4.6). */
export function buildViewReceipt(id: string, jid: string, serverIds: readonly string[]): BinaryNode {
  const items = serverIds.map((serverId): BinaryNode => ({ tag: 'item', attrs: { server_id: serverId } }))
  return {
    tag: 'receipt',
    attrs: { id, to: jid, type: 'view' },
    content: [{ tag: 'list', attrs: {}, content: items }],
  }
}

function request(to: string, type: 'get' | 'set', content: BinaryNode): BinaryNode {
  return { tag: 'iq', attrs: { to, type, xmlns: 'newsletter' }, content: [content] }
}

function countOf(count: number): string {
  return String(Math.min(Math.max(Math.floor(count) || 1, 1), mostPosts))
}

function positionOf({ before, after }: NewsletterRange): BinaryNode['attrs'] {
  if (after !== undefined) return { after: String(after) }
  return before === undefined ? {} : { before: String(before) }
}
