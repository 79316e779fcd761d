import { Long } from './long.js'
import type { MessageType } from './registry.js'

/** Letters of the field tables (scripts/proto/emit-codec.mjs writes them). */
const KINDS = {
  i: 'int32',
  u: 'uint32',
  x: 'uint32',
  X: 'int32',
  I: 'int64',
  U: 'uint64',
  F: 'uint64',
  S: 'int64',
  b: 'bool',
  s: 'string',
  y: 'bytes',
  d: 'number',
  f: 'number',
  e: 'enum',
  m: 'message',
} as const

/** How values of a type behave in conversions; several wire types share one. */
export type ValueKind = (typeof KINDS)[keyof typeof KINDS]

export interface ValueType {
  readonly kind: ValueKind
  /** Index of the message or enum. */
  readonly reference: number
}

export interface FieldEntry extends ValueType {
  readonly name: string
  /** Position by ascending field number. */
  readonly order: number
  readonly shape: 'single' | 'list' | 'map'
  readonly isList: boolean
  readonly oneof: string | undefined
  /** What the prototype carries: null, an empty list or map, or the default that the schema states. */
  readonly preset: unknown
  readonly hasDefault: boolean
}

export type FieldTable = ReadonlyMap<string, FieldEntry>

const EMPTY_LIST = Object.freeze([])
const EMPTY_MAP = Object.freeze({})
const tables: (FieldTable | undefined)[] = []

/** Fields by name, in ascending order of their numbers. Parsed on first use. */
export function fieldsOf(type: MessageType): FieldTable {
  return tables[type.index] ?? parse(type)
}

function parse({ index, fields }: MessageType): FieldTable {
  const entries = fields === '' ? [] : fields.split(',').map((text, order) => parseEntry(text, order))
  const table = new Map(entries.map(entry => [entry.name, entry]))
  tables[index] = table
  return table
}

/** `name:code`, `name:*code`, `name:%key value`, followed by `/oneof` or `=default`. */
function parseEntry(text: string, order: number): FieldEntry {
  const [, cutOut = '', mark, code = '', suffix, rest = ''] = /^(\w+):([*%]?)(\w+)([/=]?)(.*)$/.exec(text) ?? []
  const name = internalized(cutOut)
  const shape = mark === '*' ? 'list' : mark === '%' ? 'map' : 'single'
  // The first letter of a map's code is its key type: keys are strings in JavaScript either way.
  const type = parseType(shape === 'map' ? code.slice(1) : code)
  const hasDefault = suffix === '='
  const preset =
    shape === 'list' ? EMPTY_LIST : shape === 'map' ? EMPTY_MAP : hasDefault ? parseDefault(type, rest) : null
  return {
    ...type,
    name,
    order,
    shape,
    isList: shape === 'list',
    oneof: suffix === '/' ? rest : undefined,
    preset,
    hasDefault,
  }
}

/**
 * The same text as V8's property tables hold it. Looking up a member's name among strings cut out of a larger one compares
 * them letter by letter, at several times the cost.
 */
function internalized(name: string): string {
  return Object.keys({ [name]: 0 })[0] ?? name
}

function parseType(code: string): ValueType {
  return { kind: KINDS[code.charAt(0) as keyof typeof KINDS], reference: Number(code.slice(1)) }
}

function parseDefault({ kind }: ValueType, text: string): unknown {
  switch (kind) {
    case 'string':
      return text
    case 'bool':
      return text === 'true'
    case 'int64':
    case 'uint64':
      return new Long(Number(text), 0, kind === 'uint64')
    default:
      return Number(text)
  }
}
