import {
  add,
  assembleModule,
  binary,
  type Code,
  constant,
  get,
  int32,
  load,
  opcode,
  repeat,
  set,
  store,
} from './wasm-assembler.js'

/*
 * The block function of SHA-256 as a small WebAssembly module, assembled here from its instructions. It is as fast as
 * hashing gets without a call into OpenSSL (0.25 µs a block), from the first call on: JavaScript reaches 0.5 µs after some
 * thousand calls and takes 20 µs before.
 *
 * The module exports its memory (one page) and two functions; all arguments but the mask are byte offsets.
 *
 *   compress(block, mask, from, to)   state `to` = state `from` after the 64 bytes of `block`, each word combined with
 *                                     `mask` by exclusive or (how HMAC pads its key)
 *   digest(state, out)                writes the 32 bytes that a state stands for
 */

/** Byte offsets in the memory that the functions use themselves; what follows is the caller's. */
export const layout = { schedule: 0, constants: 256, free: 512 } as const

// Parameters and local variables of `compress`: the eight of the algorithm, a byte offset, and two temporaries.
const [block, mask, from, to] = [0, 1, 2, 3] as const
const working = [4, 5, 6, 7, 8, 9, 10, 11] as const
const position = 12
const first = 13
const second = 14
const localCount = 11
// Parameters of `digest`.
const [state, out] = [0, 1] as const

const and = binary(opcode.and)
const or = binary(opcode.or)
const xor = binary(opcode.xor)
const rotate = (value: Code, bits: number): Code => [...value, ...constant(bits), opcode.rotateRight]
const shift = (value: Code, bits: number): Code => [...value, ...constant(bits), opcode.shiftRight]
/** Memory is little-endian, the words of SHA-256 are big-endian. */
const swapped = (local: number): Code =>
  or(and(rotate(get(local), 24), constant(0x00ff00ff)), and(rotate(get(local), 8), constant(0xff00ff00 | 0)))
/** Repeats the body for every word below `limit`, a byte offset. */
const forEachWord = (limit: number, ...body: readonly Code[]): Code => repeat(position, 4, limit, ...body)

/** FIPS 180-4 §6.2.2; where words are computed, `position` is that of the word 16 places before. */
function compressFunction(): Code {
  const sigma0 = (x: Code) => xor(rotate(x, 7), rotate(x, 18), shift(x, 3))
  const sigma1 = (x: Code) => xor(rotate(x, 17), rotate(x, 19), shift(x, 10))
  const at = get(position)
  const { schedule } = layout
  return [
    ...forEachWord(64, set(first, load(add(get(block), at), 0)), store(at, schedule, xor(swapped(first), get(mask)))),
    ...forEachWord(
      192,
      set(first, load(at, schedule + 4)),
      set(second, load(at, schedule + 56)),
      store(
        at,
        schedule + 64,
        add(sigma0(get(first)), sigma1(get(second)), load(at, schedule + 36), load(at, schedule)),
      ),
    ),
    ...working.flatMap((local, index) => set(local, load(get(from), 4 * index))),
    // Eight rounds at a time: after them every variable has its own place again.
    ...repeat(position, 32, 256, ...working.map((_, index) => round(index))),
    ...working.flatMap((local, index) => store(get(to), 4 * index, add(load(get(from), 4 * index), get(local)))),
  ]
}

function round(index: number): Code {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = working.map(
    (_, place) => working[(place - index + 8) % 8],
  )
  const sum1 = xor(rotate(get(e), 6), rotate(get(e), 11), rotate(get(e), 25))
  const sum0 = xor(rotate(get(a), 2), rotate(get(a), 13), rotate(get(a), 22))
  const choice = xor(get(g), and(get(e), xor(get(f), get(g))))
  const majority = or(and(get(a), get(b)), and(get(c), or(get(a), get(b))))
  const { schedule, constants } = layout
  const input = add(load(get(position), constants + 4 * index), load(get(position), schedule + 4 * index))
  return [
    ...set(first, add(get(h), sum1, choice, input)),
    ...set(d, add(get(d), get(first))),
    ...set(h, add(get(first), sum0, majority)),
  ]
}

function digestFunction(): Code {
  const word = 2
  const words = [0, 1, 2, 3, 4, 5, 6, 7].flatMap(index => [
    ...set(word, load(get(state), 4 * index)),
    ...store(get(out), 4 * index, swapped(word)),
  ])
  return words
}

/** The bytes of the module. */
export function assembleSha256(): Uint8Array<ArrayBuffer> {
  return assembleModule([
    { name: 'compress', parameters: 4, locals: [{ count: localCount, type: int32 }], body: compressFunction() },
    { name: 'digest', parameters: 2, locals: [{ count: 1, type: int32 }], body: digestFunction() },
  ])
}
