import { checkedLength, frameHeaderLength, largestFrameBody, streamBroken } from './frame.js'

const smallestAssembly = 4096

export interface FrameReaderOptions {
  /** The longest frame body to accept; 16,777,215 bytes, which is all that the format can express, when absent. */
  readonly limit?: number
  /** The longest first frame: a handshake message is small, and who sends it is not known yet. As `limit` when absent. */
  readonly firstFrameLimit?: number
}

/**
 * Finds the frames in what arrives, however it is cut into messages. It never holds more than one unfinished frame, and
 * the memory for that grows with what has really arrived, not with what a header promises.
 */
export class FrameReader {
  readonly #laterLimit: number
  #limit: number
  /** The unfinished frame with its header; `#filled` bytes of it are there. */
  #assembly: Buffer = Buffer.alloc(0)
  #filled = 0
  #broken = false

  constructor(options: FrameReaderOptions = {}) {
    this.#laterLimit = Math.min(options.limit ?? largestFrameBody, largestFrameBody)
    this.#limit = Math.min(options.firstFrameLimit ?? this.#laterLimit, this.#laterLimit)
  }

  /** Bytes that wait for the rest of their frame. */
  get buffered(): number {
    return this.#filled
  }

  /**
   * Takes the next bytes of the stream and returns the bodies of the frames that are now complete, in order. A body may
   * share memory with `chunk`.
   *
   * @throws KurirError `noise-frame-empty`, `noise-frame-too-large`, and from then on `noise-stream-broken`, since the
   *   borders of what follows are unknown
   */
  push(chunk: Uint8Array): readonly Buffer[] {
    if (this.#broken) throw streamBroken()
    this.#broken = true
    const frames = this.#read(chunk)
    this.#broken = false
    return frames
  }

  #read(chunk: Uint8Array): readonly Buffer[] {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const frames: Buffer[] = []
    let offset = 0
    if (this.#filled > 0) {
      offset = this.#fill(bytes, frames)
      if (this.#filled > 0) return frames
    }
    while (bytes.byteLength - offset >= frameHeaderLength) {
      const start = offset + frameHeaderLength
      const end = start + checkedLength(bytes.readUIntBE(offset, frameHeaderLength), this.#limit)
      if (end > bytes.byteLength) break
      frames.push(bytes.subarray(start, end))
      this.#limit = this.#laterLimit
      offset = end
    }
    if (offset < bytes.byteLength) this.#append(bytes.subarray(offset))
    return frames
  }

  /** Completes the unfinished frame as far as the bytes reach; returns how many of them it took. */
  #fill(bytes: Buffer, frames: Buffer[]): number {
    let offset = 0
    if (this.#filled < frameHeaderLength) {
      offset = Math.min(frameHeaderLength - this.#filled, bytes.byteLength)
      this.#append(bytes.subarray(0, offset))
      if (this.#filled < frameHeaderLength) return offset
    }
    const end = frameHeaderLength + checkedLength(this.#assembly.readUIntBE(0, frameHeaderLength), this.#limit)
    const taken = Math.min(end - this.#filled, bytes.byteLength - offset)
    this.#append(bytes.subarray(offset, offset + taken), end)
    if (this.#filled === end) {
      frames.push(this.#assembly.subarray(frameHeaderLength, end))
      this.#limit = this.#laterLimit
      this.#assembly = Buffer.alloc(0)
      this.#filled = 0
    }
    return offset + taken
  }

  #append(bytes: Buffer, expected: number = frameHeaderLength + largestFrameBody): void {
    const needed = this.#filled + bytes.byteLength
    if (needed > this.#assembly.byteLength) {
      // Doubling keeps the copying linear in what arrives, in whatever small pieces it does.
      const doubled = Math.max(needed, 2 * this.#assembly.byteLength, smallestAssembly)
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(doubled, expected)))
      this.#assembly.copy(grown, 0, 0, this.#filled)
      this.#assembly = grown
    }
    this.#assembly.set(bytes, this.#filled)
    this.#filled = needed
  }
}
