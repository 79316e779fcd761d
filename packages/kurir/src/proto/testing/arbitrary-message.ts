import fc from 'fast-check'
import { enumFacts, type FieldFact, isMessage, messageFacts } from './schema-facts.js'

/** A 64-bit integer in the forms that every implementation accepts. */
const int64 = (unsigned: boolean) =>
  fc.oneof(
    fc.integer({ min: unsigned ? 0 : -(2 ** 31), max: 2 ** 40 }),
    fc
      .tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))
      .map(([low, high]) => ({ low, high, unsigned })),
  )

// No lone surrogates: the implementations replace them differently.
const text = fc.oneof(
  fc.string({ maxLength: 20, unit: 'grapheme-ascii' }),
  fc.string({ maxLength: 60, unit: 'grapheme' }),
  fc.constantFrom('', '6281234567890@s.whatsapp.net', 'é'.repeat(43), 'a'.repeat(200)),
)

const SCALARS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: text,
  bytes: fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
  bool: fc.boolean(),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64: int64(false),
  uint64: int64(true),
  fixed32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  sfixed32: fc.integer(),
  // Baileys takes fixed64 for signed.
  fixed64: fc.integer({ min: 0, max: 2 ** 40 }),
  sfixed64: int64(false),
  float: fc.float({ noNaN: true }),
  double: fc.double({ noNaN: true }),
}

function arbitraryValue(type: string, depth: number, accepts: Accepts): fc.Arbitrary<unknown> {
  if (isMessage(type)) return arbitraryMessage(type, depth - 1, accepts)
  const names = enumFacts[type]
  // The last one is a value that no version knows.
  if (names !== undefined) return fc.constantFrom(...Object.values(names), 100_000)
  return SCALARS[type] ?? fc.constant(undefined)
}

function memberOf(fact: FieldFact, depth: number, accepts: Accepts): fc.Arbitrary<unknown> {
  if (fact.map !== undefined) {
    const [keyType, valueType] = fact.map
    const key =
      keyType === 'string' ? fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme-ascii' }) : fc.nat().map(String)
    return fc.dictionary(
      key.filter(name => name !== '__proto__'),
      arbitraryValue(valueType, depth, accepts),
      { maxKeys: 1 },
    )
  }
  const value = arbitraryValue(fact.type, depth, accepts)
  return fact.isRepeated ? fc.array(value, { maxLength: 3 }) : value
}

/** Whether generated objects of this message may have this field. */
export type Accepts = (message: string, fact: FieldFact) => boolean

/**
 * A plain object for a message, with up to six of its members in any order. Below the depth there are no messages.
 */
export function arbitraryMessage(name: string, depth: number, accepts: Accepts = () => true): fc.Arbitrary<object> {
  const facts = (messageFacts.get(name) ?? []).filter(
    fact => accepts(name, fact) && (depth > 0 || !(isMessage(fact.type) || fact.map !== undefined)),
  )
  if (facts.length === 0) return fc.constant({})
  return fc
    .uniqueArray(fc.nat({ max: facts.length - 1 }), { maxLength: 6 })
    .chain(chosen =>
      fc.tuple(
        ...chosen
          .flatMap(index => facts[index] ?? [])
          .map(fact => memberOf(fact, depth, accepts).map(value => [fact.name, value] as const)),
      ),
    )
    .map(members => Object.fromEntries(members))
}
