import { readFileSync } from 'node:fs'
import { proto } from '../index.js'

/** One field of tests/fixtures/data/proto-schema.json. */
export interface FieldFact {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly isRepeated: boolean
  readonly isPacked: boolean
  readonly oneof: string | undefined
  /** Key and value type of a map. */
  readonly map: readonly [key: string, value: string] | undefined
}

type RawField = readonly [id: number, name: string, type: string, label: string, extra?: string]
interface RawSchema {
  readonly messages: Readonly<Record<string, readonly RawField[]>>
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>
}

const raw: RawSchema = JSON.parse(
  readFileSync(new URL('../../../../../tests/fixtures/data/proto-schema.json', import.meta.url), 'utf8'),
)

export const enumFacts = raw.enums
export const messageFacts: ReadonlyMap<string, readonly FieldFact[]> = new Map(
  Object.entries(raw.messages).map(([name, fields]) => [name, fields.map(readField)]),
)

function readField([id, name, type, label, extra]: RawField): FieldFact {
  const map = /^map<(\w+),(.+)>$/.exec(type)
  return {
    id,
    name,
    type,
    isRepeated: label === 'repeated' && map === null,
    isPacked: extra === 'packed',
    oneof: extra?.startsWith('oneof ') ? extra.slice('oneof '.length) : undefined,
    map: map === null ? undefined : [map[1] ?? '', map[2] ?? ''],
  }
}

/** The members of a message class that the tests use, of either library. */
export interface MessageClass {
  readonly name: string
  readonly prototype: object
  new (properties?: object): object
  create(properties?: object): object
  encode(message: object): { finish(): Uint8Array }
  decode(bytes: Uint8Array, length?: number): object
  fromObject(object: object): object
  toObject(message: object, options?: object): Record<string, unknown>
}

/** Members of the `proto` namespace (of either library) by dotted name. */
export function lookUp(name: string, namespace: object = proto): unknown {
  return name
    .split('.')
    .reduce<unknown>((parent, part) => (parent as Record<string, unknown> | undefined)?.[part], namespace)
}

export function messageClass(name: string, namespace: object = proto): MessageClass {
  const found = lookUp(name, namespace)
  if (!isMessageClass(found)) throw new Error(`no message ${name}`)
  return found
}

function isMessageClass(value: unknown): value is MessageClass {
  return typeof value === 'function' && 'encode' in value && 'decode' in value
}

export const isEnum = (type: string): boolean => type in enumFacts
export const isMessage = (type: string): boolean => messageFacts.has(type)

/** Wire type by the protobuf encoding. */
export function wireType(type: string): 0 | 1 | 2 | 5 {
  if (['string', 'bytes'].includes(type) || isMessage(type)) return 2
  if (['double', 'fixed64', 'sfixed64'].includes(type)) return 1
  return ['float', 'fixed32', 'sfixed32'].includes(type) ? 5 : 0
}

/** An unsigned varint. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

export function delimited(bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(bytes.length), bytes])
}

/** Field number and wire type, then the value. */
export function field(id: number, wire: number, value: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([varint(id * 8 + wire), wire === 2 ? delimited(value) : value])
}
