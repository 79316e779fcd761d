import { createHash } from 'node:crypto'
import { aesGcmDecrypt, aesGcmEncrypt } from '../crypto/aes.js'
import { hkdf } from '../crypto/hkdf.js'
import { NOISE_WA_HEADER } from './constants.js'
import { NonceCounter } from './nonce-counter.js'

const hashLength = 32
const keyLength = 32
const noInput = Buffer.alloc(0)

/** The two keys of a finished handshake: the first encrypts what the initiator sends. */
export interface TransportKeys {
  readonly initiatorToResponder: Buffer
  readonly responderToInitiator: Buffer
}

/** The running hash, chaining key and cipher key of a handshake in progress (`docs/protocol/01` §2.2). */
export class SymmetricState {
  #hash: Buffer
  #chainingKey: Buffer
  #key: Buffer
  #nonce = new NonceCounter()

  /** Starts with the protocol name and mixes in the prologue, which is the intro without its routing info. */
  constructor(protocolName: string, prologue: Uint8Array = NOISE_WA_HEADER) {
    const name = Buffer.from(protocolName, 'latin1')
    this.#hash = name.byteLength === hashLength ? name : createHash('sha256').update(name).digest()
    this.#chainingKey = this.#hash
    this.#key = this.#hash
    this.mixHash(prologue)
  }

  /** The hash of everything exchanged so far. */
  get hash(): Buffer {
    return this.#hash
  }

  mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest()
  }

  /** Mixes a shared secret into the keys and starts the nonce again. */
  mixKey(sharedSecret: Uint8Array): void {
    const output = hkdf(sharedSecret, hashLength + keyLength, { salt: this.#chainingKey })
    this.#chainingKey = output.subarray(0, hashLength)
    this.#key = output.subarray(hashLength)
    this.#nonce = new NonceCounter()
  }

  encrypt(plaintext: Uint8Array): Buffer {
    const ciphertext = aesGcmEncrypt(this.#key, this.#nonce.next(), plaintext, this.#hash)
    this.mixHash(ciphertext)
    return ciphertext
  }

  /** @throws KurirError `mac-mismatch` */
  decrypt(ciphertext: Uint8Array): Buffer {
    const plaintext = aesGcmDecrypt(this.#key, this.#nonce.next(), ciphertext, this.#hash)
    this.mixHash(ciphertext)
    return plaintext
  }

  /** The transport keys. They depend on the mixed secrets only, not on what is encrypted after the last of them. */
  split(): TransportKeys {
    const output = hkdf(noInput, 2 * keyLength, { salt: this.#chainingKey })
    return {
      initiatorToResponder: output.subarray(0, keyLength),
      responderToInitiator: output.subarray(keyLength),
    }
  }
}
