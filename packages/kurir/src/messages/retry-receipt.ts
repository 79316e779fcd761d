import { encodeBigEndian } from '../auth/big-endian.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import { isUserChat } from './own-account.js'
import { parseRetryReason, type RetryReason } from './retry-reasons.js'
import {
  bigEndianOf,
  bytesOf,
  childNode,
  childNodes,
  definedAttributes,
  invalidStanza,
  isMessageId,
  parseDecimal,
  requireAttribute,
} from './stanza-values.js'

/** Key type byte of Curve25519 in key uploads, bundles and retry receipts. */
const keyBundleType = 5
/** Ids that one retry receipt may ask for; honest ones ask for one. */
const maxRetryIds = 256

/** Fresh keys with which the other side can build a new session with the device that asks. */
export interface RetryKeys {
  /** 32 bytes. */
  readonly identity: Uint8Array
  /** A one-time prekey. Store its private part before the receipt leaves. Absent only when the asker had none left. */
  readonly preKey: { readonly id: number; readonly public: Uint8Array } | undefined
  readonly signedPreKey: { readonly id: number; readonly public: Uint8Array; readonly signature: Uint8Array }
  /** ADVSignedDeviceIdentity with the account key. */
  readonly deviceIdentity: Uint8Array | undefined
}

export interface RetryReceiptParts {
  /** The stanza that could not be read. */
  readonly stanza: BinaryNode
  /** 1 for the first request. */
  readonly count: number
  /** Own registration id. */
  readonly registrationId: number
  readonly reason?: RetryReason | undefined
  /** Required from count 2 (docs/protocol/02, 10.2). */
  readonly keys?: RetryKeys | undefined
}

/**
 * Asks the sender of a message to send it again (docs/protocol/02, 10.2).
 *
 * @throws KurirError `invalid-stanza` when the message lacks `id` or `from`, `invalid-retry-receipt` when the count is
 * below 1 or keys are missing at a later count
 */
export function buildRetryReceipt(parts: RetryReceiptParts): BinaryNode {
  const { stanza, count, keys } = parts
  if (!Number.isInteger(count) || count < 1) throw invalidRetry('count', { count })
  if (count > 1 && keys === undefined) throw invalidRetry('keys', { count })
  const id = requireAttribute(stanza, 'id')
  const isPeer = stanza.attrs['category'] === 'peer'
  const registration: BinaryNode = { tag: 'registration', attrs: {}, content: encodeBigEndian(parts.registrationId, 4) }
  return {
    tag: 'receipt',
    attrs: definedAttributes({
      id,
      to: requireAttribute(stanza, 'from'),
      type: 'retry',
      participant: stanza.attrs['participant'],
      recipient: isPeer ? undefined : stanza.attrs['recipient'],
      category: isPeer ? 'peer' : undefined,
    }),
    content: [
      {
        tag: 'retry',
        attrs: definedAttributes({
          v: '1',
          count: String(count),
          id,
          t: stanza.attrs['t'] ?? '0',
          error: parts.reason === undefined ? undefined : String(parts.reason),
        }),
      },
      registration,
      ...(keys === undefined ? [] : [keysNode(keys)]),
    ],
  }
}

function keysNode(keys: RetryKeys): BinaryNode {
  const { preKey, signedPreKey, deviceIdentity } = keys
  const content: BinaryNode[] = [
    { tag: 'type', attrs: {}, content: Buffer.from([keyBundleType]) },
    { tag: 'identity', attrs: {}, content: keys.identity },
  ]
  if (preKey !== undefined) {
    content.push({ tag: 'key', attrs: {}, content: [idNode(preKey.id), leaf('value', preKey.public)] })
  }
  content.push({
    tag: 'skey',
    attrs: {},
    content: [idNode(signedPreKey.id), leaf('value', signedPreKey.public), leaf('signature', signedPreKey.signature)],
  })
  if (deviceIdentity !== undefined) content.push(leaf('device-identity', deviceIdentity))
  return { tag: 'keys', attrs: {}, content }
}

const leaf = (tag: string, content: Uint8Array): BinaryNode => ({ tag, attrs: {}, content })
const idNode = (id: number): BinaryNode => leaf('id', encodeBigEndian(id, 3))

/** A peer's request to send messages again. */
export interface RetryRequest {
  /** Messages asked for; nearly always one. */
  readonly ids: readonly string[]
  /** `from` of the receipt: the chat, or the device in 1:1. Answers go there. */
  readonly from: string
  /** The device that asked. */
  readonly requester: string
  readonly participant: string | undefined
  /** The chat, when one of our own devices asks for a message to somebody else. */
  readonly recipient: string | undefined
  readonly isPeer: boolean
  readonly count: number
  /** Unix seconds of the message, as the requester saw it. */
  readonly messageTimestamp: number | undefined
  readonly reason: RetryReason | undefined
  /** The requester's registration id: tells a re-registered device from the one we knew. */
  readonly registrationId: number | undefined
  readonly keys: RetryKeys | undefined
  /** Delivered from the offline queue: its keys may be stale. */
  readonly offline: boolean
}

/** Whether a receipt stanza is a retry request. */
export function isRetryReceipt(node: BinaryNode): boolean {
  return node.tag === 'receipt' && node.attrs['type'] === 'retry'
}

/**
 * Reads a retry receipt. Its keys are untrusted: check the signature of the signed prekey before using them.
 *
 * @throws KurirError `invalid-stanza` for missing parts or keys of the wrong length
 */
export function parseRetryReceipt(node: BinaryNode): RetryRequest {
  const id = requireAttribute(node, 'id')
  const from = requireAttribute(node, 'from')
  const retry = childNode(node, 'retry')
  if (retry === undefined) throw invalidStanza(node, 'The retry receipt has no retry child')
  const participant = node.attrs['participant']
  if (participant === undefined && !isUserChat(from)) {
    throw invalidStanza(node, 'A retry receipt from a group names the device that asks', { attribute: 'participant' })
  }
  const keys = childNode(node, 'keys')
  return {
    ids: retryIds(node, id),
    from,
    requester: participant ?? from,
    participant,
    recipient: node.attrs['recipient'],
    isPeer: node.attrs['category'] === 'peer',
    count: Math.max(1, parseDecimal(retry.attrs['count']) ?? 1),
    messageTimestamp: parseDecimal(retry.attrs['t']),
    reason: parseRetryReason(retry.attrs['error']),
    registrationId: bigEndianOf(childNode(node, 'registration'), 4),
    keys: keys === undefined ? undefined : parseRetryKeys(node, keys),
    offline: node.attrs['offline'] !== undefined,
  }
}

function retryIds(node: BinaryNode, first: string): string[] {
  const ids = [first]
  const list = childNode(node, 'list')
  for (const item of list === undefined ? [] : childNodes(list)) {
    const id = item.attrs['id']
    if (item.tag === 'item' && id !== undefined && !ids.includes(id)) ids.push(id)
    if (ids.length > maxRetryIds) throw invalidStanza(node, 'The retry receipt asks for too many messages')
  }
  if (!ids.every(isMessageId)) throw invalidStanza(node, 'The retry receipt names an impossible message id')
  return ids
}

function parseRetryKeys(node: BinaryNode, keys: BinaryNode): RetryKeys {
  const identity = fixedBytes(node, keys, 'identity', 32)
  const preKey = childNode(keys, 'key')
  const signedPreKey = childNode(keys, 'skey')
  if (signedPreKey === undefined) throw invalidStanza(node, 'The keys of a retry receipt lack the signed prekey')
  return {
    identity,
    preKey:
      preKey === undefined ? undefined : { id: keyId(node, preKey), public: fixedBytes(node, preKey, 'value', 32) },
    signedPreKey: {
      id: keyId(node, signedPreKey),
      public: fixedBytes(node, signedPreKey, 'value', 32),
      signature: fixedBytes(node, signedPreKey, 'signature', 64),
    },
    deviceIdentity: bytesOf(childNode(keys, 'device-identity')),
  }
}

function keyId(node: BinaryNode, parent: BinaryNode): number {
  const id = bigEndianOf(childNode(parent, 'id'), 3)
  if (id === undefined) throw invalidStanza(node, 'A key of the retry receipt has no valid id', { child: parent.tag })
  return id
}

function fixedBytes(node: BinaryNode, parent: BinaryNode, tag: string, length: number): Uint8Array {
  const bytes = bytesOf(childNode(parent, tag))
  if (bytes?.byteLength === length) return bytes
  throw invalidStanza(node, 'A key of the retry receipt has the wrong length', { child: tag, expected: length })
}

function invalidRetry(field: string, detail: Record<string, unknown>): KurirError {
  return new KurirError('invalid-retry-receipt', `No valid retry receipt: ${field}`, {
    statusCode: 400,
    data: { field, ...detail },
  })
}
