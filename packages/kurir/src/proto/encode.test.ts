import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/index.js'
import { Long, ProtoWriter, proto } from './index.js'
import { delimited, field, varint } from './testing/schema-facts.js'

const hex = (writer: { finish(): Uint8Array }): string => Buffer.from(writer.finish()).toString('hex')

function failure(work: () => unknown): KurirError<{ type: string; field?: string | number }> {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(KurirError)
    expect((error as KurirError).code).toBe('invalid-protobuf-value')
    expect((error as KurirError).output.statusCode).toBe(400)
    return error as KurirError<{ type: string; field?: string | number }>
  }
  throw new Error('was accepted')
}

describe('encode', () => {
  it('writes members that are set, zero and empty ones too, and leaves out null and undefined', () => {
    const key = { remoteJid: '', fromMe: false, id: null, participant: undefined }
    expect(hex(proto.MessageKey.encode(key))).toBe('0a001000')
    expect(hex(proto.SignalMessage.encode({ counter: 0, previousCounter: 0 }))).toBe('10001800')
    expect(hex(proto.ADVKeyIndexList.encode({ validIndexes: [] }))).toBe('')
    expect(hex(proto.ADVKeyIndexList.encode({ rawId: 0 }))).toBe('0800')
  })

  it('does not write defaults that are only inherited', () => {
    const receipt = proto.UserReceipt.create()
    expect(receipt.userJid).toBe('')
    expect(hex(proto.UserReceipt.encode(receipt))).toBe('')
    expect(hex(proto.UserReceipt.encode({ userJid: '' }))).toBe('0a00')
  })

  it('writes fields in ascending order, whatever the order of the members', () => {
    const expected = hex(proto.Message.encode({ conversation: 'a', imageMessage: {}, messageContextInfo: {} }))
    expect(hex(proto.Message.encode({ messageContextInfo: {}, imageMessage: {}, conversation: 'a' }))).toBe(expected)
    expect(hex(proto.Message.encode({ imageMessage: {}, messageContextInfo: {}, conversation: 'a' }))).toBe(expected)
    const reversed = { id: 'x', fromMe: true, remoteJid: 'y' }
    expect(hex(proto.MessageKey.encode(reversed))).toBe('0a017910011a0178')
  })

  it('ignores members that the schema does not have', () => {
    const message = { conversation: 'a', messageContextInfo: { unknown: {} }, other: 'x' } as proto.IMessage
    expect(hex(proto.Message.encode(message))).toBe(
      hex(proto.Message.encode({ conversation: 'a', messageContextInfo: {} })),
    )
  })

  it.each([
    ['number', 1_720_000_000_123],
    ['text', '1720000000123'],
    ['bigint', 1_720_000_000_123n],
    ['Long', Long.fromNumber(1_720_000_000_123)],
    ['the halves', { low: 2_030_055_547, high: 400, unsigned: true }],
  ])('accepts a 64-bit integer as %s', (_, timestamp) => {
    const expected = field(2, 0, varint(BigInt(String(Long.fromValue(timestamp as number))))).toString('hex')
    expect(hex(proto.ADVDeviceIdentity.encode({ timestamp: timestamp as number }))).toBe(expected)
  })

  it('writes negative numbers in ten bytes and reads them back', () => {
    const bytes = proto.SyncActionValue.encode({ timestamp: -5 }).finish()
    expect(Buffer.from(bytes).toString('hex')).toBe('08fbffffffffffffffff01')
    expect(proto.SyncActionValue.decode(bytes).timestamp).toEqual(new Long(-5, -1, false))
    const version = proto.SyncActionData.encode({ version: -1 }).finish()
    expect(proto.SyncActionData.decode(version).version).toBe(-1)
  })

  it('accepts bytes as base64 text, arrays of numbers and any Uint8Array', () => {
    const expected = '0a03010203'
    for (const details of [
      'AQID',
      [1, 2, 3],
      new Uint8Array([1, 2, 3]),
      new Uint8Array([1, 2, 3]).buffer,
      Buffer.from([1, 2, 3]),
    ]) {
      expect(hex(proto.ADVSignedDeviceIdentity.encode({ details: details as Uint8Array }))).toBe(expected)
    }
  })

  it('writes text of any length and script; lone surrogates become U+FFFD', () => {
    for (const text of [
      '',
      'a',
      'a'.repeat(16),
      'a'.repeat(17),
      'é'.repeat(8),
      'aé',
      '😀'.repeat(60),
      'x'.repeat(20_000),
    ]) {
      expect(hex(proto.Message.encode({ conversation: text }))).toBe(field(1, 2, Buffer.from(text)).toString('hex'))
    }
    expect(hex(proto.Message.encode({ conversation: 'a\ud800' }))).toBe('0a0461efbfbd')
    expect(hex(proto.Message.encode({ conversation: `${'a'.repeat(40)}\udc00` })).endsWith('61efbfbd')).toBe(true)
  })

  it('writes messages of any size: in the slab, beyond it, beyond what is kept', () => {
    for (const size of [1, 127, 128, 300, 4000, 4097, 8192, 16_384, 100_000, 3_000_000]) {
      const body = Buffer.alloc(size, size)
      const message = {
        messageContextInfo: { messageSecret: body },
        imageMessage: { jpegThumbnail: body, caption: 'after' },
      }
      const decoded = proto.Message.decode(proto.Message.encode(message).finish())
      expect(Buffer.from(decoded.messageContextInfo?.messageSecret ?? []).equals(body)).toBe(true)
      expect(Buffer.from(decoded.imageMessage?.jpegThumbnail ?? []).equals(body)).toBe(true)
      expect(decoded.imageMessage?.caption).toBe('after')
    }
  })

  it('gives results that later calls do not touch', () => {
    const results = Array.from({ length: 2000 }, (_, i) => proto.Message.encode({ conversation: `text ${i}` }).finish())
    for (const [i, bytes] of results.entries()) expect(proto.Message.decode(bytes).conversation).toBe(`text ${i}`)
  })

  it('keeps no more than a small buffer alive for a small result', () => {
    proto.Message.encode({ imageMessage: { jpegThumbnail: Buffer.alloc(60_000) } }).finish()
    const bytes = proto.Message.encode({ conversation: 'a' }).finish()
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(8192)
    const large = proto.Message.encode({ imageMessage: { jpegThumbnail: Buffer.alloc(60_000) } }).finish()
    expect(large.buffer.byteLength).toBe(large.length)
  })

  it('may be called by a getter of the message that is being encoded', () => {
    const message = {
      get imageMessage() {
        return { caption: hex(proto.MessageKey.encode({ id: 'inner' })) }
      },
      conversation: 'outer',
    }
    expect(proto.Message.decode(proto.Message.encode(message).finish())).toEqual(
      proto.Message.fromObject({ conversation: 'outer', imageMessage: { caption: '1a05696e6e6572' } }),
    )
  })

  it('appends to the writer it is given', () => {
    const writer = new ProtoWriter()
    proto.MessageKey.encode({ id: 'a' }, writer)
    expect(proto.MessageKey.encode({ fromMe: true }, writer)).toBe(writer)
    expect(writer.len).toBe(5)
    expect(hex(writer)).toBe('1a01611001')
    expect(hex(writer)).toBe('1a01611001')
    const lengths = proto.MessageKey.encodeDelimited({ id: 'x'.repeat(300) }).finish()
    expect(Buffer.from(lengths)).toEqual(delimited(proto.MessageKey.encode({ id: 'x'.repeat(300) }).finish()))
    expect(proto.MessageKey.decodeDelimited(lengths).id).toBe('x'.repeat(300))
  })

  it('writes maps', () => {
    const map = proto.SyncActionValue.MusicUserIdAction.encode({ music_user_id_map: { a: 'b', c: 'd' } }).finish()
    expect(Buffer.from(map).toString('hex')).toBe('12060a016112016212060a0163120164')
  })
})

describe('encode refuses', () => {
  it('what is not a message', () => {
    for (const value of [null, undefined, 'text', 5]) failure(() => proto.Message.encode(value as never))
  })

  it.each([
    ['a number for text', () => proto.Message.encode({ conversation: 5 as never }), 'Message', 1],
    ['a number for bytes', () => proto.SignalMessage.encode({ ciphertext: 5 as never }), 'SignalMessage', 4],
    ['text for a message', () => proto.Message.encode({ imageMessage: 'x' as never }), 'Message', 3],
    ['an object for a list', () => proto.ADVKeyIndexList.encode({ validIndexes: {} as never }), 'ADVKeyIndexList', 4],
    ['a word for a number', () => proto.SignalMessage.encode({ counter: 'many' as never }), 'SignalMessage', 2],
    [
      'a word for a 64-bit number',
      () => proto.ADVDeviceIdentity.encode({ timestamp: 'x' as never }),
      'ADVDeviceIdentity',
      2,
    ],
    ['null in a list', () => proto.ContextInfo.encode({ mentionedJid: [null as never] }), 'ContextInfo', 15],
    ['text for a map', () => proto.Config.encode({ field: 'x' as never }), 'Config', 1],
  ])('%s', (_, work, type, fieldNumber) => {
    expect(failure(work).data).toEqual({ type, field: fieldNumber })
  })

  it('what is nested deeper than 100, such as an object that contains itself', () => {
    const loop: proto.IMessage = {}
    loop.ephemeralMessage = { message: loop }
    expect(failure(() => proto.Message.encode(loop)).message).toContain('100 levels')
  })

  it('without harm to the next call', () => {
    failure(() =>
      proto.Message.encode({ conversation: 'a', imageMessage: { caption: 5 as never }, messageContextInfo: {} }),
    )
    expect(hex(proto.Message.encode({ conversation: 'a' }))).toBe('0a0161')
  })
})
