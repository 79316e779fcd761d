import { type KeyObject, sign as signNatively } from 'node:crypto'
import type { KeyPair } from './curve.js'
import { sha512 } from './digest.js'
import { clampScalar } from './field.js'
import { exportPublicKey, importPrivateKey } from './key-objects.js'
import { randomBytes } from './random.js'

/** A key pair whose private scalar comes from an Ed25519 seed, so that native Ed25519 signs with it. */
export interface SigningKeyPair extends KeyPair {
  /** 32 secret bytes. Without them the pair still works, through the general XEdDSA signer. */
  readonly seed: Uint8Array
}

interface SeedSigner {
  readonly key: KeyObject
  /** The sign of the public Edwards point, as the top bit of a byte. */
  readonly sign: number
}

const signers = new WeakMap<Uint8Array, SeedSigner>()

/** A new pair for signatures (sender keys, identities); `private` and `public` are ordinary Curve25519 keys. */
export function generateSigningKeyPair(): SigningKeyPair {
  return signingKeyPairFromSeed(randomBytes(32))
}

/**
 * The pair of a seed: the private key is the clamped first half of SHA-512(seed), as in Ed25519.
 *
 * @throws KurirError `invalid-private-key` when the seed has not 32 bytes
 */
export function signingKeyPairFromSeed(seed: Uint8Array): SigningKeyPair {
  signerOf(seed)
  const scalar = clampScalar(sha512(seed))
  return { public: exportPublicKey(importPrivateKey('X25519', scalar)), private: scalar, seed }
}

/**
 * An XEdDSA signature (64 bytes) made by native Ed25519. The nonce is Ed25519's own: a hash of the message and of the
 * secret second half of SHA-512(seed), so it needs no randomness and no two messages share it.
 *
 * @throws KurirError `invalid-private-key` when the seed has not 32 bytes
 */
export function signWithSeed(seed: Uint8Array, message: Uint8Array): Buffer {
  const signer = signerOf(seed)
  const signature = signNatively(null, message, signer.key)
  signature.writeUInt8(signature.readUInt8(63) | signer.sign, 63)
  return signature
}

function signerOf(seed: Uint8Array): SeedSigner {
  const known = signers.get(seed)
  if (known !== undefined) return known
  const key = importPrivateKey('Ed25519', seed)
  const signer: SeedSigner = { key, sign: exportPublicKey(key).readUInt8(31) & 0x80 }
  signers.set(seed, signer)
  return signer
}
