import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import {
  encodeNewsletterMessage,
  encodeWAMessage,
  padMessage,
  unpadRandomMax16,
  writeRandomPadMax16,
} from './padding.js'
import { hex, readFixture } from './testing/fixtures.js'

interface Vectors {
  plain: string
  cases: { n: number; padded: string }[]
  emptyPlain: { n: number; padded: string }[]
  invalid: { id: string; padded: string }[]
}
const vectors = readFixture<Vectors>('vectors/02-padding.json')

describe('padding', () => {
  for (const { n, padded } of vectors.cases) {
    it(`appends and removes ${n} bytes`, () => {
      expect(padMessage(hex(vectors.plain), n).toString('hex')).toBe(padded)
      expect(Buffer.from(unpadRandomMax16(hex(padded))).toString('hex')).toBe(vectors.plain)
    })
  }

  for (const { n, padded } of vectors.emptyPlain) {
    it(`handles an empty message with ${n} bytes`, () => {
      expect(padMessage(new Uint8Array(0), n).toString('hex')).toBe(padded)
      expect(unpadRandomMax16(hex(padded))).toHaveLength(0)
    })
  }

  for (const { id, padded } of vectors.invalid) {
    it(`refuses ${id} (docs/protocol/02, 4.1: verify, refuse 0 and more than 16)`, () => {
      expect(() => unpadRandomMax16(hex(padded))).toThrow(expect.objectContaining({ code: 'invalid-padding' }))
    })
  }

  it('refuses pads of more than 16 bytes (docs/protocol/02, 4.1)', () => {
    expect(() => unpadRandomMax16(Buffer.alloc(40, 17))).toThrow(expect.objectContaining({ code: 'invalid-padding' }))
    expect(() => padMessage(hex('00'), 17)).toThrow(expect.objectContaining({ code: 'invalid-padding' }))
    expect(() => padMessage(hex('00'), 0)).toThrow(expect.objectContaining({ code: 'invalid-padding' }))
  })

  it('uses every length from 1 to 16', () => {
    const lengths = new Set(Array.from({ length: 2_000 }, () => writeRandomPadMax16(hex(vectors.plain)).byteLength - 4))
    expect([...lengths].sort((left, right) => left - right)).toEqual(
      Array.from({ length: 16 }, (_, index) => index + 1),
    )
  })

  it('gives back what was padded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 1, max: 16 }), (plain, length) => {
        expect(Buffer.from(unpadRandomMax16(padMessage(plain, length)))).toEqual(Buffer.from(plain))
      }),
    )
  })

  it('refuses every change to a pad byte', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 16 }),
        fc.integer({ min: 2, max: 16 }),
        fc.integer({ min: 1, max: 255 }),
        (length, position, change) => {
          fc.pre(position <= length)
          const padded = padMessage(hex('aabbcc'), length)
          const index = padded.byteLength - position
          padded[index] = padded[index]! ^ change
          expect(() => unpadRandomMax16(padded)).toThrow(expect.objectContaining({ code: 'invalid-padding' }))
        },
      ),
    )
  })

  it('encodes messages with a pad for devices and without one for channels', () => {
    const message = { conversation: 'hi' }
    expect(encodeNewsletterMessage(message)).toEqual(Buffer.from(vectors.plain, 'hex'))
    expect(proto.Message.decode(unpadRandomMax16(encodeWAMessage(message))).conversation).toBe('hi')
  })
})
