import type { NativeBuffer } from './native-buffer.js'

const SLOTS = 256

/**
 * Finds strings that occurred before in the same input. History repeats the same JIDs, names and types in every message:
 * comparing the bytes is cheaper than making the string again, and the messages share one copy.
 */
export class RepeatedStrings {
  private readonly words: DataView
  private readonly starts = new Int32Array(SLOTS)
  private readonly strings: string[] = new Array(SLOTS).fill('')
  private readonly lengths = new Int32Array(SLOTS)

  constructor(private readonly buffer: NativeBuffer) {
    this.words = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }

  /** Reads UTF-8 of at least 4 bytes. */
  read(start: number, length: number): string {
    const { words } = this
    const last = length - 4
    const slot = hash(words.getInt32(start), words.getInt32(start + (last >> 1)), words.getInt32(start + last))
    if (this.lengths[slot] === length && this.isSame(this.starts[slot] as number, start, last)) {
      return this.strings[slot] as string
    }
    const text = this.buffer.utf8Slice(start, start + length)
    this.starts[slot] = start
    this.lengths[slot] = length
    this.strings[slot] = text
    return text
  }

  private isSame(a: number, b: number, last: number): boolean {
    const { words } = this
    for (let i = 0; i < last; i += 4) if (words.getInt32(a + i) !== words.getInt32(b + i)) return false
    return words.getInt32(a + last) === words.getInt32(b + last)
  }
}

function hash(a: number, b: number, c: number): number {
  const mixed = Math.imul(a ^ Math.imul(b, 0x9e37_79b1) ^ Math.imul(c, 0x85eb_ca6b), 0x2c1b_3c6d)
  return (mixed >>> 24) & (SLOTS - 1)
}
