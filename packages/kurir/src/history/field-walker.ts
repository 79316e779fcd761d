import { invalidHistory } from './history-error.js'

/** One field of a protobuf message, cut out of the stream. */
export interface Field {
  /** Depth of the message that the field belongs to: 0 for the outermost one. */
  readonly depth: number
  readonly number: number
  /** The field with its tag: alone it is an encoded message with this one field. */
  readonly encoded: Uint8Array
  /** The value alone, of length-delimited fields; empty for numbers. */
  readonly value: Uint8Array
}

export interface WalkerHandlers {
  /** Whether the message in this field is walked through, instead of being cut out in one piece. */
  readonly entersField: (depth: number, number: number) => boolean
  readonly field: (field: Field) => void
  /** A message that was entered has ended. */
  readonly left: (depth: number, number: number) => void
}

/** Longest value that is held in one piece: far beyond any message, thumbnails included. */
const maxFieldLength = 8 * 1_048_576
const maxVarintLength = 10

const noBytes = new Uint8Array(0)

/**
 * Cuts an encoded protobuf message into its fields while its bytes arrive. Only the field that is being read is held, so
 * that a message of any size passes through little memory (docs/protocol/03, 9.2).
 */
export class FieldWalker {
  readonly #handlers: WalkerHandlers
  /** Messages that were entered: their field numbers, and what is left of them. */
  readonly #entered: { readonly number: number; remaining: number }[] = []
  /** Bytes that have come and wait for the rest of their field. */
  #waiting: Uint8Array[] = []
  #waitingLength = 0
  /** Bytes that have to wait together before reading goes on. */
  #needed = 1

  constructor(handlers: WalkerHandlers) {
    this.#handlers = handlers
  }

  /** @throws KurirError `invalid-history`, and what the handlers throw */
  push(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return
    this.#waiting.push(bytes)
    this.#waitingLength += bytes.byteLength
    if (this.#waitingLength < this.#needed) return
    const input = this.#waiting.length === 1 ? bytes : Buffer.concat(this.#waiting, this.#waitingLength)
    this.#waiting = []
    this.#waitingLength = 0
    const read = this.#read(input)
    if (read === input.byteLength) return
    this.#waiting.push(input.subarray(read))
    this.#waitingLength = input.byteLength - read
  }

  /** The stream has ended. @throws KurirError `invalid-history` when it ended inside a field */
  end(): void {
    if (this.#waitingLength > 0 || this.#entered.length > 0) throw invalidHistory('it ends too early')
  }

  /** Reads as many whole fields as there are; returns where the first incomplete one begins. */
  #read(input: Uint8Array): number {
    let offset = 0
    for (;;) {
      this.#leaveEnded()
      if (offset === input.byteLength) {
        this.#needed = 1
        return offset
      }
      const end = this.#readField(input, offset)
      if (end === undefined) return offset
      offset = end
    }
  }

  #leaveEnded(): void {
    for (let last = this.#entered.at(-1); last?.remaining === 0; last = this.#entered.at(-1)) {
      this.#entered.pop()
      this.#handlers.left(this.#entered.length, last.number)
    }
  }

  /** Reads one field, or enters its message; returns where reading goes on, or undefined when bytes are missing. */
  #readField(input: Uint8Array, start: number): number | undefined {
    const tag = readVarint(input, start)
    if (tag === undefined) return this.#waitFor(input.byteLength - start + 1)
    const number = Math.floor(tag.value / 8)
    const header = bodyOf(input, tag)
    if (header === undefined) return this.#waitFor(input.byteLength - start + 1)
    const { bodyStart, bodyLength } = header
    const depth = this.#entered.length
    if (tag.value % 8 === 2 && this.#handlers.entersField(depth, number)) {
      this.#consume(bodyStart - start + bodyLength)
      this.#entered.push({ number, remaining: bodyLength })
      return bodyStart
    }
    if (bodyLength > maxFieldLength) throw invalidHistory('a field is too long')
    const end = bodyStart + bodyLength
    if (end > input.byteLength) return this.#waitFor(end - start)
    this.#consume(end - start)
    const value = tag.value % 8 === 2 ? input.subarray(bodyStart, end) : noBytes
    this.#handlers.field({ depth, number, encoded: input.subarray(start, end), value })
    return end
  }

  #waitFor(length: number): undefined {
    this.#needed = length
    return undefined
  }

  /** Counts bytes against the message they stand in; those of an entered message count when it is entered. */
  #consume(length: number): void {
    const message = this.#entered.at(-1)
    if (message === undefined) return
    message.remaining -= length
    if (message.remaining < 0) throw invalidHistory('a field is longer than its message')
  }
}

interface Varint {
  readonly value: number
  readonly end: number
}

/** A varint that fits into a JavaScript number; undefined when it is not complete yet. */
function readVarint(input: Uint8Array, start: number): Varint | undefined {
  let value = 0
  let factor = 1
  for (let index = start; index < input.byteLength; index += 1) {
    const byte = input[index] ?? 0
    if (index - start >= maxVarintLength) throw invalidHistory('a number is too long')
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return { value, end: index + 1 }
    factor *= 128
  }
  if (input.byteLength - start >= maxVarintLength) throw invalidHistory('a number is too long')
  return undefined
}

/** Where the value behind a tag begins and how long it is; undefined when that is not known yet. */
function bodyOf(input: Uint8Array, tag: Varint): { bodyStart: number; bodyLength: number } | undefined {
  if (tag.value < 8 || !Number.isSafeInteger(tag.value)) throw invalidHistory('a field has no number')
  switch (tag.value % 8) {
    case 0: {
      const number = readVarint(input, tag.end)
      return number && { bodyStart: tag.end, bodyLength: number.end - tag.end }
    }
    case 1:
      return { bodyStart: tag.end, bodyLength: 8 }
    case 2: {
      const length = readVarint(input, tag.end)
      if (length === undefined) return undefined
      if (!Number.isSafeInteger(length.value)) throw invalidHistory('a field is too long')
      return { bodyStart: length.end, bodyLength: length.value }
    }
    case 5:
      return { bodyStart: tag.end, bodyLength: 4 }
    default:
      throw invalidHistory('a field has an unknown form')
  }
}
