import {
  assembleModule,
  binary,
  type Code,
  get,
  int32,
  int64,
  opcode,
  repeat,
  set,
  unsigned,
} from './wasm-assembler.js'

/*
 * The block function of SHA-512 as a WebAssembly module, like that of SHA-256 in `sha256-wasm.ts`: for short inputs the
 * calls into OpenSSL cost more than the hashing, and each leaves an object to collect.
 *
 * The module exports its memory (one page) and two functions; all arguments are byte offsets.
 *
 *   compress(block, from, to)   state `to` = state `from` after the 128 bytes of `block`
 *   digest(state, out)          writes the 64 bytes that a state stands for
 */

/** Byte offsets in the memory that the functions use themselves; what follows is the caller's. */
export const layout512 = { schedule: 0, constants: 640, free: 1280 } as const

const wordLength = 8
const words = Array.from({ length: 8 }, (_, index) => index * wordLength)
// Parameters and local variables of `compress`: a byte offset, the eight words, two temporaries.
const [block, from, to, position] = [0, 1, 2, 3] as const
const working = [4, 5, 6, 7, 8, 9, 10, 11] as const
const [first, second] = [12, 13] as const
// Parameters of `digest`, and a temporary.
const [state, out, word] = [0, 1, 2] as const

/** Memory accesses are aligned to 2^3 bytes. */
const alignment = 3
const loadLong = (address: Code, offset: number): Code => [...address, 0x29, alignment, ...unsigned(offset)]
const storeLong = (address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  0x37,
  alignment,
  ...unsigned(offset),
]
const constantLong = (value: bigint): Code => [0x42, ...signedLong(value)]
const add = binary(0x7c)
const and = binary(0x83)
const or = binary(0x84)
const xor = binary(0x85)
const shiftLeft = (value: Code, bits: bigint): Code => [...value, ...constantLong(bits), 0x86]
const shiftRight = (value: Code, bits: bigint): Code => [...value, ...constantLong(bits), 0x88]
const rotate = (value: Code, bits: bigint): Code => [...value, ...constantLong(bits), 0x8a]

function signedLong(value: bigint): number[] {
  const low = Number(value & 0x7fn)
  return value >= -0x40n && value < 0x40n ? [low] : [low | 0x80, ...signedLong(value >> 7n)]
}

/** Exchanges neighbouring groups of `bits` that `mask` has every other of. */
const exchange = (local: number, bits: bigint, mask: bigint): Code =>
  set(
    local,
    or(shiftLeft(and(get(local), constantLong(mask)), bits), and(shiftRight(get(local), bits), constantLong(mask))),
  )

/** Memory is little-endian, the words of SHA-512 are big-endian. */
const swap = (local: number): Code => [
  ...exchange(local, 8n, 0x00ff00ff00ff00ffn),
  ...exchange(local, 16n, 0x0000ffff0000ffffn),
  ...set(local, rotate(get(local), 32n)),
]

/** FIPS 180-4 §6.4.2; where words are computed, `position` is that of the word 16 places before. */
function compressFunction(): Code {
  const { schedule, constants } = layout512
  const at = get(position)
  const sigma0 = (x: Code) => xor(rotate(x, 1n), rotate(x, 8n), shiftRight(x, 7n))
  const sigma1 = (x: Code) => xor(rotate(x, 19n), rotate(x, 61n), shiftRight(x, 6n))
  const address: Code = [...get(block), ...at, opcode.add]
  return [
    ...repeat(
      position,
      wordLength,
      16 * wordLength,
      set(first, loadLong(address, 0)),
      swap(first),
      storeLong(at, schedule, get(first)),
    ),
    ...repeat(
      position,
      wordLength,
      64 * wordLength,
      set(first, loadLong(at, schedule + wordLength)),
      set(second, loadLong(at, schedule + 14 * wordLength)),
      storeLong(
        at,
        schedule + 16 * wordLength,
        add(sigma0(get(first)), sigma1(get(second)), loadLong(at, schedule + 9 * wordLength), loadLong(at, schedule)),
      ),
    ),
    ...working.flatMap((local, index) => set(local, loadLong(get(from), index * wordLength))),
    // Eight rounds at a time: after them every variable has its own place again.
    ...repeat(position, 8 * wordLength, 80 * wordLength, ...words.map((_, index) => round(index, schedule, constants))),
    ...working.flatMap((local, index) => {
      const offset = index * wordLength
      return storeLong(get(to), offset, add(loadLong(get(from), offset), get(local)))
    }),
  ]
}

function round(index: number, schedule: number, constants: number): Code {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = working.map(
    (_, place) => working[(place - index + 8) % 8],
  )
  const sum1 = xor(rotate(get(e), 14n), rotate(get(e), 18n), rotate(get(e), 41n))
  const sum0 = xor(rotate(get(a), 28n), rotate(get(a), 34n), rotate(get(a), 39n))
  const choice = xor(get(g), and(get(e), xor(get(f), get(g))))
  const majority = or(and(get(a), get(b)), and(get(c), or(get(a), get(b))))
  const offset = index * wordLength
  const input = add(loadLong(get(position), constants + offset), loadLong(get(position), schedule + offset))
  return [
    ...set(first, add(get(h), sum1, choice, input)),
    ...set(d, add(get(d), get(first))),
    ...set(h, add(get(first), sum0, majority)),
  ]
}

function digestFunction(): Code {
  return words.flatMap(offset => [
    ...set(word, loadLong(get(state), offset)),
    ...swap(word),
    ...storeLong(get(out), offset, get(word)),
  ])
}

/** The bytes of the module. */
export function assembleSha512(): Uint8Array<ArrayBuffer> {
  const locals = [
    { count: 1, type: int32 },
    { count: 10, type: int64 },
  ]
  return assembleModule([
    { name: 'compress', parameters: 3, locals, body: compressFunction() },
    { name: 'digest', parameters: 2, locals: [{ count: 1, type: int64 }], body: digestFunction() },
  ])
}
