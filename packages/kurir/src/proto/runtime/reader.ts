import { invalidProtobuf } from './errors.js'
import { Long } from './long.js'
import { decoderOf, nameOf } from './registry.js'

/** Messages (and groups) nested deeper than this are refused. */
export const MAX_DEPTH = 100

/** Strings up to this many bytes are read in JavaScript: cheaper than a call into native code. */
const SHORT_STRING = 12

const EMPTY = Buffer.alloc(0)
const float = new DataView(new ArrayBuffer(8))

/** Native members of Buffer that the type declarations lack: no argument checks, no encoding look-up. */
interface NativeBuffer extends Buffer {
  utf8Slice(start: number, end: number): string
}

/** Wire types of the protobuf encoding. */
const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const START_GROUP = 3
const END_GROUP = 4
const FIXED32 = 5

/**
 * Reads one message. The generated decoders drive it: `tag()`, then the method of the field's type with that tag, which
 * checks the wire type. Every read is bounded by the end of the message it belongs to. All errors are `invalid-protobuf`.
 *
 * Strings and bytes are copies: a decoded message neither changes with its input nor keeps it in memory.
 */
export class MessageReader {
  /** Offset of the next byte. */
  pos: number
  /** Offset behind the last byte of the message being read. */
  end: number
  private readonly buffer: NativeBuffer
  private depth = 0
  private type: number

  /** @param type index of the outermost message, for errors */
  constructor(bytes: Uint8Array, end: number, type: number) {
    this.buffer = asBuffer(bytes)
    this.pos = 0
    this.end = end
    this.type = type
  }

  /** Field number times eight plus wire type. */
  tag(): number {
    const first = this.buffer[this.pos] as number
    if (first < 128) {
      this.pos++
      return first
    }
    const second = this.buffer[this.pos + 1] as number
    if (second < 128 && this.pos + 1 < this.end) {
      this.pos += 2
      return (second << 7) | (first & 127)
    }
    return this.varint32Strict()
  }

  uint32(tag: number): number {
    if ((tag & 7) !== VARINT) this.wrongWireType(tag)
    const first = this.buffer[this.pos] as number
    if (first < 128 && this.pos < this.end) {
      this.pos++
      return first
    }
    return this.varint32() >>> 0
  }

  int32(tag: number): number {
    if ((tag & 7) !== VARINT) this.wrongWireType(tag)
    const first = this.buffer[this.pos] as number
    if (first < 128 && this.pos < this.end) {
      this.pos++
      return first
    }
    return this.varint32() | 0
  }

  sint32(tag: number): number {
    const value = this.uint32(tag)
    return (value >>> 1) ^ -(value & 1)
  }

  bool(tag: number): boolean {
    const first = this.buffer[this.pos] as number
    if ((tag & 7) === VARINT && first < 128 && this.pos < this.end) {
      this.pos++
      return first !== 0
    }
    const value = this.varint64(tag, false)
    return value.low !== 0 || value.high !== 0
  }

  int64(tag: number): Long {
    return this.varint64(tag, false)
  }

  uint64(tag: number): Long {
    return this.varint64(tag, true)
  }

  sint64(tag: number): Long {
    const { low, high } = this.varint64(tag, false)
    const mask = -(low & 1)
    return new Long(((low >>> 1) | (high << 31)) ^ mask, (high >>> 1) ^ mask, false)
  }

  fixed32(tag: number): number {
    return this.sfixed32(tag) >>> 0
  }

  sfixed32(tag: number): number {
    if ((tag & 7) !== FIXED32) this.wrongWireType(tag)
    return this.word()
  }

  fixed64(tag: number): Long {
    if ((tag & 7) !== FIXED64) this.wrongWireType(tag)
    return new Long(this.word(), this.word(), true)
  }

  sfixed64(tag: number): Long {
    if ((tag & 7) !== FIXED64) this.wrongWireType(tag)
    return new Long(this.word(), this.word(), false)
  }

  float(tag: number): number {
    if ((tag & 7) !== FIXED32) this.wrongWireType(tag)
    float.setInt32(0, this.word(), true)
    return float.getFloat32(0, true)
  }

  double(tag: number): number {
    if ((tag & 7) !== FIXED64) this.wrongWireType(tag)
    float.setInt32(0, this.word(), true)
    float.setInt32(4, this.word(), true)
    return float.getFloat64(0, true)
  }

  /** Invalid UTF-8 becomes U+FFFD, as in Baileys. */
  string(tag: number): string {
    if ((tag & 7) !== DELIMITED) this.wrongWireType(tag)
    const length = this.length()
    const start = this.pos
    this.pos = start + length
    return length <= SHORT_STRING
      ? shortString(this.buffer, start, length)
      : this.buffer.utf8Slice(start, start + length)
  }

  bytes(tag: number): Buffer {
    if ((tag & 7) !== DELIMITED) this.wrongWireType(tag)
    const length = this.length()
    if (length === 0) return EMPTY
    const start = this.pos
    this.pos = start + length
    const copy = Buffer.allocUnsafe(length)
    this.buffer.copy(copy, 0, start, start + length)
    return copy
  }

  /** @param index of the nested message */
  message(tag: number, index: number): object {
    if ((tag & 7) !== DELIMITED) this.wrongWireType(tag)
    const length = this.length()
    const { end, type } = this
    if (++this.depth > MAX_DEPTH) this.fail('nested too deeply')
    this.end = this.pos + length
    this.type = index
    const message = decoderOf(index)(this)
    this.end = end
    this.type = type
    this.depth--
    return message
  }

  /** Elements of a repeated number, packed or not: writers of either kind exist. */
  list(tag: number, list: unknown[], method: NumberType): void {
    if ((tag & 7) !== DELIMITED) {
      list.push(this[method](tag))
      return
    }
    const length = this.length()
    const outer = this.end
    this.end = this.pos + length
    const element = WIRE_TYPES[method]
    while (this.pos < this.end) list.push(this[method](element))
    this.end = outer
  }

  /** One entry of a map. Codes as in the field tables. */
  map(tag: number, map: Record<string, unknown>, keyCode: string, valueCode: string): void {
    if ((tag & 7) !== DELIMITED) this.wrongWireType(tag)
    const length = this.length()
    const outer = this.end
    if (++this.depth > MAX_DEPTH) this.fail('nested too deeply')
    this.end = this.pos + length
    let key: unknown = keyCode === 's' ? '' : 0
    let value: unknown
    while (this.pos < this.end) {
      const member = this.tag()
      if (member >>> 3 === 1) key = this.coded(member, keyCode)
      else if (member >>> 3 === 2) value = this.coded(member, valueCode)
      else this.skip(member)
    }
    this.end = outer
    this.depth--
    value ??= valueCode === 's' ? '' : decoderOf(Number(valueCode.slice(1)))(new MessageReader(EMPTY, 0, this.type))
    // Not a plain assignment: the key may be `__proto__`.
    Object.defineProperty(map, String(key), { value, writable: true, enumerable: true, configurable: true })
  }

  /** Steps over a field that the schema does not know. */
  skip(tag: number): void {
    if (tag >>> 3 === 0) this.fail('field number 0')
    switch (tag & 7) {
      case VARINT:
        this.varint32()
        return
      case FIXED64:
        this.step(8)
        return
      case DELIMITED:
        this.step(this.length())
        return
      case FIXED32:
        this.step(4)
        return
      case START_GROUP:
        this.skipGroup(tag >>> 3)
        return
      case END_GROUP:
        this.fail('end of a group that was not opened')
        return
      default:
        this.fail(`wire type ${tag & 7}`)
    }
  }

  /** Length prefix of a delimited message: used at the start of the input only. */
  delimiter(): number {
    return this.length()
  }

  private skipGroup(field: number): void {
    if (++this.depth > MAX_DEPTH) this.fail('nested too deeply')
    while (this.pos < this.end) {
      const tag = this.tag()
      if ((tag & 7) === END_GROUP) {
        if (tag >>> 3 !== field) this.fail('end of another group')
        this.depth--
        return
      }
      this.skip(tag)
    }
    this.fail('group without end')
  }

  private coded(tag: number, code: string): unknown {
    switch (code.charAt(0)) {
      case 's':
        return this.string(tag)
      case 'u':
        return this.uint32(tag)
      default:
        return this.message(tag, Number(code.slice(1)))
    }
  }

  /** A length that fits into what is left of the current message. */
  private length(): number {
    const first = this.buffer[this.pos] as number
    let length: number
    if (first < 128 && this.pos < this.end) {
      this.pos++
      length = first
    } else {
      length = this.varint32Strict()
    }
    if (length > this.end - this.pos) this.fail(`length ${length} goes beyond the end`)
    return length
  }

  private step(length: number): void {
    if (length > this.end - this.pos) this.fail('ends early')
    this.pos += length
  }

  /** Little-endian 32 bits, signed. */
  private word(): number {
    const { buffer, pos } = this
    if (this.end - pos < 4) this.fail('ends early')
    this.pos = pos + 4
    return (
      (buffer[pos] as number) |
      ((buffer[pos + 1] as number) << 8) |
      ((buffer[pos + 2] as number) << 16) |
      ((buffer[pos + 3] as number) << 24)
    )
  }

  /** The lower 32 bits of a varint of up to 10 bytes. */
  private varint32(): number {
    const { buffer, end } = this
    let pos = this.pos
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) this.fail('ends early')
      const byte = buffer[pos++] as number
      if (shift < 32) value |= (byte & 127) << shift
      if (byte < 128) {
        if (shift === 63 && byte > 1) this.fail('varint of more than 64 bits')
        this.pos = pos
        return value
      }
    }
    return this.fail('varint of more than 64 bits')
  }

  /** A varint that must fit into 32 bits: tags and lengths. */
  private varint32Strict(): number {
    const { buffer, end } = this
    let pos = this.pos
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (pos >= end) this.fail('ends early')
      const byte = buffer[pos++] as number
      value |= (byte & 127) << shift
      if (byte < 128) {
        if (shift === 28 && byte > 15) break
        this.pos = pos
        return value >>> 0
      }
    }
    return this.fail('tag or length of more than 32 bits')
  }

  private varint64(tag: number, unsigned: boolean): Long {
    if ((tag & 7) !== VARINT) this.wrongWireType(tag)
    const { buffer, end } = this
    let pos = this.pos
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) this.fail('ends early')
      const byte = buffer[pos++] as number
      const bits = byte & 127
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 128) {
        if (shift === 63 && byte > 1) this.fail('varint of more than 64 bits')
        this.pos = pos
        return new Long(low, high, unsigned)
      }
    }
    return this.fail('varint of more than 64 bits')
  }

  private wrongWireType(tag: number): never {
    return this.fail(`field ${tag >>> 3} has wire type ${tag & 7}`)
  }

  private fail(reason: string): never {
    throw invalidProtobuf(nameOf(this.type), this.pos, reason)
  }
}

/** Types that may come packed. */
export type NumberType =
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'sint64'
  | 'bool'
  | 'fixed32'
  | 'sfixed32'
  | 'float'
  | 'fixed64'
  | 'sfixed64'
  | 'double'

const WIRE_TYPES: Readonly<Record<NumberType, number>> = {
  int32: VARINT,
  uint32: VARINT,
  sint32: VARINT,
  int64: VARINT,
  uint64: VARINT,
  sint64: VARINT,
  bool: VARINT,
  fixed32: FIXED32,
  sfixed32: FIXED32,
  float: FIXED32,
  fixed64: FIXED64,
  sfixed64: FIXED64,
  double: FIXED64,
}

function asBuffer(bytes: Uint8Array): NativeBuffer {
  return (
    Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ) as NativeBuffer
}

/** Four bytes at a time; anything beyond ASCII is left to the native decoder. */
function shortString(buffer: NativeBuffer, start: number, length: number): string {
  const end = start + length
  let text = ''
  let pos = start
  for (; pos + 4 <= end; pos += 4) {
    const a = buffer[pos] as number
    const b = buffer[pos + 1] as number
    const c = buffer[pos + 2] as number
    const d = buffer[pos + 3] as number
    if ((a | b | c | d) > 127) return buffer.utf8Slice(start, end)
    text += String.fromCharCode(a, b, c, d)
  }
  for (; pos < end; pos++) {
    const a = buffer[pos] as number
    if (a > 127) return buffer.utf8Slice(start, end)
    text += String.fromCharCode(a)
  }
  return text
}
