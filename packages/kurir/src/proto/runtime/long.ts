const TWO_32 = 4_294_967_296

/** Anything that has the two halves of a 64-bit integer, such as a `Long` of the npm package `long`. */
export interface LongLike {
  readonly low: number
  readonly high: number
  readonly unsigned?: boolean
}

/**
 * What protobuf members of 64 bits hold beside numbers: a {@link Long}, or an object of the npm package `long`, which
 * programs written for Baileys have in their stores.
 */
export interface Integer64 extends LongLike {
  readonly unsigned: boolean
  /** Exact up to 2^53, rounded beyond. */
  toNumber(): number
  toString(radix?: number): string
}

/**
 * A 64-bit integer as programs written for Baileys expect it in protobuf members: two signed 32-bit halves, `toNumber()`
 * and `toString()`. Arithmetic is not its business: take `toNumber()` (exact up to 2^53) or `toBigInt()`.
 *
 * `Long.isLong` of the npm package `long` accepts these objects.
 */
export class Long implements Integer64 {
  low: number
  high: number
  unsigned: boolean

  /** `low` and `high` are the halves as signed 32-bit integers. */
  constructor(low: number, high = 0, unsigned = false) {
    this.low = low | 0
    this.high = high | 0
    this.unsigned = unsigned
  }

  /** True for every object that can be read as a 64-bit integer. */
  static isLong(value: unknown): value is LongLike {
    return typeof value === 'object' && value !== null && 'low' in value && 'high' in value
  }

  static fromBits(low: number, high: number, unsigned = false): Long {
    return new Long(low, high, unsigned)
  }

  /** Fractions are cut off; numbers that are not finite become 0; what exceeds 64 bits wraps. */
  static fromNumber(value: number, unsigned = false): Long {
    if (!Number.isFinite(value)) return new Long(0, 0, unsigned)
    if (Math.abs(value) >= 2 ** 53) return Long.fromBigInt(BigInt(Math.trunc(value)), unsigned)
    const whole = Math.trunc(value)
    return new Long(whole | 0, Math.floor(whole / TWO_32) | 0, unsigned)
  }

  static fromBigInt(value: bigint, unsigned = false): Long {
    return new Long(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)), unsigned)
  }

  /** Decimal digits with an optional sign. Throws SyntaxError for anything else. */
  static fromString(value: string, unsigned = false): Long {
    if (!/^-?\d+$/.test(value)) throw new SyntaxError(`Not a decimal integer: ${value.slice(0, 40)}`)
    return value.length < 16 ? Long.fromNumber(Number(value), unsigned) : Long.fromBigInt(BigInt(value), unsigned)
  }

  static fromValue(value: number | bigint | string | LongLike, unsigned?: boolean): Long {
    if (typeof value === 'number') return Long.fromNumber(value, unsigned)
    if (typeof value === 'bigint') return Long.fromBigInt(value, unsigned)
    if (typeof value === 'string') return Long.fromString(value, unsigned)
    return new Long(value.low, value.high, unsigned ?? value.unsigned ?? false)
  }

  /** Exact up to 2^53, rounded beyond. */
  toNumber(): number {
    const high = this.unsigned ? this.high >>> 0 : this.high
    return high * TWO_32 + (this.low >>> 0)
  }

  /** The lower half as a signed integer. */
  toInt(): number {
    return this.unsigned ? this.low >>> 0 : this.low
  }

  toBigInt(): bigint {
    const bits = (BigInt(this.high) << 32n) | BigInt(this.low >>> 0)
    return this.unsigned ? BigInt.asUintN(64, bits) : bits
  }

  toString(radix?: number): string {
    const high = this.high
    // Two million is below 2^21: the number is exact.
    return high >= 0 && high < 2_097_152 ? this.toNumber().toString(radix) : this.toBigInt().toString(radix)
  }

  /** Decimal text, as in the JSON form of a message. */
  toJSON(): string {
    return this.toString()
  }

  isZero(): boolean {
    return this.low === 0 && this.high === 0
  }

  equals(other: number | bigint | string | LongLike): boolean {
    return this.compare(other) === 0
  }

  /** -1, 0 or 1. */
  compare(other: number | bigint | string | LongLike): -1 | 0 | 1 {
    const mine = this.toBigInt()
    const theirs = Long.fromValue(other, Long.isLong(other) ? undefined : this.unsigned).toBigInt()
    return mine < theirs ? -1 : mine > theirs ? 1 : 0
  }
}

// What `Long.isLong` of the npm package `long` looks for.
Object.defineProperty(Long.prototype, '__isLong__', { value: true })
