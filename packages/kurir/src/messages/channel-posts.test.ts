import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import type { NewsletterPost } from '../newsletters/newsletter-posts.js'
import { proto } from '../proto/index.js'
import { messageOfPost } from './channel-posts.js'
import { parseIncomingMessage } from './incoming.js'
import { decryptIncoming, type MessageDecryptor } from './incoming-decryption.js'
import { plain } from './testing/fixtures.js'

const chat = '120363000000000009@newsletter'
const me = { id: '15550001111:7@s.whatsapp.net', lid: '100000000000001:7@lid' }
const { MESSAGE_EDIT, REVOKE } = proto.Message.ProtocolMessage.Type
const content = proto.Message.encode({ conversation: 'new' }).finish()

/** Posts are not encrypted: nothing may be asked of the sessions. */
const decryptor = {} as MessageDecryptor

const read = async (attrs: BinaryNode['attrs'], ...children: BinaryNode[]) => {
  const stanza = {
    tag: 'message',
    attrs: { id: 'POST', from: chat, t: '1700000000', type: 'text', ...attrs },
    content: children,
  }
  const result = await decryptIncoming(parseIncomingMessage(stanza, me), decryptor, me)
  return result.kind === 'content' ? result.message : result.kind
}
const plaintext: BinaryNode = { tag: 'plaintext', attrs: {}, content }
const edited: BinaryNode = { tag: 'meta', attrs: { msg_edit_t: '1700000001234' } }

describe('a post that comes again (docs/protocol/05 §4.7)', () => {
  it('edited, is a protocol message with an id of its own', async () => {
    const message = await read({ edit: '3', server_id: '100' }, plaintext, edited)
    expect(message).toMatchObject({
      key: { remoteJid: chat, id: 'POST-edit-1700000001234', server_id: '100', fromMe: false },
      message: {
        protocolMessage: {
          type: MESSAGE_EDIT,
          key: { remoteJid: chat, id: 'POST' },
          editedMessage: { conversation: 'new' },
        },
      },
    })
  })

  it('deleted, has no content; by its author or by an admin', async () => {
    for (const edit of ['7', '8']) {
      expect(await read({ edit, is_sender: 'true' }, { tag: 'plaintext', attrs: {} })).toMatchObject({
        key: { id: 'POST-revoke-1700000000000', fromMe: true },
        message: { protocolMessage: { type: REVOKE, key: { id: 'POST' } } },
      })
    }
  })

  it('new, keeps its id; a reaction of an own device has nothing to show', async () => {
    expect(await read({}, plaintext)).toMatchObject({ key: { id: 'POST' }, message: { conversation: 'new' } })
    expect(await read({ type: 'reaction', edit: '7', server_id: '100' }, { tag: 'reaction', attrs: {} })).toBe('absent')
  })

  it('edited with content that cannot be read, is a failure', async () => {
    expect(await read({ edit: '3' }, { tag: 'plaintext', attrs: {}, content: Buffer.from([0xff]) })).toBe('failed')
  })
})

describe('a post of a live update (docs/protocol/05 §4.8)', () => {
  const post = (given: Partial<NewsletterPost>): NewsletterPost => ({
    serverId: '100',
    id: 'POST',
    timestamp: 1_700_000_000,
    type: 'text',
    fromMe: false,
    editedAt: undefined,
    isRevoked: false,
    message: proto.Message.create({ conversation: 'new' }),
    reactions: undefined,
    votes: undefined,
    views: undefined,
    forwards: undefined,
    responses: undefined,
    ...given,
  })

  it('is what the stanza would have brought', async () => {
    for (const [given, stanza] of [
      [{}, () => read({ server_id: '100' }, plaintext)],
      [{ editedAt: 1_700_000_001_234 }, () => read({ server_id: '100', edit: '3' }, plaintext, edited)],
      [{ isRevoked: true, message: undefined }, () => read({ server_id: '100', edit: '8' })],
    ] as const) {
      expect(plain(await stanza())).toMatchObject(plain(messageOfPost(chat, post(given), 0)) as object)
    }
  })

  it('has nothing to tell without content; without an id its number stands for it', () => {
    expect(messageOfPost(chat, post({ message: undefined }), 0)).toBeUndefined()
    expect(messageOfPost(chat, post({ id: undefined, timestamp: undefined }), 7)).toMatchObject({
      key: { id: '100', server_id: '100' },
      messageTimestamp: 7,
    })
  })
})
