import { createDecipheriv, createHash, createHmac, type Decipher, type Hash, type Hmac } from 'node:crypto'
import { constantTimeEqual } from '../crypto/random.js'
import { encryptedLength, integrityFailed, mediaMacLength, mediaTooLarge } from './media-format.js'
import { invalidMediaKey } from './media-keys.js'
import type { MediaDecryptionKeyInfo } from './media-types.js'

/** What a message says of its file; what is absent is not checked. */
export interface ExpectedMedia {
  readonly fileSha256?: Uint8Array | undefined
  readonly fileEncSha256?: Uint8Array | undefined
  /** Bytes of plaintext. */
  readonly fileLength?: number | undefined
  /** Bytes of plaintext beyond which the file is refused at once. */
  readonly maxLength?: number | undefined
}

/** Takes a file piece by piece, gives its content piece by piece, and says at the end whether to believe it. */
export interface MediaReader {
  /** @throws KurirError `media-too-large`, `media-integrity-failed` */
  update(bytes: Uint8Array): readonly Buffer[]
  /** The rest of the content. @throws KurirError `media-integrity-failed`: then nothing that was given may be used */
  finish(): Buffer
}

/**
 * Decrypts a whole file with constant memory and checks it at its end, in the order of docs/protocol/03, 7.7: length,
 * hash of the file, MAC, padding, hash of the content. The MAC covers all of it, so until `finish` has returned nothing
 * is certain.
 */
export class MediaDecryptor implements MediaReader {
  readonly #decipher: Decipher
  readonly #hmac: Hmac
  readonly #fileHash: Hash | undefined
  readonly #plainHash: Hash | undefined
  readonly #expected: ExpectedMedia
  readonly #limit: number
  #received = 0
  /** The last bytes so far, at most 10: they may be the MAC. */
  #tail: Uint8Array = Buffer.alloc(0)

  /** @throws KurirError `invalid-media-key` for keys without `macKey` */
  constructor(keys: MediaDecryptionKeyInfo, expected: ExpectedMedia = {}) {
    if (keys.macKey === undefined) throw invalidMediaKey('A file cannot be checked without its MAC key')
    this.#decipher = createDecipheriv('aes-256-cbc', keys.cipherKey, keys.iv)
    this.#hmac = createHmac('sha256', keys.macKey).update(keys.iv)
    this.#expected = expected
    this.#fileHash = expected.fileEncSha256 && createHash('sha256')
    this.#plainHash = expected.fileSha256 && createHash('sha256')
    this.#limit = encryptedLength(expected.fileLength ?? expected.maxLength ?? Number.POSITIVE_INFINITY)
  }

  update(bytes: Uint8Array): readonly Buffer[] {
    this.#received += bytes.byteLength
    if (this.#received > this.#limit) throw this.#tooLong()
    this.#fileHash?.update(bytes)
    if (bytes.byteLength < mediaMacLength) {
      const known = Buffer.concat([this.#tail, bytes])
      const end = Math.max(0, known.byteLength - mediaMacLength)
      this.#tail = known.subarray(end)
      return [this.#open(known.subarray(0, end))]
    }
    // The bulk is not copied: what was held back goes before it.
    const before = this.#open(this.#tail)
    const end = bytes.byteLength - mediaMacLength
    this.#tail = Buffer.from(bytes.subarray(end))
    return [before, this.#open(bytes.subarray(0, end))]
  }

  finish(): Buffer {
    const { fileEncSha256, fileSha256, fileLength } = this.#expected
    const misses = fileLength !== undefined && this.#received !== encryptedLength(fileLength)
    if (this.#received <= mediaMacLength || misses) throw integrityFailed('length', { received: this.#received })
    if (fileEncSha256 && !digestIs(this.#fileHash, fileEncSha256)) throw integrityFailed('file-hash')
    const mac = this.#hmac.digest().subarray(0, mediaMacLength)
    if (!constantTimeEqual(mac, this.#tail)) throw integrityFailed('mac')
    const rest = this.#lastBlock()
    if (fileSha256 && !digestIs(this.#plainHash, fileSha256)) throw integrityFailed('content-hash')
    return rest
  }

  #open(ciphertext: Uint8Array): Buffer {
    this.#hmac.update(ciphertext)
    const content = this.#decipher.update(ciphertext)
    this.#plainHash?.update(content)
    return content
  }

  #lastBlock(): Buffer {
    try {
      const content = this.#decipher.final()
      this.#plainHash?.update(content)
      return content
    } catch {
      throw integrityFailed('padding')
    }
  }

  #tooLong(): Error {
    const { fileLength, maxLength } = this.#expected
    if (fileLength !== undefined) return integrityFailed('length', { received: this.#received })
    return mediaTooLarge(maxLength ?? 0)
  }
}

/** Passes a file on that is not encrypted, as in channels, and checks its hash at the end. */
export class PlainMediaReader implements MediaReader {
  readonly #hash: Hash | undefined
  readonly #expected: ExpectedMedia
  #received = 0

  constructor(expected: ExpectedMedia) {
    this.#expected = expected
    this.#hash = expected.fileSha256 && createHash('sha256')
  }

  update(bytes: Uint8Array): readonly Buffer[] {
    const { fileLength, maxLength = Number.POSITIVE_INFINITY } = this.#expected
    this.#received += bytes.byteLength
    if (this.#received > maxLength) throw mediaTooLarge(maxLength)
    if (fileLength !== undefined && this.#received > fileLength) {
      throw integrityFailed('length', { received: this.#received })
    }
    this.#hash?.update(bytes)
    return [Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)]
  }

  finish(): Buffer {
    const { fileLength, fileSha256 } = this.#expected
    if (fileLength !== undefined && this.#received !== fileLength) {
      throw integrityFailed('length', { received: this.#received })
    }
    if (fileSha256 && !digestIs(this.#hash, fileSha256)) throw integrityFailed('content-hash')
    return Buffer.alloc(0)
  }
}

function digestIs(hash: Hash | undefined, expected: Uint8Array): boolean {
  return hash !== undefined && constantTimeEqual(hash.digest(), expected)
}
