import { generateKeyPair, type KeyPair, typedPublicKey } from '../../crypto/curve.js'
import { xeddsaSign } from '../../crypto/xeddsa.js'
import { silentLogger } from '../../logger/logger.js'
import type { SignalCreds } from '../key-store.js'
import { type E2ESession, makeLibSignalRepository, type SignalRepositoryOptions } from '../repository.js'
import { MemoryKeyStore } from './memory-key-store.js'

/** A device with credentials, a key store and a repository, for tests. */
export interface Party {
  readonly jid: string
  readonly creds: SignalCreds
  readonly keys: MemoryKeyStore
  repository: ReturnType<typeof makeLibSignalRepository>
  /** A bundle with a fresh one-time prekey, whose private half is put into the store. */
  bundle(): E2ESession
  /** A bundle without a one-time prekey. */
  bundleWithoutPreKey(): E2ESession
  /** A new repository that shares nothing with the old one but the stored rows. */
  restarted(): Party
}

export function makeCreds(identity: KeyPair = generateKeyPair()): SignalCreds {
  const keyPair = generateKeyPair()
  const signature = xeddsaSign(identity.private, typedPublicKey(keyPair.public))
  return { signedIdentityKey: identity, signedPreKey: { keyPair, signature, keyId: 1 }, registrationId: 1234 }
}

export function makeParty(
  jid: string,
  options: SignalRepositoryOptions & { readonly creds?: SignalCreds; readonly keys?: MemoryKeyStore } = {},
): Party {
  const { creds = makeCreds(), keys = new MemoryKeyStore(), ...repositoryOptions } = options
  let nextPreKeyId = 1
  while (keys.value('pre-key', String(nextPreKeyId))) nextPreKeyId++
  const bundleWithoutPreKey = (): E2ESession => ({
    registrationId: creds.registrationId,
    identityKey: typedPublicKey(creds.signedIdentityKey.public),
    signedPreKey: {
      keyId: creds.signedPreKey.keyId,
      publicKey: typedPublicKey(creds.signedPreKey.keyPair.public),
      signature: creds.signedPreKey.signature,
    },
  })
  return {
    jid,
    creds,
    keys,
    repository: makeLibSignalRepository({ creds, keys }, silentLogger, undefined, repositoryOptions),
    bundleWithoutPreKey,
    bundle() {
      const pair = generateKeyPair()
      const keyId = nextPreKeyId++
      keys.rows.set(`pre-key\n${keyId}`, { public: pair.public, private: pair.private })
      return { ...bundleWithoutPreKey(), preKey: { keyId, publicKey: typedPublicKey(pair.public) } }
    },
    restarted() {
      const copy = new MemoryKeyStore()
      for (const [key, value] of keys.rows) copy.rows.set(key, structuredClone(value))
      return makeParty(jid, { ...repositoryOptions, creds: structuredClone(creds), keys: copy })
    },
  }
}
