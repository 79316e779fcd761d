import type { BinaryNode } from '../binary/node.js'
import type { WAMessage } from '../events/message-types.js'
import type { NewsletterPost } from '../newsletters/newsletter-posts.js'
import { proto } from '../proto/index.js'
import { childNode, parseDecimal } from './stanza-values.js'

/** A post that was edited or deleted: it comes again under its own id (docs/protocol/05, 4.7). */
export interface PostChange {
  readonly kind: 'edit' | 'revoke'
  /** Id of the post. */
  readonly target: string
  /** Unix milliseconds; 0 when the stanza does not say it. */
  readonly editedAtMs: number
}

/** The change that a `<message>` of a channel brings; undefined for a new post, and for a reaction. */
export function postChangeOf(stanza: BinaryNode): PostChange | undefined {
  const { id, edit, t, type } = stanza.attrs
  const isChange = edit === '3' || edit === '7' || edit === '8'
  if (id === undefined || !isChange || type === 'reaction') return undefined
  const editedAt = parseDecimal(childNode(stanza, 'meta')?.attrs['msg_edit_t'])
  return {
    kind: edit === '3' ? 'edit' : 'revoke',
    target: id,
    editedAtMs: editedAt ?? (parseDecimal(t) ?? 0) * 1000,
  }
}

/**
 * An id of its own for a change: in channels it bears the id of the post, but what keeps and recognises messages by their
 * id must not take it for the post.
 */
export function changeIdOf({ kind, target, editedAtMs }: PostChange): string {
  return `${target}-${kind}-${editedAtMs}`
}

/** The change as chats have it: a protocol message that names what it changes. */
export function changeContent(change: PostChange, chat: string, content: proto.IMessage | undefined): proto.IMessage {
  const { MESSAGE_EDIT, REVOKE } = proto.Message.ProtocolMessage.Type
  const key = { remoteJid: chat, id: change.target, fromMe: false }
  if (change.kind === 'revoke') return { protocolMessage: { type: REVOKE, key } }
  return {
    protocolMessage: {
      type: MESSAGE_EDIT,
      key,
      ...(content === undefined ? {} : { editedMessage: content }),
      timestampMs: change.editedAtMs,
    },
  }
}

/**
 * A post of a live update as the message that a stanza of its own would have brought; undefined for one that has no
 * content to tell of.
 *
 * @param now Unix seconds, for a post that does not say when it was written
 */
export function messageOfPost(chat: string, post: NewsletterPost, now: number): WAMessage | undefined {
  const { serverId, fromMe, message, timestamp, editedAt, isRevoked } = post
  if (!isRevoked && message === undefined) return undefined
  // Old posts were named by their number alone.
  const target = post.id ?? serverId
  const key = { remoteJid: chat, fromMe, server_id: serverId }
  const messageTimestamp = timestamp ?? now
  if (!isRevoked && editedAt === undefined)
    return { key: { ...key, id: target }, messageTimestamp, message: message ?? null }
  const change: PostChange = {
    kind: isRevoked ? 'revoke' : 'edit',
    target,
    editedAtMs: editedAt ?? messageTimestamp * 1000,
  }
  const content = proto.Message.create(changeContent(change, chat, message))
  return { key: { ...key, id: changeIdOf(change) }, messageTimestamp, message: content }
}
