import { types } from 'node:util'
import { invalidProtobufValue } from './errors.js'
import { fieldsOf } from './field-table.js'
import { Long } from './long.js'
import { BufferView, type NativeBuffer } from './native-buffer.js'
import { encoderOf, nameOf, typeOf } from './registry.js'
import { MAX_DEPTH, type NumberType } from './wire.js'

/** Messages are written into shared slabs of this size, as `Buffer.allocUnsafe` does for small buffers. */
const SLAB_SIZE = 8192
/** A message that begins with less room than this gets a new slab. */
const MIN_ROOM = 256
/** A message that outgrows the rest of its slab continues in a new one up to this size, beyond it in a buffer of its own. */
const MAX_IN_SLAB = 4096
/** Largest buffer that is kept for the next message that does not fit into a slab. */
const MAX_KEPT = 65_536
/** Longest varint plus longest tag. */
const NUMBER_ROOM = 15
/** Strings up to this length are written in JavaScript: cheaper than a call into native code. */
const SHORT_STRING = 48

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)
const float = new Float32Array(1)
const floatBytes = new Uint8Array(float.buffer)

/** Memory of its own, from its first byte. */
const allocate = (size: number): NativeBuffer => Buffer.allocUnsafeSlow(size) as NativeBuffer

/**
 * Writes messages from the end to the beginning: the length of a nested message is known when its prefix is due, so one
 * pass is enough and nothing is measured or moved. The generated encoders drive it, fields in descending order.
 *
 * Errors are `invalid-protobuf-value`.
 */
export class MessageWriter {
  private buffer: NativeBuffer
  /** Offset of the first byte written. */
  private pos: number
  /** Offset behind the last byte of the outermost message. */
  private top: number
  private depth = 0
  private type = 0
  private slab: NativeBuffer
  private slabMemory: ArrayBufferLike
  private slabTop: number
  private spare: NativeBuffer | undefined
  /** Members of the messages being written that wait for their turn: a stack, shared by all levels. */
  private orders: number[] = []
  private values: unknown[] = []
  private stacked = 0
  private isBusy = false

  constructor() {
    this.slab = allocate(0)
    this.slabMemory = this.slab.buffer
    this.buffer = this.slab
    this.slabTop = 0
    this.pos = 0
    this.top = 0
  }

  /** Encodes a message. The result is the caller's; small ones share memory as those of `Buffer.allocUnsafe` do. */
  encode(index: number, message: object): Buffer {
    // A getter of the message that encodes another one must not write into the middle of this one.
    if (this.isBusy) return new MessageWriter().encode(index, message)
    this.begin(index)
    try {
      encoderOf(index)(message, this)
      return this.result()
    } finally {
      this.isBusy = false
      this.buffer = this.slab
    }
  }

  /** Members that the message has, in descending order of their fields. Most objects have them nearly in order. */
  members(message: Record<string, unknown>, index: number, put: PutMember): void {
    const fields = fieldsOf(typeOf(index))
    const { orders, values } = this
    const base = this.stacked
    let top = base
    for (const name of Object.keys(message)) {
      const value = message[name]
      // Decoded messages have an empty list for every repeated member that is not there: the usual case, told first.
      if (value == null || (Array.isArray(value) && value.length === 0)) continue
      const field = fields.get(name)
      if (field === undefined) continue
      const { order } = field
      let at = top++
      for (; at > base && (orders[at - 1] as number) > order; at--) {
        orders[at] = orders[at - 1] as number
        values[at] = values[at - 1]
      }
      orders[at] = order
      values[at] = value
    }
    this.stacked = top
    for (let at = top - 1; at >= base; at--) {
      const value = values[at]
      values[at] = undefined
      put(this, orders[at] as number, value)
    }
    this.stacked = base
  }

  own(message: object, name: string): boolean {
    return Object.hasOwn(message, name)
  }

  uint32(value: unknown, tag: number): void {
    const pos = this.pos < NUMBER_ROOM ? this.grow(NUMBER_ROOM) : this.pos
    const number = typeof value === 'number' ? value >>> 0 : this.toNumber(value, tag) >>> 0
    if (number < 128) {
      this.buffer[pos - 1] = number
      this.putTag(tag, pos - 1)
    } else this.putTag(tag, this.putVarint(number, pos))
  }

  int32(value: unknown, tag: number): void {
    const number = typeof value === 'number' ? value | 0 : this.toNumber(value, tag) | 0
    if (number >= 0) this.uint32(number, tag)
    else this.putBits(number, -1, tag)
  }

  bool(value: unknown, tag: number): void {
    const pos = this.pos < NUMBER_ROOM ? this.grow(NUMBER_ROOM) : this.pos
    this.buffer[pos - 1] = value ? 1 : 0
    this.putTag(tag, pos - 1)
  }

  int64(value: unknown, tag: number): void {
    if (typeof value === 'number' && value >= 0 && value < 0x8000_0000) {
      this.uint32(value, tag)
      return
    }
    const { low, high } = this.toLong(value, tag)
    this.putBits(low, high, tag)
  }

  uint64(value: unknown, tag: number): void {
    this.int64(value, tag)
  }

  fixed32(value: unknown, tag: number): void {
    const pos = this.pos < NUMBER_ROOM ? this.grow(NUMBER_ROOM) : this.pos
    this.putTag(tag, this.putWord(this.toNumber(value, tag) | 0, pos))
  }

  sfixed32(value: unknown, tag: number): void {
    this.fixed32(value, tag)
  }

  fixed64(value: unknown, tag: number): void {
    const pos = this.pos < NUMBER_ROOM ? this.grow(NUMBER_ROOM) : this.pos
    const { low, high } = this.toLong(value, tag)
    this.putTag(tag, this.putWord(low, this.putWord(high, pos)))
  }

  sfixed64(value: unknown, tag: number): void {
    this.fixed64(value, tag)
  }

  float(value: unknown, tag: number): void {
    const pos = this.pos < NUMBER_ROOM ? this.grow(NUMBER_ROOM) : this.pos
    float[0] = Number(value)
    this.buffer.set(floatBytes, pos - 4)
    this.putTag(tag, pos - 4)
  }

  double(value: unknown, tag: number): void {
    const pos = this.pos < NUMBER_ROOM ? this.grow(NUMBER_ROOM) : this.pos
    double[0] = Number(value)
    this.buffer.set(doubleBytes, pos - 8)
    this.putTag(tag, pos - 8)
  }

  /** Lone surrogates become U+FFFD. */
  string(value: unknown, tag: number): void {
    if (typeof value !== 'string') throw this.invalid(tag, 'string')
    const { length } = value
    if (length <= SHORT_STRING && this.shortString(value, tag)) return
    const size = Buffer.byteLength(value)
    const pos = (this.pos < size + NUMBER_ROOM ? this.grow(size + NUMBER_ROOM) : this.pos) - size
    if (size === length) this.buffer.latin1Write(value, pos, size)
    else this.buffer.utf8Write(value, pos, size)
    this.putTag(tag, this.putVarint(size, pos))
  }

  /** Base64 text is accepted in place of bytes, as Baileys does. */
  bytes(value: unknown, tag: number): void {
    const bytes = value instanceof Uint8Array ? value : this.toBytes(value, tag)
    const size = bytes.length
    const pos = (this.pos < size + NUMBER_ROOM ? this.grow(size + NUMBER_ROOM) : this.pos) - size
    this.buffer.set(bytes, pos)
    this.putTag(tag, this.putVarint(size, pos))
  }

  /** @param index of the nested message's type */
  message(value: unknown, tag: number, index: number): void {
    if (typeof value !== 'object' || value === null) throw this.invalid(tag, 'object')
    const before = this.top - this.pos
    const outer = this.type
    if (++this.depth > MAX_DEPTH) throw this.invalid(tag, `at most ${MAX_DEPTH} levels of nesting`)
    this.type = index
    encoderOf(index)(value, this)
    this.type = outer
    this.depth--
    this.putPrefix(this.top - this.pos - before, tag)
  }

  /** Elements of a repeated member, each with its own tag. */
  list(value: unknown, tag: number, method: NumberType | 'string' | 'bytes' | 'message', index = 0): void {
    const list = this.toList(value, tag)
    for (let i = list.length - 1; i >= 0; i--) this[method](list[i], tag, index)
  }

  /** Numbers of a packed repeated member. */
  packed(value: unknown, tag: number, method: NumberType): void {
    const list = this.toList(value, tag)
    if (list.length === 0) return
    const before = this.top - this.pos
    for (let i = list.length - 1; i >= 0; i--) this[method](list[i], 0)
    this.putPrefix(this.top - this.pos - before, tag)
  }

  /** Codes as in the field tables. */
  map(value: unknown, tag: number, keyCode: string, valueCode: string): void {
    if (typeof value !== 'object' || value === null) throw this.invalid(tag, 'object')
    for (const [key, element] of Object.entries(value).reverse()) {
      const before = this.top - this.pos
      if (valueCode === 's') this.string(element, 18)
      else this.message(element, 18, Number(valueCode.slice(1)))
      if (keyCode === 's') this.string(key, 10)
      else this.uint32(key, 8)
      this.putPrefix(this.top - this.pos - before, tag)
    }
  }

  private begin(index: number): void {
    if (this.slabTop < MIN_ROOM) this.openSlab()
    this.buffer = this.slab
    this.pos = this.slabTop
    this.top = this.slabTop
    this.depth = 0
    if (this.stacked > 0) this.dropStack()
    this.type = index
    this.isBusy = true
  }

  /** An encoding that failed leaves members behind. */
  private dropStack(): void {
    this.orders = []
    this.values = []
    this.stacked = 0
  }

  private result(): Buffer {
    const { buffer, pos, top } = this
    if (buffer === this.slab) {
      this.slabTop = pos
      return new BufferView(this.slabMemory, pos, top - pos)
    }
    // What outgrew the slab is copied: the result must not keep the larger buffer alive.
    if (buffer.length <= MAX_KEPT) this.spare = buffer
    const copy = Buffer.allocUnsafe(top - pos)
    buffer.copy(copy, 0, pos, top)
    return copy
  }

  /** Moves what is written to the end of another buffer with at least `room` bytes before it. */
  private grow(room: number): number {
    const { buffer, pos, top } = this
    const written = top - pos
    const next = this.largerBuffer(written + room)
    this.pos = next.length - written
    this.top = next.length
    buffer.copy(next, this.pos, pos, top)
    this.buffer = next
    return this.pos
  }

  private largerBuffer(needed: number): NativeBuffer {
    if (needed <= MAX_IN_SLAB && this.buffer === this.slab) {
      this.openSlab()
      return this.slab
    }
    const { spare } = this
    if (spare !== undefined && spare !== this.buffer && spare.length >= needed) return spare
    let size = 2 * SLAB_SIZE
    while (size < 2 * needed) size *= 2
    return allocate(size)
  }

  private openSlab(): void {
    this.slab = allocate(SLAB_SIZE)
    this.slabMemory = this.slab.buffer
    this.slabTop = SLAB_SIZE
  }

  /** False when the text is not ASCII. */
  private shortString(value: string, tag: number): boolean {
    const { length } = value
    const end = this.pos < NUMBER_ROOM + SHORT_STRING ? this.grow(NUMBER_ROOM + SHORT_STRING) : this.pos
    const { buffer } = this
    const pos = end - length
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 127) return false
      buffer[pos + i] = unit
    }
    buffer[pos - 1] = length
    this.putTag(tag, pos - 1)
    return true
  }

  /** The caller has made sure of the room; tag 0 stands for an element of a packed list. */
  private putTag(tag: number, pos: number): void {
    if (tag === 0) this.pos = pos
    else if (tag < 128) {
      this.buffer[pos - 1] = tag
      this.pos = pos - 1
    } else if (tag < 16_384) {
      this.buffer[pos - 1] = tag >>> 7
      this.buffer[pos - 2] = (tag & 127) | 128
      this.pos = pos - 2
    } else this.pos = this.putVarint(tag, pos)
  }

  private putPrefix(length: number, tag: number): void {
    const pos = this.pos < NUMBER_ROOM ? this.grow(NUMBER_ROOM) : this.pos
    this.putTag(tag, this.putVarint(length, pos))
  }

  /** Writes an unsigned 32-bit varint that ends at `end`, returns where it begins. */
  private putVarint(value: number, end: number): number {
    const { buffer } = this
    if (value < 128) {
      buffer[end - 1] = value
      return end - 1
    }
    const begin = end - (value < 16_384 ? 2 : value < 2_097_152 ? 3 : value < 268_435_456 ? 4 : 5)
    let rest = value
    let pos = begin
    while (rest > 127) {
      buffer[pos++] = (rest & 127) | 128
      rest >>>= 7
    }
    buffer[pos] = rest
    return begin
  }

  /** A 64-bit varint from its halves. */
  private putBits(lowHalf: number, highHalf: number, tag: number): void {
    const end = this.pos < NUMBER_ROOM + 10 ? this.grow(NUMBER_ROOM + 10) : this.pos
    let low = lowHalf >>> 0
    let high = highHalf >>> 0
    if (high === 0) {
      this.putTag(tag, this.putVarint(low, end))
      return
    }
    const { buffer } = this
    const begin = end - Math.ceil((64 - Math.clz32(high)) / 7)
    let pos = begin
    while (high !== 0) {
      buffer[pos++] = (low & 127) | 128
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    while (low > 127) {
      buffer[pos++] = (low & 127) | 128
      low >>>= 7
    }
    buffer[pos] = low
    this.putTag(tag, begin)
  }

  private putWord(value: number, end: number): number {
    const { buffer } = this
    buffer[end - 4] = value
    buffer[end - 3] = value >>> 8
    buffer[end - 2] = value >>> 16
    buffer[end - 1] = value >>> 24
    return end - 4
  }

  private toNumber(value: unknown, tag: number): number {
    if (typeof value === 'number') return value
    const number = Long.isLong(value) ? value.low : Number(value)
    if (Number.isNaN(number)) throw this.invalid(tag, 'number')
    return number
  }

  private toLong(value: unknown, tag: number): { readonly low: number; readonly high: number } {
    if (Long.isLong(value)) return value
    if (typeof value === 'number') return Long.fromNumber(value)
    if (typeof value === 'bigint') return Long.fromBigInt(value)
    if (typeof value === 'string') {
      try {
        return Long.fromString(value)
      } catch {
        throw this.invalid(tag, 'integer')
      }
    }
    throw this.invalid(tag, 'integer')
  }

  private toBytes(value: unknown, tag: number): Uint8Array {
    if (typeof value === 'string') return Buffer.from(value, 'base64')
    if (Array.isArray(value)) return Uint8Array.from(value)
    if (value instanceof ArrayBuffer) return new Uint8Array(value)
    throw this.invalid(tag, 'bytes')
  }

  private toList(value: unknown, tag: number): ArrayLike<unknown> {
    if (Array.isArray(value) || types.isTypedArray(value)) return value
    throw this.invalid(tag, 'array')
  }

  private invalid(tag: number, expected: string): Error {
    return invalidProtobufValue(nameOf(this.type), tag >>> 3, expected)
  }
}

/** Writes one member: generated. `order` is the position of its field by number. */
type PutMember = (writer: MessageWriter, order: number, value: unknown) => void
