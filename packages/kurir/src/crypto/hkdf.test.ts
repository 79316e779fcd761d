import { hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hkdf, pbkdf2Sha256 } from './hkdf.js'

describe('hkdf', () => {
  it('gives the result of RFC 5869, appendix A.1', () => {
    const output = hkdf(Buffer.alloc(22, 0x0b), 42, {
      salt: Buffer.from('000102030405060708090a0b0c', 'hex'),
      info: Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'),
    })
    expect(output.toString('hex')).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    )
  })

  it('agrees with the implementation of Node for any input and length', () => {
    const bytes = fc.uint8Array({ maxLength: 80 })
    fc.assert(
      fc.property(
        bytes,
        bytes,
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 1, max: 400 }),
        (input, salt, info, length) => {
          expect(hkdf(input, length, { salt, info })).toEqual(
            Buffer.from(hkdfSync('sha256', input, salt, info, length)),
          )
        },
      ),
    )
  })

  it('takes an absent salt and info for empty ones', () => {
    const input = Buffer.from('input')
    expect(hkdf(input, 112)).toEqual(Buffer.from(hkdfSync('sha256', input, '', '', 112)))
  })

  it('reaches 8160 bytes and refuses more, zero and fractions', () => {
    const input = Buffer.from('input')
    expect(hkdf(input, 8160)).toEqual(Buffer.from(hkdfSync('sha256', input, '', '', 8160)))
    for (const length of [0, -1, 1.5, 8161, Number.NaN]) {
      expect(() => hkdf(input, length)).toThrowError(expect.objectContaining({ code: 'invalid-length' }))
    }
  })
})

describe('pbkdf2Sha256', () => {
  it('gives the published result for one round and for 4096', async () => {
    expect((await pbkdf2Sha256('password', Buffer.from('salt'), 1, 32)).toString('hex')).toBe(
      '120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b',
    )
    expect((await pbkdf2Sha256('password', Buffer.from('salt'), 4096, 32)).toString('hex')).toBe(
      'c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a',
    )
  })
})
