import type { JsonObject } from '../generated/codec.js'
import { type ConversionOptions, fromObject, JSON_OPTIONS, toObject, verify } from './conversion.js'
import { enumOf } from './enums.js'
import { invalidProtobuf, invalidProtobufValue } from './errors.js'
import { fieldsOf } from './field-table.js'
import { ProtoWriter } from './proto-writer.js'
import { MessageReader } from './reader.js'
import { decoderOf, type MessageType, nameOf, typeOf } from './registry.js'
import { MessageWriter } from './writer.js'

const writer = new MessageWriter()

/** Gives a bare constructor its prototype defaults, static methods and nested types. */
export function completeClass(type: MessageType): void {
  const { messageClass } = type
  addDefaults(type)
  Object.assign(messageClass, staticMethods(type))
  addNested(messageClass, type.nested)
}

/** Absent members read as null (or as the schema's default) through the prototype and are not own members. */
function addDefaults(type: MessageType): void {
  const prototype: Record<string, unknown> = type.messageClass.prototype
  const oneofs = new Map<string, string[]>()
  for (const { name, preset, oneof } of fieldsOf(type).values()) {
    prototype[name] = preset
    if (oneof !== undefined) oneofs.set(oneof, [...(oneofs.get(oneof) ?? []), name])
  }
  for (const [oneof, members] of oneofs) defineOneof(prototype, oneof, members)
  prototype['toJSON'] = function toJSON(this: object): JsonObject {
    return toObject(type, this, JSON_OPTIONS)
  }
}

/** Reading names the member that was set last; writing a name removes the others. */
function defineOneof(prototype: object, oneof: string, members: readonly string[]): void {
  Object.defineProperty(prototype, oneof, {
    configurable: true,
    get(this: Record<string, unknown>) {
      return Object.keys(this).findLast(name => members.includes(name) && this[name] != null)
    },
    set(this: Record<string, unknown>, kept: unknown) {
      for (const name of members) if (name !== kept) delete this[name]
    },
  })
}

/** None of them depends on `this`: programs pass them around. */
function staticMethods(type: MessageType) {
  const { messageClass: Message, index, name } = type
  const encode = (message: object, target?: ProtoWriter): ProtoWriter => {
    if (typeof message !== 'object' || message === null) throw invalidProtobufValue(name, undefined, 'object')
    const bytes = writer.encode(index, message)
    return target === undefined ? new ProtoWriter(bytes) : target.append(bytes)
  }
  const decode = (bytes: Uint8Array, length?: number): object => {
    if (!(bytes instanceof Uint8Array)) throw invalidProtobuf(name, 0, 'not bytes')
    const end = length ?? bytes.length
    if (!(end >= 0 && end <= bytes.length)) throw invalidProtobuf(name, 0, `length ${length} goes beyond the end`)
    return decoderOf(index)(new MessageReader(bytes, end, index))
  }
  return {
    create: (properties?: object | null) => new Message(properties),
    encode,
    encodeDelimited: (message: object, target?: ProtoWriter): ProtoWriter => {
      const bytes = encode(message).finish()
      return (target ?? new ProtoWriter()).append(lengthPrefix(bytes.length)).append(bytes)
    },
    decode,
    decodeDelimited: (bytes: Uint8Array): object => {
      if (!(bytes instanceof Uint8Array)) throw invalidProtobuf(name, 0, 'not bytes')
      const reader = new MessageReader(bytes, bytes.length, index)
      reader.end = reader.delimiter() + reader.pos
      return decoderOf(index)(reader)
    },
    verify: (message: unknown) => verify(type, message),
    fromObject: (object: object) => fromObject(type, object),
    toObject: (message: object, options?: ConversionOptions) => toObject(type, message, options),
    getTypeUrl: (prefix = 'type.googleapis.com') => `${prefix}/proto.${nameOf(index)}`,
  }
}

function lengthPrefix(length: number): Buffer {
  const bytes: number[] = []
  let rest = length
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

/**
 * Defines the types of a namespace (`Name:m12,Other:e3`) on an object. Each is made when it is first read, then it is a
 * plain member.
 */
export function addNested(target: object, table: string): void {
  for (const entry of table.split(',')) {
    const [name = '', code = ''] = entry.split(':')
    if (name === '') continue
    const define = (value: unknown): void => {
      Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
    }
    Object.defineProperty(target, name, {
      enumerable: true,
      configurable: true,
      get() {
        const index = Number(code.slice(1))
        const value = code.startsWith('e') ? enumOf(index) : typeOf(index).messageClass
        define(value)
        return value
      },
      set: define,
    })
  }
}
