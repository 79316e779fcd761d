import { isJidBroadcast, isJidGroup, isJidStatusBroadcast, isLidUser, isPnUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import {
  addressedCopy,
  checkCiphertext,
  checkCopies,
  checkDestination,
  companionNodes,
  deviceIdentityNodes,
  type EncryptedCopy,
  isUserJid,
  keyDistributionNodes,
  type MessageStanzaParts,
  messageNode,
  plainAttributes,
  senderKeyEnc,
} from './message-stanza.js'

export {
  buildPeerMessage,
  buildRetryMessage,
  type PeerMessageParts,
  type RetryMessageParts,
} from './direct-message.js'
export type { EncryptedCopy, ExtraStanzaParts, MessageStanzaParts } from './message-stanza.js'

export interface UserMessageParts extends MessageStanzaParts {
  /** Devices of the recipient and own other devices. */
  readonly copies: readonly EncryptedCopy[]
  /** The recipient's other identity; becomes `peer_recipient_pn` or `peer_recipient_lid` by its kind. */
  readonly recipientAlt?: string | undefined
  /** Trusted-contact token of the recipient, else the fallback token. */
  readonly token?: { readonly kind: 'tctoken' | 'cstoken'; readonly bytes: Uint8Array } | undefined
  /** `false`: the server must neither fan out further nor compare device lists. */
  readonly deviceFanout?: false | undefined
}

/** A 1:1 message to all devices (docs/protocol/02, 7.4). @throws KurirError `invalid-message-stanza` */
export function buildUserMessage(parts: UserMessageParts): BinaryNode {
  checkDestination(parts, isUserJid(parts.to))
  checkCopies(parts.copies, parts.id)
  const { recipientAlt } = parts
  const twin = (test: (jid: string) => boolean | undefined, mustBe: (jid: string) => boolean | undefined) =>
    recipientAlt !== undefined && test(parts.to) === true && mustBe(recipientAlt) === true ? recipientAlt : undefined
  return messageNode(
    parts,
    {
      peer_recipient_pn: twin(isLidUser, isPnUser),
      peer_recipient_lid: twin(isPnUser, isLidUser),
      device_fanout: parts.deviceFanout === false ? 'false' : undefined,
    },
    [
      { tag: 'participants', attrs: {}, content: parts.copies.map(copy => addressedCopy(copy, parts.attributes)) },
      ...deviceIdentityNodes(parts, parts.copies),
      ...companionNodes(parts),
      ...(parts.token === undefined ? [] : [{ tag: parts.token.kind, attrs: {}, content: parts.token.bytes }]),
    ],
  )
}

export interface GroupMessageParts extends MessageStanzaParts {
  readonly addressingMode: 'lid' | 'pn'
  /** Hash of all devices that should get the message, our own included (docs/protocol/02, 4.5). */
  readonly phash: string
  /** Content for holders of our sender key. */
  readonly senderKeyMessage: Uint8Array
  /** The sender key itself, encrypted for the devices that lack it; may be empty. */
  readonly keyDistribution: readonly EncryptedCopy[]
  readonly deviceFanout?: false | undefined
}

/** A group message (docs/protocol/02, 7.5). @throws KurirError `invalid-message-stanza` */
export function buildGroupMessage(parts: GroupMessageParts): BinaryNode {
  checkDestination(parts, isJidGroup(parts.to) === true)
  if (parts.keyDistribution.length > 0) checkCopies(parts.keyDistribution, parts.id)
  checkCiphertext(parts.senderKeyMessage, parts.id)
  return messageNode(
    parts,
    {
      addressing_mode: parts.addressingMode,
      phash: parts.phash,
      device_fanout: parts.deviceFanout === false ? 'false' : undefined,
    },
    [
      ...keyDistributionNodes(parts.keyDistribution, parts.attributes.decryptFail),
      senderKeyEnc(parts),
      ...deviceIdentityNodes(parts, parts.keyDistribution),
      ...companionNodes(parts),
    ],
  )
}

/** A group message encrypted pairwise with its whole content, after the server named devices that we had missed. */
export interface GroupDirectMessageParts extends MessageStanzaParts {
  readonly addressingMode: 'lid' | 'pn'
  readonly copies: readonly EncryptedCopy[]
}

/** Pairwise content to some devices of a group (docs/protocol/02, 7.5). @throws KurirError `invalid-message-stanza` */
export function buildGroupDirectMessage(parts: GroupDirectMessageParts): BinaryNode {
  checkDestination(parts, isJidGroup(parts.to) === true)
  checkCopies(parts.copies, parts.id)
  return messageNode(parts, { addressing_mode: parts.addressingMode }, [
    { tag: 'participants', attrs: {}, content: parts.copies.map(copy => addressedCopy(copy, parts.attributes)) },
    { tag: 'enc', attrs: { v: '2', type: 'skmsg' } },
    ...deviceIdentityNodes(parts, parts.copies),
    ...companionNodes({ ...parts, bot: undefined }),
  ])
}

/** A group stanza without content: it only hands out the sender key. */
export interface GroupKeyParts {
  readonly id: string
  readonly to: string
  readonly phash: string
  readonly addressingMode: 'lid' | 'pn'
  readonly keyDistribution: readonly EncryptedCopy[]
  readonly deviceIdentity: Uint8Array | undefined
}

/** Hands our sender key to devices of a group, such as one whose retry showed that it lacks it (docs/protocol/02, 7.5). */
export function buildGroupKeyDistribution(parts: GroupKeyParts): BinaryNode {
  checkDestination(parts, isJidGroup(parts.to) === true)
  checkCopies(parts.keyDistribution, parts.id)
  return messageNode(
    { ...parts, attributes: plainAttributes },
    { phash: parts.phash, device_fanout: 'false', addressing_mode: parts.addressingMode },
    [
      { tag: 'meta', attrs: { appdata: 'default' } },
      { tag: 'enc', attrs: { v: '2', type: 'skmsg', 'decrypt-fail': 'hide' } },
      ...keyDistributionNodes(parts.keyDistribution, false),
      ...deviceIdentityNodes(parts, parts.keyDistribution),
    ],
  )
}

export interface StatusMessageParts extends MessageStanzaParts {
  readonly senderKeyMessage: Uint8Array
  readonly keyDistribution: readonly EncryptedCopy[]
  /** Users (not devices) that already hold the key: they tell the server the audience. */
  readonly holders: readonly string[]
}

/** A status post: like a group message, without addressing mode and hash (docs/protocol/02, 7.6). */
export function buildStatusMessage(parts: StatusMessageParts): BinaryNode {
  checkDestination(parts, isJidStatusBroadcast(parts.to))
  return audienceMessage(parts, {})
}

function audienceMessage(parts: StatusMessageParts, attributes: { readonly [name: string]: string }): BinaryNode {
  if (parts.keyDistribution.length > 0) checkCopies(parts.keyDistribution, parts.id)
  checkCiphertext(parts.senderKeyMessage, parts.id)
  const recipients: BinaryNode[] = [
    ...parts.keyDistribution.map(copy => addressedCopy(copy, { decryptFail: parts.attributes.decryptFail })),
    ...parts.holders.map((jid): BinaryNode => ({ tag: 'to', attrs: { jid } })),
  ]
  const lean = { ...parts, biz: undefined, bot: undefined }
  return messageNode(lean, attributes, [
    ...(recipients.length === 0 ? [] : [{ tag: 'participants', attrs: {}, content: recipients }]),
    senderKeyEnc(parts),
    ...deviceIdentityNodes(parts, parts.keyDistribution),
    ...companionNodes(lean),
  ])
}

export interface BroadcastListMessageParts extends StatusMessageParts {
  /** Hash of all devices that should get the message, our own included. */
  readonly phash: string
}

/** A message to a broadcast list (docs/protocol/02, 7.7; docs/protocol/03, 2.13). @throws KurirError `invalid-message-stanza` */
export function buildBroadcastListMessage(parts: BroadcastListMessageParts): BinaryNode {
  checkDestination(parts, isJidBroadcast(parts.to) === true && !isJidStatusBroadcast(parts.to))
  return audienceMessage(parts, { phash: parts.phash })
}
