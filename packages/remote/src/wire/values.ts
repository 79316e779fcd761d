import { KurirError } from 'kurir/errors'
import { Long } from 'kurir/proto'
import { type DecodedError, decodeError, encodeError } from './errors.js'
import { wireLimits } from './limits.js'

/**
 * Values as JSON text. What JSON does not have is written as an object with one member whose name begins with `$`: bytes,
 * 64-bit integers, dates, errors, members that are `undefined` …, and objects that look like that themselves. Protobuf
 * objects travel as plain objects with the members that are set.
 */

/** A file or a long row of bytes that goes beside the text, by the number of its stream. */
export type StreamKind = 'bytes' | 'readable'

export interface EncodeOptions {
  /** Takes what does not fit into the text and returns the number of its stream. */
  readonly stream?: (source: Uint8Array | AsyncIterable<unknown>, kind: StreamKind) => number
  /** Bytes longer than this go to `stream`, where there is one. */
  readonly maxInlineBytes?: number
  /** Leaves members out that are functions, as events may have them; refused otherwise. */
  readonly dropsFunctions?: boolean
}

export interface DecodeOptions {
  /** Gives what stands for a stream: a readable, or the bytes that have come. Without it streams are refused. */
  readonly stream?: (id: number, kind: StreamKind) => unknown
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/**
 * @throws KurirError `not-serialisable` (400), naming the place in `data.path`, for functions, symbols and what is nested
 *   too deeply (also what contains itself)
 */
export function encodeValue(value: unknown, options: EncodeOptions = {}): string {
  return JSON.stringify(toJson(value, options, []))
}

/**
 * Inverse of {@link encodeValue}. Bytes come back as a Buffer.
 *
 * @throws KurirError `malformed-frame` (400)
 */
export function decodeValue(text: string, options: DecodeOptions = {}): unknown {
  let json: Json
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw malformed('The text of a value is not JSON', cause)
  }
  return fromJson(json, options, 0)
}

type Path = readonly (string | number)[]

function toJson(value: unknown, options: EncodeOptions, path: Path): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: numberName(value) }
    case 'undefined':
      return { $undefined: true }
    case 'bigint':
      return { $bigint: String(value) }
    case 'object':
      return value === null ? null : objectToJson(value, options, path)
    default:
      throw notSerialisable(path, `A ${typeof value} cannot leave the process`)
  }
}

function numberName(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function objectToJson(value: object, options: EncodeOptions, path: Path): Json {
  if (path.length > wireLimits.maxDepth) throw notSerialisable(path, 'The value is nested too deeply')
  if (Array.isArray(value)) return value.map((item, index) => toJson(item, options, [...path, index]))
  if (value instanceof Uint8Array) return bytesToJson(value, options)
  if (isLong(value)) return { $long: Long.fromValue(value).toString(), ...(value.unsigned === true && { u: 1 }) }
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.getTime() }
  if (value instanceof URL) return { $url: value.href }
  if (value instanceof Error) {
    return { $error: toJson(encodeError(value), {}, [...path, '$error']) }
  }
  if (value instanceof Map) return { $map: toJson([...value], options, path) }
  if (value instanceof Set) return { $set: toJson([...value], options, path) }
  if (isAsyncIterable(value)) {
    if (options.stream === undefined) throw notSerialisable(path, 'A stream cannot stand here')
    return { $stream: options.stream(value, 'readable') }
  }
  return membersToJson(value, options, path)
}

function membersToJson(value: object, options: EncodeOptions, path: Path): Json {
  const members: { [name: string]: Json } = {}
  for (const name of Object.keys(value)) {
    const member: unknown = Reflect.get(value, name)
    if (name === '__proto__' || (options.dropsFunctions === true && typeof member === 'function')) continue
    members[name] = toJson(member, options, [...path, name])
  }
  // What the first name looks like decides how it is read.
  return Object.keys(members)[0]?.startsWith('$') ? { $object: members } : members
}

function bytesToJson(bytes: Uint8Array, { stream, maxInlineBytes = wireLimits.maxInlineBytes }: EncodeOptions): Json {
  if (stream !== undefined && bytes.byteLength > maxInlineBytes) return { $buffer: stream(bytes, 'bytes') }
  return { $bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') }
}

function isLong(value: object): value is Long {
  return 'low' in value && 'high' in value && typeof value.low === 'number' && typeof value.high === 'number'
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value
}

function fromJson(json: Json, options: DecodeOptions, depth: number): unknown {
  if (typeof json !== 'object' || json === null) return json
  // Each level of a value takes at most two of its text.
  if (depth > 2 * wireLimits.maxDepth + 4) throw malformed('A value is nested too deeply')
  if (Array.isArray(json)) return json.map(item => fromJson(item, options, depth + 1))
  const names = Object.keys(json)
  const first = names[0]
  if (first?.startsWith('$')) return special(first, json, options, depth)
  return members(json, names, options, depth)
}

function members(json: { [name: string]: Json }, names: readonly string[], options: DecodeOptions, depth: number) {
  const value: Record<string, unknown> = {}
  for (const name of names) {
    if (name !== '__proto__') value[name] = fromJson(json[name] ?? null, options, depth + 1)
  }
  return value
}

function special(tag: string, json: { [name: string]: Json }, options: DecodeOptions, depth: number): unknown {
  const content = json[tag] ?? null
  switch (tag) {
    case '$undefined':
      return undefined
    case '$bytes':
      return Buffer.from(text(content), 'base64')
    case '$long':
      return longOf(text(content), json['u'] === 1)
    case '$number':
      return Number(text(content))
    case '$bigint':
      return BigInt(digits(content))
    case '$date':
      return new Date(typeof content === 'number' ? content : Number.NaN)
    case '$url':
      return urlOf(text(content))
    case '$error':
      return decodeError(fromJson(content, {}, depth + 1) as DecodedError)
    case '$map':
      return new Map(pairs(fromJson(content, options, depth + 1)))
    case '$set':
      return new Set(list(fromJson(content, options, depth + 1)))
    case '$stream':
    case '$buffer':
      return streamOf(content, tag === '$stream' ? 'readable' : 'bytes', options)
    case '$object':
      if (typeof content !== 'object' || content === null || Array.isArray(content)) throw malformed('Not an object')
      return members(content, Object.keys(content), options, depth + 1)
    default:
      throw malformed('A value has a mark that is not known')
  }
}

function streamOf(content: Json, kind: StreamKind, { stream }: DecodeOptions): unknown {
  if (stream === undefined || typeof content !== 'number' || !Number.isSafeInteger(content)) {
    throw malformed('A stream cannot stand here')
  }
  return stream(content, kind)
}

function text(content: Json): string {
  if (typeof content !== 'string') throw malformed('A marked value is not text')
  return content
}

/** At most 1,000: converting takes time that grows with their square. */
function digits(content: Json): string {
  const value = text(content)
  if (!/^-?\d{1,1000}$/.test(value)) throw malformed('A marked value is not an integer')
  return value
}

function longOf(value: string, unsigned: boolean): Long {
  if (!/^-?\d{1,20}$/.test(value)) throw malformed('A marked value is not an integer')
  return Long.fromString(value, unsigned)
}

function urlOf(value: string): URL {
  if (!URL.canParse(value)) throw malformed('A marked value is not a URL')
  return new URL(value)
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw malformed('A marked value is not a list')
  return value
}

function pairs(value: unknown): [unknown, unknown][] {
  return list(value).map(item => {
    if (!Array.isArray(item) || item.length !== 2) throw malformed('A marked value is not a list of pairs')
    return [item[0], item[1]]
  })
}

function malformed(message: string, cause?: unknown): KurirError {
  return new KurirError('malformed-frame', message, { statusCode: 400, cause })
}

function notSerialisable(path: Path, message: string): KurirError {
  return new KurirError('not-serialisable', `${message} (at ${path.join('.') || 'the top'})`, {
    statusCode: 400,
    data: { path: path.join('.') },
  })
}
