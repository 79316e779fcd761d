import { createDecipheriv, type Decipher } from 'node:crypto'
import { KurirError } from '../errors/kurir-error.js'
import type { MediaReader } from './media-decryptor.js'
import { blockLength, integrityFailed, mediaMacLength } from './media-format.js'
import type { MediaDecryptionKeyInfo } from './media-types.js'

/** Which bytes of an encrypted file are needed for some bytes of its content (docs/protocol/03, 7.8). */
export interface MediaRange {
  /** First and last byte to be fetched; without `to`, up to the end. */
  readonly from: number
  readonly to: number | undefined
  /** The first block fetched is the initialisation vector of the second. */
  readonly beginsWithIv: boolean
  /** Bytes of content to drop, and then to take. */
  readonly skip: number
  readonly take: number
}

/**
 * @throws KurirError `invalid-media-range` (400) unless 0 ≤ start < end, in whole bytes
 */
export function planRange(startByte = 0, endByte?: number): MediaRange {
  const end = endByte ?? Number.POSITIVE_INFINITY
  const isWhole = Number.isSafeInteger(startByte) && (endByte === undefined || Number.isSafeInteger(endByte))
  if (!isWhole || startByte < 0 || end <= startByte) {
    throw new KurirError('invalid-media-range', 'A range of media is 0 ≤ startByte < endByte', {
      statusCode: 400,
      data: { startByte, endByte },
    })
  }
  const block = Math.floor(startByte / blockLength) * blockLength
  return {
    from: Math.max(0, block - blockLength),
    to: endByte === undefined ? undefined : Math.floor(endByte / blockLength) * blockLength + blockLength,
    beginsWithIv: block > 0,
    skip: startByte - block,
    take: end - startByte,
  }
}

/** The HTTP header that asks for these bytes. */
export function rangeHeader({ from, to }: Pick<MediaRange, 'from' | 'to'>): string {
  return `bytes=${from}-${to ?? ''}`
}

/** Padding and MAC are at the end: so much may not be taken for content before the end is known. */
const heldBack = blockLength + mediaMacLength

/**
 * Decrypts a part of a file. The MAC covers the whole file and cannot be checked: use this to look into media, not to
 * believe it.
 */
export class RangeDecryptor implements MediaReader {
  readonly #keys: MediaDecryptionKeyInfo
  readonly #range: MediaRange
  readonly #total: number | undefined
  #decipher: Decipher | undefined
  #held: Buffer = Buffer.alloc(0)
  #received = 0
  #skip: number
  #take: number

  /** @param total bytes of the whole encrypted file, where the server said */
  constructor(keys: MediaDecryptionKeyInfo, range: MediaRange, total: number | undefined) {
    this.#keys = keys
    this.#range = range
    this.#total = total
    this.#skip = range.skip
    this.#take = range.take
    if (!range.beginsWithIv) this.#begin(keys.iv)
  }

  update(bytes: Uint8Array): readonly Buffer[] {
    this.#received += bytes.byteLength
    const known = Buffer.concat([this.#held, bytes])
    const end = known.byteLength - heldBack
    if (end <= 0 || (this.#decipher === undefined && end < blockLength)) {
      this.#held = known
      return []
    }
    this.#held = known.subarray(end)
    return [this.#cut(this.#decrypt(known.subarray(0, end)))]
  }

  finish(): Buffer {
    const { from, to } = this.#range
    const begin = from + this.#received - this.#held.byteLength
    const endsShort = to === undefined || from + this.#received <= to
    const fileEnd = this.#total ?? (endsShort ? from + this.#received : undefined)
    const contentEnd = fileEnd === undefined ? Number.POSITIVE_INFINITY : fileEnd - mediaMacLength
    if (fileEnd !== undefined && (contentEnd <= 0 || contentEnd % blockLength !== 0)) {
      throw integrityFailed('length', { received: this.#received })
    }
    const rest = this.#held.subarray(0, Math.max(0, contentEnd - begin))
    const whole = Math.floor((begin + rest.byteLength) / blockLength) * blockLength - begin
    const content = this.#decrypt(rest.subarray(0, Math.max(0, whole)))
    return this.#cut(begin + whole === contentEnd ? withoutPadding(content) : content)
  }

  #begin(iv: Uint8Array): void {
    this.#decipher = createDecipheriv('aes-256-cbc', this.#keys.cipherKey, iv).setAutoPadding(false)
  }

  #decrypt(ciphertext: Buffer): Buffer {
    let rest = ciphertext
    if (this.#decipher === undefined) {
      if (rest.byteLength < blockLength) return Buffer.alloc(0)
      this.#begin(rest.subarray(0, blockLength))
      rest = rest.subarray(blockLength)
    }
    const content = this.#decipher?.update(rest) ?? Buffer.alloc(0)
    return content
  }

  #cut(content: Buffer): Buffer {
    const skipped = content.subarray(Math.min(this.#skip, content.byteLength))
    this.#skip -= content.byteLength - skipped.byteLength
    const taken = skipped.subarray(0, this.#take)
    this.#take -= taken.byteLength
    return taken
  }
}

function withoutPadding(content: Buffer): Buffer {
  const length = content.at(-1) ?? 0
  const padding = content.subarray(content.byteLength - length)
  if (length < 1 || length > blockLength || padding.byteLength !== length || padding.some(byte => byte !== length)) {
    throw integrityFailed('padding')
  }
  return content.subarray(0, content.byteLength - length)
}
