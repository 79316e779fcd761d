import { initialState, initialStateLength, makeSha256Block, type Sha256Block } from './sha256-block.js'

/*
 * HMAC-SHA256 and HKDF-SHA256 for short inputs, without node:crypto.
 *
 * Key derivation of the Signal ratchets hashes a few dozen bytes half a dozen times per message. Through node:crypto each
 * of these costs about 2 µs plus a native object to collect, nearly all of it overhead of the call: the hashing itself
 * is two blocks of 0.3 µs. Here no object is made besides the result, and the two blocks that depend on the key alone
 * are hashed once per key instead of once per message. Nothing branches or looks up tables by secret data. For inputs
 * beyond a few hundred bytes node:crypto is faster.
 */

const blockLength = 64
const hashLength = 32
/** Bytes of the last block that the padding needs: 80, and the length in bits. */
const paddingLength = 9
const innerPad = 0x36363636
const outerPad = 0x5c5c5c5c

// Where things lie in the memory of the block function.
const temporary = initialState + initialStateLength
const keyStates = temporary + hashLength
const saltStates = keyStates + 2 * hashLength
const result = saltStates + 2 * hashLength
/** The block that the outer hash takes: 32 bytes of inner hash and a padding that is always the same. */
const outerBlock = (result + hashLength + blockLength - 1) & -blockLength
const message = outerBlock + blockLength

/**
 * HMAC in the memory of a block function. A key is kept as its two hash states: HMAC(key, m) = H(outer pad ‖ H(inner
 * pad ‖ m)).
 */
class ShortHmac {
  readonly memory: Uint8Array
  readonly #block: Sha256Block

  constructor(block: Sha256Block) {
    this.#block = block
    this.memory = block.memory
    this.memory[outerBlock + hashLength] = 0x80
    writeBitLength(this.memory, outerBlock + blockLength, blockLength + hashLength)
    this.setKey(new Uint8Array(hashLength), saltStates)
  }

  /** Keeps a key of up to 64 bytes at `states`. Overwrites the message. */
  setKey(key: Uint8Array, states: number): void {
    const { memory } = this
    const { compress } = this.#block
    memory.set(key, message)
    memory.fill(0, message + key.byteLength, message + blockLength)
    compress(message, innerPad, initialState, states)
    compress(message, outerPad, initialState, states + hashLength)
  }

  /** The MAC of the first bytes of the message, at {@link result}. What follows them is overwritten. */
  mac(states: number, length: number): void {
    const { memory } = this
    const { compress, digest } = this.#block
    const last = message + ((length + paddingLength - 1) & -blockLength)
    memory[message + length] = 0x80
    memory.fill(0, message + length + 1, last + blockLength)
    writeBitLength(memory, last + blockLength, blockLength + length)
    let from = states
    for (let block = message; block <= last; block += blockLength) {
      compress(block, 0, from, temporary)
      from = temporary
    }
    digest(temporary, outerBlock)
    compress(outerBlock, 0, states + hashLength, temporary)
    digest(temporary, result)
  }

  result(): Uint8Array {
    return this.memory.slice(result, result + hashLength)
  }
}

/** Short inputs: the length in bits fits the last four of the eight bytes before `end`. */
function writeBitLength(memory: Uint8Array, end: number, bytes: number): void {
  memory[end - 2] = bytes >>> 5
  memory[end - 1] = bytes << 3
}

let instance: ShortHmac | undefined

/** Made when first needed: a program that never encrypts does not pay for it. */
function shortHmacInstance(): ShortHmac {
  instance ??= new ShortHmac(makeSha256Block())
  return instance
}

/**
 * `HMAC(key, 01)` and `HMAC(key, 02)`: the seed of a message and the next key of a chain (`docs/protocol/02` §2.3).
 *
 * @param key at most 64 bytes
 */
export function chainStep(key: Uint8Array): { readonly seed: Uint8Array; readonly nextKey: Uint8Array } {
  const hmac = shortHmacInstance()
  hmac.setKey(key, keyStates)
  return { seed: oneByteMac(hmac, 1), nextKey: oneByteMac(hmac, 2) }
}

/** `HMAC(key, 02)` alone. */
export function nextChainKey(key: Uint8Array): Uint8Array {
  const hmac = shortHmacInstance()
  hmac.setKey(key, keyStates)
  return oneByteMac(hmac, 2)
}

function oneByteMac(hmac: ShortHmac, byte: number): Uint8Array {
  hmac.memory[message] = byte
  hmac.mac(keyStates, 1)
  return hmac.result()
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
  const hmac = shortHmacInstance()
  hmac.setKey(key, keyStates)
  hmac.memory.set(first, message)
  hmac.memory.set(second, message + first.byteLength)
  hmac.mac(keyStates, length)
  return hmac.result()
}

/**
 * HMAC-SHA256 of many inputs under one key, which is hashed only once.
 *
 * @param key at most 64 bytes
 * @returns writes the 32 bytes of the MAC of `input`, at most {@link shortHmacLimit} bytes, to `target` at `offset`
 */
export function shortHmacWith(key: Uint8Array): (input: Uint8Array, target: Uint8Array, offset: number) => void {
  if (key.byteLength > blockLength) throw new RangeError('shortHmacWith takes a key of 64 bytes at most')
  const hmac = shortHmacInstance()
  const { memory } = hmac
  hmac.setKey(key, keyStates)
  const states = memory.slice(keyStates, keyStates + 2 * hashLength)
  return (input, target, offset) => {
    if (input.byteLength > shortHmacLimit) throw new RangeError('shortHmacWith hashes 1024 bytes at most')
    memory.set(states, keyStates)
    memory.set(input, message)
    hmac.mac(keyStates, input.byteLength)
    target.set(memory.subarray(result, result + hashLength), offset)
  }
}

const nothing = new Uint8Array(0)
const longestInfo = 223

/**
 * HKDF-SHA256 like `hkdf`, for a few blocks of output from short inputs.
 *
 * @param input at most 1024 bytes
 * @param salt at most 64 bytes; absent: 32 zero bytes
 * @param info at most 223 bytes
 * @throws RangeError for longer arguments
 */
export function shortHkdf(input: Uint8Array, length: number, info: Uint8Array, salt?: Uint8Array): Uint8Array {
  const isShort = (salt?.byteLength ?? 0) <= blockLength && info.byteLength <= longestInfo
  if (!isShort || input.byteLength > shortHmacLimit || length > 255 * hashLength) {
    throw new RangeError('shortHkdf takes 1024 bytes, a salt of 64 bytes and an info of 223 bytes at most')
  }
  const hmac = shortHmacInstance()
  const { memory } = hmac
  if (salt !== undefined) hmac.setKey(salt, keyStates)
  memory.set(input, message)
  hmac.mac(salt === undefined ? saltStates : keyStates, input.byteLength)
  hmac.setKey(memory.subarray(result, result + hashLength), keyStates)
  const output = new Uint8Array(length)
  let previous = 0
  for (let offset = 0; offset < length; offset += hashLength) {
    // Previous block ‖ info ‖ counter.
    if (previous > 0) memory.copyWithin(message, result, result + hashLength)
    memory.set(info, message + previous)
    memory[message + previous + info.byteLength] = offset / hashLength + 1
    hmac.mac(keyStates, previous + info.byteLength + 1)
    output.set(memory.subarray(result, result + Math.min(hashLength, length - offset)), offset)
    previous = hashLength
  }
  return output
}
