import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { stanzaAttributesOf } from './stanza-attributes.js'
import { hex, readFixture } from './testing/fixtures.js'

interface Expected {
  type: string
  encMediatype: string | null
  edit: string | null
  meta: Record<string, string> | null
  encDecryptFail: string | null
}
interface Case {
  name: string
  messageProtoHex: string
  stanza?: Expected & { baileys?: Expected; currentWebClient?: Expected }
}
const messages = readFixture<{ cases: Case[] }>('vectors/03-messages.json').cases
const extra = readFixture<{ cases: Case[] }>('vectors/03-messages-extra.json').cases

/** Where the text unwraps more than the recorded client (docs/protocol/03, 2.10) or names a mediatype it lacks. */
const deviations: Record<string, Partial<Expected>> = {
  live_location: { encMediatype: 'livelocation' },
  lottie_sticker: { encMediatype: 'sticker' },
  view_once_v2ext_audio: { encMediatype: 'ptt', meta: { view_once: 'true' } },
}

function attributesOf(messageProtoHex: string): Expected {
  const { type, mediatype, edit, decryptFail, meta } = stanzaAttributesOf(proto.Message.decode(hex(messageProtoHex)))
  return {
    type,
    encMediatype: mediatype ?? null,
    edit: edit ?? null,
    meta: Object.keys(meta).length === 0 ? null : { ...meta },
    encDecryptFail: decryptFail ? 'hide' : null,
  }
}

describe('stanza attributes of a message', () => {
  for (const { name, messageProtoHex, stanza } of messages) {
    it(`${name}, as the current web client has them`, () => {
      expect(attributesOf(messageProtoHex)).toEqual(stanza?.currentWebClient)
    })
  }

  for (const { name, messageProtoHex, stanza } of extra) {
    if (stanza === undefined) continue
    const { type, encMediatype, edit, meta, encDecryptFail } = stanza
    const deviation = deviations[name]
    it(`${name}${deviation === undefined ? '' : ' (docs/protocol/03, 2.10: wrappers are unwrapped)'}`, () => {
      const expected = { type, encMediatype, edit, meta, encDecryptFail, ...deviation }
      expect(attributesOf(messageProtoHex)).toEqual(expected)
    })
  }

  it('never claims an admin revoke outside groups (edit=8)', () => {
    const { REVOKE } = proto.Message.ProtocolMessage.Type
    const revoke = (remoteJid: string, fromMe: boolean) =>
      stanzaAttributesOf({ protocolMessage: { type: REVOKE, key: { remoteJid, fromMe, id: 'X' } } }).edit
    expect(revoke('1@s.whatsapp.net', false)).toBe('7')
    expect(revoke('1@g.us', true)).toBe('7')
    expect(revoke('1@g.us', false)).toBe('8')
  })

  it('withdraws a reaction with edit=7 (docs/protocol/03, 14)', () => {
    const key = { remoteJid: '1@lid', fromMe: false, id: 'X' }
    expect(stanzaAttributesOf({ reactionMessage: { key, text: '' } }).edit).toBe('7')
    expect(stanzaAttributesOf({ reactionMessage: { key, text: '👍' } }).edit).toBeUndefined()
  })

  it('counts a blank preview URL as none', () => {
    expect(stanzaAttributesOf({ extendedTextMessage: { text: 'a', matchedText: ' ' } }).type).toBe('text')
  })

  it('takes a message without content for text', () => {
    expect(stanzaAttributesOf({}).type).toBe('text')
  })
})
