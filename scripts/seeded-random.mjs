/**
 * A small generator of repeatable random numbers (sfc32) for fuzzing and fault tests: the same seed gives the same run.
 * Not for secrets.
 */
export class SeededRandom {
  #a
  #b
  #c
  #counter = 1

  constructor(seed) {
    let hash = 0x811c9dc5
    const text = String(seed)
    const next = () => {
      for (let index = 0; index < text.length; index += 1) {
        hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
      }
      hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0
      return hash
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    for (let round = 0; round < 15; round += 1) this.uint32()
  }

  uint32() {
    const sum = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum
  }

  /** 0 ≤ result < limit. */
  below(limit) {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit)
  }

  chance(probability) {
    return this.uint32() / 0x1_0000_0000 < probability
  }

  pick(values) {
    return values[this.below(values.length)]
  }

  bytes(length) {
    const bytes = Buffer.allocUnsafe(length)
    let offset = 0
    for (; offset + 4 <= length; offset += 4) bytes.writeUInt32LE(this.uint32(), offset)
    for (; offset < length; offset += 1) bytes[offset] = this.uint32() & 0xff
    return bytes
  }
}
