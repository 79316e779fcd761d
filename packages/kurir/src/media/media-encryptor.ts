import { type Cipher, createCipheriv, createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { mediaMacLength } from './media-format.js'
import type { MediaKeys } from './media-keys.js'
import { SidecarBuilder } from './sidecar.js'

/** What is known of a file once all of it has been encrypted. */
export interface EncryptedMediaInfo {
  /** The last 10 bytes of the file. */
  readonly mac: Buffer
  /** SHA-256 of the plaintext. */
  readonly fileSha256: Buffer
  /** SHA-256 of the encrypted file, MAC included. */
  readonly fileEncSha256: Buffer
  /** Bytes of plaintext. */
  readonly fileLength: number
  readonly streamingSidecar?: Buffer
}

/**
 * Encrypts a file piece by piece (docs/protocol/03, 7.3): one pass for cipher, MAC, both hashes and, where wanted, the
 * sidecar. The pieces that `update` and `finish` return are the encrypted file.
 */
export class MediaEncryptor {
  readonly #cipher: Cipher
  readonly #hmac: Hmac
  readonly #plainHash: Hash = createHash('sha256')
  readonly #fileHash: Hash = createHash('sha256')
  readonly #sidecar: SidecarBuilder | undefined
  #length = 0

  constructor(keys: MediaKeys, { sidecar = false }: { readonly sidecar?: boolean } = {}) {
    this.#cipher = createCipheriv('aes-256-cbc', keys.cipherKey, keys.iv)
    this.#hmac = createHmac('sha256', keys.macKey).update(keys.iv)
    this.#sidecar = sidecar ? new SidecarBuilder(keys) : undefined
  }

  get length(): number {
    return this.#length
  }

  update(plaintext: Uint8Array): Buffer {
    this.#length += plaintext.byteLength
    this.#plainHash.update(plaintext)
    return this.#seal(this.#cipher.update(plaintext))
  }

  /** The last block and the MAC. Nothing may be encrypted afterwards. */
  finish(): { readonly rest: Buffer; readonly info: EncryptedMediaInfo } {
    const lastBlock = this.#seal(this.#cipher.final())
    const mac = this.#hmac.digest().subarray(0, mediaMacLength)
    this.#fileHash.update(mac)
    this.#sidecar?.update(mac)
    const streamingSidecar = this.#sidecar?.finish()
    const info = {
      mac,
      fileSha256: this.#plainHash.digest(),
      fileEncSha256: this.#fileHash.digest(),
      fileLength: this.#length,
      ...(streamingSidecar === undefined ? {} : { streamingSidecar }),
    }
    return { rest: Buffer.concat([lastBlock, mac]), info }
  }

  #seal(ciphertext: Buffer): Buffer {
    this.#hmac.update(ciphertext)
    this.#fileHash.update(ciphertext)
    this.#sidecar?.update(ciphertext)
    return ciphertext
  }
}
