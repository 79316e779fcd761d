import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import { element } from '../router/stanzas.js'
import type { NewsletterPost } from './newsletter.js'

/** A post with its content, as lists of posts give it (docs/protocol/03 §2.14). */
export const postElement = (post: NewsletterPost, reader: Account): BinaryNode => {
  const attrs = {
    id: post.id,
    server_id: String(post.serverId),
    t: String(post.postedAt),
    type: post.type,
    is_sender: reader === post.author ? 'true' : undefined,
    edit: post.isRevoked ? '8' : post.editedAt === undefined ? undefined : '3',
  }
  return element('message', attrs, [plaintextOf(post), ...changesOf(post), ...countsOf(post)])
}

/** The content alone, as followers are told of it. */
export const plaintextOf = ({ plaintext, mediatype }: NewsletterPost): BinaryNode =>
  plaintext.length === 0 ? element('plaintext') : element('plaintext', { mediatype }, plaintext)

/** When a post was written and changed, where it was. */
export const changesOf = ({ postedAt, editedAt }: NewsletterPost): BinaryNode[] =>
  editedAt === undefined ? [] : [element('meta', { original_msg_t: String(postedAt), msg_edit_t: String(editedAt) })]

/** Reactions, votes and views, counted. */
export const countsOf = ({ reactions, votes, viewers }: NewsletterPost): BinaryNode[] => {
  const byCode = counted([...reactions.values()])
  const byOption = counted([...votes.values()].flat())
  return [
    element(
      'reactions',
      {},
      [...byCode].map(([code, count]) => element('reaction', { code, count: String(count) })),
    ),
    ...(byOption.size === 0
      ? []
      : [
          element(
            'votes',
            {},
            [...byOption].map(([hash, count]) => element('vote', { count: String(count) }, Buffer.from(hash, 'hex'))),
          ),
        ]),
    element('views_count', { type: 'views', count: String(viewers.size) }),
  ]
}

const counted = (values: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
