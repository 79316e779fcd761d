import { KurirError } from '../errors/kurir-error.js'
import { RecordFormatError, RecordReader, RecordWriter } from '../signal/record-bytes.js'

/** How far a sent message has come: until the server answers, it is sent again. */
export type OutboxState = 'unanswered' | 'answered'

/** A sent message as it is kept in the key store. */
export interface OutboxRecord {
  /** Order of sending. */
  readonly sequence: number
  readonly state: OutboxState
  /** How often it was sent again. */
  readonly attempts: number
  /** Unix milliseconds of the first sending. */
  readonly sentAt: number
  readonly id: string
  /** The chat as the caller named it. */
  readonly jid: string
  /** What else belongs to the sending, as JSON text. */
  readonly options: string
  /** The encoded protobuf message. */
  readonly content: Uint8Array
}

const VERSION = 1
const ANSWERED = 1
const mostAttempts = 0xff
/** Version, state, attempts, sequence, time, length of the facts. */
const headerLength = 1 + 1 + 1 + 6 + 6 + 4

/** Compact bytes. */
export function encodeOutboxRecord(record: OutboxRecord): Uint8Array {
  const facts = Buffer.from(JSON.stringify([record.id, record.jid, record.options]))
  const writer = new RecordWriter(headerLength + facts.byteLength + record.content.byteLength)
  writer.uint8(VERSION)
  writer.uint8(record.state === 'answered' ? ANSWERED : 0)
  writer.uint8(Math.min(record.attempts, mostAttempts))
  writer.time(record.sequence)
  writer.time(record.sentAt)
  writer.uint32(facts.byteLength)
  writer.bytes(facts)
  writer.bytes(record.content)
  return writer.finish()
}

/** @throws KurirError `invalid-outbox-record` for bytes that were not made by {@link encodeOutboxRecord} */
export function decodeOutboxRecord(bytes: Uint8Array): OutboxRecord {
  try {
    const reader = new RecordReader(bytes)
    if (reader.uint8() !== VERSION) throw new RecordFormatError('unknown version')
    const state = (reader.uint8() & ANSWERED) === 0 ? 'unanswered' : 'answered'
    const attempts = reader.uint8()
    const sequence = reader.time()
    const sentAt = reader.time()
    const factsLength = reader.uint32()
    const facts: unknown = JSON.parse(Buffer.from(reader.bytes(factsLength)).toString())
    if (!isFacts(facts)) throw new RecordFormatError('the facts are damaged')
    const [id, jid, options] = facts
    const content = reader.bytes(bytes.byteLength - headerLength - factsLength)
    return { sequence, state, attempts, sentAt, id, jid, options, content }
  } catch (cause) {
    throw new KurirError('invalid-outbox-record', 'A stored sent message is damaged', { cause })
  }
}

function isFacts(value: unknown): value is [id: string, jid: string, options: string] {
  return Array.isArray(value) && value.length === 3 && value.every(fact => typeof fact === 'string')
}
