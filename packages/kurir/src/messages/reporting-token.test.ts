import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import { type ReportingFields, reportingFields } from './reporting-fields.js'
import {
  buildReportingNode,
  extractReportingContent,
  reportingKey,
  reportingToken,
  takesReportingToken,
} from './reporting-token.js'
import { hex, readFixture } from './testing/fixtures.js'

interface Vectors {
  secret: string
  messageId: string
  sender: string
  remote: string
  cases: {
    id: string
    message: string
    contentV1: string
    contentV2: string
    contentV3: string
    key?: string
    token: string | null
  }[]
}
const vectors = readFixture<Vectors>('vectors/02-reporting-token.json')
const context = {
  messageSecret: hex(vectors.secret),
  messageId: vectors.messageId,
  senderUserJid: vectors.sender,
  remoteJid: vectors.remote,
}

describe('reporting tokens', () => {
  for (const { id, message, contentV1, contentV2, contentV3, key, token } of vectors.cases) {
    it(`${id}: content of versions 1, 2 and 3, key and token`, () => {
      const encoded = hex(message)
      expect(extractReportingContent(encoded, 1).toString('hex')).toBe(contentV1)
      expect(extractReportingContent(encoded, 2).toString('hex')).toBe(contentV2)
      expect(extractReportingContent(encoded, 3).toString('hex')).toBe(contentV3)
      expect(reportingToken(encoded, context)?.toString('hex') ?? null).toBe(token)
      if (key !== undefined) expect(reportingKey(context).toString('hex')).toBe(key)
    })
  }

  const further = readFixture<{
    parentMessageId: string
    messageSecretHex: string
    reportingTokens: {
      cases: {
        name: string
        messageProtoHex: string
        filteredContentHex: string
        tokenKeyHex?: string
        tokenHex?: string | null
      }[]
    }
  }>('vectors/03-addon-crypto.json')
  for (const { name, messageProtoHex, filteredContentHex, tokenHex } of further.reportingTokens.cases) {
    it(`03: ${name}`, () => {
      const encoded = hex(messageProtoHex)
      expect(extractReportingContent(encoded, 2).toString('hex')).toBe(filteredContentHex)
      if (!tokenHex) return
      const own = {
        messageSecret: hex(further.messageSecretHex),
        messageId: further.parentMessageId,
        senderUserJid: '15550001111@s.whatsapp.net',
        remoteJid: '15550002222@s.whatsapp.net',
      }
      expect(reportingToken(encoded, own)?.toString('hex')).toBe(tokenHex)
    })
  }

  it('uses the same field list as the data file', () => {
    interface Entry {
      n: number
      from?: number
      message?: boolean
      fields?: Entry[]
    }
    const { whitelist } = readFixture<{ whitelist: Entry[] }>('data/reporting-fields.json')
    const sameFields = (entries: Entry[], fields: ReportingFields) => {
      expect([...fields.keys()].sort((left, right) => left - right)).toEqual(entries.map(entry => entry.n))
      for (const entry of entries) {
        const field = fields.get(entry.n)
        if (entry.message) expect(field?.fields).toBe('message')
        else if (entry.fields === undefined) expect(field?.fields).toBeUndefined()
        else sameFields(entry.fields, field?.fields as ReportingFields)
      }
    }
    sameFields(whitelist, reportingFields())
    for (const entry of whitelist) expect(reportingFields().get(entry.n)?.from).toBe(entry.from ?? 1)
  })

  it('become a node for kinds that take one', () => {
    const message = { conversation: 'hi', messageContextInfo: { messageSecret: context.messageSecret } }
    const encoded = proto.Message.encode(message).finish()
    const node = buildReportingNode(message, encoded, context)
    expect(node).toEqual({
      tag: 'reporting',
      attrs: {},
      content: [{ tag: 'reporting_token', attrs: { v: '2' }, content: reportingToken(encoded, context) }],
    })
    expect(buildReportingNode({ conversation: 'hi' }, encoded, context)).toBeUndefined()
    const reaction = { reactionMessage: { text: 'x' }, messageContextInfo: message.messageContextInfo }
    expect(buildReportingNode(reaction, proto.Message.encode(reaction).finish(), context)).toBeUndefined()
    expect(takesReportingToken({ secretEncryptedMessage: {} })).toBe(false)
    expect(takesReportingToken({ ephemeralMessage: { message: { imageMessage: {} } } })).toBe(true)
  })

  it('are computed from any message and refuse what is none', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(1 as const, 2 as const, 3 as const),
        (bytes, version) => {
          try {
            extractReportingContent(bytes, version)
          } catch (error) {
            expect(KurirError.is(error) && error.code).toBe('invalid-protobuf')
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('refuse nesting without end', () => {
    let nested: Buffer = Buffer.alloc(0)
    for (let level = 0; level < 400; level += 1) nested = wrap(37, wrap(1, nested))
    expect(() => extractReportingContent(nested, 2)).toThrow(expect.objectContaining({ code: 'invalid-protobuf' }))
  })
})

/** A length-delimited field around bytes. */
function wrap(field: number, content: Buffer): Buffer {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)])
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.byteLength)]), content])
}
