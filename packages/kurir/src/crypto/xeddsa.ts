import { type KeyObject, verify as verifyNatively } from 'node:crypto'
import { KurirError } from '../errors/index.js'
import { BoundedCache } from './bounded-cache.js'
import { type KeyPair, rawPublicKey } from './curve.js'
import { sha512 } from './digest.js'
import {
  clampScalar,
  edwardsFromMontgomery,
  groupOrder,
  integerToLittleEndian,
  invert,
  littleEndianToInteger,
} from './field.js'
import { asBuffer, exportPublicKey, importPrivateKey, importPublicKey } from './key-objects.js'
import { constantTimeEqual, randomBytes } from './random.js'
import { signWithSeed } from './signing-key.js'

/** Bytes of a signature. */
export const signatureLength = 64
const signBit = 0x80

/*
 * XEdDSA (docs/protocol/02 §1.2) needs one multiplication of the base point by a secret number per signature, which
 * Node does not offer as such. It offers it inside Ed25519: importing a seed computes k·B for k = clamp(SHA-512(seed)).
 * A nonce made only of clamped numbers would be biased (k/8 modulo the group order covers one half of the numbers),
 * and biased nonces give the key away. Negating it with probability one half covers the other half: r = ±k is uniform
 * to within 2^-126, because the order is 2^252 plus less than 2^125. Negating k·B is flipping the sign bit of its
 * encoding. So a signature costs one native import, about 40 µs, in constant time and without field arithmetic here.
 */

/** What signing with a private key needs besides the key: found once per key. */
interface Signer {
  /** The clamped scalar: to notice when the caller's array has been overwritten. */
  readonly clamped: Buffer
  readonly scalar: bigint
  /** The encoded Edwards point of the scalar, with its sign bit. */
  readonly edwardsPublic: Buffer
}

const signers = new WeakMap<Uint8Array, Signer>()

/**
 * Signs with a Curve25519 private key. Two signatures of one message differ.
 *
 * @param key the 32-byte private key, or a pair; a pair that carries its Ed25519 `seed` is signed with natively
 * @param random 64 bytes to be used as Z of `docs/protocol/02` §1.2, for reproducible signatures in tests: slow
 * @returns 64 bytes: R, s, and the sign of the public point in the top bit
 * @throws KurirError `invalid-private-key`
 */
export function xeddsaSign(key: Uint8Array | KeyPair, message: Uint8Array, random?: Uint8Array): Buffer {
  if (key instanceof Uint8Array) return signWithScalar(signerOf(key), message, random)
  if (key.seed !== undefined && random === undefined) return signWithSeed(key.seed, message)
  return signWithScalar(signerOf(key.private), message, random)
}

function signWithScalar(signer: Signer, message: Uint8Array, random: Uint8Array | undefined): Buffer {
  if (random === undefined) return complete(signer, message, freshNonce(signer.clamped, message))
  const nonce = littleEndianToInteger(nonceHash(signer.clamped, message, random)) % groupOrder
  return complete(signer, message, { scalar: nonce, point: multiplyBase(nonce) })
}

interface Nonce {
  readonly scalar: bigint
  /** The encoded Edwards point of the scalar. */
  readonly point: Buffer
}

const noncePrefix = Buffer.concat([Buffer.of(0xfe), Buffer.alloc(31, 0xff)])

function nonceHash(clamped: Uint8Array, message: Uint8Array, random: Uint8Array): Buffer {
  return sha512(noncePrefix, clamped, message, random)
}

/** A uniform nonce, bound to key and message as well as to fresh randomness so that a weak generator alone is no harm. */
function freshNonce(clamped: Uint8Array, message: Uint8Array): Nonce {
  const material = nonceHash(clamped, message, randomBytes(64))
  const seed = material.subarray(0, 32)
  const point = exportPublicKey(importPrivateKey('Ed25519', seed))
  const scalar = littleEndianToInteger(clampScalar(sha512(seed))) % groupOrder
  const negate = (material.readUInt8(32) & 1) === 1
  if (!negate) return { scalar, point }
  point.writeUInt8(point.readUInt8(31) ^ signBit, 31)
  return { scalar: groupOrder - scalar, point }
}

/** R ‖ s with s = r + SHA-512(R ‖ A ‖ M)·a, and the sign of A in the top bit. */
function complete(signer: Signer, message: Uint8Array, nonce: Nonce): Buffer {
  const challenge = littleEndianToInteger(sha512(nonce.point, signer.edwardsPublic, message))
  const s = integerToLittleEndian((nonce.scalar + challenge * signer.scalar) % groupOrder)
  const signature = Buffer.concat([nonce.point, s], signatureLength)
  signature.writeUInt8(signature.readUInt8(63) | (signer.edwardsPublic.readUInt8(31) & signBit), 63)
  return signature
}

function signerOf(privateKey: Uint8Array): Signer {
  if (privateKey.byteLength !== 32) {
    throw new KurirError('invalid-private-key', 'A private key must have 32 bytes', {
      statusCode: 400,
      data: { length: privateKey.byteLength },
    })
  }
  const clamped = clampScalar(privateKey)
  const known = signers.get(privateKey)
  if (known !== undefined && constantTimeEqual(known.clamped, clamped)) return known
  const scalar = littleEndianToInteger(clamped) % groupOrder
  const signer: Signer = { clamped, scalar, edwardsPublic: multiplyBase(scalar) }
  signers.set(privateKey, signer)
  return signer
}

const inverseOfEight = invert(8n, groupOrder)
const smallestEighth = 2n ** 251n

/**
 * The encoded point scalar·B. X25519 multiplies by clamped numbers, 8m with 2^251 ≤ m < 2^252; as it drops the sign of
 * the point, that reaches every scalar (see above). Which sign is right is found out by a signature, since one with the
 * wrong sign does not verify.
 */
function multiplyBase(scalar: bigint): Buffer {
  const eighth = (scalar * inverseOfEight) % groupOrder
  const clamped = integerToLittleEndian(8n * (eighth < smallestEighth ? groupOrder - eighth : eighth))
  const point = edwardsFromMontgomery(exportPublicKey(importPrivateKey('X25519', clamped)))
  if (point === undefined) throw new KurirError('invalid-private-key', 'The private key has no public point')
  const trial = complete({ clamped, scalar, edwardsPublic: point }, noMessage, freshNonce(clamped, noMessage))
  if (!verifyNatively(null, noMessage, importPublicKey('Ed25519', point), trial)) {
    point.writeUInt8(point.readUInt8(31) | signBit, 31)
  }
  return point
}

const noMessage = Buffer.alloc(0)

/** Converted keys, by key and sign; a sender-key signing key verifies every message of its sender. About 1 KiB each. */
const verificationKeys = new BoundedCache<KeyObject>(1024)

/**
 * Verifies by native Ed25519 with the converted key, which is kept (`docs/protocol/02` §1.3).
 *
 * @param publicKey 32 raw bytes, or 33 with the type byte 05
 * @returns false for a signature that does not match, is not in canonical form or has not 64 bytes, and for a key of
 *   small order
 * @throws KurirError `invalid-public-key` for a key of another length or type
 */
export function xeddsaVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const raw = rawPublicKey(publicKey)
  const last = signature[63]
  if (signature.byteLength !== signatureLength || last === undefined || (last & 0x60) !== 0) return false
  const key = verificationKey(raw, last & signBit)
  if (key === undefined) return false
  const plain = Buffer.from(signature)
  plain[63] = last & 0x7f
  return verifyNatively(null, message, key, plain)
}

function verificationKey(publicKey: Uint8Array, sign: number): KeyObject | undefined {
  const cacheKey = asBuffer(publicKey).toString('latin1') + (sign === 0 ? '+' : '-')
  const known = verificationKeys.get(cacheKey)
  if (known !== undefined) return known
  const point = edwardsFromMontgomery(publicKey)
  if (point === undefined) return undefined
  point.writeUInt8(point.readUInt8(31) | sign, 31)
  const key = importPublicKey('Ed25519', point)
  verificationKeys.set(cacheKey, key)
  return key
}
