import { isJidNewsletter } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import { normalizeMessageContent } from './content-type.js'
import { checkDestination, type ExtraStanzaParts, maxEncLength, messageNode, metaNodes } from './message-stanza.js'
import { type StanzaAttributes, stanzaAttributesOf } from './stanza-attributes.js'

export interface NewsletterMessageParts {
  readonly id: string
  readonly to: string
  readonly message: proto.IMessage
  /** With `server_id` for reactions and votes, and `media_id` for uploaded files. */
  readonly extra?: ExtraStanzaParts | undefined
}

/** Media that a channel takes (docs/protocol/03, 2.14). */
const channelMedia: ReadonlySet<string | undefined> = new Set([
  'audio',
  'document',
  'gif',
  'image',
  'ptt',
  'ptv',
  'sticker',
  'sticker_pack',
  'url',
  'vcard',
  'video',
])

/**
 * A message to a channel (docs/protocol/03, 2.14): nothing is encrypted. Edits and revokes bear the id of the post that
 * they change; reactions and votes name it by its number.
 *
 * @throws KurirError `invalid-content` for a kind that channels do not take, `invalid-message-stanza`
 */
export function buildNewsletterMessage(parts: NewsletterMessageParts): BinaryNode {
  checkDestination(parts, isJidNewsletter(parts.to) === true)
  const content = normalizeMessageContent(parts.message) ?? {}
  const { protocolMessage, reactionMessage, pollUpdateMessage } = content
  if (reactionMessage) return reaction(parts, reactionMessage)
  if (pollUpdateMessage) return vote(parts, pollUpdateMessage)
  const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type
  if (protocolMessage?.type === REVOKE) {
    const id = protocolMessage.key?.id ?? parts.id
    const attributes: StanzaAttributes = { ...bare, type: 'text', edit: '8' }
    return messageNode({ ...parts, id, attributes }, {}, [{ tag: 'plaintext', attrs: {} }])
  }
  if (protocolMessage?.type === MESSAGE_EDIT && protocolMessage.editedMessage) {
    return post({ ...parts, id: protocolMessage.key?.id ?? parts.id }, protocolMessage.editedMessage, '3')
  }
  return post(parts, parts.message, undefined)
}

const bare: StanzaAttributes = { type: 'text', mediatype: undefined, edit: undefined, decryptFail: false, meta: {} }

function post(parts: NewsletterMessageParts, message: proto.IMessage, edit: '3' | undefined): BinaryNode {
  const { type, mediatype, meta } = stanzaAttributesOf(message)
  const takesIt = type === 'text' || (type === 'poll' && edit === undefined) || type === 'media'
  if (!takesIt || (type === 'media' && !channelMedia.has(mediatype)) || message.protocolMessage) {
    throw new KurirError('invalid-content', 'Channels do not take this kind of content', {
      statusCode: 400,
      data: { field: 'content', jid: parts.to, type, mediatype },
    })
  }
  const plaintext = proto.Message.encode(message).finish()
  if (plaintext.byteLength > maxEncLength) {
    throw new KurirError('invalid-content', 'The content is too large for a channel', {
      statusCode: 400,
      data: { field: 'content', length: plaintext.byteLength, limit: maxEncLength },
    })
  }
  const polltype = meta['polltype']
  const attributes: StanzaAttributes = { ...bare, type, edit, meta: polltype === undefined ? {} : { polltype } }
  return messageNode({ ...parts, attributes }, {}, [
    { tag: 'plaintext', attrs: mediatype === undefined ? {} : { mediatype }, content: plaintext },
    ...metaNodes({ attributes }),
  ])
}

function reaction(parts: NewsletterMessageParts, { text }: proto.Message.IReactionMessage): BinaryNode {
  checkServerId(parts)
  const attributes: StanzaAttributes = { ...bare, type: 'reaction', edit: text ? undefined : '7' }
  return messageNode({ ...parts, attributes }, {}, [{ tag: 'reaction', attrs: text ? { code: text } : {} }])
}

function vote(parts: NewsletterMessageParts, { vote: sealed }: proto.Message.IPollUpdateMessage): BinaryNode {
  checkServerId(parts)
  const { selectedOptions } = proto.Message.PollVoteMessage.decode(sealed?.encPayload ?? new Uint8Array())
  const attributes: StanzaAttributes = { ...bare, type: 'poll', meta: { polltype: 'vote' } }
  return messageNode({ ...parts, attributes }, {}, [
    {
      tag: 'votes',
      attrs: {},
      content: selectedOptions.map((hash): BinaryNode => ({ tag: 'vote', attrs: {}, content: hash })),
    },
    ...metaNodes({ attributes }),
  ])
}

function checkServerId({ extra, to }: NewsletterMessageParts): void {
  if (/^\d+$/.test(extra?.attributes?.['server_id'] ?? '')) return
  throw new KurirError('invalid-content', 'In channels a post is named by its server_id', {
    statusCode: 400,
    data: { field: 'key.server_id', jid: to },
  })
}
