import { KurirError } from '../errors/kurir-error.js'
import type { MessageUpsertType, WAMessage, WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { RecordFormatError, RecordReader, RecordWriter } from '../signal/record-bytes.js'

/** A received message that nobody has handled yet, as it is kept in the key store. */
export interface InboxRecord {
  /** Order of arrival. */
  readonly sequence: number
  /** How often a process before this one may have handed it over. */
  readonly deliveries: number
  readonly type: MessageUpsertType
  /** Names author and id; see `messageName`. */
  readonly name: string
  /** As decrypted: its JIDs and reference keys are still those of the sender. */
  readonly message: WAMessage
}

const VERSION = 1
const APPENDED = 1
const mostDeliveries = 0xff_ff
/** Version, flags, deliveries, sequence, length of the facts. */
const headerLength = 1 + 1 + 2 + 6 + 4

/** What a message carries beside the fields of its protobuf form. */
type Facts = [name: string, key: Partial<WAMessageKey>, category?: string | undefined, retryCount?: number | undefined]

/** Compact bytes: the message as WebMessageInfo, with what that has no fields for. */
export function encodeInboxRecord({ sequence, deliveries, type, name, message }: InboxRecord): Uint8Array {
  const facts = JSON.stringify(factsOf(name, message))
  const factsLength = Buffer.byteLength(facts)
  const content = proto.WebMessageInfo.encode(message).finish()
  // From the pool: these records live for a moment only.
  const writer = new RecordWriter(Buffer.allocUnsafe(headerLength + factsLength + content.byteLength))
  writer.uint8(VERSION)
  writer.uint8(type === 'append' ? APPENDED : 0)
  writer.uint16(Math.min(deliveries, mostDeliveries))
  writer.time(sequence)
  writer.uint32(factsLength)
  writer.text(facts, factsLength)
  writer.bytes(content)
  return writer.finish()
}

/** @throws KurirError `invalid-inbox-record` for bytes that were not made by {@link encodeInboxRecord} */
export function decodeInboxRecord(bytes: Uint8Array): InboxRecord {
  try {
    const reader = new RecordReader(bytes)
    if (reader.uint8() !== VERSION) throw new RecordFormatError('unknown version')
    const flags = reader.uint8()
    const deliveries = reader.uint16()
    const sequence = reader.time()
    const factsLength = reader.uint32()
    const facts = JSON.parse(Buffer.from(reader.bytes(factsLength)).toString())
    if (!isFacts(facts)) throw new RecordFormatError('the facts are damaged')
    const [name, key, category, retryCount] = facts
    const content = reader.bytes(bytes.byteLength - headerLength - factsLength)
    const decoded = proto.WebMessageInfo.decode(content)
    const message: WAMessage = { ...withoutEmptyLists(decoded), key: { ...decoded.key, ...key } }
    message.messageTimestamp = Number(message.messageTimestamp ?? 0)
    if (category != null) message.category = category
    if (retryCount != null) message.retryCount = retryCount
    return { sequence, deliveries, type: (flags & APPENDED) === 0 ? 'notify' : 'append', name, message }
  } catch (cause) {
    throw new KurirError('invalid-inbox-record', 'A stored message is damaged', { cause })
  }
}

function factsOf(name: string, { key, category, retryCount }: WAMessage): Facts {
  const {
    remoteJidAlt,
    remoteJidUsername,
    participantAlt,
    participantUsername,
    server_id,
    addressingMode,
    isViewOnce,
  } = key
  return [
    name,
    { remoteJidAlt, remoteJidUsername, participantAlt, participantUsername, server_id, addressingMode, isViewOnce },
    category,
    retryCount,
  ]
}

/** As a received message is before it is stored: without the lists that decoding adds. */
function withoutEmptyLists(info: proto.IWebMessageInfo): proto.IWebMessageInfo {
  return Object.fromEntries(Object.entries(info).filter(([, value]) => !Array.isArray(value) || value.length > 0))
}

function isFacts(value: unknown): value is Facts {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'object' && value[1] !== null
}
