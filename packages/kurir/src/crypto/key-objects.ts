import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { KurirError } from '../errors/index.js'

export type KeyCurve = 'X25519' | 'Ed25519'

/**
 * Keys are imported as JWK: Node hands the raw bytes straight to OpenSSL, which takes a tenth of the time that its
 * generic DER decoder needs for a private key.
 */
export function importPublicKey(curve: KeyCurve, publicKey: Uint8Array): KeyObject {
  const x = asBuffer(publicKey).toString('base64url')
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: curve, x } })
}

const pkcs8Prefix = {
  X25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  Ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
} as const

const unknownPublic = Buffer.alloc(32).toString('base64url')

/**
 * @param privateKey 32 bytes: the X25519 scalar or the Ed25519 seed
 * @param publicKey its public key where it is known. OpenSSL computes it again from the private key; the JWK only has
 *   to have the member.
 * @throws KurirError `invalid-private-key`
 */
export function importPrivateKey(curve: KeyCurve, privateKey: Uint8Array, publicKey?: Uint8Array): KeyObject {
  if (privateKey.byteLength !== 32) {
    throw new KurirError('invalid-private-key', 'A private key must have 32 bytes', {
      statusCode: 400,
      data: { length: privateKey.byteLength },
    })
  }
  const d = asBuffer(privateKey).toString('base64url')
  const x = publicKey === undefined ? unknownPublic : asBuffer(publicKey).toString('base64url')
  try {
    return createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: curve, x, d } })
  } catch {
    // A Node version that insists on a matching public key: the slow form carries none.
    const der = Buffer.concat([pkcs8Prefix[curve], privateKey])
    return createPrivateKey({ format: 'der', type: 'pkcs8', key: der })
  }
}

/** The raw public bytes of a private or public key object. */
export function exportPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
