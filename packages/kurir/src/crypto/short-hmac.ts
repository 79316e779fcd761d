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

/** The longest message, with its padding. */
const longestMessage = 2048 - blockLength
/** The message being hashed; everything here runs to its end without yielding. */
const message = new Uint8Array(2048)
const messageWords = new Int32Array(message.buffer)

/** Fills the schedule with the block of the message that begins at `word`. */
function loadBlock(schedule: Int32Array, word: number, mask: number): void {
  const words = messageWords
  for (let index = 0; index < 16; index++) schedule[index] = bigEndian(words[word + index] as number) ^ mask
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function bigEndian(value: number): number {
  if (!isLittleEndian) return value
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)
}

/** Eight words, for which a loop is faster than the built-in copy. */
function copyState(from: Int32Array, to: Int32Array): void {
  for (let index = 0; index < 8; index++) to[index] = from[index] as number
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
    message.set(key)
    message.fill(0, key.byteLength, blockLength)
    this.#pad(0x36363636, this.#inner)
    this.#pad(0x5c5c5c5c, this.#outer)
    return this
  }

  /** The MAC of the first `length` bytes of {@link message}, which is overwritten behind them. */
  mac(length: number, out: Uint8Array, outOffset: number): void {
    const { schedule, state, compress } = this.#block
    const blocks = (length + paddingLength + blockLength - 1) >> 6
    message[length] = 0x80
    message.fill(0, length + 1, blocks * blockLength)
    copyState(this.#inner, state)
    for (let block = 1; block < blocks; block++) {
      loadBlock(schedule, (block - 1) * 16, 0)
      compress()
    }
    loadBlock(schedule, (blocks - 1) * 16, 0)
    // The length in bits fits the last word.
    schedule[15] = (blockLength + length) * 8
    compress()
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

  #pad(filler: number, target: Int32Array): void {
    const { schedule, state, compress } = this.#block
    loadBlock(schedule, 0, filler)
    copyState(initialState, state)
    compress()
    copyState(state, target)
  }
}

/** The hash states in use: one of each is enough. */
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

const secret = new Uint8Array(hashLength)
const longestInfo = 223

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
  message[0] = byte
  state.mac(1, out, 0)
  return out
}

/** The longest input of {@link shortHmac}. */
export const shortHmacLimit = 1024

/**
 * HMAC-SHA256 like `hmacSha256`, over the two parts as if they were concatenated.
 *
 * @param key at most 64 bytes
 * @throws RangeError for a longer key, and for more than {@link shortHmacLimit} bytes
 */
export function shortHmac(key: Uint8Array, first: Uint8Array, second: Uint8Array = nothing): Uint8Array {
  const length = first.byteLength + second.byteLength
  if (key.byteLength > blockLength || length > shortHmacLimit) {
    throw new RangeError('shortHmac takes a key of 64 bytes and 1024 bytes to hash at most')
  }
  const state = keyStates().key.setKey(key)
  message.set(first)
  message.set(second, first.byteLength)
  const out = new Uint8Array(hashLength)
  state.mac(length, out, 0)
  return out
}

const nothing = new Uint8Array(0)

/**
 * HKDF-SHA256 like `hkdf`, for a few blocks of output from short inputs.
 *
 * @param input at most 1984 bytes
 * @param salt at most 64 bytes; absent: 32 zero bytes
 * @param info at most 223 bytes
 * @throws RangeError for longer arguments
 */
export function shortHkdf(input: Uint8Array, length: number, info: Uint8Array, salt?: Uint8Array): Uint8Array {
  const isShort = (salt?.byteLength ?? 0) <= blockLength && info.byteLength <= longestInfo
  if (!isShort || input.byteLength > longestMessage || length > 255 * hashLength) {
    throw new RangeError('shortHkdf takes a salt of 64 bytes and an info of 223 bytes at most')
  }
  const { key, emptySalt } = keyStates()
  const extract = salt === undefined ? emptySalt : key.setKey(salt)
  message.set(input)
  extract.mac(input.byteLength, secret, 0)
  key.setKey(secret)
  const output = new Uint8Array(Math.ceil(length / hashLength) * hashLength)
  let previous = 0
  for (let offset = 0; offset < length; offset += hashLength) {
    // Previous block ‖ info ‖ counter.
    if (previous > 0) message.set(output.subarray(offset - hashLength, offset))
    message.set(info, previous)
    message[previous + info.byteLength] = offset / hashLength + 1
    key.mac(previous + info.byteLength + 1, output, offset)
    previous = hashLength
  }
  return output.subarray(0, length)
}
