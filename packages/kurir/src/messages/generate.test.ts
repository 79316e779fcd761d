import { describe, expect, it, vi } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { silentLogger } from '../logger/logger.js'
import { proto } from '../proto/index.js'
import { hasNonNullishProperty } from './content/content-kinds.js'
import type { AnyMessageContent } from './content/content-types.js'
import { extractUrlFromText, generateLinkPreviewIfRequired } from './content/link-preview.js'
import { parseColor } from './content/text.js'
import { generateWAMessage, generateWAMessageContent, generateWAMessageFromContent } from './generate.js'
import { hex, readFixture, revive } from './testing/fixtures.js'

interface Case {
  name: string
  jid: string
  input: unknown
  options?: Record<string, unknown>
  messageProtoHex: string
  webMessageInfoProtoHex: string
}
const vectors = readFixture<{ nowMs: number; me: string; cases: Case[] }>('vectors/03-messages.json')
const messageSecret = Buffer.from(Array.from({ length: 32 }, (_, index) => index))

/** Kinds that need an upload: messages/content/media*.test.ts. */
const mediaCases = /^(image|video|audio|document|sticker|product)/
/** Where Kurir does otherwise on purpose; the tests below say what. */
const otherwise = /^disappearing/

describe('content as in Baileys', () => {
  for (const { name, jid, input, options, messageProtoHex, webMessageInfoProtoHex } of vectors.cases) {
    if (mediaCases.test(name) || otherwise.test(name)) continue
    it(name, async () => {
      const message = await generateWAMessage(jid, revive(input) as AnyMessageContent, {
        ...(revive(options ?? {}) as object),
        ...(name === 'event_call_audio' ? { getCallLink: async () => 'TOKEN123' } : {}),
        userJid: vectors.me,
        messageId: idOf(webMessageInfoProtoHex),
        timestamp: new Date(vectors.nowMs),
        now: vectors.nowMs,
        messageSecret,
      })
      expect(
        proto.Message.encode(message.message ?? {})
          .finish()
          .toString('hex'),
      ).toBe(messageProtoHex)
      expect(proto.WebMessageInfo.encode(message).finish().toString('hex')).toBe(webMessageInfoProtoHex)
    })
  }
})

describe('text content', () => {
  it('needs no options for a plain text', async () => {
    const message = await generateWAMessageContent({ text: 'hello' })
    expect(message.extendedTextMessage?.text).toBe('hello')
    expect(message.messageContextInfo?.messageSecret).toHaveLength(32)
    expect(message).toBeInstanceOf(proto.Message)
  })

  it('keeps mentions and context in an edit (docs/protocol/03, 2.9: on the content field)', async () => {
    const content = { text: '@1', mentions: ['1@lid'], edit: { remoteJid: '2@lid', fromMe: true, id: 'OLD' } }
    const { protocolMessage } = await generateWAMessageContent(content, { now: 5_000 })
    expect(protocolMessage?.editedMessage?.extendedTextMessage?.contextInfo).toEqual({
      mentionedJid: ['1@lid'],
      nonJidMentions: 0,
    })
    expect(protocolMessage).toMatchObject({ type: 14, timestampMs: 5_000, key: { id: 'OLD' } })
  })

  it('takes an edit of undefined for none (docs/protocol/03, 2.9)', async () => {
    expect((await generateWAMessageContent({ text: 'a', edit: undefined })).extendedTextMessage?.text).toBe('a')
  })

  it('accepts font 0 and numeric colours (docs/protocol/03, 2.3)', async () => {
    const message = await generateWAMessageContent({ text: 'a' }, { font: 0, backgroundColor: -1 })
    expect(message.extendedTextMessage).toMatchObject({ font: 0, backgroundArgb: 0xffffffff })
    expect(parseColor('#123')).toBe(0xff000123)
    expect(parseColor('80112233')).toBe(0x80112233)
  })
})

describe('refused content names its field', () => {
  const refusals: [string, unknown, string][] = [
    ['empty text', { text: '' }, 'text'],
    ['text that is no text', { text: 7 }, 'text'],
    ['a kind misspelt', { txt: 'a' }, 'txt'],
    ['no kind', { salutation: 'a' }, 'content'],
    ['nothing', {}, 'content'],
    ['null', null, 'content'],
    ['a mention that is no person', { text: 'a', mentions: ['1@g.us'] }, 'mentions'],
    ['a mention without user', { text: 'a', mentions: ['@lid'] }, 'mentions'],
    ['an edit without id', { text: 'a', edit: { remoteJid: '1@lid' } }, 'edit.id'],
  ]
  for (const [name, content, field] of refusals) {
    it(name, async () => {
      await expect(generateWAMessageContent(content as AnyMessageContent)).rejects.toMatchObject({
        code: 'invalid-content',
        output: { statusCode: 400 },
        data: { field },
      })
    })
  }

  it('options that make no sense', async () => {
    await expect(generateWAMessageContent({ text: 'a' }, { font: 3 })).rejects.toMatchObject({
      data: { field: 'font' },
    })
    await expect(generateWAMessageContent({ text: 'a' }, { backgroundColor: 'red' })).rejects.toMatchObject({
      data: { field: 'backgroundColor' },
    })
  })

  for (const jid of ['', 'nobody', '@s.whatsapp.net', '1:x@s.whatsapp.net', '1@']) {
    it(`destination ${JSON.stringify(jid)}`, async () => {
      const options = { userJid: vectors.me }
      await expect(generateWAMessage(jid, { text: 'a' }, options)).rejects.toMatchObject({
        code: 'invalid-jid',
        data: { field: 'jid', jid },
      })
      expect(() => generateWAMessageFromContent(jid, { conversation: 'a' }, options)).toThrow(
        expect.objectContaining({ code: 'invalid-jid' }),
      )
    })
  }
})

describe('context of a message', () => {
  const userJid = '15550001111:7@s.whatsapp.net'
  const quoted = (key: WAMessage['key'], message: proto.IMessage): WAMessage => ({ key, message })
  const contextOf = (message: WAMessage) => message.message?.extendedTextMessage?.contextInfo

  it('names us by LID when the quoted message does (docs/protocol/03, 2.9: LID groups)', () => {
    const key = { remoteJid: '9@g.us', fromMe: true, id: 'Q', participant: '5:7@lid', addressingMode: 'lid' }
    const options = { userJid, userLid: '5:7@lid', quoted: quoted(key, { conversation: 'q' }) }
    const message = generateWAMessageFromContent('9@g.us', { extendedTextMessage: { text: 'a' } }, options)
    expect(contextOf(message)).toEqual({ stanzaId: 'Q', participant: '5@lid', quotedMessage: { conversation: 'q' } })
    const phone = generateWAMessageFromContent(
      '9@g.us',
      { extendedTextMessage: { text: 'a' } },
      {
        ...options,
        quoted: quoted(
          { ...key, participant: '15550001111@s.whatsapp.net', addressingMode: 'pn' },
          { conversation: 'q' },
        ),
      },
    )
    expect(contextOf(phone)?.participant).toBe('15550001111@s.whatsapp.net')
  })

  it('does not nest quotes', () => {
    const inner = { extendedTextMessage: { text: 'q', contextInfo: { quotedMessage: { conversation: 'older' } } } }
    const options = { userJid, quoted: quoted({ remoteJid: '2@lid', fromMe: false, id: 'Q' }, inner) }
    const message = generateWAMessageFromContent('2@lid', { extendedTextMessage: { text: 'a' } }, options)
    expect(contextOf(message)?.quotedMessage).toEqual({ extendedTextMessage: { text: 'q' } })
  })

  it('turns a conversation into a text that can hold context, and leaves the input alone', () => {
    const input = { conversation: 'a' }
    const message = generateWAMessageFromContent('2@lid', input, { userJid, ephemeralExpiration: 60 })
    expect(message.message).toEqual({ extendedTextMessage: { text: 'a', contextInfo: { expiration: 60 } } })
    expect(input).toEqual({ conversation: 'a' })
  })

  it('looks through wrappers', () => {
    const input = { viewOnceMessageV2: { message: { imageMessage: { caption: 'c' } } } }
    const message = generateWAMessageFromContent('2@lid', input, { userJid, ephemeralExpiration: 60 })
    expect(message.message?.viewOnceMessageV2?.message?.imageMessage?.contextInfo).toEqual({ expiration: 60 })
  })

  it('says who set the timer when the time of the setting is known (docs/protocol/03, 2.9)', () => {
    const options = { userJid, ephemeralExpiration: 86_400, ephemeralSettingTimestamp: 1_700_000_000 }
    const message = generateWAMessageFromContent('2@lid', { extendedTextMessage: { text: 'a' } }, options)
    expect(contextOf(message)).toEqual({
      expiration: 86_400,
      ephemeralSettingTimestamp: 1_700_000_000,
      disappearingMode: { initiator: 0, trigger: 1 },
    })
  })

  it('gives channels neither quote nor timer', () => {
    const options = { userJid, ephemeralExpiration: 60, quoted: quoted({ remoteJid: '2@lid', id: 'Q' }, {}) }
    const message = generateWAMessageFromContent('1@newsletter', { extendedTextMessage: { text: 'a' } }, options)
    expect(contextOf(message)).toBeUndefined()
  })

  it('names the own device in groups and for status only', () => {
    const participantIn = (jid: string) =>
      generateWAMessageFromContent(jid, { conversation: 'a' }, { userJid }).participant
    expect(participantIn('1@g.us')).toBe(userJid)
    expect(participantIn('status@broadcast')).toBe(userJid)
    expect(participantIn('1@lid') ?? undefined).toBeUndefined()
  })

  it('refuses impossible ids and quotes', () => {
    const make = (options: object) => () =>
      generateWAMessageFromContent('1@lid', { conversation: 'a' }, { userJid, ...options })
    expect(make({ messageId: '' })).toThrow(expect.objectContaining({ code: 'invalid-content' }))
    expect(make({ quoted: { key: {} } })).toThrow(expect.objectContaining({ code: 'invalid-content' }))
    expect(make({ ephemeralExpiration: 1.5 })).toThrow(expect.objectContaining({ code: 'invalid-content' }))
  })
})

describe('link previews', () => {
  const { detection } = readFixture<{ detection: { text: string; baileys: string | null }[] }>(
    'vectors/03-link-preview.json',
  )
  for (const { text, baileys } of detection) {
    it(`finds the URL in ${JSON.stringify(text)}`, () => {
      expect(extractUrlFromText(text) ?? null).toBe(baileys)
    })
  }

  const preview = { 'canonical-url': 'https://a.example', 'matched-text': 'https://a.example', title: 'A' }

  it('is fetched for the first URL unless the caller gave one or none', async () => {
    const getUrlInfo = vi.fn(() => Promise.resolve(preview))
    const made = await generateWAMessageContent({ text: 'see https://a.example' }, { getUrlInfo })
    expect(made.extendedTextMessage).toMatchObject({ matchedText: 'https://a.example', title: 'A', previewType: 0 })
    await generateWAMessageContent({ text: 'see https://a.example', linkPreview: null }, { getUrlInfo })
    await generateWAMessageContent({ text: 'nothing to see' }, { getUrlInfo })
    expect(getUrlInfo.mock.calls).toEqual([['https://a.example']])
  })

  it('that fails is left out', async () => {
    const failing = () => Promise.reject(new Error('no route'))
    expect(await generateLinkPreviewIfRequired('https://a.example', failing, silentLogger)).toBeUndefined()
  })
})

it('tells members that are there from those that are not', () => {
  expect(hasNonNullishProperty({ text: 'a' }, 'text')).toBe(true)
  expect(hasNonNullishProperty({ text: 'a', linkPreview: null }, 'linkPreview')).toBe(false)
  expect(hasNonNullishProperty(undefined as unknown as AnyMessageContent, 'text')).toBe(false)
})

function idOf(webMessageInfoProtoHex: string): string {
  return proto.WebMessageInfo.decode(hex(webMessageInfoProtoHex)).key?.id ?? ''
}
