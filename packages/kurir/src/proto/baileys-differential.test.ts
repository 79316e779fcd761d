import { proto as baileys } from 'baileys/WAProto/index.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Accepts, arbitraryMessage } from './testing/arbitrary-message.js'
import {
  enumFacts,
  type FieldFact,
  isEnum,
  lookUp,
  type MessageClass,
  messageClass,
  messageFacts,
} from './testing/schema-facts.js'

/** Another number in Baileys' schema. */
const DIFFERENT_NUMBER = new Set(['Message.pollResultSnapshotMessageV3'])
/** A map and a oneof whose names Baileys spells in another case. */
const DIFFERENT_NAMES = new Set([
  'SyncActionValue.MusicUserIdAction',
  'AIRichResponseContentItemsMetadata.AIRichResponseContentItemMetadata',
])
const common = [...messageFacts.keys()].filter(
  name => typeof lookUp(name, baileys) === 'function' && !DIFFERENT_NAMES.has(name),
)

/** Baileys packs every repeated number; the schema of the service packs only those it says. */
const isPackedDifferently = ({ isRepeated, isPacked, type }: FieldFact): boolean =>
  isRepeated && !isPacked && (isEnum(type) || ['int32', 'uint32'].includes(type))

/** Enums to which newer versions have added values: Baileys cannot name those. */
const isGrownEnum = (type: string): boolean => {
  if (!isEnum(type)) return false
  const theirs = lookUp(type, baileys) as Record<string, number> | undefined
  return Object.entries(enumFacts[type]!).some(([name, value]) => theirs?.[name] !== value)
}

const isCommon: Accepts = (message, fact) =>
  !DIFFERENT_NAMES.has(fact.type) &&
  fact.name in messageClass(message, baileys).prototype &&
  !isGrownEnum(fact.type) &&
  !DIFFERENT_NUMBER.has(`${message}.${fact.name}`)
const isSameOnTheWire: Accepts = (message, fact) => isCommon(message, fact) && !isPackedDifferently(fact)

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const encoded = (type: MessageClass, message: object): Uint8Array => type.encode(message).finish()

const OPTIONS = [
  {},
  { longs: String, enums: String, bytes: String },
  { longs: Number, bytes: Array },
  { longs: String, enums: String, bytes: String, oneofs: true, json: true },
]

/** Messages of the hot paths get more runs than the other five hundred. */
const BUSY = new Set([
  'Message',
  'Message.ImageMessage',
  'Message.ProtocolMessage',
  'Message.ExtendedTextMessage',
  'ContextInfo',
  'MessageContextInfo',
  'WebMessageInfo',
  'HistorySync',
  'Conversation',
  'SyncActionValue',
  'SyncdPatch',
  'ClientPayload',
  'HandshakeMessage',
  'SignalMessage',
  'PreKeySignalMessage',
  'SenderKeyMessage',
  'SessionStructure',
])
const runsOf = (name: string): number => (BUSY.has(name) ? 80 : 8)

describe.each(common)('%s, compared with Baileys', name => {
  const ours = messageClass(name)
  const theirs = messageClass(name, baileys)
  const parameters = { numRuns: runsOf(name) }

  it('encodes to the same bytes', () => {
    fc.assert(
      fc.property(arbitraryMessage(name, 3, isSameOnTheWire), message => {
        const expected = hex(encoded(theirs, message))
        expect(hex(encoded(ours, message))).toBe(expected)
        expect(hex(encoded(ours, ours.fromObject(message)))).toBe(hex(encoded(theirs, theirs.fromObject(message))))
        expect(hex(encoded(ours, ours.decode(encoded(theirs, message))))).toBe(expected)
      }),
      parameters,
    )
  })

  it('decodes and converts to the same', () => {
    fc.assert(
      fc.property(arbitraryMessage(name, 3, isCommon), message => {
        for (const bytes of [encoded(theirs, message), encoded(ours, message)]) {
          const mine = ours.decode(bytes)
          const other = theirs.decode(bytes)
          // Lists are own members even when empty; newer ones are unknown to Baileys.
          expect(Object.keys(mine).filter(member => member in other)).toEqual(Object.keys(other))
          expect(JSON.stringify(mine)).toBe(JSON.stringify(other))
          for (const options of OPTIONS) {
            const expected = JSON.stringify(comparable(theirs.toObject(other, options)))
            expect(JSON.stringify(comparable(ours.toObject(mine, options)))).toBe(expected)
          }
          const json = JSON.parse(JSON.stringify(other)) as object
          expect(JSON.stringify(ours.fromObject(json))).toBe(JSON.stringify(theirs.fromObject(json)))
        }
        expect(JSON.stringify(ours.create(message))).toBe(JSON.stringify(theirs.create(message)))
      }),
      parameters,
    )
  })

  it('has the same prototype defaults', () => {
    const mine = ours.prototype as Record<string, unknown>
    for (const [member, expected] of Object.entries(theirs.prototype)) {
      if (member === 'toJSON' || !(member in mine)) continue
      expect(String(mine[member]), member).toBe(String(expected))
      expect(typeof mine[member], member).toBe(typeof expected)
    }
  })
})

/**
 * Our Long becomes text in JSON, that of the package `long` an object. And the one message member that is not optional in
 * Baileys' schema is no oneof of its own there.
 */
function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if ('low' in value && 'high' in value) return String(value)
  if (Array.isArray(value)) return value.map(comparable)
  const members = Object.entries(value).filter(([name]) => name !== '_key')
  return Object.fromEntries(members.map(([name, member]) => [name, comparable(member)]))
}
