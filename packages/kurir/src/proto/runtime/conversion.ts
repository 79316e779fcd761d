import type { JsonObject } from '../generated/codec.js'
import { enumOf } from './enums.js'
import { invalidProtobufValue } from './errors.js'
import { type FieldEntry, fieldsOf, type ValueType } from './field-table.js'
import { Long } from './long.js'
import { asBuffer } from './native-buffer.js'
import { type MessageType, typeOf } from './registry.js'
import { MAX_DEPTH } from './wire.js'

/** How `toObject` renders what JSON or a program may want in another form. */
export interface ConversionOptions {
  /** 64-bit integers: as they are (Long) when absent. */
  readonly longs?: StringConstructor | NumberConstructor | BigIntConstructor
  /** Names instead of numbers. */
  readonly enums?: StringConstructor
  /** Base64 text or arrays of numbers instead of bytes. */
  readonly bytes?: StringConstructor | ArrayConstructor
  /** Also absent members that have a default in the schema, and empty lists and maps. */
  readonly defaults?: boolean
  /** Also empty lists. */
  readonly arrays?: boolean
  /** Also empty maps. */
  readonly objects?: boolean
  /** Also which member of each oneof is set. */
  readonly oneofs?: boolean
  /** Infinity and NaN as text. */
  readonly json?: boolean
}

/** What `toJSON` uses. */
export const JSON_OPTIONS: ConversionOptions = { longs: String, enums: String, bytes: String, json: true }

type Members = Record<string, unknown>

/**
 * Makes an instance from a plain object: base64 text becomes bytes, numbers and decimal text become Long, names of enum
 * values become numbers; unknown members are dropped. An instance is returned as it is. Throws `invalid-protobuf-value`
 * where a list or an object is something else.
 */
export function fromObject(type: MessageType, object: unknown, depth = 0): object {
  if (object instanceof type.messageClass) return object
  if (typeof object !== 'object' || object === null) throw invalidProtobufValue(type.name, undefined, 'object')
  if (depth > MAX_DEPTH) throw invalidProtobufValue(type.name, undefined, `at most ${MAX_DEPTH} levels of nesting`)
  const message = new type.messageClass() as Members
  for (const field of presentFields(type, object as Members)) {
    const { name } = field
    const value = (object as Members)[name]
    const converted =
      field.shape === 'single' ? convertValue(type, field, value, depth) : convertMany(type, field, value, depth)
    if (converted !== undefined) message[name] = converted
  }
  return message
}

function convertMany(type: MessageType, field: FieldEntry, value: unknown, depth: number): unknown {
  if (field.isList) {
    if (!Array.isArray(value)) throw invalidProtobufValue(type.name, field.name, 'array')
    // An unknown name inside a list counts as the first value, so that the list keeps its length.
    return value.map(element => convertValue(type, field, element, depth) ?? 0)
  }
  if (typeof value !== 'object') throw invalidProtobufValue(type.name, field.name, 'object')
  const map: Members = {}
  for (const [key, element] of Object.entries(value ?? {})) {
    if (key !== '__proto__') map[key] = convertValue(type, field, element, depth)
  }
  return map
}

function convertValue(owner: MessageType, field: FieldEntry, value: unknown, depth: number): unknown {
  switch (field.kind) {
    case 'string':
      return typeof value === 'string' ? value : String(value)
    case 'bool':
      return Boolean(value)
    case 'bytes':
      return toBytes(value)
    case 'enum':
      return typeof value === 'number' ? value : enumOf(field.reference)[String(value)]
    case 'message':
      if (typeof value !== 'object') throw invalidProtobufValue(owner.name, field.name, 'object')
      return fromObject(typeOf(field.reference), value, depth + 1)
    case 'int32':
      return Number(value) | 0
    case 'uint32':
      return Number(value) >>> 0
    case 'number':
      return Number(value)
    default:
      return toLong(owner, field, field.kind === 'uint64', value)
  }
}

function toBytes(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'base64')
  return typeof value === 'object' && value !== null && 'length' in value ? value : undefined
}

function toLong(owner: MessageType, field: FieldEntry, unsigned: boolean, value: unknown): Long {
  if (value instanceof Long && value.unsigned === unsigned) return value
  if (typeof value === 'number' || typeof value === 'bigint' || Long.isLong(value)) {
    return Long.fromValue(value, unsigned)
  }
  try {
    return Long.fromString(String(value), unsigned)
  } catch {
    throw invalidProtobufValue(owner.name, field.name, 'integer')
  }
}

/** A plain object with the members that are set, in the order of the field numbers. */
export function toObject(type: MessageType, message: object, options: ConversionOptions = {}): JsonObject {
  const object: JsonObject = {}
  if (options.defaults || options.arrays || options.objects) addAbsent(type, options, object)
  for (const field of presentFields(type, message as Members)) {
    const { name, shape } = field
    const value = (message as Members)[name]
    if (shape === 'single') {
      object[name] = renderValue(field, value, options)
      if (options.oneofs) addOneof(field, object)
    } else if (shape === 'list') {
      const list = value as readonly unknown[]
      if (list.length > 0) object[name] = Array.from(list, element => renderValue(field, element, options))
    } else if (Object.keys(value as object).length > 0) {
      const map: JsonObject = {}
      for (const [key, element] of Object.entries(value as object)) map[key] = renderValue(field, element, options)
      object[name] = map
    }
  }
  return object
}

/** A member outside a oneof is a oneof of its own, named with an underscore: so Baileys' schema has it. */
function addOneof({ name, oneof, hasDefault }: FieldEntry, object: JsonObject): void {
  if (oneof !== undefined) object[oneof] = name
  else if (!hasDefault) object[`_${name}`] = name
}

function addAbsent(type: MessageType, options: ConversionOptions, object: JsonObject): void {
  const fields = [...fieldsOf(type).values()]
  if (options.arrays || options.defaults) {
    for (const { name, shape } of fields) if (shape === 'list') object[name] = []
  }
  if (options.objects || options.defaults) {
    for (const { name, shape } of fields) if (shape === 'map') object[name] = {}
  }
  if (!options.defaults) return
  for (const field of fields) if (field.hasDefault) object[field.name] = renderValue(field, field.preset, options)
}

function renderValue(type: ValueType, value: unknown, options: ConversionOptions): unknown {
  switch (type.kind) {
    case 'message':
      return toObject(typeOf(type.reference), value as object, options)
    case 'enum':
      return options.enums === String ? (enumOf(type.reference)[value as number] ?? value) : value
    case 'bytes':
      return renderBytes(value, options)
    case 'number':
      return options.json && !Number.isFinite(value) ? String(value) : value
    case 'int64':
    case 'uint64':
      return options.longs === undefined ? value : renderLong(type.kind === 'uint64', value, options)
    default:
      return value
  }
}

function renderBytes(value: unknown, { bytes }: ConversionOptions): unknown {
  if (bytes === Array) return Array.from(value as Uint8Array)
  if (bytes !== String || typeof value === 'string') return value
  const binary = value instanceof Uint8Array ? asBuffer(value) : Buffer.from(value as readonly number[])
  return binary.toString('base64')
}

function renderLong(unsigned: boolean, value: unknown, { longs }: ConversionOptions): unknown {
  if (longs === String && value instanceof Long && value.unsigned === unsigned) return value.toString()
  if (longs === Number) return Long.isLong(value) ? Long.fromValue(value, unsigned).toNumber() : Number(value)
  if (longs === BigInt) return Long.fromValue(value as Long, unsigned).toBigInt()
  return Long.isLong(value) ? Long.fromValue(value, unsigned).toString() : String(value)
}

/** What `verify` returns: null when `encode` would accept the message, else which member does not fit. */
export function verify(type: MessageType, message: unknown, depth = 0): string | null {
  if (typeof message !== 'object' || message === null) return 'object expected'
  if (depth > MAX_DEPTH) return 'nested too deeply'
  for (const field of presentFields(type, message as Members)) {
    const value = (message as Members)[field.name]
    const elements = field.shape === 'single' ? [value] : elementsOf(field, value)
    if (elements === undefined) return `${field.name}: ${field.shape === 'list' ? 'array' : 'object'} expected`
    for (const element of elements) {
      const problem = verifyValue(field, element, depth)
      if (problem !== null) return `${field.name}${problem}`
    }
  }
  return null
}

function elementsOf({ shape }: FieldEntry, value: unknown): readonly unknown[] | undefined {
  if (shape === 'list') return Array.isArray(value) ? value : undefined
  return typeof value === 'object' && value !== null ? Object.values(value) : undefined
}

function verifyValue(type: ValueType, value: unknown, depth: number): string | null {
  switch (type.kind) {
    case 'string':
      return typeof value === 'string' ? null : ': string expected'
    case 'bool':
      return typeof value === 'boolean' ? null : ': boolean expected'
    case 'bytes':
      return typeof value === 'string' || value instanceof Uint8Array || Array.isArray(value)
        ? null
        : ': buffer expected'
    case 'number':
      return typeof value === 'number' ? null : ': number expected'
    case 'message': {
      const problem = verify(typeOf(type.reference), value, depth + 1)
      return problem === null
        ? null
        : problem.includes(' expected') && !problem.includes(':')
          ? `: ${problem}`
          : `.${problem}`
    }
    case 'int64':
    case 'uint64':
      return Number.isInteger(value) || typeof value === 'bigint' || Long.isLong(value) || isDecimal(value)
        ? null
        : ': integer or Long expected'
    default:
      return Number.isInteger(value) ? null : `: ${type.kind === 'enum' ? 'enum value' : 'integer'} expected`
  }
}

function isDecimal(value: unknown): boolean {
  return typeof value === 'string' && /^-?\d+$/.test(value)
}

/**
 * The fields that an object has, by ascending number; empty lists are left out. Most objects have few of the many members
 * of their type, so the object's own names are looked up; an object of another class may have members on its prototype
 * and is asked for all.
 */
function presentFields(type: MessageType, object: Members): readonly FieldEntry[] {
  const table = fieldsOf(type)
  const prototype = Object.getPrototypeOf(object)
  const isPlain = prototype === type.messageClass.prototype || prototype === Object.prototype || prototype === null
  const names = isPlain ? Object.keys(object) : [...table.keys()]
  const present: FieldEntry[] = []
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    const value = object[name]
    if (value == null) continue
    const field = table.get(name)
    if (field === undefined || (field.isList && (value as readonly unknown[]).length === 0)) continue
    // Nearly sorted already: instances have their lists first, then everything in order.
    let at = present.length
    for (; at > 0 && (present[at - 1] as FieldEntry).order > field.order; at--)
      present[at] = present[at - 1] as FieldEntry
    present[at] = field
  }
  return present
}
