import { makeSha256Block, type Sha256Block } from './sha256-block.js'

/*
 * HMAC-SHA256 and HKDF-SHA256 for short inputs, without node:crypto.
 *
 * Key derivation of the Signal ratchets hashes a few dozen bytes half a dozen times per message. Through node:crypto each
 * of these costs about 2 µs plus a native object to collect, nearly all of it overhead of the call: the hashing itself
 * is two blocks of 0.25 µs. Here no object is made besides the result, and the two blocks that depend on the key alone
 * are hashed once per key instead of once per message. Nothing branches or looks up tables by secret data. For inputs
 * beyond a few hundred bytes node:crypto is faster.
 */

const blockLength = 64
const hashLength = 32
/** Bytes of the last block that the padding needs: 80, and the length in bits. */
const paddingLength = 9

const initialState = Int32Array.from([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
])

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
function hashMessage({ schedule, compress }: Sha256Block, bytes: Uint8Array, length: number): void {
  const end = Math.ceil((length + paddingLength) / blockLength) * blockLength
  for (let offset = 0; offset < end; offset += blockLength) {
    const whole = Math.max(Math.min((length - offset) >> 2, 16), 0)
    for (let index = 0; index < whole; index++) schedule[index] = wholeWord(bytes, offset + 4 * index)
    for (let index = whole; index < 16; index++) schedule[index] = lastWord(bytes, offset + 4 * index, length)
    // Short inputs: the length in bits fits the last word.
    if (offset + blockLength === end) schedule[15] = (blockLength + length) * 8
    compress()
  }
}

/** The two hash states that an HMAC key stands for: HMAC(key, m) = H(outer pad ‖ H(inner pad ‖ m)). */
class KeyState {
  readonly #block: Sha256Block
  readonly #inner = new Int32Array(8)
  readonly #outer = new Int32Array(8)

  constructor(block: Sha256Block) {
    this.#block = block
  }

  /** `key` may have up to 64 bytes. */
  setKey(key: Uint8Array): this {
    this.#pad(key, 0x36363636, this.#inner)
    this.#pad(key, 0x5c5c5c5c, this.#outer)
    return this
  }

  mac(message: Uint8Array, length: number, out: Uint8Array, outOffset: number): void {
    const { schedule, state, compress } = this.#block
    copyState(this.#inner, state)
    hashMessage(this.#block, message, length)
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
    const { schedule, state, compress } = this.#block
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

/** The hash states in use; everything here runs to its end without yielding, so one of each is enough. */
interface KeyStates {
  readonly key: KeyState
  /** That of the empty salt. */
  readonly emptySalt: KeyState
}

let states: KeyStates | undefined

/** Made when first needed: a program that never encrypts does not pay for it. */
function keyStates(): KeyStates {
  if (states === undefined) {
    const block = makeSha256Block()
    states = { key: new KeyState(block), emptySalt: new KeyState(block).setKey(new Uint8Array(hashLength)) }
  }
  return states
}

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
  const state = keyStates().key.setKey(key)
  return { seed: oneByteMac(state, 1), nextKey: oneByteMac(state, 2) }
}

/** `HMAC(key, 02)` alone. */
export function nextChainKey(key: Uint8Array): Uint8Array {
  return oneByteMac(keyStates().key.setKey(key), 2)
}

function oneByteMac(state: KeyState, byte: number): Uint8Array {
  const out = new Uint8Array(hashLength)
  oneByte[0] = byte
  state.mac(oneByte, 1, out, 0)
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
  const { key, emptySalt } = keyStates()
  const extract = salt === undefined ? emptySalt : key.setKey(salt)
  extract.mac(input, input.byteLength, secret, 0)
  key.setKey(secret)
  const output = new Uint8Array(Math.ceil(length / hashLength) * hashLength)
  let previous = 0
  for (let offset = 0; offset < length; offset += hashLength) {
    expansion.set(info, previous)
    expansion[previous + info.byteLength] = offset / hashLength + 1
    key.mac(expansion, previous + info.byteLength + 1, output, offset)
    for (let index = 0; index < hashLength; index++) expansion[index] = output[offset + index] as number
    previous = hashLength
  }
  return output.subarray(0, length)
}
