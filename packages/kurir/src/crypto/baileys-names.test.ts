import * as baileys from 'baileys'
import { describe, expect, it } from 'vitest'
import * as kurir from './baileys-names.js'
import { typedPublicKey } from './curve.js'

const key = Buffer.alloc(32, 1)
const iv16 = Buffer.alloc(16, 2)
const iv12 = Buffer.alloc(12, 3)
const aad = Buffer.from('aad')
const text = Buffer.from('text of more than sixteen bytes')

type Bytes = Uint8Array
/** Calls both functions as a user calls them. */
const same = <Parameters extends readonly unknown[]>(
  ours: (...parameters: Parameters) => Bytes,
  theirs: (...parameters: Parameters) => Bytes,
  ...parameters: Parameters
) => {
  expect(Buffer.from(ours(...parameters))).toEqual(Buffer.from(theirs(...parameters)))
}

describe('the crypto names of Baileys (docs/protocol/06 §3.8 and §3.9)', () => {
  it('give the same results', () => {
    same(kurir.aesEncryptGCM, baileys.aesEncryptGCM, text, key, iv12, aad)
    same(kurir.aesDecryptGCM, baileys.aesDecryptGCM, baileys.aesEncryptGCM(text, key, iv12, aad), key, iv12, aad)
    same(kurir.aesEncryptCTR, baileys.aesEncryptCTR, text, key, iv16)
    same(kurir.aesDecryptCTR, baileys.aesDecryptCTR, text, key, iv16)
    same(kurir.aesEncrypWithIV, baileys.aesEncrypWithIV, text, key, iv16)
    same(kurir.aesDecryptWithIV, baileys.aesDecryptWithIV, baileys.aesEncrypWithIV(text, key, iv16), key, iv16)
    same(kurir.aesDecrypt, baileys.aesDecrypt, baileys.aesEncrypt(text, key), key)
    same(kurir.hmacSign, baileys.hmacSign, text, key)
    same(kurir.hmacSign, baileys.hmacSign, text, key, 'sha512')
    same(kurir.sha256, baileys.sha256, text)
    same(kurir.md5, baileys.md5, text)
    same(kurir.hkdf, baileys.hkdf, text, 112, { info: 'WhatsApp Image Keys' })
    same(kurir.hkdf, baileys.hkdf, text, 64, { salt: key, info: '' })
    same(kurir.generateSignalPubKey, baileys.generateSignalPubKey, Buffer.alloc(32, 9))
    expect(baileys.aesDecrypt(kurir.aesEncrypt(text, key), key)).toEqual(text)
  })

  it('derive the same key of a pairing code', async () => {
    const salt = Buffer.alloc(32, 4)
    expect(await kurir.derivePairingCodeKey('ABCDEFGH', salt)).toEqual(
      await baileys.derivePairingCodeKey('ABCDEFGH', salt),
    )
  })

  it('agree and sign with each other', () => {
    const [ours, theirs] = [kurir.Curve.generateKeyPair(), baileys.Curve.generateKeyPair()]
    expect(kurir.Curve.sharedKey(ours.private, theirs.public)).toEqual(
      baileys.Curve.sharedKey(theirs.private, Buffer.from(ours.public)),
    )
    expect(kurir.Curve.verify(theirs.public, text, baileys.Curve.sign(theirs.private, text))).toBe(true)
    const signed = kurir.signedKeyPair(ours, 7)
    expect(signed.keyId).toBe(7)
    expect(kurir.Curve.verify(ours.public, typedPublicKey(signed.keyPair.public), signed.signature)).toBe(true)
  })

  it('Curve.verify uses the result of the check (docs/protocol/02 §1.5)', () => {
    const [signer, other] = [kurir.Curve.generateKeyPair(), kurir.Curve.generateKeyPair()]
    const signature = kurir.Curve.sign(signer.private, text)
    expect(kurir.Curve.verify(signer.public, text, signature)).toBe(true)
    expect(kurir.Curve.verify(other.public, text, signature)).toBe(false)
    expect(kurir.Curve.verify(signer.public, key, signature)).toBe(false)
  })
})
