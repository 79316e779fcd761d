import { contentString, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import type { BinaryNode } from '../binary/node.js'
import { type NewsletterPost, parsePosts } from './newsletter-posts.js'
import type {
  NewsletterParticipantsUpdate,
  NewsletterReaction,
  NewsletterSettings,
  NewsletterView,
} from './newsletter-types.js'

/** What a notification of a channel says. */
export type NewsletterNews =
  /** Counters of posts, or posts with their content. */
  | { readonly kind: 'posts'; readonly id: string; readonly posts: readonly NewsletterPost[] }
  | { readonly kind: 'reaction'; readonly reaction: NewsletterReaction }
  | { readonly kind: 'view'; readonly view: NewsletterView }
  | { readonly kind: 'participants'; readonly update: NewsletterParticipantsUpdate }
  | { readonly kind: 'settings'; readonly id: string; readonly update: NewsletterSettings }

const longestText = 4_096

/**
 * Reads `<notification type=newsletter>`: live updates, and the direct children that older servers sent
 * (docs/protocol/05, 4.8). Items that make no sense are left out.
 */
export function parseNewsletterNotification(node: BinaryNode): NewsletterNews[] {
  const { from } = node.attrs
  if (from === undefined || !Array.isArray(node.content)) return []
  return node.content.flatMap(child => newsOf(from, node, child))
}

function newsOf(from: string, node: BinaryNode, child: BinaryNode): NewsletterNews[] {
  switch (child.tag) {
    case 'live_updates':
      return getBinaryNodeChildren(child, 'messages').map(messages => ({
        kind: 'posts',
        id: from,
        posts: parsePosts(messages),
      }))
    case 'reaction':
      return reactionOf(from, child)
    case 'view':
      return viewOf(from, child)
    case 'participant':
      return participantOf(from, node, child)
    case 'update':
      return settingsOf(from, child)
    case 'message':
      return postOf(from, child)
    default:
      return []
  }
}

function reactionOf(id: string, child: BinaryNode): NewsletterNews[] {
  const serverId = child.attrs['message_id']
  const code = contentString(getBinaryNodeChild(child, 'reaction'))
  if (!serverId || !code) return []
  return [{ kind: 'reaction', reaction: { id, server_id: serverId, reaction: { code, count: 1 } } }]
}

function viewOf(id: string, child: BinaryNode): NewsletterNews[] {
  const serverId = child.attrs['message_id']
  const count = parseDecimal(contentString(child))
  return serverId && count !== undefined ? [{ kind: 'view', view: { id, server_id: serverId, count } }] : []
}

function participantOf(id: string, { attrs: { participant } }: BinaryNode, { attrs }: BinaryNode): NewsletterNews[] {
  const { jid: user, action, role } = attrs
  if (!user || !action || !role) return []
  return [{ kind: 'participants', update: { id, author: participant ?? id, user, action, new_role: role } }]
}

function settingsOf(id: string, child: BinaryNode): NewsletterNews[] {
  const settings = getBinaryNodeChild(child, 'settings')
  const update: NewsletterSettings = {}
  for (const name of ['name', 'description'] as const) {
    const text = contentString(getBinaryNodeChild(settings, name))
    if (text !== undefined) update[name] = text.slice(0, longestText)
  }
  return Object.keys(update).length > 0 ? [{ kind: 'settings', id, update }] : []
}

/** Older servers name the post by `message_id`, which is its number. */
function postOf(id: string, child: BinaryNode): NewsletterNews[] {
  const { message_id: serverId, ...attrs } = child.attrs
  const message = { ...child, attrs: { ...(serverId === undefined ? {} : { server_id: serverId }), ...attrs } }
  return [{ kind: 'posts', id, posts: parsePosts({ tag: 'messages', attrs: {}, content: [message] }) }]
}
