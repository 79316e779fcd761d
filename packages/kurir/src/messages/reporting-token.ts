import type { BinaryNode } from '../binary/node.js'
import { hmacSha256 } from '../crypto/digest.js'
import { KurirError } from '../errors/index.js'
import type { proto } from '../proto/index.js'
import { getContentType, normalizeMessageContent } from './content-type.js'
import { deriveSecretKey, MessageSecretUseCase } from './message-secrets.js'
import { type ReportingFields, reportingFields } from './reporting-fields.js'

/**
 * Reporting tokens bind a message to its sender, so that a recipient can prove to the service what was sent
 * (docs/protocol/02, 12).
 */

/** 1 and 2: a list of fields that count; 3: everything but secrets and device lists. */
export type ReportingTokenVersion = 1 | 2 | 3

/** The version that clients send. */
export const reportingTokenVersion = 2
const tokenLength = 16
const maxDepth = 100

/** Field 35 (context info) of a message, and what version 3 leaves out of it. */
const contextInfoField = 35
const secretContextFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 6])

/**
 * The bytes of an encoded, unpadded `Message` that a token covers.
 *
 * @throws KurirError `invalid-protobuf` for bytes that are no message or nested too deeply
 */
export function extractReportingContent(encoded: Uint8Array, version: ReportingTokenVersion): Buffer {
  return version === 3 ? excludeSecrets(encoded) : pickFields(encoded, reportingFields(), version, 0)
}

/** One field as it stands in the encoding. */
interface RawField {
  readonly number: number
  readonly wireType: number
  /** Tag, length and value. */
  readonly bytes: Uint8Array
  /** Tag alone. */
  readonly tag: Uint8Array
  /** Value of a length-delimited field. */
  readonly value: Uint8Array | undefined
}

function pickFields(encoded: Uint8Array, wanted: ReportingFields, version: 1 | 2, depth: number): Buffer {
  if (depth > maxDepth) throw invalidEncoding('nested too deeply')
  const kept: { readonly number: number; readonly bytes: Uint8Array }[] = []
  for (const field of readFields(encoded)) {
    const rule = wanted.get(field.number)
    if (rule === undefined || rule.from > version) continue
    if (rule.fields === undefined) {
      kept.push(field)
      continue
    }
    if (field.value === undefined) continue
    const children = rule.fields === 'message' ? reportingFields() : rule.fields
    const inner = pickFields(field.value, children, version, depth + 1)
    if (inner.byteLength === 0) continue
    kept.push({ number: field.number, bytes: Buffer.concat([field.tag, varint(inner.byteLength), inner]) })
  }
  // Array sorting is stable: repeated fields keep their order.
  kept.sort((left, right) => left.number - right.number)
  return Buffer.concat(kept.map(field => field.bytes))
}

function excludeSecrets(encoded: Uint8Array): Buffer {
  return Buffer.concat(
    readFields(encoded).map(field => {
      if (field.number !== contextInfoField || field.value === undefined) return field.bytes
      const inner = readFields(field.value)
      if (!inner.some(part => secretContextFields.has(part.number))) return field.bytes
      const rest = Buffer.concat(inner.filter(part => !secretContextFields.has(part.number)).map(part => part.bytes))
      return Buffer.concat([field.tag, varint(rest.byteLength), rest])
    }),
  )
}

// ─── wire format ─────────────────────────────────────────────────────────────

function readFields(encoded: Uint8Array): RawField[] {
  const fields: RawField[] = []
  let offset = 0
  while (offset < encoded.byteLength) {
    const start = offset
    const tag = readVarint(encoded, offset)
    offset = tag.end
    const wireType = tag.value & 7
    const number = Math.floor(tag.value / 8)
    const value = readValue(encoded, offset, wireType)
    if (number === 0) throw invalidEncoding('field number 0')
    fields.push({
      number,
      wireType,
      tag: encoded.subarray(start, offset),
      bytes: encoded.subarray(start, value.end),
      value: value.bytes,
    })
    offset = value.end
  }
  return fields
}

function readValue(
  encoded: Uint8Array,
  offset: number,
  wireType: number,
): { end: number; bytes: Uint8Array | undefined } {
  switch (wireType) {
    case 0:
      return { end: skipVarint(encoded, offset), bytes: undefined }
    case 1:
      return { end: checkedEnd(encoded, offset + 8), bytes: undefined }
    case 2: {
      const length = readVarint(encoded, offset)
      const end = checkedEnd(encoded, length.end + length.value)
      return { end, bytes: encoded.subarray(length.end, end) }
    }
    case 5:
      return { end: checkedEnd(encoded, offset + 4), bytes: undefined }
    default:
      throw invalidEncoding(`wire type ${wireType}`)
  }
}

/** An unsigned integer of at most 32 bits, as tags and lengths are. */
function readVarint(encoded: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0
  for (let index = 0; index < 5; index += 1) {
    const byte = encoded[offset + index]
    if (byte === undefined) throw invalidEncoding('truncated')
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, end: offset + index + 1 }
  }
  throw invalidEncoding('varint too long')
}

function skipVarint(encoded: Uint8Array, offset: number): number {
  for (let index = 0; index < 10; index += 1) {
    const byte = encoded[offset + index]
    if (byte === undefined) throw invalidEncoding('truncated')
    if (byte < 0x80) return offset + index + 1
  }
  throw invalidEncoding('varint too long')
}

function checkedEnd(encoded: Uint8Array, end: number): number {
  if (end > encoded.byteLength) throw invalidEncoding('truncated')
  return end
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

function invalidEncoding(reason: string): KurirError {
  return new KurirError('invalid-protobuf', `The message cannot be read: ${reason}`, {
    statusCode: 400,
    data: { type: 'Message', reason },
  })
}

// ─── tokens ──────────────────────────────────────────────────────────────────

/** What a token is bound to. */
export interface ReportingContext {
  readonly messageSecret: Uint8Array
  readonly messageId: string
  /** Own user JID without device, in the namespace of the chat. */
  readonly senderUserJid: string
  /** The chat as addressed: recipient user, group or list. */
  readonly remoteJid: string
}

/** Key of a token. */
export function reportingKey(context: ReportingContext): Buffer {
  return deriveSecretKey(
    context.messageSecret,
    { messageId: context.messageId, originalSender: context.senderUserJid, modifier: context.remoteJid },
    MessageSecretUseCase.ReportToken,
  )
}

/**
 * The 16-byte token over an encoded, unpadded message, or undefined when nothing in the message counts.
 */
export function reportingToken(
  encoded: Uint8Array,
  context: ReportingContext,
  version: ReportingTokenVersion = reportingTokenVersion,
): Buffer | undefined {
  const content = extractReportingContent(encoded, version)
  if (content.byteLength === 0) return undefined
  return hmacSha256(reportingKey(context), content).subarray(0, tokenLength)
}

/** Kinds that never carry a token: what counts of them is sealed. */
const tokenlessKinds: ReadonlySet<string | undefined> = new Set([
  undefined,
  'reactionMessage',
  'encReactionMessage',
  'encCommentMessage',
  'encEventResponseMessage',
  'pollUpdateMessage',
  'secretEncryptedMessage',
])

/** Whether a message of this kind takes a reporting token, and with it a message secret. */
export function takesReportingToken(message: proto.IMessage): boolean {
  return !tokenlessKinds.has(getContentType(normalizeMessageContent(message)))
}

/** The `<reporting>` child of a message stanza; undefined when the message takes or yields no token. Not for resends. */
export function buildReportingNode(
  message: proto.IMessage,
  encoded: Uint8Array,
  context: Omit<ReportingContext, 'messageSecret'>,
): BinaryNode | undefined {
  const messageSecret = message.messageContextInfo?.messageSecret
  if (!messageSecret || !takesReportingToken(message)) return undefined
  const token = reportingToken(encoded, { ...context, messageSecret })
  if (token === undefined) return undefined
  return {
    tag: 'reporting',
    attrs: {},
    content: [{ tag: 'reporting_token', attrs: { v: String(reportingTokenVersion) }, content: token }],
  }
}
