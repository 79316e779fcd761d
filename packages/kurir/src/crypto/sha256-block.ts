import { assembleSha256, layout } from './sha256-wasm.js'

/** SHA-256 one block at a time, on memory that the caller fills. */
export interface Sha256Block {
  /** 64 words; the caller writes the block into the first 16, big-endian words as numbers. */
  readonly schedule: Int32Array
  /** The eight words of the hash so far. */
  readonly state: Int32Array
  /** Hashes the block into the state. */
  readonly compress: () => void
}

const constants = Int32Array.from(
  `428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5 d807aa98 12835b01 243185be 550c7dc3 72be5d74
   80deb1fe 9bdc06a7 c19bf174 e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da 983e5152 a831c66d
   b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967 27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e
   92722c85 a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070 19a4c116 1e376c08 2748774c 34b0bcb5
   391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3 748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2`
    .split(/\s+/)
    .map(word => Number.parseInt(word, 16)),
)

/** The fastest block function that this process can have. */
export function makeSha256Block(): Sha256Block {
  try {
    return makeWasmBlock()
  } catch {
    // No WebAssembly (--jitless), or no address space for its memory.
    return makeScriptBlock()
  }
}

/** The part of the global `WebAssembly` that is used here; Node's types leave it to those of browsers. */
interface WebAssemblyRuntime {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly compress: () => void }
  }
}

/** @throws an error of the engine when it has no WebAssembly */
export function makeWasmBlock(): Sha256Block {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyRuntime }).WebAssembly
  const { memory, compress } = new Instance(new Module(assembleSha256())).exports
  new Int32Array(memory.buffer, layout.constants, 64).set(constants)
  return {
    schedule: new Int32Array(memory.buffer, layout.schedule, 64),
    state: new Int32Array(memory.buffer, layout.state, 8),
    compress,
  }
}

export function makeScriptBlock(): Sha256Block {
  const schedule = new Int32Array(64)
  const state = new Int32Array(8)
  return { schedule, state, compress: () => compressInScript(schedule, state) }
}

function compressInScript(schedule: Int32Array, state: Int32Array): void {
  for (let index = 16; index < 64; index++) {
    const early = schedule[index - 15] as number
    const late = schedule[index - 2] as number
    const sigma0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
    const sigma1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
    schedule[index] = (sigma0 + sigma1 + (schedule[index - 7] as number) + (schedule[index - 16] as number)) | 0
  }
  const working = Int32Array.from(state)
  for (let index = 0; index < 64; index++) round(working, (constants[index] as number) + (schedule[index] as number))
  for (let index = 0; index < 8; index++) state[index] = (state[index] as number) + (working[index] as number)
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
