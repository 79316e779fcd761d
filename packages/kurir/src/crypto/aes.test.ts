import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aesCbcDecrypt,
  aesCbcDecryptBlocks,
  aesCbcEncrypt,
  aesCtrDecrypt,
  aesCtrEncrypt,
  aesGcmDecrypt,
  aesGcmEncrypt,
} from './aes.js'

const hex = (text: string) => Buffer.from(text, 'hex')
const code = (value: string) => expect.objectContaining({ code: value })
const key = Buffer.alloc(32, 1)
const iv = Buffer.alloc(16, 2)
const nonce = Buffer.alloc(12, 3)
const messages = fc.uint8Array({ maxLength: 200 })

describe('AES-GCM', () => {
  it('gives the published results for AES-256 (GCM specification, cases 13 and 14)', () => {
    const zeros = Buffer.alloc(32)
    expect(aesGcmEncrypt(zeros, Buffer.alloc(12), Buffer.alloc(0)).toString('hex')).toBe(
      '530f8afbc74536b9a963b4f1c4cb738b',
    )
    expect(aesGcmEncrypt(zeros, Buffer.alloc(12), Buffer.alloc(16)).toString('hex')).toBe(
      'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
    )
  })

  it('decrypts what it encrypted, with and without additional data', () => {
    fc.assert(
      fc.property(messages, fc.option(messages, { nil: undefined }), (message, aad) => {
        const sealed = aesGcmEncrypt(key, nonce, message, aad)
        expect(sealed.byteLength).toBe(message.byteLength + 16)
        expect(aesGcmDecrypt(key, nonce, sealed, aad)).toEqual(Buffer.from(message))
      }),
    )
  })

  it('refuses any change with mac-mismatch, status 400', () => {
    const sealed = aesGcmEncrypt(key, nonce, Buffer.from('secret text'), Buffer.from('header'))
    const mismatch = expect.objectContaining({
      code: 'mac-mismatch',
      retryable: false,
      output: expect.objectContaining({ statusCode: 400 }),
    })
    for (let index = 0; index < sealed.byteLength; index += 1) {
      const changed = Buffer.from(sealed)
      changed[index] = changed[index]! ^ 1
      expect(() => aesGcmDecrypt(key, nonce, changed, Buffer.from('header'))).toThrowError(mismatch)
    }
    expect(() => aesGcmDecrypt(key, nonce, sealed, Buffer.from('Header'))).toThrowError(mismatch)
    expect(() => aesGcmDecrypt(key, nonce, sealed)).toThrowError(mismatch)
    expect(() => aesGcmDecrypt(Buffer.alloc(32), nonce, sealed, Buffer.from('header'))).toThrowError(mismatch)
    expect(() => aesGcmDecrypt(key, Buffer.alloc(12), sealed, Buffer.from('header'))).toThrowError(mismatch)
    for (const length of [0, 15, 16]) {
      expect(() => aesGcmDecrypt(key, nonce, sealed.subarray(0, length), Buffer.from('header'))).toThrowError(mismatch)
    }
  })

  it('puts no key and no text into the error', () => {
    const sealed = aesGcmEncrypt(Buffer.from('k'.repeat(32)), nonce, Buffer.from('visible'))
    let thrown: unknown
    try {
      aesGcmDecrypt(Buffer.from('j'.repeat(32)), nonce, sealed)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'mac-mismatch' })
    expect(inspect(thrown, { depth: 9, showHidden: true })).not.toMatch(/jjj|6a6a6a|6a, 6a|visible/)
    expect((thrown as Error).cause).toBeUndefined()
  })
})

describe('AES-CBC', () => {
  it('gives the published result (NIST SP 800-38A, F.2.5) and appends a block of padding', () => {
    const specKey = hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4')
    const specIv = hex('000102030405060708090a0b0c0d0e0f')
    const sealed = aesCbcEncrypt(specKey, specIv, hex('6bc1bee22e409f96e93d7e117393172a'))
    expect(sealed.byteLength).toBe(32)
    expect(sealed.subarray(0, 16).toString('hex')).toBe('f58c4c04d6e5f1ba779eabfb5f7bfbd6')
  })

  it('decrypts what it encrypted', () => {
    fc.assert(
      fc.property(messages, message => {
        expect(aesCbcDecrypt(key, iv, aesCbcEncrypt(key, iv, message))).toEqual(Buffer.from(message))
      }),
    )
  })

  it('refuses lengths that are no multiple of a block, and bad padding', () => {
    const sealed = aesCbcEncrypt(key, iv, Buffer.alloc(20))
    for (const length of [0, 1, 31]) {
      expect(() => aesCbcDecrypt(key, iv, sealed.subarray(0, length))).toThrowError(code('decryption-failed'))
    }
    expect(() => aesCbcDecrypt(key, iv, sealed.subarray(0, 16))).toThrowError(code('decryption-failed'))
  })

  it('decrypts several ciphertexts as one when each comes behind its initialisation vector', () => {
    fc.assert(
      fc.property(fc.array(messages, { minLength: 1, maxLength: 5 }), list => {
        const sealed = list.map((message, index) => {
          const ownIv = Buffer.alloc(16, index + 1)
          return Buffer.concat([ownIv, aesCbcEncrypt(key, ownIv, message)])
        })
        const plaintext = aesCbcDecryptBlocks(key, iv, Buffer.concat(sealed))
        let offset = 0
        list.forEach((message, index) => {
          const start = offset + 16
          expect(plaintext.subarray(start, start + message.byteLength)).toEqual(Buffer.from(message))
          offset += sealed[index]!.byteLength
        })
        expect(offset).toBe(plaintext.byteLength)
      }),
    )
    expect(() => aesCbcDecryptBlocks(key, iv, Buffer.alloc(17))).toThrowError(code('decryption-failed'))
  })
})

describe('AES-CTR', () => {
  it('gives the published result (NIST SP 800-38A, F.5.5)', () => {
    const specKey = hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4')
    const counter = hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')
    expect(aesCtrEncrypt(specKey, counter, hex('6bc1bee22e409f96e93d7e117393172a')).toString('hex')).toBe(
      '601ec313775789a5b7a7f504bbf3d228',
    )
  })

  it('decrypts what it encrypted', () => {
    fc.assert(
      fc.property(messages, message => {
        expect(aesCtrDecrypt(key, iv, aesCtrEncrypt(key, iv, message))).toEqual(Buffer.from(message))
      }),
    )
  })
})

describe('lengths', () => {
  it('of keys and vectors are checked with typed errors', () => {
    const short = Buffer.alloc(16)
    for (const use of [aesGcmEncrypt, aesGcmDecrypt, aesCbcEncrypt, aesCbcDecrypt, aesCtrEncrypt, aesCtrDecrypt]) {
      expect(() => use(short, iv, Buffer.alloc(32))).toThrowError(code('invalid-key-length'))
    }
    for (const use of [aesCbcEncrypt, aesCbcDecrypt, aesCtrEncrypt, aesCtrDecrypt]) {
      expect(() => use(key, nonce, Buffer.alloc(32))).toThrowError(code('invalid-iv-length'))
    }
  })
})
