import { hmacSha512 } from './digest.js'
import { assembleSha512, layout512 } from './sha512-wasm.js'
import { instantiate } from './wasm-module.js'

/*
 * HMAC-SHA512 of many short inputs under one key, without node:crypto, as `short-hmac.ts` has it for SHA-256. The two
 * blocks of the key are hashed once.
 */

const blockLength = 128
const hashLength = 64
/** Bytes of the last block that the padding needs: 80, and the length in bits. */
const paddingLength = 17
const innerPad = 0x36
const outerPad = 0x5c
/** Longer inputs are faster in node:crypto. */
const longestInput = 4096

// Where things lie in the memory of the block function.
const initialState = layout512.free
const keyStates = initialState + hashLength
const temporary = keyStates + 2 * hashLength
/** The block that the outer hash takes. */
const outerBlock = temporary + hashLength
const message = outerBlock + blockLength

/** Writes the first `length` bytes of the MAC of the parts, as if they were concatenated, to `target` at `offset`. */
export type HmacInto = (parts: readonly Uint8Array[], target: Uint8Array, offset: number, length: number) => void

interface Sha512Block {
  readonly memory: Uint8Array
  readonly compress: (block: number, from: number, to: number) => void
  readonly digest: (state: number, out: number) => void
}

/** Made when first needed; null where there is no WebAssembly. */
let made: Sha512Block | null | undefined

/** @param key at most 128 bytes */
export function shortHmac512With(key: Uint8Array): HmacInto {
  if (key.byteLength > blockLength) throw new RangeError('shortHmac512With takes a key of 128 bytes at most')
  const long: HmacInto = (parts, target, offset, length) => {
    target.set(hmacSha512(key, ...parts).subarray(0, length), offset)
  }
  if (made === undefined) made = makeBlock() ?? null
  if (made === null) return long
  const block = made
  const states = statesOf(block, key)
  return (parts, target, offset, length) => {
    let input = 0
    for (const part of parts) input += part.byteLength
    if (input > longestInput) {
      long(parts, target, offset, length)
      return
    }
    // Another key may have been at work in the meantime.
    block.memory.set(states, keyStates)
    hashMessage(block, parts, input)
    target.set(block.memory.subarray(temporary, temporary + length), offset)
  }
}

/** The MAC of the parts, at `temporary`. */
function hashMessage({ memory, compress, digest }: Sha512Block, parts: readonly Uint8Array[], input: number): void {
  let end = message
  for (const part of parts) {
    memory.set(part, end)
    end += part.byteLength
  }
  const last = message + ((input + paddingLength - 1) & -blockLength)
  memory[end] = 0x80
  memory.fill(0, end + 1, last + blockLength)
  writeBitLength(memory, last + blockLength, blockLength + input)
  let from = keyStates
  for (let block = message; block <= last; block += blockLength) {
    compress(block, from, temporary)
    from = temporary
  }
  digest(temporary, outerBlock)
  compress(outerBlock, keyStates + hashLength, temporary)
  digest(temporary, temporary)
}

/** The states after the two blocks of a key. */
function statesOf({ memory, compress }: Sha512Block, key: Uint8Array): Uint8Array {
  for (const [pad, state] of [
    [innerPad, keyStates],
    [outerPad, keyStates + hashLength],
  ] as const) {
    memory.fill(pad, message, message + blockLength)
    key.forEach((byte, index) => {
      memory[message + index] = byte ^ pad
    })
    compress(message, initialState, state)
  }
  return memory.slice(keyStates, keyStates + 2 * hashLength)
}

/** Short inputs: the length in bits fits the last three of the sixteen bytes before `end`. */
function writeBitLength(memory: Uint8Array, end: number, bytes: number): void {
  memory[end - 3] = bytes >>> 13
  memory[end - 2] = bytes >>> 5
  memory[end - 1] = bytes << 3
}

function makeBlock(): Sha512Block | undefined {
  try {
    const { memory, compress, digest } = instantiate<Pick<Sha512Block, 'compress' | 'digest'>>(assembleSha512())
    const view = new DataView(memory.buffer)
    const primes = firstPrimes(80)
    primes.forEach((prime, index) => {
      view.setBigUint64(layout512.constants + 8 * index, fractionOfRoot(prime, 3n), true)
    })
    primes.slice(0, 8).forEach((prime, index) => {
      view.setBigUint64(initialState + 8 * index, fractionOfRoot(prime, 2n), true)
    })
    const bytes = new Uint8Array(memory.buffer)
    bytes[outerBlock + hashLength] = 0x80
    writeBitLength(bytes, outerBlock + blockLength, blockLength + hashLength)
    return { memory: bytes, compress, digest }
  } catch {
    return undefined
  }
}

function firstPrimes(count: number): bigint[] {
  const primes: bigint[] = []
  for (let candidate = 2n; primes.length < count; candidate++) {
    if (primes.every(prime => candidate % prime !== 0n)) primes.push(candidate)
  }
  return primes
}

/** The first 64 bits behind the point of a square or cube root: the constants of FIPS 180-4 §4.2.3 and §5.3.5. */
function fractionOfRoot(prime: bigint, degree: 2n | 3n): bigint {
  const radicand = prime << (64n * degree)
  // Newton's method from above: it falls until it has the whole part of the root.
  let root = 1n << 72n
  for (;;) {
    const next = ((degree - 1n) * root + radicand / root ** (degree - 1n)) / degree
    if (next >= root) return BigInt.asUintN(64, root)
    root = next
  }
}
