import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { buildNewsletterMessage } from './newsletter-stanza.js'
import { violations } from './testing/stanza-schema.js'

const to = '120363000000000009@newsletter'
const key = { remoteJid: to, fromMe: false, id: 'POST' }
const build = (message: proto.IMessage, attributes?: { [name: string]: string }) =>
  buildNewsletterMessage({ id: 'NEW', to, message, extra: { attributes } })
const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type
const hash = Buffer.alloc(32, 1)
const vote = proto.Message.PollVoteMessage.encode({ selectedOptions: [hash] }).finish()

describe('messages to a channel fit the schema (docs/protocol/03, 2.14)', () => {
  it.each([
    ['newsletterPost', { extendedTextMessage: { text: 'a' } }, undefined],
    ['newsletterPost', { extendedTextMessage: { text: 'a', matchedText: 'https://a.example' } }, undefined],
    ['newsletterPost', { imageMessage: { caption: 'a' } }, { media_id: 'handle' }],
    ['newsletterPost', { pollCreationMessageV3: { name: 'q' } }, undefined],
    [
      'newsletterEdit',
      { protocolMessage: { key, type: MESSAGE_EDIT, editedMessage: { conversation: 'b' } } },
      undefined,
    ],
    ['newsletterRevoke', { protocolMessage: { key, type: REVOKE } }, undefined],
    ['newsletterReaction', { reactionMessage: { key, text: '👍' } }, { server_id: '7' }],
    ['newsletterUnreact', { reactionMessage: { key, text: '' } }, { server_id: '7' }],
    ['newsletterVote', { pollUpdateMessage: { vote: { encPayload: vote } } }, { server_id: '7' }],
  ] as const)('%s', (variant, message, attributes) => {
    expect(violations(build(message, attributes), variant)).toEqual([])
  })

  it('changes bear the id of the post', () => {
    expect(build({ protocolMessage: { key, type: REVOKE } }).attrs['id']).toBe('POST')
    const edited = build({ protocolMessage: { key, type: MESSAGE_EDIT, editedMessage: { conversation: 'b' } } })
    expect(edited.attrs['id']).toBe('POST')
  })
})

describe('refused for a channel', () => {
  it.each([
    ['a place', { locationMessage: { degreesLatitude: 1 } }],
    ['an event', { eventMessage: { name: 'e' } }],
    ['a timer', { protocolMessage: { type: 3 } }],
    ['a reaction without number', { reactionMessage: { key, text: '👍' } }],
    ['more than a mebibyte', { conversation: 'x'.repeat(1_048_577) }],
  ] as const)('%s', (_name, message) => {
    expect(() => build(message)).toThrow(expect.objectContaining({ code: 'invalid-content' }))
  })
})
