import { type Definition, definitions, messageNames } from '../generated/codec.js'
import type { MessageReader } from './reader.js'
import type { MessageWriter } from './writer.js'

/** A message type that is in use: its definition has been evaluated. */
export interface MessageType {
  readonly index: number
  readonly name: string
  readonly messageClass: MessageConstructor
  readonly encode: Encoder
  readonly decode: Decoder
  /** Field table as text, for `parseFieldTable`. */
  readonly fields: string
  /** Table of nested types as text. */
  readonly nested: string
}

export type MessageConstructor = new (properties?: object | null) => object
type Encoder = (message: object, writer: MessageWriter) => void
type Decoder = (reader: MessageReader) => object

const encoders: (Encoder | undefined)[] = new Array(definitions.length)
const decoders: (Decoder | undefined)[] = new Array(definitions.length)
const types: (MessageType | undefined)[] = new Array(definitions.length)
let names: readonly string[] | undefined
let complete: (type: MessageType) => void = () => undefined

/** Names what turns a bare constructor into a message class; called once, before any type is used. */
export function onTypeLoaded(completion: (type: MessageType) => void): void {
  complete = completion
}

export function encoderOf(index: number): Encoder {
  return encoders[index] ?? load(index).encode
}

export function decoderOf(index: number): Decoder {
  return decoders[index] ?? load(index).decode
}

export function typeOf(index: number): MessageType {
  return types[index] ?? load(index)
}

/** Dotted name of a message, such as `Message.ImageMessage`. */
export function nameOf(index: number): string {
  names ??= messageNames().split(' ')
  return names[index] ?? `#${index}`
}

function load(index: number): MessageType {
  const definition = definitions[index]
  if (definition === undefined) throw new RangeError(`No protobuf message ${index}`)
  const [messageClass, encode, decode, fields, nested]: Definition = definition(assign)
  const type: MessageType = { index, name: nameOf(index), messageClass, encode, decode, fields, nested }
  encoders[index] = encode
  decoders[index] = decode
  types[index] = type
  complete(type)
  return type
}

/** Copies members given to a constructor: null and undefined mean absent. */
function assign(target: object, properties: object): void {
  for (const name of Object.keys(properties)) {
    const value: unknown = (properties as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined && value !== null && name !== '__proto__') (target as Record<string, unknown>)[name] = value
  }
}
