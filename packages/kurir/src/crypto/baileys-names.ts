/** The crypto functions under the names and with the argument order of Baileys (`docs/protocol/06` §3.8 and §3.9). */
import { aesCbcDecrypt, aesCbcEncrypt, aesCtrDecrypt, aesCtrEncrypt, aesGcmDecrypt, aesGcmEncrypt } from './aes.js'
import { generateKeyPair, type KeyPair, typedPublicKey, x25519WithPrivate } from './curve.js'
import { hmacSha256, hmacSha512 } from './digest.js'
import { hkdf as hkdfSha256, pbkdf2Sha256 } from './hkdf.js'
import { randomBytes } from './random.js'
import { xeddsaSign, xeddsaVerify } from './xeddsa.js'

export { md5, sha256 } from './digest.js'

const ivLength = 16

/**
 * X25519 and XEdDSA. Public keys may have 32 bytes or 33 with the type byte; `verify` really verifies, which it does
 * not do in Baileys (`docs/protocol/02` §1.5).
 */
export const Curve = {
  generateKeyPair: (): KeyPair => generateKeyPair(),
  sharedKey: (privateKey: Uint8Array, publicKey: Uint8Array): Buffer => x25519WithPrivate(privateKey, publicKey),
  sign: (privateKey: Uint8Array, message: Uint8Array): Uint8Array => xeddsaSign(privateKey, message),
  verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
    xeddsaVerify(publicKey, message, signature),
}

/** The 33-byte form of a public key, with the type byte 05. */
export const generateSignalPubKey = (publicKey: Uint8Array): Uint8Array => typedPublicKey(publicKey)

/** A new key pair whose 33-byte public key is signed by the identity key. */
export function signedKeyPair(
  identityKeyPair: KeyPair,
  keyId: number,
): { keyPair: KeyPair; signature: Uint8Array; keyId: number } {
  const keyPair = generateKeyPair()
  return { keyPair, signature: xeddsaSign(identityKeyPair, typedPublicKey(keyPair.public)), keyId }
}

/** AES-256-GCM with the tag appended. */
export function aesEncryptGCM(
  plaintext: Uint8Array,
  key: Uint8Array,
  iv: Uint8Array,
  additionalData: Uint8Array,
): Buffer {
  return aesGcmEncrypt(key, iv, plaintext, additionalData)
}

/** @throws KurirError `mac-mismatch` */
export function aesDecryptGCM(
  ciphertext: Uint8Array,
  key: Uint8Array,
  iv: Uint8Array,
  additionalData: Uint8Array,
): Buffer {
  return aesGcmDecrypt(key, iv, ciphertext, additionalData)
}

export function aesEncryptCTR(plaintext: Uint8Array, key: Uint8Array, iv: Uint8Array): Buffer {
  return aesCtrEncrypt(key, iv, plaintext)
}

export function aesDecryptCTR(ciphertext: Uint8Array, key: Uint8Array, iv: Uint8Array): Buffer {
  return aesCtrDecrypt(key, iv, ciphertext)
}

/** AES-256-CBC with a random IV in front of the ciphertext. */
export function aesEncrypt(buffer: Uint8Array, key: Uint8Array): Buffer {
  const iv = randomBytes(ivLength)
  return Buffer.concat([iv, aesCbcEncrypt(key, iv, buffer)])
}

/** Inverse of {@link aesEncrypt}. @throws KurirError `decryption-failed`, `invalid-iv-length` */
export function aesDecrypt(buffer: Uint8Array, key: Uint8Array): Buffer {
  return aesCbcDecrypt(key, buffer.subarray(0, ivLength), buffer.subarray(ivLength))
}

/** AES-256-CBC with the given IV (the name lacks its t, as in Baileys). */
export function aesEncrypWithIV(buffer: Uint8Array, key: Uint8Array, IV: Uint8Array): Buffer {
  return aesCbcEncrypt(key, IV, buffer)
}

/** @throws KurirError `decryption-failed` */
export function aesDecryptWithIV(buffer: Uint8Array, key: Uint8Array, IV: Uint8Array): Buffer {
  return aesCbcDecrypt(key, IV, buffer)
}

export function hmacSign(buffer: Uint8Array, key: Uint8Array, variant: 'sha256' | 'sha512' = 'sha256'): Buffer {
  return variant === 'sha512' ? hmacSha512(key, buffer) : hmacSha256(key, buffer)
}

/** HKDF-SHA256. */
export function hkdf(
  buffer: Uint8Array,
  expandedLength: number,
  info: { salt?: Uint8Array; info?: string },
): Uint8Array {
  return hkdfSha256(buffer, expandedLength, info)
}

const pairingCodeRounds = 131_072

/** The key of a pairing code: PBKDF2-SHA256, 131,072 rounds, 32 bytes (`docs/protocol/01` §7.2). */
export function derivePairingCodeKey(pairingCode: string, salt: Uint8Array): Promise<Buffer> {
  return pbkdf2Sha256(pairingCode, salt, pairingCodeRounds, 32)
}
