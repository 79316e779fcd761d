import { describe, expect, it } from 'vitest'
import { definitions, enumTables } from './generated/codec.js'
import { Long, proto } from './index.js'
import {
  enumFacts,
  type FieldFact,
  field,
  isEnum,
  isMessage,
  lookUp,
  messageClass,
  messageFacts,
  varint,
  wireType,
} from './testing/schema-facts.js'

/** A value of each scalar type that tells it from its neighbours, and its encoding without the tag. */
const SAMPLES: Readonly<Record<string, readonly [value: unknown, encoded: Buffer]>> = {
  string: ['é', Buffer.from('é')],
  bytes: [Buffer.from([0, 255]), Buffer.from([0, 255])],
  bool: [true, varint(1)],
  int32: [-2, varint(2n ** 64n - 2n)],
  uint32: [4_294_967_295, varint(4_294_967_295)],
  int64: [new Long(-2, -1, false), varint(2n ** 64n - 2n)],
  uint64: [new Long(-1, -1, true), varint(2n ** 64n - 1n)],
  fixed32: [4_294_967_295, Buffer.from('ffffffff', 'hex')],
  sfixed32: [-2, Buffer.from('feffffff', 'hex')],
  fixed64: [new Long(-2, -1, true), Buffer.from('feffffffffffffff', 'hex')],
  sfixed64: [new Long(-2, -1, false), Buffer.from('feffffffffffffff', 'hex')],
  float: [1.5, Buffer.from('0000c03f', 'hex')],
  double: [1.1, Buffer.from('9a9999999999f13f', 'hex')],
}

function sample(type: string): readonly [value: unknown, encoded: Buffer] {
  if (isMessage(type)) return [messageClass(type).create(), Buffer.alloc(0)]
  if (isEnum(type)) {
    const number = Math.max(...Object.values(enumFacts[type]!))
    return [number, varint(number)]
  }
  return SAMPLES[type]!
}

/** A message with this field only, and its encoding by the facts. */
function sampleOf(fact: FieldFact): readonly [value: unknown, encoded: Buffer] {
  if (fact.map !== undefined) {
    const [keyType, valueType] = fact.map
    const key = keyType === 'string' ? 'k' : '7'
    const encodedKey = keyType === 'string' ? field(1, 2, Buffer.from(key)) : field(1, 0, varint(7))
    const [value, encoded] = sample(valueType)
    return [{ [key]: value }, field(fact.id, 2, Buffer.concat([encodedKey, field(2, 2, encoded)]))]
  }
  const [value, encoded] = sample(fact.type)
  if (!fact.isRepeated) return [value, field(fact.id, wireType(fact.type), encoded)]
  const twice = fact.isPacked
    ? field(fact.id, 2, Buffer.concat([encoded, encoded]))
    : Buffer.concat([1, 2].map(() => field(fact.id, wireType(fact.type), encoded)))
  return [[value, value], twice]
}

describe('compiled schema', () => {
  it('has the messages of the facts and no others', () => {
    expect(definitions).toHaveLength(messageFacts.size)
    for (const name of messageFacts.keys()) expect(lookUp(name), name).toBeTypeOf('function')
  })

  it('has the enums of the facts and no others, with names and numbers', () => {
    expect(enumTables().split(';')).toHaveLength(Object.keys(enumFacts).length)
    for (const [name, values] of Object.entries(enumFacts)) {
      const compiled = lookUp(name) as Record<string, number>
      expect(Object.fromEntries(Object.entries(compiled)), name).toEqual(values)
      for (const [key, value] of Object.entries(values)) {
        expect((compiled as Record<number, unknown>)[value], `${name} ${value}`).toBe(
          Object.keys(values).find(other => values[other] === value) ?? key,
        )
      }
    }
  })

  it.each([...messageFacts])('has the fields of %s', (name, facts) => {
    const Message = messageClass(name)
    expect(Message.name).toBe(name.split('.').pop())
    const members = Object.keys(Message.prototype).filter(member => member !== 'toJSON')
    expect(members).toEqual([...facts].sort((a, b) => a.id - b.id).map(fact => fact.name))

    for (const fact of facts) {
      const [value, encoded] = sampleOf(fact)
      const bytes = Message.encode({ [fact.name]: value }).finish()
      expect(Buffer.from(bytes).toString('hex'), `${name}.${fact.name}`).toBe(encoded.toString('hex'))
      const decoded = Message.decode(encoded) as Record<string, unknown>
      expect(decoded[fact.name], `${name}.${fact.name}`).toEqual(value)
      expect(Object.keys(Message.toObject(decoded))).toEqual([fact.name])
      if (isMessage(fact.type) && !fact.isRepeated) expect(decoded[fact.name]).toBeInstanceOf(messageClass(fact.type))
    }
  })

  it('names enum values in the JSON form of every enum field', () => {
    for (const [name, facts] of messageFacts) {
      for (const fact of facts.filter(({ type }) => isEnum(type))) {
        const [key, value] = Object.entries(enumFacts[fact.type]!)[0]!
        const message = messageClass(name).create({ [fact.name]: fact.isRepeated ? [value] : value })
        const json = JSON.parse(JSON.stringify(message)) as Record<string, unknown>
        expect(json[fact.name], `${name}.${fact.name}`).toEqual(fact.isRepeated ? [key] : key)
      }
    }
  })

  it('tells which member of each oneof is set', () => {
    for (const [name, facts] of messageFacts) {
      for (const fact of facts.filter(({ oneof }) => oneof !== undefined)) {
        const message = messageClass(name).create({ [fact.name]: sample(fact.type)[0] }) as Record<string, unknown>
        expect(message[fact.oneof!], `${name}.${fact.name}`).toBe(fact.name)
      }
    }
  })

  it('accepts every repeated number packed and unpacked', () => {
    for (const [name, facts] of messageFacts) {
      for (const fact of facts.filter(({ isRepeated, type }) => isRepeated && wireType(type) !== 2)) {
        const [value, encoded] = sample(fact.type)
        const wire = wireType(fact.type)
        const mixed = Buffer.concat([
          field(fact.id, 2, Buffer.concat([encoded, encoded])),
          field(fact.id, wire, encoded),
        ])
        const decoded = messageClass(name).decode(mixed) as Record<string, unknown>
        expect(decoded[fact.name], `${name}.${fact.name}`).toEqual([value, value, value])
      }
    }
  })

  it('exports the namespace under both names', async () => {
    const { WAProto } = await import('./index.js')
    expect(WAProto).toBe(proto)
  })
})
