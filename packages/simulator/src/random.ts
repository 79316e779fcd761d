import { randomBytes as cryptoRandomBytes } from 'node:crypto'

/**
 * A seeded generator (sfc32): the same seed gives the same LIDs, refs, message ids and faults. It is no source for
 * secrets of real accounts; keys of simulated phones come from it so that a run can be repeated.
 */
export class SeededRandom {
  readonly seed: string
  #a: number
  #b: number
  #c: number
  #counter: number

  /** Without a seed one is drawn; read `seed` to repeat the run. */
  constructor(seed: string | number = cryptoRandomBytes(8).toString('hex')) {
    this.seed = String(seed)
    const state = hashSeed(this.seed)
    this.#a = state[0]
    this.#b = state[1]
    this.#c = state[2]
    this.#counter = 1
    for (let round = 0; round < 12; round += 1) this.uint32()
  }

  /** An independent generator for one purpose, so that drawing more numbers here does not shift those there. */
  fork(purpose: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${purpose}`)
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum
  }

  /** 0 ≤ result < 1. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** 0 ≤ result < limit. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  chance(probability: number): boolean {
    return probability >= 1 || (probability > 0 && this.fraction() < probability)
  }

  /** One of the values, of which there must be one. */
  pick<Value>(values: readonly Value[]): Value {
    if (values.length === 0) throw new RangeError('There is nothing to pick from')
    return values[this.below(values.length)] as Value
  }

  bytes(length: number): Buffer {
    const result = Buffer.allocUnsafe(length)
    const whole = length - (length % 4)
    for (let offset = 0; offset < whole; offset += 4) result.writeUInt32LE(this.uint32(), offset)
    for (let offset = whole; offset < length; offset += 1) result[offset] = this.uint32() & 0xff
    return result
  }

  /** `length` decimal digits, the first of them not 0. */
  digits(length: number): string {
    let result = String(1 + this.below(9))
    while (result.length < length) result += String(this.below(10))
    return result
  }
}

const hashSeed = (seed: string): readonly [number, number, number] => {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = 0xb7e15162
  for (let index = 0; index < seed.length; index += 1) {
    const unit = seed.charCodeAt(index)
    a = Math.imul(a ^ unit, 0x85ebca6b) >>> 0
    b = Math.imul(b ^ (unit + a), 0xc2b2ae35) >>> 0
    c = Math.imul(c ^ (unit + b), 0x27d4eb2f) >>> 0
  }
  return [a, b, c]
}
