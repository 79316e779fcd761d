import { invalidProtobuf } from './errors.js'
import { Long } from './long.js'
import { asBuffer, BufferView, copyOf, type NativeBuffer } from './native-buffer.js'
import { decoderOf, nameOf } from './registry.js'
import { RepeatedStrings } from './repeated-strings.js'
import {
  DELIMITED,
  END_GROUP,
  FIXED32,
  FIXED64,
  MAX_DEPTH,
  NUMBER_WIRE_TYPES,
  type NumberType,
  START_GROUP,
  VARINT,
} from './wire.js'

/** Strings up to this many bytes are read in JavaScript: cheaper than a call into native code. */
const SHORT_STRING = 12

/** In inputs longer than this (history, app-state snapshots), strings up to that length are made once. */
const LARGE_INPUT = 16_384
const REPEATED_LENGTH = 64

/** Memory of this size may be kept alive by a view: that of Node's pool for small buffers. */
const SMALL_MEMORY = 8192

const EMPTY = Buffer.alloc(0)
const float = new DataView(new ArrayBuffer(8))

/**
 * Reads one message. The generated decoders drive it: `tag()`, then the method of the field's type with that tag, which
 * checks the wire type. Every read is bounded by the end of the message it belongs to. All errors are `invalid-protobuf`.
 *
 * A bytes member is a view of the input as long as that keeps little alive: where the memory behind the input is no
 * larger than Node's own pool, or the member is at least half of it. Otherwise it is a copy. So the input must not be
 * written to while the message is in use, and a key of 32 bytes never keeps a history of megabytes in memory.
 */
export class MessageReader {
  /** Offset of the next byte. */
  pos: number
  /** Offset behind the last byte of the message being read. */
  end: number
  private readonly buffer: NativeBuffer
  private readonly repeated: RepeatedStrings | undefined
  /** Memory behind the input, where the input begins in it, and the length from which bytes members become views. */
  private memory: ArrayBufferLike | undefined
  private offset = 0
  private viewLength = 0
  private depth = 0
  private type: number

  /** @param type index of the outermost message, for errors */
  constructor(bytes: Uint8Array, end: number, type: number) {
    this.buffer = asBuffer(bytes)
    this.memory = undefined
    this.repeated = end > LARGE_INPUT ? new RepeatedStrings(this.buffer) : undefined
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
    if (length <= SHORT_STRING) return shortString(this.buffer, start, length)
    const { repeated } = this
    return repeated !== undefined && length <= REPEATED_LENGTH
      ? repeated.read(start, length)
      : this.buffer.utf8Slice(start, start + length)
  }

  bytes(tag: number): Buffer {
    if ((tag & 7) !== DELIMITED) this.wrongWireType(tag)
    const length = this.length()
    if (length === 0) return EMPTY
    const { pos } = this
    this.pos = pos + length
    const view = new BufferView(this.memory ?? this.openMemory(), this.offset + pos, length)
    return length >= this.viewLength ? view : copyOf(view)
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
    const element = NUMBER_WIRE_TYPES[method]
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
        this.anyVarint64(false)
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

  /** Asking a typed array for its memory is slow enough to do it once, and only for messages with bytes. */
  private openMemory(): ArrayBufferLike {
    const memory = this.buffer.buffer
    const size = memory.byteLength
    this.memory = memory
    this.offset = this.buffer.byteOffset
    this.viewLength = size <= SMALL_MEMORY ? 0 : size >>> 1
    return memory
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
    const { buffer, pos } = this
    if (this.end - pos >= 4) {
      const second = buffer[pos + 1] as number
      let value = ((buffer[pos] as number) & 127) | ((second & 127) << 7)
      if (second < 128) return this.advance(2, value)
      const third = buffer[pos + 2] as number
      value |= (third & 127) << 14
      if (third < 128) return this.advance(3, value)
      const fourth = buffer[pos + 3] as number
      value |= (fourth & 127) << 21
      if (fourth < 128) return this.advance(4, value)
    }
    return this.varint64(VARINT, false).low
  }

  private advance(length: number, value: number): number {
    this.pos += length
    return value
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

  /** Seconds since 1970 take five bytes: they get by without the loop. */
  private varint64(tag: number, unsigned: boolean): Long {
    if ((tag & 7) !== VARINT) this.wrongWireType(tag)
    const { buffer, pos } = this
    if (this.end - pos >= 5) {
      const fourth = buffer[pos + 3] as number
      const fifth = buffer[pos + 4] as number
      const a = buffer[pos] as number
      const b = buffer[pos + 1] as number
      const c = buffer[pos + 2] as number
      if ((a & b & c & fourth) > 127 && fifth < 128) {
        this.pos = pos + 5
        const low = (a & 127) | ((b & 127) << 7) | ((c & 127) << 14) | ((fourth & 127) << 21) | (fifth << 28)
        return new Long(low, fifth >>> 4, unsigned)
      }
    }
    return this.anyVarint64(unsigned)
  }

  private anyVarint64(unsigned: boolean): Long {
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
