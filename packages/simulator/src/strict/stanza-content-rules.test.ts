import { buildReportingNode } from 'kurir/messages'
import { proto } from 'kurir/proto'
import { describe, expect, it } from 'vitest'
import { element } from '../router/stanzas.js'
import { deviceSentMisfits, type OpenedStanza, stanzaContentMisfits } from './stanza-content-rules.js'

const [SENDER, CHAT, ID] = ['15550001111@s.whatsapp.net', '15550002222@s.whatsapp.net', '3EB0AAAAAAAAAAAAAAAAAA']
const messageContextInfo = { messageSecret: Buffer.alloc(32, 3) }

const opened = (
  message: proto.IMessage,
  options: {
    attrs?: Record<string, string>
    enc?: Record<string, string>
    meta?: Record<string, string>
    report?: string
  } = {},
): OpenedStanza => {
  const encoded = proto.Message.encode(message).finish()
  const { attrs = { type: 'text' }, enc = {}, meta, report = SENDER } = options
  const reporting = buildReportingNode(message, encoded, { messageId: ID, senderUserJid: report, remoteJid: CHAT })
  const children = [
    ...(meta === undefined ? [] : [element('meta', meta)]),
    ...(reporting === undefined ? [] : [reporting]),
  ]
  const node = element('message', { id: ID, from: SENDER, ...attrs }, report === '' ? [] : children)
  return { node, part: element('enc', enc), encoded, message, lenient: false, sender: SENDER, remote: CHAT }
}

const text = { conversation: 'hi', messageContextInfo }
const image = { imageMessage: { caption: 'fox' }, messageContextInfo }
const poll = { pollCreationMessage: { name: 'A?' }, messageContextInfo }

describe('a stanza', () => {
  it('says what its content is', () => {
    expect(stanzaContentMisfits(opened(text))).toEqual([])
    expect(stanzaContentMisfits(opened(image, { attrs: { type: 'media' }, enc: { mediatype: 'image' } }))).toEqual([])
    const creation = { attrs: { type: 'poll' }, meta: { polltype: 'creation' } }
    expect(stanzaContentMisfits(opened(poll, creation))).toEqual([])
  })

  it.each<[string, OpenedStanza]>([
    ['type is media for this content, not text', opened(image, { enc: { mediatype: 'image' } })],
    ['mediatype is image for this content, not absent', opened(image, { attrs: { type: 'media' } })],
    ['mediatype is absent for this content, not image', opened(text, { enc: { mediatype: 'image' } })],
    ['meta polltype is creation for this content', opened(poll, { attrs: { type: 'poll' } })],
    ['edit is absent for this content, not 1', opened(text, { attrs: { type: 'text', edit: '1' } })],
    [
      'decrypt-fail is hide for this content, not absent',
      opened({ reactionMessage: { text: 'a' } }, { attrs: { type: 'reaction' } }),
    ],
    ['the reporting token does not fit', opened(text, { report: '15550009999@s.whatsapp.net' })],
  ])('is refused: %s', (expected, stanza) => {
    expect(stanzaContentMisfits(stanza)).toContainEqual(expect.stringContaining(expected))
  })

  it('may say less in lenient mode, but nothing wrong', () => {
    const lenient = (stanza: OpenedStanza) => stanzaContentMisfits({ ...stanza, lenient: true })
    expect(lenient(opened(image))).toEqual([])
    expect(lenient(opened(image, { enc: { mediatype: 'video' } }))).toHaveLength(1)
    expect(lenient(opened(text, { attrs: { type: 'poll' } }))).toHaveLength(1)
  })

  it('needs no token, and has none when it is sent again', () => {
    expect(stanzaContentMisfits(opened(text, { report: '' }))).toEqual([])
    expect(stanzaContentMisfits(opened(text, { enc: { count: '1' }, report: '' }))).toEqual([])
  })
})

describe('a copy for own devices', () => {
  const copy = { own: true, chat: CHAT, names: [CHAT, '2@lid'], lenient: false }
  const wrapped = { deviceSentMessage: { destinationJid: CHAT, message: text }, messageContextInfo }

  it('is wrapped and names its chat', () => {
    expect(deviceSentMisfits(wrapped, copy)).toEqual([])
    expect(deviceSentMisfits(text, { ...copy, own: false, chat: undefined })).toEqual([])
  })

  it.each<[string, proto.IMessage, object]>([
    ['a copy for own devices is wrapped', text, {}],
    ['only copies for own devices are wrapped', wrapped, { own: false, chat: undefined }],
    ['destinationJid is the chat', wrapped, { names: ['3@lid'] }],
    ['deviceSentMessage holds a message', { deviceSentMessage: { destinationJid: CHAT } }, {}],
    ['messageContextInfo stands beside', { deviceSentMessage: { destinationJid: CHAT, message: text } }, {}],
  ])('is refused: %s', (expected, message, facts) => {
    expect(deviceSentMisfits(message, { ...copy, ...facts })).toContainEqual(expect.stringContaining(expected))
  })
})
