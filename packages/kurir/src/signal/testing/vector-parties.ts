import type { KeyPair } from '../../crypto/curve.js'
import type { LocalIdentity } from '../session.js'
import type { E2ESession, ResponderKeys } from '../x3dh.js'
import { hex } from './vectors.js'

/** Keys and devices as the vector files write them: hex. */
export interface VectorKeyPair {
  readonly private: string
  readonly public: string
}

export interface VectorParty {
  readonly registrationId: number
  readonly identity: VectorKeyPair
  readonly signedPreKey: VectorKeyPair & { readonly keyId: number; readonly signature: string }
  readonly preKey: VectorKeyPair & { readonly keyId: number }
}

export interface VectorBundle {
  readonly registrationId: number
  readonly identityKey: string
  readonly signedPreKey: { readonly keyId: number; readonly publicKey: string; readonly signature: string }
  readonly preKey?: { readonly keyId: number; readonly publicKey: string }
}

export function keyPairOf(pair: VectorKeyPair): KeyPair {
  return { public: hex(pair.public), private: hex(pair.private) }
}

export function identityOf(party: VectorParty): LocalIdentity {
  return { keyPair: keyPairOf(party.identity), registrationId: party.registrationId }
}

export function bundleOf(bundle: VectorBundle): E2ESession {
  const { registrationId, identityKey, signedPreKey, preKey } = bundle
  return {
    registrationId,
    identityKey: hex(identityKey),
    signedPreKey: {
      keyId: signedPreKey.keyId,
      publicKey: hex(signedPreKey.publicKey),
      signature: hex(signedPreKey.signature),
    },
    ...(preKey === undefined ? {} : { preKey: { keyId: preKey.keyId, publicKey: hex(preKey.publicKey) } }),
  }
}

export function responderKeysOf(party: VectorParty, withPreKey = true): ResponderKeys {
  return { signedPreKey: keyPairOf(party.signedPreKey), preKey: withPreKey ? keyPairOf(party.preKey) : undefined }
}

/** A generator that hands out the given pairs, and fails when there are no more. */
export function generatorOf(...pairs: readonly VectorKeyPair[]): () => KeyPair {
  const queue = [...pairs]
  return () => {
    const next = queue.shift()
    if (next === undefined) throw new Error('a key pair was generated where none was expected')
    return keyPairOf(next)
  }
}
