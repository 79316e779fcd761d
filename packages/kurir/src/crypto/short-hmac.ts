/*
 * HMAC-SHA256 and HKDF-SHA256 for short inputs, in plain JavaScript.
 *
 * Key derivation of the Signal ratchets hashes a few dozen bytes half a dozen times per message. Through node:crypto each
 * of these costs about 2 µs plus a native object to collect, nearly all of it overhead of the call: the hashing itself
 * is two blocks. Here a block costs 0.4 µs, no object is made besides the result, and the two blocks that depend on the
 * key alone are hashed once per key instead of once per message. The code has no branch and no table look-up that
 * depends on secret data. For inputs beyond a few hundred bytes node:crypto is faster.
 */

const blockLength = 64
const hashLength = 32
/** Bytes of the last block that the padding needs: 80, and the length in bits. */
const paddingLength = 9

const constants = Int32Array.from(
  `428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5 d807aa98 12835b01 243185be 550c7dc3 72be5d74
   80deb1fe 9bdc06a7 c19bf174 e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da 983e5152 a831c66d
   b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967 27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e
   92722c85 a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070 19a4c116 1e376c08 2748774c 34b0bcb5
   391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3 748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2`
    .split(/\s+/)
    .map(word => Number.parseInt(word, 16)),
)
const initialState = Int32Array.from([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
])

// Working memory: everything here runs to its end without yielding. The first 16 words of the schedule are the block.
const schedule = new Int32Array(64)
const state = new Int32Array(8)

/** Hashes the block in the schedule into `state`. */
function compress(): void {
  // Local names: the optimising compiler knows more about them than about variables of the module.
  const words = schedule
  const round = constants
  const hash = state
  for (let index = 16; index < 64; index++) {
    const early = words[index - 15] as number
    const late = words[index - 2] as number
    const sigma0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
    const sigma1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
    words[index] = (sigma0 + sigma1 + (words[index - 7] as number) + (words[index - 16] as number)) | 0
  }
  let a = hash[0] as number
  let b = hash[1] as number
  let c = hash[2] as number
  let d = hash[3] as number
  let e = hash[4] as number
  let f = hash[5] as number
  let g = hash[6] as number
  let h = hash[7] as number
  for (let index = 0; index < 64; index++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const choice = g ^ (e & (f ^ g))
    const first = (h + sum1 + choice + (round[index] as number) + (words[index] as number)) | 0
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const majority = (a & b) | (c & (a | b))
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + ((sum0 + majority) | 0)) | 0
  }
  hash[0] = (hash[0] as number) + a
  hash[1] = (hash[1] as number) + b
  hash[2] = (hash[2] as number) + c
  hash[3] = (hash[3] as number) + d
  hash[4] = (hash[4] as number) + e
  hash[5] = (hash[5] as number) + f
  hash[6] = (hash[6] as number) + g
  hash[7] = (hash[7] as number) + h
}

/** Eight words, for which a loop is faster than the built-in copy. */
function copyState(from: Int32Array, to: Int32Array): void {
  for (let index = 0; index < 8; index++) to[index] = from[index] as number
}

function wholeWord(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

/** A word in which the message has ended: 80 stands behind the last byte, then zeros. */
function lastWord(bytes: Uint8Array, at: number, end: number): number {
  if (at > end) return 0
  let result = 0x80 << (24 - 8 * (end - at))
  for (let index = 0; at + index < end; index++) result |= (bytes[at + index] as number) << (24 - 8 * index)
  return result
}

/** Hashes a message that follows one block of key padding. */
function hashMessage(bytes: Uint8Array, length: number): void {
  const end = Math.ceil((length + paddingLength) / blockLength) * blockLength
  for (let offset = 0; offset < end; offset += blockLength) {
    const whole = Math.min((length - offset) >> 2, 16)
    for (let index = 0; index < whole; index++) schedule[index] = wholeWord(bytes, offset + 4 * index)
    for (let index = Math.max(whole, 0); index < 16; index++)
      schedule[index] = lastWord(bytes, offset + 4 * index, length)
    // Short inputs: the length in bits fits the last word.
    if (offset + blockLength === end) schedule[15] = (blockLength + length) * 8
    compress()
  }
}

/** The two hash states that an HMAC key stands for: HMAC(key, m) = H(outer pad ‖ H(inner pad ‖ m)). */
class KeyState {
  readonly #inner = new Int32Array(8)
  readonly #outer = new Int32Array(8)

  /** `key` may have up to 64 bytes. */
  setKey(key: Uint8Array): this {
    this.#pad(key, 0x36363636, this.#inner)
    this.#pad(key, 0x5c5c5c5c, this.#outer)
    return this
  }

  mac(message: Uint8Array, length: number, out: Uint8Array, outOffset: number): void {
    copyState(this.#inner, state)
    hashMessage(message, length)
    copyState(state, schedule)
    schedule[8] = 0x80000000
    for (let index = 9; index < 15; index++) schedule[index] = 0
    schedule[15] = (blockLength + hashLength) * 8
    copyState(this.#outer, state)
    compress()
    for (let index = 0, at = outOffset; index < 8; index++, at += 4) {
      const value = state[index] as number
      out[at] = value >>> 24
      out[at + 1] = value >>> 16
      out[at + 2] = value >>> 8
      out[at + 3] = value
    }
  }

  #pad(key: Uint8Array, filler: number, target: Int32Array): void {
    const whole = key.byteLength >> 2
    for (let index = 0; index < whole; index++) schedule[index] = filler ^ wholeWord(key, 4 * index)
    for (let index = whole; index < 16; index++) schedule[index] = filler
    if ((key.byteLength & 3) !== 0) schedule[whole] = filler ^ zeroFilledWord(key, 4 * whole)
    copyState(initialState, state)
    compress()
    copyState(state, target)
  }
}

/** The bytes from `at` on, at most three, filled up with zeros. */
function zeroFilledWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8)
}

const keyState = new KeyState()
const emptySaltState = new KeyState().setKey(new Uint8Array(hashLength))
const oneByte = new Uint8Array(1)
const secret = new Uint8Array(hashLength)
/** Previous block ‖ info ‖ counter of an HKDF expansion. */
const expansion = new Uint8Array(256)
const longestInfo = expansion.byteLength - hashLength - 1

/**
 * `HMAC(key, 01)` and `HMAC(key, 02)`: the seed of a message and the next key of a chain (`docs/protocol/02` §2.3).
 *
 * @param key at most 64 bytes
 */
export function chainStep(key: Uint8Array): { readonly seed: Uint8Array; readonly nextKey: Uint8Array } {
  keyState.setKey(key)
  return { seed: oneByteMac(1), nextKey: oneByteMac(2) }
}

/** `HMAC(key, 02)` alone. */
export function nextChainKey(key: Uint8Array): Uint8Array {
  keyState.setKey(key)
  return oneByteMac(2)
}

function oneByteMac(byte: number): Uint8Array {
  const out = new Uint8Array(hashLength)
  oneByte[0] = byte
  keyState.mac(oneByte, 1, out, 0)
  return out
}

/**
 * HKDF-SHA256 like `hkdf`, for a few blocks of output from short inputs.
 *
 * @param salt at most 64 bytes; absent: 32 zero bytes
 * @param info at most 223 bytes
 * @throws RangeError for longer arguments
 */
export function shortHkdf(input: Uint8Array, length: number, info: Uint8Array, salt?: Uint8Array): Uint8Array {
  if ((salt?.byteLength ?? 0) > blockLength || info.byteLength > longestInfo || length > 255 * hashLength) {
    throw new RangeError('shortHkdf takes a salt of 64 bytes and an info of 223 bytes at most')
  }
  const extract = salt === undefined ? emptySaltState : keyState.setKey(salt)
  extract.mac(input, input.byteLength, secret, 0)
  keyState.setKey(secret)
  const output = new Uint8Array(Math.ceil(length / hashLength) * hashLength)
  let previous = 0
  for (let offset = 0; offset < length; offset += hashLength) {
    expansion.set(info, previous)
    expansion[previous + info.byteLength] = offset / hashLength + 1
    keyState.mac(expansion, previous + info.byteLength + 1, output, offset)
    expansion.set(output.subarray(offset, offset + hashLength))
    previous = hashLength
  }
  return output.subarray(0, length)
}
