import * as libsignal from 'libsignal'
import { generateKeyPair, typedPublicKey } from '../../crypto/curve.js'
import { xeddsaSign } from '../../crypto/xeddsa.js'
import type { LibsignalSessionRecord } from '../key-store.js'
import type { E2ESession } from '../x3dh.js'

interface LibsignalKeyPair {
  readonly pubKey: Buffer
  readonly privKey: Buffer
}

function makePair(): LibsignalKeyPair {
  const pair = generateKeyPair()
  return { pubKey: Buffer.from(typedPublicKey(pair.public)), privKey: Buffer.from(pair.private) }
}

/** A device that runs libsignal-node as Baileys does, for differential tests. Sessions are kept in its JSON form. */
export class LibsignalParty {
  readonly identity = makePair()
  readonly registrationId = 999
  readonly sessions = new Map<string, string>()
  readonly #signedPreKey = makePair()
  readonly #preKeys = new Map<number, LibsignalKeyPair>()
  #nextPreKeyId = 1

  bundle(): E2ESession {
    const preKey = makePair()
    const keyId = this.#nextPreKeyId++
    this.#preKeys.set(keyId, preKey)
    return {
      registrationId: this.registrationId,
      identityKey: this.identity.pubKey,
      signedPreKey: {
        keyId: 1,
        publicKey: this.#signedPreKey.pubKey,
        signature: xeddsaSign(this.identity.privKey, this.#signedPreKey.pubKey),
      },
      preKey: { keyId, publicKey: preKey.pubKey },
    }
  }

  async initiate(bundle: E2ESession): Promise<void> {
    const { preKey } = bundle
    if (preKey === undefined) throw new Error('libsignal-node wants a prekey')
    const asBuffers = {
      ...bundle,
      identityKey: Buffer.from(typedPublicKey(bundle.identityKey)),
      signedPreKey: { ...bundle.signedPreKey, publicKey: Buffer.from(typedPublicKey(bundle.signedPreKey.publicKey)) },
      preKey: { ...preKey, publicKey: Buffer.from(typedPublicKey(preKey.publicKey)) },
    }
    await new libsignal.SessionBuilder(this.#storage(), peer).initOutgoing(asBuffers)
  }

  async encrypt(plaintext: string): Promise<{ type: 'pkmsg' | 'msg'; ciphertext: Buffer }> {
    const { type, body } = await new libsignal.SessionCipher(this.#storage(), peer).encrypt(Buffer.from(plaintext))
    return { type: type === 3 ? 'pkmsg' : 'msg', ciphertext: Buffer.from(body, 'binary') }
  }

  async decrypt({ type, ciphertext }: { type: 'pkmsg' | 'msg'; ciphertext: Uint8Array }): Promise<string> {
    const cipher = new libsignal.SessionCipher(this.#storage(), peer)
    const bytes = Buffer.from(ciphertext)
    const plaintext = await (type === 'pkmsg'
      ? cipher.decryptPreKeyWhisperMessage(bytes)
      : cipher.decryptWhisperMessage(bytes))
    return Buffer.from(plaintext).toString()
  }

  /** The stored record of the one peer that this party talks to. */
  get record(): LibsignalSessionRecord {
    return JSON.parse(this.sessions.get(peer.toString()) ?? 'null') as LibsignalSessionRecord
  }

  set record(record: LibsignalSessionRecord) {
    this.sessions.set(peer.toString(), JSON.stringify(record))
  }

  #storage(): libsignal.SignalStorage {
    return {
      loadSession: async id => {
        const stored = this.sessions.get(id)
        return stored === undefined ? null : libsignal.SessionRecord.deserialize(JSON.parse(stored))
      },
      storeSession: async (id, session) => {
        this.sessions.set(id, JSON.stringify(session.serialize()))
      },
      isTrustedIdentity: () => true,
      loadPreKey: async id => this.#preKeys.get(Number(id)),
      removePreKey: id => {
        this.#preKeys.delete(id)
      },
      loadSignedPreKey: () => this.#signedPreKey,
      getOurRegistrationId: () => this.registrationId,
      getOurIdentity: () => this.identity,
    }
  }
}

const peer = new libsignal.ProtocolAddress('peer', 0)
