/** Reading and writing of the fixed-width fields that stored records are made of. */

/** Thrown by {@link RecordReader}; the codecs turn it into their own error. */
export class RecordFormatError extends Error {}

/** Writes numbers byte by byte: the checks of Buffer's own methods cost more than the writing. */
export class RecordWriter {
  readonly #bytes: Buffer
  #offset = 0

  /**
   * @param space the exact size of the record, whose memory is then its own, as records are kept for long; or the memory
   */
  constructor(space: number | Buffer) {
    this.#bytes = typeof space === 'number' ? Buffer.allocUnsafeSlow(space) : space
  }

  uint8(value: number): void {
    this.#bytes[this.#offset++] = value
  }

  uint16(value: number): void {
    this.uint8(value >>> 8)
    this.uint8(value)
  }

  uint32(value: number): void {
    this.uint16(value >>> 16)
    this.uint16(value)
  }

  /** Milliseconds since 1970 in 48 bits. */
  time(value: number): void {
    this.uint16(value / 0x1_0000_0000)
    this.uint32(value)
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#offset)
    this.#offset += value.byteLength
  }

  /** @param length in UTF-8 */
  text(value: string, length: number): void {
    this.#offset += this.#bytes.write(value, this.#offset, length)
  }

  /** @throws RecordFormatError when less or more was written than announced */
  finish(): Buffer {
    if (this.#offset !== this.#bytes.byteLength) throw new RecordFormatError('the computed size is wrong')
    return this.#bytes
  }
}

export class RecordReader {
  readonly #bytes: Buffer
  #offset = 0

  /** Copies the input once: what is read shares memory with the copy, never with the store's buffer. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes.byteLength)
    this.#bytes.set(bytes)
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.byteLength
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  time(): number {
    return this.#bytes.readUIntBE(this.#advance(6), 6)
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  #advance(length: number): number {
    const start = this.#offset
    if (length > this.#bytes.byteLength - start) throw new RecordFormatError('the record ends too early')
    this.#offset = start + length
    return start
  }
}

/** A time that fits its field; what is no time becomes 0. */
export function recordTime(value: number): number {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** 48 ? value : 0
}
