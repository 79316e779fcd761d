/*
 * Writes WebAssembly: instructions as lists of bytes, put together like expressions. Just what the hash functions of
 * this folder need (https://webassembly.github.io/spec/core/binary).
 */

/** Instructions, or a part of a module. */
export type Code = readonly number[]

export const opcode = {
  loop: 0x03,
  end: 0x0b,
  branchIf: 0x0d,
  get: 0x20,
  set: 0x21,
  load: 0x28,
  store: 0x36,
  constant: 0x41,
  lessThan: 0x49,
  add: 0x6a,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shiftLeft: 0x74,
  shiftRight: 0x76,
  rotateRight: 0x78,
  vector: 0xfd,
} as const

export const int32 = 0x7f
export const int64 = 0x7e
export const vector128 = 0x7b
const noResult = 0x40
const functionType = 0x60
/** Memory accesses are aligned to 2^2 bytes. */
export const wordAlignment = 2

export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}

export const get = (local: number): Code => [opcode.get, local]
export const set = (local: number, value: Code): Code => [...value, opcode.set, local]
export const constant = (value: number): Code => [opcode.constant, ...signed(value)]
export const load = (address: Code, offset: number): Code => [
  ...address,
  opcode.load,
  wordAlignment,
  ...unsigned(offset),
]
export const store = (address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  opcode.store,
  wordAlignment,
  ...unsigned(offset),
]

/** An operation of two operands, repeated over more: ((x ∘ y) ∘ z). */
export const binary =
  (...operation: readonly number[]) =>
  (left: Code, ...others: readonly Code[]): Code => [...left, ...others.flatMap(operand => [...operand, ...operation])]

export const add = binary(opcode.add)

/** Repeats the body while the local `counter`, from 0 and stepped after each turn, is below `limit`. */
export const repeat = (counter: number, step: number, limit: number, ...body: readonly Code[]): Code => [
  ...set(counter, constant(0)),
  opcode.loop,
  noResult,
  ...body.flat(),
  ...set(counter, add(get(counter), constant(step))),
  ...get(counter),
  ...constant(limit),
  opcode.lessThan,
  opcode.branchIf,
  0,
  opcode.end,
]

/** A function without result whose parameters are numbers of 32 bits. */
export interface WasmFunction {
  readonly name: string
  readonly parameters: number
  /** Local variables by type, in order; they are numbered after the parameters. */
  readonly locals: readonly { readonly count: number; readonly type: number }[]
  readonly body: Code
}

const list = (...items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes]
const section = (id: number, content: Code): Code => [id, ...sized(content)]
const name = (text: string): Code => sized([...Buffer.from(text)])

/** The bytes of a module that exports these functions and its `memory` of one page. */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const signature = ({ parameters }: WasmFunction): Code => [
    functionType,
    ...list(...Array<Code>(parameters).fill([int32])),
    ...list(),
  ]
  const code = ({ locals, body }: WasmFunction): Code =>
    sized([...list(...locals.map(({ count, type }) => [count, type])), ...body, opcode.end])
  const exported = functions.map((each, index): Code => [...name(each.name), 0, index])
  return Uint8Array.from([
    ...Buffer.from('\0asm'),
    ...[1, 0, 0, 0],
    ...section(1, list(...functions.map(signature))),
    ...section(3, list(...functions.map((_, index) => [index]))),
    ...section(5, list([1, 1, 1])),
    ...section(7, list([...name('memory'), 2, 0], ...exported)),
    ...section(10, list(...functions.map(code))),
  ])
}
