import { assembleSha256, layout } from './sha256-wasm.js'
import { instantiate } from './wasm-module.js'

/** SHA-256 one block at a time, on memory of its own. Arguments are byte offsets into that memory. */
export interface Sha256Block {
  readonly memory: Uint8Array
  /** State `to` = state `from` after the 64 bytes at `block`, each word combined with `mask` by exclusive or. */
  readonly compress: (block: number, mask: number, from: number, to: number) => void
  /** Writes the 32 bytes that a state stands for. */
  readonly digest: (state: number, out: number) => void
}

/** The memory from here on is free for blocks, states (32 bytes each) and results. */
export const freeMemory = layout.free
/** A state lies here that hashing begins with. */
export const initialState = freeMemory
export const initialStateLength = 32

/** The constants of the 64 rounds (FIPS 180-4 §4.2.2). */
export const roundConstants = Int32Array.from(
  `428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5 d807aa98 12835b01 243185be 550c7dc3 72be5d74
   80deb1fe 9bdc06a7 c19bf174 e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da 983e5152 a831c66d
   b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967 27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e
   92722c85 a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070 19a4c116 1e376c08 2748774c 34b0bcb5
   391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3 748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2`
    .split(/\s+/)
    .map(word => Number.parseInt(word, 16)),
)

/** The state that hashing begins with. */
export const initialWords = Int32Array.from([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
])

/** The fastest block function that this process can have. */
export function makeSha256Block(): Sha256Block {
  try {
    return makeWasmBlock()
  } catch {
    // No WebAssembly (--jitless), or no address space for its memory.
    return makeScriptBlock()
  }
}

/** @throws an error of the engine when it has no WebAssembly */
export function makeWasmBlock(): Sha256Block {
  const { memory, compress, digest } = instantiate<Pick<Sha256Block, 'compress' | 'digest'>>(assembleSha256())
  const view = new DataView(memory.buffer)
  roundConstants.forEach((constant, index) => {
    view.setInt32(layout.constants + 4 * index, constant, true)
  })
  initialWords.forEach((word, index) => {
    view.setInt32(initialState + 4 * index, word, true)
  })
  return { memory: new Uint8Array(memory.buffer), compress, digest }
}

/** The same in JavaScript, ten times slower. */
export function makeScriptBlock(): Sha256Block {
  const memory = new Uint8Array(0x1_0000)
  const view = new DataView(memory.buffer)
  initialWords.forEach((word, index) => {
    view.setInt32(initialState + 4 * index, word)
  })
  return {
    memory,
    compress(block, mask, from, to) {
      const schedule = scheduleOf(view, block, mask)
      const before = Int32Array.from({ length: 8 }, (_, index) => view.getInt32(from + 4 * index))
      const after = before.slice()
      schedule.forEach((word, index) => {
        round(after, word + (roundConstants[index] as number))
      })
      after.forEach((word, index) => {
        view.setInt32(to + 4 * index, word + (before[index] as number))
      })
    },
    digest(state, out) {
      memory.copyWithin(out, state, state + 32)
    },
  }
}

function scheduleOf(view: DataView, block: number, mask: number): Int32Array {
  const schedule = new Int32Array(64)
  for (let index = 0; index < 16; index++) schedule[index] = view.getInt32(block + 4 * index) ^ mask
  for (let index = 16; index < 64; index++) {
    const early = schedule[index - 15] as number
    const late = schedule[index - 2] as number
    const sigma0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
    const sigma1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
    schedule[index] = sigma0 + sigma1 + (schedule[index - 7] as number) + (schedule[index - 16] as number)
  }
  return schedule
}

function round(working: Int32Array, input: number): void {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = working
  const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
  const first = (h + sum1 + (g ^ (e & (f ^ g))) + input) | 0
  const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
  working.copyWithin(1, 0, 7)
  working[4] = d + first
  working[0] = first + sum0 + ((a & b) | (c & (a | b)))
}
