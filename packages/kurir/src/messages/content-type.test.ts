import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { extractMessageContent, getContentType, normalizeMessageContent, unwrapMessage } from './content-type.js'
import { hex, readFixture } from './testing/fixtures.js'

interface Case {
  name: string
  messageProtoHex: string
  topContentType: string | null
  baileysNormalizedContentType: string | null
  baileysNormalizedHex: string
  extracted: unknown
  zapoUnwrappedContentType: string | null
}
const { cases } = readFixture<{ cases: Case[] }>('vectors/03-normalize.json')

/** Wrappers that Baileys leaves on and others take off: here they come off too. */
const unionOnly = new Set(['groupMentionedMessage', 'botInvokeMessage', 'lottieStickerMessage', 'device_sent'])

describe('normalising content', () => {
  for (const vector of cases) {
    const message = proto.Message.decode(hex(vector.messageProtoHex))

    it(`${vector.name}: content type`, () => {
      expect(getContentType(message) ?? null).toBe(vector.topContentType)
    })

    if (unionOnly.has(vector.name)) {
      it(`${vector.name}: unwrapped (docs/protocol/03, 3.1: the union of the lists)`, () => {
        expect(normalizeMessageContent(message)).toMatchObject({ extendedTextMessage: { text: 'hello' } })
      })
      continue
    }

    it(`${vector.name}: normalised`, () => {
      const normalized = normalizeMessageContent(message)
      expect(getContentType(normalized) ?? null).toBe(vector.baileysNormalizedContentType)
      expect(
        proto.Message.encode(normalized ?? {})
          .finish()
          .toString('hex'),
      ).toBe(vector.baileysNormalizedHex)
    })

    it(`${vector.name}: extracted`, () => {
      const extracted = proto.Message.create(extractMessageContent(message))
      expect(JSON.parse(JSON.stringify(extracted))).toEqual(vector.extracted)
    })
  }

  it('takes a missing context info from the outermost level (docs/protocol/03, 3.1)', () => {
    const messageSecret = Buffer.alloc(32, 1)
    const wrapped = {
      ephemeralMessage: { message: { viewOnceMessage: { message: { conversation: 'x' } } } },
      messageContextInfo: { messageSecret },
    }
    expect(normalizeMessageContent(wrapped)).toEqual({ conversation: 'x', messageContextInfo: { messageSecret } })
    expect(unwrapMessage(wrapped).wrappers).toEqual(['ephemeralMessage', 'viewOnceMessage'])
  })

  it('keeps the inner context info where there is one', () => {
    const inner = { conversation: 'x', messageContextInfo: { messageSecret: Buffer.alloc(32, 2) } }
    const wrapped = { ephemeralMessage: { message: inner }, messageContextInfo: { messageSecret: Buffer.alloc(32, 1) } }
    expect(normalizeMessageContent(wrapped)).toBe(inner)
  })

  it('stops at five levels, whatever it is given', () => {
    let message: proto.IMessage = { conversation: 'deep' }
    for (let level = 0; level < 10_000; level += 1) message = { ephemeralMessage: { message } }
    expect(getContentType(normalizeMessageContent(message))).toBe('ephemeralMessage')
  })

  it('ignores members that are null', () => {
    expect(getContentType({ imageMessage: null, conversation: 'x' })).toBe('conversation')
    expect(getContentType({})).toBeUndefined()
    expect(normalizeMessageContent(null)).toBeUndefined()
    expect(extractMessageContent(undefined)).toBeUndefined()
  })
})
