import { SignalError } from './signal-error.js'

const largestFieldNumber = 536_870_911

/**
 * Walks the fields of a flat protobuf message. Made for the four small messages of this room, which are read for every
 * incoming message: no field table, no objects besides the result, views instead of copies.
 *
 * Every malformed input ends in SignalError `invalid-message`. Unknown fields are skipped; of a repeated field the last
 * occurrence counts.
 */
export class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #offset: number
  #wireType = 0

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#offset = start
    this.#end = end
  }

  /** The number of the next field, or 0 at the end. */
  nextField(): number {
    if (this.#offset >= this.#end) return 0
    const tag = this.#varint()
    const field = Math.floor(tag / 8)
    this.#wireType = tag % 8
    if (field < 1 || field > largestFieldNumber) throw malformed('field number')
    return field
  }

  /** The current field as an unsigned 32-bit number. */
  uint32(): number {
    if (this.#wireType !== 0) throw malformed('wire type')
    const value = this.#varint()
    if (value > 0xffffffff) throw malformed('number out of range')
    return value
  }

  /** The current field as bytes, sharing memory with the input. */
  bytes(): Uint8Array {
    if (this.#wireType !== 2) throw malformed('wire type')
    const length = this.#varint()
    return this.#take(length)
  }

  skip(): void {
    switch (this.#wireType) {
      case 0:
        this.#varint()
        return
      case 1:
        this.#take(8)
        return
      case 2:
        this.#take(this.#varint())
        return
      case 5:
        this.#take(4)
        return
      default:
        throw malformed('wire type')
    }
  }

  #take(length: number): Uint8Array {
    const start = this.#offset
    if (length > this.#end - start) throw malformed('truncated')
    this.#offset = start + length
    return this.#bytes.subarray(start, start + length)
  }

  /** Up to ten bytes; beyond 2^53 the value is inexact, which every caller rejects as out of range. */
  #varint(): number {
    let value = 0
    let factor = 1
    for (let index = 0; index < 10; index++) {
      const byte = this.#offset < this.#end ? this.#bytes[this.#offset++] : undefined
      if (byte === undefined) throw malformed('truncated')
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
    throw malformed('number too long')
  }
}

/** Bytes that `value` takes as a varint; 32 bits. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}

/** Writes a 32-bit varint and returns the offset behind it. */
export function writeVarint(target: Uint8Array, value: number, offset: number): number {
  let rest = value
  let at = offset
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80
    rest = rest >>> 7
  }
  target[at++] = rest
  return at
}

function malformed(detail: string): SignalError {
  return new SignalError('invalid-message', { detail })
}
