import { diffieHellman, type KeyObject } from 'node:crypto'
import { KurirError } from '../errors/index.js'
import { BoundedCache } from './bounded-cache.js'
import { clampScalar } from './field.js'
import { asBuffer, exportPublicKey, importPrivateKey, importPublicKey } from './key-objects.js'
import { randomBytes } from './random.js'

/** A Curve25519 key pair: raw 32-byte Montgomery u-coordinate and 32-byte private scalar (clamped on use). */
export interface KeyPair {
  readonly public: Uint8Array
  readonly private: Uint8Array
  /** The Ed25519 seed that the private scalar comes from, where the pair was made for signing. */
  readonly seed?: Uint8Array
}

/** The type byte of a Curve25519 key in Signal structures (`docs/protocol/02` §1.1). */
export const keyBundleType = 5
const rawLength = 32

/** Native key objects live as long as the pair they were made for, so repeated agreements skip the import. */
const privateKeys = new WeakMap<KeyPair, KeyObject>()
/** Ratchet keys of a peer are used twice in a row, identity keys often: 128 of them cost about 100 KiB. */
const publicKeys = new BoundedCache<KeyObject>(128)

/**
 * A new key pair. The native key object stays attached to the returned object (not to copies of it); whoever keeps
 * hundreds of pairs should keep copies of the bytes alone.
 */
export function generateKeyPair(): KeyPair {
  // Not `generateKeyPairSync`: exporting the key it makes can deadlock in Node 20. The export holds a lock while it
  // allocates, and a collection at that moment destroys the finished generation job, which takes the same lock.
  return keyPairFromPrivate(clampScalar(randomBytes(rawLength)))
}

/**
 * The pair of a stored private key; its public key is computed.
 *
 * @throws KurirError `invalid-private-key` when it has not 32 bytes
 */
export function keyPairFromPrivate(privateKey: Uint8Array): KeyPair {
  const key = importPrivateKey('X25519', privateKey)
  const pair: KeyPair = { public: exportPublicKey(key), private: Buffer.from(privateKey) }
  privateKeys.set(pair, key)
  return pair
}

/**
 * X25519 agreement: 32 bytes.
 *
 * @param peerPublic 32 raw bytes, or 33 with the type byte 05
 * @throws KurirError `invalid-public-key` for another form and for keys of small order, whose result would be all zero
 */
export function x25519(keyPair: KeyPair, peerPublic: Uint8Array): Buffer {
  let privateKey = privateKeys.get(keyPair)
  if (privateKey === undefined) {
    privateKey = importPrivateKey('X25519', keyPair.private, keyPair.public)
    privateKeys.set(keyPair, privateKey)
  }
  return agree(privateKey, peerPublic)
}

/** X25519 with a bare private key; {@link x25519} is cheaper for a pair that is used again. */
export function x25519WithPrivate(privateKey: Uint8Array, peerPublic: Uint8Array): Buffer {
  return agree(importPrivateKey('X25519', privateKey), peerPublic)
}

function agree(privateKey: KeyObject, peerPublic: Uint8Array): Buffer {
  const raw = asBuffer(rawPublicKey(peerPublic))
  const cacheKey = raw.toString('latin1')
  let publicKey = publicKeys.get(cacheKey)
  if (publicKey === undefined) {
    publicKey = importPublicKey('X25519', raw)
    publicKeys.set(cacheKey, publicKey)
  }
  try {
    return diffieHellman({ privateKey, publicKey })
  } catch {
    // OpenSSL refuses an all-zero result, which only a peer key of small order produces.
    throw invalidPublicKey('The public key has a small order', rawLength)
  }
}

/** The 33-byte form with the type byte 05; accepts both forms. */
export function typedPublicKey(publicKey: Uint8Array): Uint8Array {
  const raw = rawPublicKey(publicKey)
  if (raw !== publicKey) return publicKey
  const typed = Buffer.allocUnsafe(rawLength + 1)
  typed[0] = keyBundleType
  typed.set(raw, 1)
  return typed
}

/**
 * The 32-byte form; accepts both forms. The result shares memory with the argument.
 *
 * @throws KurirError `invalid-public-key` for any other length or type byte
 */
export function rawPublicKey(publicKey: Uint8Array): Uint8Array {
  if (publicKey.byteLength === rawLength) return publicKey
  if (publicKey.byteLength === rawLength + 1 && publicKey[0] === keyBundleType) return publicKey.subarray(1)
  throw invalidPublicKey('A public key must have 32 bytes, or 33 with the type byte 05', publicKey.byteLength)
}

function invalidPublicKey(message: string, length: number): KurirError {
  return new KurirError('invalid-public-key', message, { statusCode: 400, data: { length } })
}
