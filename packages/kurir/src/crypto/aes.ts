import { createCipheriv, createDecipheriv } from 'node:crypto'
import { KurirError } from '../errors/index.js'

/** Bytes of an AES-GCM authentication tag. */
export const gcmTagLength = 16
const blockLength = 16
const keyLength = 32

function checkKey(key: Uint8Array): void {
  if (key.byteLength !== keyLength) {
    throw new KurirError('invalid-key-length', 'AES-256 needs a key of 32 bytes', {
      statusCode: 400,
      data: { length: key.byteLength },
    })
  }
}

function checkBlockIv(iv: Uint8Array): void {
  if (iv.byteLength !== blockLength) {
    throw new KurirError('invalid-iv-length', 'The initialisation vector must have 16 bytes', {
      statusCode: 400,
      data: { length: iv.byteLength },
    })
  }
}

/** The one error of every failed authenticated decryption; it says nothing about keys or contents. */
export function macMismatch(): KurirError {
  return new KurirError('mac-mismatch', 'The authentication tag does not match', { statusCode: 400 })
}

function undecryptable(): KurirError {
  return new KurirError('decryption-failed', 'The ciphertext cannot be decrypted', { statusCode: 400 })
}

/** AES-256-GCM; the 16-byte tag is appended to the ciphertext. */
export function aesGcmEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array, aad?: Uint8Array): Buffer {
  checkKey(key)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  if (aad !== undefined) cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return Buffer.concat([ciphertext, cipher.getAuthTag()], ciphertext.byteLength + gcmTagLength)
}

/**
 * Inverse of {@link aesGcmEncrypt}.
 *
 * @throws KurirError `mac-mismatch` when the input is shorter than a tag or was not made with this key, IV and aad
 */
export function aesGcmDecrypt(
  key: Uint8Array,
  iv: Uint8Array,
  ciphertextWithTag: Uint8Array,
  aad?: Uint8Array,
): Buffer {
  checkKey(key)
  const length = ciphertextWithTag.byteLength - gcmTagLength
  if (length < 0) throw macMismatch()
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: gcmTagLength })
  decipher.setAuthTag(ciphertextWithTag.subarray(length))
  if (aad !== undefined) decipher.setAAD(aad)
  const plaintext = decipher.update(ciphertextWithTag.subarray(0, length))
  try {
    decipher.final()
  } catch {
    throw macMismatch()
  }
  return plaintext
}

/** AES-256-CBC with PKCS#7 padding. */
export function aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Buffer {
  checkKey(key)
  checkBlockIv(iv)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const head = cipher.update(plaintext)
  const tail = cipher.final()
  return head.byteLength === 0 ? tail : Buffer.concat([head, tail], head.byteLength + tail.byteLength)
}

/**
 * AES-256-CBC with PKCS#7 padding. CBC proves nothing: check the MAC of the message before calling this.
 *
 * @throws KurirError `decryption-failed` for a length that is not a positive multiple of 16 or bad padding
 */
export function aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer {
  checkKey(key)
  checkBlockIv(iv)
  const decipher = createDecipheriv('aes-256-cbc', key, iv)
  const head = decipher.update(ciphertext)
  let tail: Buffer
  try {
    tail = decipher.final()
  } catch {
    throw undecryptable()
  }
  if (head.byteLength === 0) return tail
  return tail.byteLength === 0 ? head : Buffer.concat([head, tail], head.byteLength + tail.byteLength)
}

/**
 * AES-256-CBC without padding, for callers that remove it themselves: every block of the result depends on two blocks of
 * the ciphertext alone, so several ciphertexts of one key are decrypted in one call when each is preceded by its
 * initialisation vector.
 *
 * @param ciphertext a multiple of 16 bytes
 * @throws KurirError `decryption-failed` for another length
 */
export function aesCbcDecryptBlocks(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer {
  checkKey(key)
  checkBlockIv(iv)
  if (ciphertext.byteLength % blockLength !== 0) throw undecryptable()
  return createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false).update(ciphertext)
}

/** AES-256-CTR with a 16-byte initial counter block. */
export function aesCtrEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Buffer {
  checkKey(key)
  checkBlockIv(iv)
  const cipher = createCipheriv('aes-256-ctr', key, iv)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return ciphertext
}

/** Inverse of {@link aesCtrEncrypt} (the same key stream). */
export function aesCtrDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer {
  return aesCtrEncrypt(key, iv, ciphertext)
}
