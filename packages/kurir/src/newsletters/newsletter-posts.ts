import { contentBytes, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'

/** Most items of a list that are read (docs/protocol/05, 4.5). */
const limits = { posts: 300, counts: 1_000 }
/** Largest content of a post that is read. */
const longestPlaintext = 1_048_576

/** How many chose each. */
export type Totals = { readonly [name: string]: number }

/** A post of a channel as lists and live updates give it; what an update does not mention is undefined. */
export interface NewsletterPost {
  /** Number of the post in its channel. */
  readonly serverId: string
  /** Id that its author gave it. */
  readonly id: string | undefined
  /** Unix seconds. */
  readonly timestamp: number | undefined
  /** `text`, `media`, `poll` … */
  readonly type: string | undefined
  /** Posted by this account. */
  readonly fromMe: boolean
  /** Unix milliseconds of the last edit. */
  readonly editedAt: number | undefined
  readonly isRevoked: boolean
  /** Undefined in updates of counters, after a revoke, and for content that cannot be read. */
  readonly message: proto.Message | undefined
  /** Totals by emoji. */
  readonly reactions: Totals | undefined
  /** Totals by the SHA-256 of the option, in hex. */
  readonly votes: Totals | undefined
  readonly views: number | undefined
  readonly forwards: number | undefined
  readonly responses: number | undefined
}

/** The posts in `<messages>` (docs/protocol/05, 4.5); items without a number are left out. */
export function parsePosts(messages: BinaryNode | undefined): NewsletterPost[] {
  return getBinaryNodeChildren(messages, 'message').slice(0, limits.posts).flatMap(parsePost)
}

function parsePost(node: BinaryNode): NewsletterPost[] {
  const { server_id: serverId, id, t, type, edit, is_sender } = node.attrs
  if (serverId === undefined || parseDecimal(serverId) === undefined) return []
  const meta = getBinaryNodeChild(node, 'meta')?.attrs
  return [
    {
      serverId,
      id,
      timestamp: parseDecimal(t),
      type,
      fromMe: is_sender === 'true',
      editedAt: parseDecimal(meta?.['msg_edit_t']),
      isRevoked: (edit === '8' || edit === '7') && type !== 'reaction',
      message: contentOf(getBinaryNodeChild(node, 'plaintext')),
      reactions: countsOf(getBinaryNodeChild(node, 'reactions'), 'reaction', ({ attrs }) => attrs['code']),
      votes: countsOf(getBinaryNodeChild(node, 'votes'), 'vote', vote => hexOf(contentBytes(vote))),
      views: countIn(node, 'views_count'),
      forwards: countIn(node, 'forwards_count'),
      responses: countIn(node, 'responses_count'),
    },
  ]
}

function contentOf(plaintext: BinaryNode | undefined): proto.Message | undefined {
  const bytes = contentBytes(plaintext)
  if (bytes === undefined || bytes.byteLength === 0 || bytes.byteLength > longestPlaintext) return undefined
  try {
    return proto.Message.decode(bytes)
  } catch {
    return undefined
  }
}

function countsOf(
  list: BinaryNode | undefined,
  tag: string,
  nameOf: (item: BinaryNode) => string | undefined,
): Totals | undefined {
  if (list === undefined) return undefined
  const counts = new Map<string, number>()
  for (const item of getBinaryNodeChildren(list, tag).slice(0, limits.counts)) {
    const name = nameOf(item)
    const count = parseDecimal(item.attrs['count'])
    if (name !== undefined && name !== '' && count !== undefined) counts.set(name, count)
  }
  return Object.fromEntries(counts)
}

function countIn(node: BinaryNode, tag: string): number | undefined {
  return parseDecimal(getBinaryNodeChild(node, tag)?.attrs['count'])
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex')
}
