import fc from 'fast-check'
import { KurirError, proto } from 'kurir'
import { describe, expect, it } from 'vitest'
import { decodeValue, encodeValue } from './value-codec.js'

const again = (value: unknown) => decodeValue(encodeValue(value))

describe('a stored value', () => {
  it('is the same JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), value => {
        const text = JSON.stringify(value)
        fc.pre(!text.includes('__proto__'))
        expect(JSON.stringify(again(value))).toBe(text)
      }),
    )
  })

  it('keeps bytes of every kind, wherever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        const value = { a: bytes, b: [Buffer.from(bytes)], c: { d: new Uint8Array(bytes) } }
        const buffer = Buffer.from(bytes)
        expect(again(value)).toEqual({ a: buffer, b: [buffer], c: { d: buffer } })
      }),
    )
  })

  it('keeps the bytes and numbers of protobuf messages, whose own JSON form has neither', () => {
    const message = proto.Message.decode(
      proto.Message.encode({
        imageMessage: { mediaKey: Buffer.alloc(32, 1), fileLength: 1_234_567_890_123, height: 5 },
      }).finish(),
    )
    expect(again({ message })).toMatchObject({
      message: { imageMessage: { mediaKey: Buffer.alloc(32, 1), fileLength: 1_234_567_890_123, height: 5 } },
    })
  })

  it('keeps numbers of 64 bits, as text where a number would not be exact', () => {
    const value = { low: -1, high: 0x1f_ffff, unsigned: false }
    expect(again([2n ** 53n, 5n, value])).toEqual(['9007199254740992', 5, Number.MAX_SAFE_INTEGER])
    expect(again({ low: -1, high: -1, unsigned: false })).toBe(-1)
    expect(again({ low: -1, high: -1, unsigned: true })).toBe('18446744073709551615')
  })

  it('keeps what errors say, and times as text', () => {
    const error = new KurirError('timed-out', 'too late', { statusCode: 408, data: { stage: 'x' } })
    expect(again([error, new TypeError('no'), new Date(0)])).toEqual([
      { name: 'KurirError', message: 'too late', code: 'timed-out', statusCode: 408, data: { stage: 'x' } },
      { name: 'TypeError', message: 'no' },
      '1970-01-01T00:00:00.000Z',
    ])
  })

  it('does not become a prototype', () => {
    const value = JSON.parse('{"__proto__": {"isAdmin": true}, "a": 1}')
    expect(Object.keys(again(value) as object)).toEqual(['a'])
  })

  it('is refused when it contains itself, and when the text is damaged', () => {
    const value: { self?: unknown } = {}
    value.self = value
    expect(() => encodeValue(value)).toThrowError(expect.objectContaining({ code: 'invalid-store-value' }))
    expect(() => decodeValue(Buffer.from('{'))).toThrowError(expect.objectContaining({ code: 'store-damaged' }))
  })
})
