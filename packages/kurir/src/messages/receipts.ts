import { isJidNewsletter, isLidUser, isPnUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import type { WAMessageKey } from '../events/message-types.js'
import { hasParticipants, isOwnAccount, isUserChat, type OwnAccount, userFormOf } from './own-account.js'
import { definedAttributes, isMessageId, requireAttribute } from './stanza-values.js'

/** What a receipt tells; undefined: delivered. */
export type MessageReceiptType =
  | 'read'
  | 'read-self'
  | 'hist_sync'
  | 'peer_msg'
  | 'sender'
  | 'inactive'
  | 'played'
  | undefined

/** Types of receipts about reading and playing, of which not all are offered to programs. */
export type ReceiptStanzaType = MessageReceiptType | 'played-self'

/** Most ids in one receipt (docs/protocol/03, 5.1). */
export const maxReceiptIds = 128_000

export interface ReceiptParts {
  /** The first becomes the stanza id, the others list items. */
  readonly ids: readonly string[]
  readonly to: string
  readonly type?: ReceiptStanzaType | undefined
  /** Author, in groups and broadcasts only; dropped elsewhere. */
  readonly participant?: string | undefined
  /** The chat, in receipts to own devices. */
  readonly recipient?: string | undefined
  /** Unix seconds; read and played receipts carry it. */
  readonly timestamp?: number | undefined
  readonly peerParticipantPn?: string | undefined
  /** Receipts of `<appdata>` stanzas have this in place of a type. */
  readonly category?: 'peer_appdata' | undefined
}

/** One receipt stanza. @throws KurirError `invalid-receipt` without ids, with impossible ones, or for a channel */
export function buildReceipt(parts: ReceiptParts): BinaryNode {
  const [first, ...further] = parts.ids
  if (first === undefined || parts.ids.length > maxReceiptIds || !parts.ids.every(isMessageId)) {
    throw invalidReceipt('ids', { count: parts.ids.length })
  }
  const participant = hasParticipants(parts.to) ? parts.participant : undefined
  if (hasParticipants(parts.to) && participant === undefined) throw invalidReceipt('participant', { to: parts.to })
  const receipt: BinaryNode = {
    tag: 'receipt',
    attrs: definedAttributes({
      id: first,
      to: parts.to,
      type: parts.type,
      category: parts.category,
      participant,
      recipient: parts.recipient,
      t: parts.timestamp === undefined ? undefined : String(parts.timestamp),
      peer_participant_pn: isLidUser(participant) === true ? parts.peerParticipantPn : undefined,
    }),
  }
  if (further.length > 0) {
    receipt.content = [{ tag: 'list', attrs: {}, content: further.map(id => ({ tag: 'item', attrs: { id } })) }]
  }
  return receipt
}

/**
 * The receipt for a message that was taken over (docs/protocol/02, 9.4). It acknowledges the stanza: send it after the
 * message has been stored. Messages of channels get an ack instead: undefined.
 *
 * @param isActive this client has announced itself as available
 */
export function buildDeliveryReceipt(stanza: BinaryNode, me: OwnAccount, isActive: boolean): BinaryNode | undefined {
  const from = requireAttribute(stanza, 'from')
  if (isJidNewsletter(from)) return undefined
  const { participant, recipient } = stanza.attrs
  if (stanza.tag === 'appdata') {
    return buildReceipt({ ids: [requireAttribute(stanza, 'id')], to: from, category: 'peer_appdata' })
  }
  const author = participant ?? from
  const isOwn = isOwnAccount(author, me)
  const isPeer = stanza.attrs['category'] === 'peer'
  const type = isPeer ? 'peer_msg' : isOwn ? 'sender' : isActive ? undefined : 'inactive'
  return buildReceipt({
    ids: [requireAttribute(stanza, 'id')],
    to: from,
    type,
    participant,
    // Towards strangers the attribute would name their chats to them; only own devices are told.
    recipient: isOwn && !isPeer ? recipient : undefined,
  })
}

/** Tells the phone that a piece of history was taken over; comes in addition to the delivery receipt. */
export function buildHistorySyncReceipt(id: string, me: OwnAccount): BinaryNode {
  return buildReceipt({ ids: [id], to: userFormOf(me.id), type: 'hist_sync' })
}

/**
 * A receipt addressed as Baileys' `sendReceipt(jid, participant, ids, type)` does: read receipts get the time, `sender`
 * receipts of user chats go to the own device with the chat as recipient.
 *
 * @param now unix seconds
 */
export function buildChatReceipt(
  jid: string,
  participant: string | undefined,
  ids: readonly string[],
  type: ReceiptStanzaType,
  me: OwnAccount,
  now: number,
): BinaryNode {
  const isReading = type === 'read' || type === 'read-self' || type === 'played' || type === 'played-self'
  const timestamp = isReading ? now : undefined
  if (type === 'sender' && isUserChat(jid)) {
    return buildReceipt({ ids, to: participant ?? ownUserFor(jid, me), type, recipient: jid })
  }
  return buildReceipt({ ids, to: jid, type, participant, timestamp })
}

/** The own account, addressed as the chat is. */
function ownUserFor(jid: string, me: OwnAccount): string {
  return userFormOf(isPnUser(jid) === true ? me.id : (me.lid ?? me.id))
}

/** Keys of one chat and author, as receipts name them. */
export interface MessageKeyGroup {
  readonly jid: string
  readonly participant: string | undefined
  readonly messageIds: string[]
}

/** Groups keys of received messages by chat and author, in order of appearance; own messages are left out. */
export function aggregateMessageKeysNotFromMe(keys: readonly WAMessageKey[]): MessageKeyGroup[] {
  const groups = new Map<string, MessageKeyGroup>()
  for (const key of keys) {
    const { remoteJid, id, fromMe } = key
    if (fromMe === true || !remoteJid || !id) continue
    const participant = key.participant || undefined
    const name = `${remoteJid}\u0000${participant ?? ''}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { jid: remoteJid, participant, messageIds: [id] })
    else group.messageIds.push(id)
  }
  return [...groups.values()]
}

/**
 * Receipts for messages that the user has read: one for each chat and author.
 *
 * @param isVisible false when the privacy setting hides reading: only own devices are told then
 * @param now unix seconds
 */
export function buildReadReceipts(
  keys: readonly WAMessageKey[],
  isVisible: boolean,
  me: OwnAccount,
  now: number,
): BinaryNode[] {
  return aggregateMessageKeysNotFromMe(keys).map(({ jid, participant, messageIds }) => {
    const type = isVisible && !isJidNewsletter(jid) ? 'read' : 'read-self'
    return buildChatReceipt(jid, participant, messageIds, type, me, now)
  })
}

/** The posts among these keys, as a channel names them: their numbers by channel. */
export function postsOfKeys(keys: readonly WAMessageKey[]): Map<string, string[]> {
  const posts = new Map<string, string[]>()
  for (const { remoteJid, server_id: serverId, fromMe } of keys) {
    if (fromMe === true || !serverId || !remoteJid || !isJidNewsletter(remoteJid)) continue
    const known = posts.get(remoteJid)
    if (known) known.push(serverId)
    else posts.set(remoteJid, [serverId])
  }
  return posts
}

function invalidReceipt(field: string, detail: Record<string, unknown>): KurirError {
  return new KurirError('invalid-receipt', `No valid receipt: ${field}`, {
    statusCode: 400,
    data: { field, ...detail },
  })
}
