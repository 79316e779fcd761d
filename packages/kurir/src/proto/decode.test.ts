import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/index.js'
import { type Long, proto } from './index.js'
import { arbitraryMessage } from './testing/arbitrary-message.js'
import { delimited, field, messageClass, messageFacts, varint } from './testing/schema-facts.js'

const text = (value: string): Buffer => Buffer.from(value)

/** The error that decoding ends in. */
function failure(
  type: string,
  bytes: Uint8Array,
  length?: number,
): KurirError<{ type: string; offset: number; reason: string }> {
  try {
    messageClass(type).decode(bytes, length)
  } catch (error) {
    expect(error).toBeInstanceOf(KurirError)
    expect((error as KurirError).code).toBe('invalid-protobuf')
    expect((error as KurirError).output.statusCode).toBe(400)
    return error as KurirError<{ type: string; offset: number; reason: string }>
  }
  throw new Error(`${Buffer.from(bytes).toString('hex')} was accepted`)
}

describe('decode', () => {
  it('skips unknown fields of every wire type, groups too', () => {
    const group = Buffer.concat([field(900, 3), field(1, 0, varint(5)), field(2, 3), field(2, 4), field(900, 4)])
    const bytes = Buffer.concat([
      field(901, 0, varint(2n ** 64n - 1n)),
      field(902, 1, Buffer.alloc(8)),
      field(903, 2, text('unknown')),
      group,
      field(904, 5, Buffer.alloc(4)),
      field(1, 2, text('hi')),
      field(905, 0, varint(1)),
    ])
    expect(proto.Message.decode(bytes)).toEqual(proto.Message.create({ conversation: 'hi' }))
  })

  it('takes the last of a repeated single member', () => {
    const bytes = Buffer.concat([field(1, 2, text('one')), field(1, 2, text('two'))])
    expect(proto.Message.decode(bytes).conversation).toBe('two')
  })

  it('accepts varints longer than they need to be, up to ten bytes', () => {
    const padded = Buffer.from(`${'8180808080808080808000'.slice(0, 18)}00`, 'hex')
    expect(proto.ADVDeviceIdentity.decode(field(1, 0, padded)).rawId).toBe(1)
    expect((proto.ADVDeviceIdentity.decode(field(2, 0, padded)).timestamp as Long).toNumber()).toBe(1)
    expect(proto.MessageKey.decode(field(2, 0, padded)).fromMe).toBe(true)
  })

  it('takes the lower 32 bits of a larger number, as others do', () => {
    expect(proto.ADVDeviceIdentity.decode(field(1, 0, varint(2n ** 35n + 7n))).rawId).toBe(7)
    expect(proto.WebMessageInfo.decode(field(4, 0, varint(2n ** 64n - 1n))).status).toBe(-1)
  })

  it('reads the boundary values of 64-bit integers', () => {
    for (const value of [
      0n,
      127n,
      128n,
      2n ** 28n - 1n,
      2n ** 28n,
      2n ** 35n - 1n,
      2n ** 35n,
      2n ** 53n + 1n,
      2n ** 63n,
      2n ** 64n - 1n,
    ]) {
      const decoded = proto.ADVDeviceIdentity.decode(field(2, 0, varint(value))).timestamp as Long
      expect(decoded.toBigInt()).toBe(value)
      expect(decoded.toString()).toBe(value.toString())
    }
  })

  it('reads text of any length and script', () => {
    for (const sample of [
      '',
      'a',
      'abcd',
      'abcdefghijkl',
      'abcdefghijklm',
      'é',
      'aaaé',
      'ééééé',
      '😀'.repeat(40),
      'x'.repeat(5000),
    ]) {
      expect(proto.Message.decode(field(1, 2, text(sample))).conversation).toBe(sample)
    }
  })

  it('replaces invalid UTF-8', () => {
    expect(proto.Message.decode(field(1, 2, Buffer.from('61ff62', 'hex'))).conversation).toBe('a\ufffdb')
  })

  it('reads any Uint8Array, from its offset, up to the length given', () => {
    const bytes = new Uint8Array([9, 9, 10, 2, 104, 105, 255])
    expect(proto.Message.decode(bytes.subarray(2), 4).conversation).toBe('hi')
    expect(proto.MessageKey.decode(new Uint8Array(0))).toEqual(proto.MessageKey.create())
  })

  it('reads a message behind its length', () => {
    const bytes = Buffer.concat([delimited(field(1, 2, text('hi'))), text('rest')])
    expect(proto.Message.decodeDelimited(bytes).conversation).toBe('hi')
    expect(() => proto.Message.decodeDelimited(Buffer.from([5, 10]))).toThrow(KurirError)
    expect(() => proto.Message.decodeDelimited('text' as never)).toThrow(KurirError)
  })

  it('keeps __proto__ out of the prototype chain of maps', () => {
    const entry = Buffer.concat([field(1, 2, text('__proto__')), field(2, 2, text('x'))])
    const { music_user_id_map: map } = proto.SyncActionValue.MusicUserIdAction.decode(field(2, 2, entry))
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype)
    expect(Object.keys(map)).toEqual(['__proto__'])
  })

  it('fills in what a map entry lacks', () => {
    expect(proto.Config.decode(field(1, 2)).field).toEqual({ 0: proto.Field.create() })
    expect(proto.SyncActionValue.MusicUserIdAction.decode(field(2, 2)).music_user_id_map).toEqual({ '': '' })
  })
})

describe('decode refuses', () => {
  it('a length beyond the end, with type and offset of the innermost message', () => {
    const inner = Buffer.concat([field(1, 2, text('x')), Buffer.from([0x1a, 0x7f])])
    const error = failure('WebMessageInfo', field(1, 2, inner))
    expect(error.data).toMatchObject({ type: 'MessageKey', offset: 7 })
  })

  it('a length beyond its message that is within the input', () => {
    const bytes = Buffer.concat([field(1, 2, Buffer.from([0x0a, 3, 0x61])), field(2, 2, text('more than enough'))])
    expect(failure('WebMessageInfo', bytes).data.type).toBe('MessageKey')
  })

  it.each([
    ['a number without its end', '08ff'],
    ['a varint of eleven bytes', '0880808080808080808080800100'],
    ['a varint of more than 64 bits', '08ffffffffffffffffff02'],
    ['a tag of more than 32 bits', 'ffffffffff0100'],
    ['a tag without its end', '88'],
    ['a length of more than 32 bits', '0affffffffff0f61'],
    ['field number 0', '0000'],
    ['wire type 6', '0e'],
    ['wire type 7 of an unknown field', 'fff67f'],
    ['a group that does not end', '8b01'],
    ['the end of a group that was not opened', '8c01'],
    ['the end of another group', '8b019401'],
    ['an unknown fixed 64 without its end', '890100000000'],
    ['an unknown fixed 32 without its end', '8d010000'],
    ['an unknown field without its end', '8a010500'],
  ])('%s', (_, hex) => {
    failure('MessageKey', Buffer.from(hex, 'hex'))
  })

  it.each([
    ['ADVDeviceIdentity', 1, 2],
    ['ADVDeviceIdentity', 2, 5],
    ['Message', 1, 0],
    ['Message', 3, 0],
    ['MessageKey', 2, 2],
    ['SignalMessage', 1, 1],
    ['WebMessageInfo', 4, 2],
    ['ADVKeyIndexList', 4, 5],
    ['Config', 1, 0],
    ['Message.LocationMessage', 1, 0],
    ['SignedPreKeyRecordStructure', 5, 0],
  ])('the wrong wire type in %s, field %i', (type, id, wire) => {
    const error = failure(type, field(id, wire, Buffer.alloc(8, 1)))
    expect(error.data.reason).toBe(`field ${id} has wire type ${wire}`)
  })

  it('packed numbers that go beyond their list', () => {
    const bytes = Buffer.concat([field(4, 2, Buffer.from([1, 0xff])), field(5, 0, varint(1))])
    expect(failure('ADVKeyIndexList', bytes).data.reason).toBe('ends early')
  })

  it('messages nested deeper than 100', () => {
    const nest = (levels: number): Buffer => {
      let bytes: Buffer = Buffer.alloc(0)
      // Message.ephemeralMessage (40) { message (1) }: two levels at a time.
      for (let level = 0; level < levels; level += 2) bytes = field(40, 2, field(1, 2, bytes))
      return bytes
    }
    expect(() => proto.Message.decode(nest(100))).not.toThrow()
    expect(failure('Message', nest(102)).data.reason).toBe('nested too deeply')
  })

  it('groups nested deeper than 100', () => {
    const groups = (levels: number): Buffer =>
      Buffer.concat([
        ...Array.from({ length: levels }, () => field(900, 3)),
        ...Array.from({ length: levels }, () => field(900, 4)),
      ])
    expect(() => proto.Message.decode(groups(100))).not.toThrow()
    expect(failure('Message', groups(101)).data.reason).toBe('nested too deeply')
  })

  it('what is not bytes, and lengths beyond them', () => {
    failure('Message', 'text' as never)
    failure('Message', [10, 0] as never)
    failure('Message', null as never)
    failure('Message', Buffer.alloc(4), 5)
    failure('Message', Buffer.alloc(4), -1)
    failure('Message', Buffer.alloc(4), Number.NaN)
  })
})

describe('bytes members', () => {
  const key = Buffer.alloc(32, 7)

  it('of small inputs are views', () => {
    const bytes = Buffer.from(proto.SenderKeyMessage.encode({ ciphertext: key }).finish())
    const { ciphertext } = proto.SenderKeyMessage.decode(bytes)
    expect(ciphertext?.buffer).toBe(bytes.buffer)
    expect(Buffer.isBuffer(ciphertext)).toBe(true)
  })

  it('of large inputs keep no more than a small buffer alive', () => {
    const thumbnail = Buffer.alloc(20_000, 1)
    const bytes = Buffer.from(proto.Message.ImageMessage.encode({ mediaKey: key, jpegThumbnail: thumbnail }).finish())
    const decoded = proto.Message.ImageMessage.decode(bytes)
    expect(decoded.mediaKey).toEqual(key)
    expect(decoded.mediaKey?.buffer.byteLength).toBeLessThanOrEqual(8192)
    expect(decoded.mediaKey?.buffer).not.toBe(bytes.buffer)
    // Nearly all of the input: nothing is gained by a copy.
    expect(decoded.jpegThumbnail?.buffer).toBe(bytes.buffer)
  })

  it('of large inputs are right at every length', () => {
    const conversation = proto.HistorySync.create({
      recentStickers: Array.from({ length: 300 }, (_, i) => ({ fileSha256: Buffer.alloc(i * 7, i), weight: i / 3 })),
    })
    const decoded = proto.HistorySync.decode(Buffer.from(proto.HistorySync.encode(conversation).finish()))
    for (const [i, sticker] of decoded.recentStickers.entries())
      expect(sticker.fileSha256).toEqual(Buffer.alloc(i * 7, i))
  })
})

describe('large inputs', () => {
  it('give the same text for the same bytes and other text for others', () => {
    const names = Array.from({ length: 3000 }, (_, i) => `${'6281'.repeat((i % 4) + 1)}${i % 700}@s.whatsapp.net`)
    const sync = {
      pushnames: names.map((id, i) => ({ id, pushname: i % 3 ? `Budi Santoso ${i % 50}` : 'Дмитрий Иванович' })),
    }
    const decoded = proto.HistorySync.decode(proto.HistorySync.encode(sync).finish())
    expect(decoded.pushnames.map(({ id, pushname }) => ({ id, pushname }))).toEqual(sync.pushnames)
  })
})

describe('arbitrary input', () => {
  const types = [...messageFacts.keys()]

  /** Either a message or the one error. */
  function decodeSafely(type: string, bytes: Uint8Array): void {
    try {
      messageClass(type).decode(bytes)
    } catch (error) {
      if (!(error instanceof KurirError && error.code === 'invalid-protobuf')) throw error
    }
  }

  it('of random bytes throws nothing but KurirError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 300 }), (type, bytes) =>
        decodeSafely(type, bytes),
      ),
      { numRuns: 5000 },
    )
  })

  it('of real messages, cut off or altered, throws nothing but KurirError', () => {
    const real = fc
      .constantFrom('Message', 'WebMessageInfo', 'HistorySync', 'SyncActionValue', 'ContextInfo')
      .chain(type =>
        arbitraryMessage(type, 4).map(message => ({ type, bytes: messageClass(type).encode(message).finish() })),
      )
    const change = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 })
    fc.assert(
      fc.property(real, fc.double({ min: 0, max: 1, noNaN: true }), change, ({ type, bytes }, part, changes) => {
        const altered = Buffer.from(bytes.subarray(0, Math.ceil(bytes.length * part)))
        for (const [position, value] of changes) if (altered.length > 0) altered[position % altered.length] = value
        decodeSafely(type, altered)
      }),
      { numRuns: 2000 },
    )
  })
})
