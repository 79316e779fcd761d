import { createHmac, type Hmac } from 'node:crypto'
import { hmacSha256 } from '../crypto/digest.js'
import { blockLength, mediaMacLength } from './media-format.js'

/** Bytes from the beginning of a piece to the beginning of the next. */
const sidecarPieceLength = 65_536
/** Each piece reaches one block into the next: the block is the other's initialisation vector. */
const overlap = blockLength

/**
 * Makes the streaming sidecar: a truncated MAC for each 64 KiB of IV ‖ ciphertext ‖ MAC, so that a player can check what
 * it reads from the middle (docs/protocol/03, 7.4). Constant memory, but for the result: 10 bytes per piece.
 */
export class SidecarBuilder {
  readonly #macKey: Uint8Array
  readonly #macs: Buffer[] = []
  #position = 0
  #current: Hmac
  /** The piece that ends within the first block of the current one. */
  #previous: Hmac | undefined

  constructor({ iv, macKey }: { readonly iv: Uint8Array; readonly macKey: Uint8Array }) {
    this.#macKey = macKey
    this.#current = createHmac('sha256', macKey)
    this.update(iv)
  }

  update(bytes: Uint8Array): void {
    let rest = bytes
    while (rest.byteLength > 0) {
      const inPiece = this.#position % sidecarPieceLength
      if (inPiece === 0 && this.#position > 0) {
        this.#previous = this.#current
        this.#current = createHmac('sha256', this.#macKey)
      }
      const until = this.#previous === undefined ? sidecarPieceLength : overlap
      const part = rest.subarray(0, until - inPiece)
      this.#current.update(part)
      this.#previous?.update(part)
      this.#position += part.byteLength
      if (this.#previous !== undefined && this.#position % sidecarPieceLength === overlap) this.#endPrevious()
      rest = rest.subarray(part.byteLength)
    }
  }

  finish(): Buffer {
    const inPiece = this.#position % sidecarPieceLength || sidecarPieceLength
    if (this.#previous !== undefined) this.#endPrevious()
    // A piece that would repeat nothing but the overlap is none.
    if (inPiece > overlap) this.#macs.push(truncated(this.#current))
    return Buffer.concat(this.#macs)
  }

  #endPrevious(): void {
    if (this.#previous !== undefined) this.#macs.push(truncated(this.#previous))
    this.#previous = undefined
  }
}

function truncated(hmac: Hmac): Buffer {
  return hmac.digest().subarray(0, mediaMacLength)
}

/**
 * The MAC of the beginning of an animated sticker, so that its first frame can be shown before the rest has come
 * (docs/protocol/03, 7.4).
 *
 * @param ciphertext the encrypted file, at least up to the end of the block that holds the last byte of the frame
 * @param firstFrameLength bytes of the plaintext up to the end of the first frame
 */
export function firstFrameSidecar(
  { iv, macKey }: { readonly iv: Uint8Array; readonly macKey: Uint8Array },
  ciphertext: Uint8Array,
  firstFrameLength: number,
): Buffer {
  const end = Math.ceil(firstFrameLength / blockLength) * blockLength
  return hmacSha256(macKey, iv, ciphertext.subarray(0, end)).subarray(0, mediaMacLength)
}
