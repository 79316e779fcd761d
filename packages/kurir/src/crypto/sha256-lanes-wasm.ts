import {
  assembleModule,
  binary,
  type Code,
  constant,
  get,
  int32,
  opcode,
  repeat,
  set,
  unsigned,
  vector128,
  wordAlignment,
} from './wasm-assembler.js'

/*
 * SHA-256 over four messages at once, as a WebAssembly module of vector instructions: every vector of 16 bytes holds the
 * same word of the four. It takes little longer than one block of `sha256-wasm.ts`. Words are not bytes here: what one
 * hash gives is what the next one takes, and nothing has to be turned around in between.
 *
 * The module exports its memory (one page) and two functions; all arguments but the mask are byte offsets.
 *
 *   compress(block, mask, from, to)   states `to` = states `from` after the 16 vectors of `block`, each word combined
 *                                     with `mask` by exclusive or
 *   accumulate(state, sums)           adds the bytes that the 8 vectors of `state` stand for to those at `sums`, as
 *                                     little-endian numbers of 16 bits modulo 65536
 */

/** Byte offsets in the memory that the functions use themselves; what follows is the caller's. */
export const lanesLayout = { schedule: 0, constants: 1024, free: 2048 } as const

/** Bytes of a vector. */
export const vectorLength = 16

// Parameters and local variables of `compress`: a byte offset, the mask in all lanes, the eight words, two temporaries.
const [block, mask, from, to, position] = [0, 1, 2, 3, 4] as const
const masks = 5
const working = [6, 7, 8, 9, 10, 11, 12, 13] as const
const [first, second] = [14, 15] as const
// Parameters of `accumulate`.
const [state, sums] = [0, 1] as const

const vector = (...operation: readonly number[]) => [opcode.vector, ...operation]
/** Vectors lie where memory is convenient: the alignment is a hint only. */
const loadVector = (address: Code, offset: number): Code => [
  ...address,
  ...vector(0x00, wordAlignment),
  ...unsigned(offset),
]
const storeVector = (address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  ...vector(0x0b, wordAlignment),
  ...unsigned(offset),
]
/** One word of memory in all lanes. */
const loadSplat = (address: Code, offset: number): Code => [
  ...address,
  ...vector(0x09, wordAlignment),
  ...unsigned(offset),
]
const splat = (value: Code): Code => [...value, ...vector(0x11)]
const and = binary(...vector(0x4e))
const or = binary(...vector(0x50))
const xor = binary(...vector(0x51))
const add = binary(...vector(0xae, 0x01))
const addShorts = binary(...vector(0x8e, 0x01))
const shiftLeft = (value: Code, bits: number): Code => [...value, ...constant(bits), ...vector(0xab, 0x01)]
const shiftRight = (value: Code, bits: number): Code => [...value, ...constant(bits), ...vector(0xad, 0x01)]
const rotate = (value: Code, bits: number): Code => or(shiftRight(value, bits), shiftLeft(value, 32 - bits))
/** The bytes of every word in the opposite order. */
const swapped = (value: Code): Code => [
  ...value,
  ...value,
  ...vector(0x0d),
  ...[3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12],
]

/** As in `sha256-wasm.ts`, with eight rounds at a time: after them every variable has its own place again. */
function compressFunction(): Code {
  const { schedule, constants } = lanesLayout
  const at = get(position)
  const sigma0 = (x: Code) => xor(rotate(x, 7), rotate(x, 18), shiftRight(x, 3))
  const sigma1 = (x: Code) => xor(rotate(x, 17), rotate(x, 19), shiftRight(x, 10))
  const words = Array.from({ length: 16 }, (_, index) => index * vectorLength)
  return [
    ...set(masks, splat(get(mask))),
    ...words.flatMap(offset =>
      storeVector(constant(0), schedule + offset, xor(loadVector(get(block), offset), get(masks))),
    ),
    ...repeat(
      position,
      vectorLength,
      48 * vectorLength,
      set(first, loadVector(at, schedule + vectorLength)),
      set(second, loadVector(at, schedule + 14 * vectorLength)),
      storeVector(
        at,
        schedule + 16 * vectorLength,
        add(
          sigma0(get(first)),
          sigma1(get(second)),
          loadVector(at, schedule + 9 * vectorLength),
          loadVector(at, schedule),
        ),
      ),
    ),
    ...working.flatMap((local, index) => set(local, loadVector(get(from), index * vectorLength))),
    // `position` counts the constants, four bytes each; the vectors of the schedule are four times as far apart.
    ...repeat(position, 32, 256, ...Array.from({ length: 8 }, (_, index) => round(index, schedule, constants))),
    ...working.flatMap((local, index) =>
      storeVector(get(to), index * vectorLength, add(loadVector(get(from), index * vectorLength), get(local))),
    ),
  ]
}

function round(index: number, schedule: number, constants: number): Code {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = working.map(
    (_, place) => working[(place - index + 8) % 8],
  )
  const [x, y] = [get(a), get(e)]
  const sum1 = xor(rotate(y, 6), rotate(y, 11), rotate(y, 25))
  const sum0 = xor(rotate(x, 2), rotate(x, 13), rotate(x, 22))
  const choice = xor(get(g), and(y, xor(get(f), get(g))))
  const majority = or(and(x, get(b)), and(get(c), or(x, get(b))))
  const fourfold: Code = [...get(position), ...constant(2), opcode.shiftLeft]
  return [
    ...set(
      first,
      add(
        get(h),
        sum1,
        choice,
        loadSplat(get(position), constants + 4 * index),
        loadVector(fourfold, schedule + vectorLength * index),
      ),
    ),
    ...set(d, add(get(d), get(first))),
    ...set(h, add(get(first), sum0, majority)),
  ]
}

function accumulateFunction(): Code {
  return working.flatMap((_, index) => {
    const offset = index * vectorLength
    return storeVector(
      get(sums),
      offset,
      addShorts(loadVector(get(sums), offset), swapped(loadVector(get(state), offset))),
    )
  })
}

/** The bytes of the module. */
export function assembleSha256Lanes(): Uint8Array<ArrayBuffer> {
  const locals = [
    { count: 1, type: int32 },
    { count: 11, type: vector128 },
  ]
  return assembleModule([
    { name: 'compress', parameters: 4, locals, body: compressFunction() },
    { name: 'accumulate', parameters: 2, locals: [], body: accumulateFunction() },
  ])
}
