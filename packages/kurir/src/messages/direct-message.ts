import { isLidUser, isPnUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import {
  checkCiphertext,
  checkDestination,
  deviceIdentityNodes,
  directEnc,
  type EncryptedCopy,
  type ExtraStanzaParts,
  invalidMessage,
  isUserJid,
  type MessageStanzaParts,
  messageNode,
  metaNodes,
  plainAttributes,
} from './message-stanza.js'

/** Stanzas for one device: to our own phone, and answers to retry receipts. */

export interface PeerMessageParts {
  readonly id: string
  /** Own account: the user, or its device 0. */
  readonly to: string
  readonly copy: Omit<EncryptedCopy, 'jid'>
  readonly deviceIdentity: Uint8Array | undefined
  readonly pushPriority?: 'high' | 'high_force' | 'low' | undefined
  readonly privacySensitive?: boolean | undefined
  readonly extra?: ExtraStanzaParts | undefined
}

/**
 * A message to our own phone: key, history and placeholder requests (docs/protocol/02, 7.8). It has neither
 * participants nor tokens nor a reporting node; the server refuses it otherwise.
 */
export function buildPeerMessage(parts: PeerMessageParts): BinaryNode {
  const shape = { ...parts, attributes: plainAttributes, meta: { appdata: 'default' } }
  checkDestination(shape, isUserJid(parts.to))
  checkCiphertext(parts.copy.ciphertext, parts.id)
  return messageNode(
    shape,
    {
      category: 'peer',
      push_priority: parts.pushPriority,
      privacy_sensitive: parts.privacySensitive === true ? '1' : undefined,
    },
    [directEnc(parts.copy, plainAttributes), ...deviceIdentityNodes(parts, [parts.copy]), ...metaNodes(shape)],
  )
}

export interface RetryMessageParts extends MessageStanzaParts {
  readonly copy: Omit<EncryptedCopy, 'jid'>
  /** Count of the retry receipt that is answered, 1 to 5. */
  readonly count: number
  /**
   * Where the device that asked is named:
   * - `user`: `to` is that device; `recipient` is the chat when the device is one of our own
   * - `group`: `to` stays the group, `participant` is the device
   * - `status`: `to` stays `status@broadcast`, `participant` is the device
   */
  readonly target:
    | { readonly kind: 'user'; readonly recipient?: string | undefined; readonly recipientAlt?: string | undefined }
    | { readonly kind: 'group'; readonly participant: string; readonly addressingMode: 'lid' | 'pn' }
    | { readonly kind: 'status'; readonly participant: string }
  /** Unix seconds at which the message was first sent. */
  readonly timestamp?: number | undefined
  readonly tctoken?: Uint8Array | undefined
}

/**
 * The answer to a retry receipt: the same message again, for the one device that asked, in one direct `<enc>`
 * (docs/protocol/02, 10.5; docs/protocol/03, 2.16).
 */
export function buildRetryMessage(parts: RetryMessageParts): BinaryNode {
  checkDestination(parts, true)
  checkCiphertext(parts.copy.ciphertext, parts.id)
  if (!Number.isInteger(parts.count) || parts.count < 1) throw invalidMessage('count', parts.id)
  const { target } = parts
  const isUser = target.kind === 'user'
  const enc = directEnc(parts.copy, parts.attributes)
  enc.attrs['count'] = String(parts.count)
  const alt = isUser ? target.recipientAlt : undefined
  return messageNode(
    parts,
    {
      participant: isUser ? undefined : target.participant,
      recipient: isUser ? target.recipient : undefined,
      addressing_mode: target.kind === 'group' ? target.addressingMode : undefined,
      device_fanout: isUser ? 'false' : undefined,
      t: parts.timestamp === undefined ? undefined : String(parts.timestamp),
      peer_recipient_pn: alt !== undefined && isPnUser(alt) ? alt : undefined,
      peer_recipient_lid: alt !== undefined && isLidUser(alt) ? alt : undefined,
    },
    [
      ...metaNodes(parts),
      enc,
      ...deviceIdentityNodes(parts, [parts.copy]),
      ...(parts.biz === undefined ? [] : [parts.biz]),
      ...(parts.bot === undefined ? [] : [parts.bot]),
      ...(parts.tctoken === undefined ? [] : [{ tag: 'tctoken', attrs: {}, content: parts.tctoken }]),
    ],
  )
}
