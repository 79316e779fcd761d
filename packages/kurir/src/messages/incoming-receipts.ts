import { isLidUser, isPnUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { LIDMapping } from '../events/event-map.js'
import type { MessageUserReceiptUpdate, WAMessageKey, WAMessageUpdate } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { hasParticipants, isOwnAccount, isUserChat, type OwnAccount, userFormOf } from './own-account.js'
import { maxReceiptIds } from './receipts.js'
import { childNode, childNodes, invalidStanza, isMessageId, parseDecimal, requireAttribute } from './stanza-values.js'

/** Users that one `<participants>` element may list. */
const maxReceiptUsers = 1_024

/** A receipt from the server: somebody received, read or played messages (docs/protocol/03, 5.2). */
export interface IncomingReceipt {
  /** Messages it is about; empty for channel views, which name server ids. */
  readonly ids: readonly string[]
  readonly serverIds: readonly string[]
  readonly from: string
  /** undefined: delivered. */
  readonly type: string | undefined
  /** Unix seconds. */
  readonly timestamp: number | undefined
  readonly participant: string | undefined
  /** Set when one of our own devices speaks: the chat it speaks about. */
  readonly recipient: string | undefined
  /** The same person in both namespaces, where the stanza tells. */
  readonly mappings: readonly LIDMapping[]
  /** Group receipts of several people at once. */
  readonly perUser: readonly UserReceipts[]
  /** The peer could not handle the message in this addressing. */
  readonly error: { readonly type: string | undefined; readonly reason: string | undefined } | undefined
  readonly offline: boolean
}

/** What several people did with one message. */
export interface UserReceipts {
  readonly messageId: string
  readonly users: readonly {
    readonly jid: string
    readonly type: string | undefined
    readonly timestamp: number | undefined
  }[]
}

/** Reads any receipt but a retry request. @throws KurirError `invalid-stanza` */
export function parseReceipt(node: BinaryNode): IncomingReceipt {
  const id = requireAttribute(node, 'id')
  const { attrs } = node
  const isView = attrs['type'] === 'view'
  const mappings: LIDMapping[] = []
  addMapping(mappings, attrs['participant'], attrs['participant_pn'])
  const perUser = childNodes(node)
    .filter(child => child.tag === 'participants')
    .map(child => parseUserReceipts(node, child, mappings))
  const items = listItems(node, isView ? 'server_id' : 'id')
  const error = childNode(node, 'error')
  return {
    ids: isView || perUser.length > 0 ? [] : checkedIds(node, [id, ...items]),
    serverIds: isView ? items : [],
    from: requireAttribute(node, 'from'),
    type: attrs['type'],
    timestamp: parseDecimal(attrs['t']),
    participant: attrs['participant'],
    recipient: attrs['recipient'],
    mappings,
    perUser,
    error: error === undefined ? undefined : { type: error.attrs['type'], reason: error.attrs['reason'] },
    offline: attrs['offline'] !== undefined,
  }
}

function listItems(node: BinaryNode, attribute: string): string[] {
  const list = childNode(node, 'list')
  const items: string[] = []
  for (const item of list === undefined ? [] : childNodes(list)) {
    const value = item.attrs[attribute]
    if (item.tag === 'item' && value !== undefined) items.push(value)
  }
  if (items.length > maxReceiptIds) throw invalidStanza(node, 'The receipt names too many messages')
  return items
}

function checkedIds(node: BinaryNode, ids: readonly string[]): string[] {
  if (!ids.every(isMessageId)) throw invalidStanza(node, 'The receipt names an impossible message id')
  return [...new Set(ids)]
}

function parseUserReceipts(node: BinaryNode, participants: BinaryNode, mappings: LIDMapping[]): UserReceipts {
  const messageId = participants.attrs['key']
  const users = childNodes(participants).filter(child => child.tag === 'user')
  if (!isMessageId(messageId) || users.length > maxReceiptUsers) {
    throw invalidStanza(node, 'The receipt has an invalid participants element')
  }
  return {
    messageId,
    users: users.map(user => {
      const jid = requireAttribute(user, 'jid')
      addMapping(mappings, jid, user.attrs['participant_pn'])
      return { jid, type: user.attrs['type'], timestamp: parseDecimal(user.attrs['t']) }
    }),
  }
}

function addMapping(mappings: LIDMapping[], lid: string | undefined, pn: string | undefined): void {
  if (isLidUser(lid) && isPnUser(pn)) mappings.push({ lid: userFormOf(lid), pn: userFormOf(pn) })
}

/** Types that a device sends for what it could decrypt; those about reading come also for what it could not. */
const confirmingTypes: ReadonlySet<string | undefined> = new Set([undefined, 'inactive', 'sender'])

/** The device that confirms with this receipt that it has the messages; undefined when it says something else. */
export function confirmingDevice({ from, participant, type, error }: IncomingReceipt): string | undefined {
  if (error !== undefined || !confirmingTypes.has(type)) return undefined
  const device = participant ?? from
  return isUserChat(device) ? device : undefined
}

/** The message status that a receipt type stands for; undefined for types that say nothing about it. */
export function getStatusFromReceiptType(type: string | undefined): proto.WebMessageInfo.Status | undefined {
  const { Status } = proto.WebMessageInfo
  switch (type) {
    case undefined:
      return Status.DELIVERY_ACK
    case 'sender':
      return Status.SERVER_ACK
    case 'read':
    case 'read-self':
      return Status.READ
    case 'played':
      return Status.PLAYED
    default:
      return undefined
  }
}

/** What a receipt changes. */
export interface ReceiptEffects {
  /** For `messages.update`. */
  readonly messageUpdates: WAMessageUpdate[]
  /** For `message-receipt.update`. */
  readonly receiptUpdates: MessageUserReceiptUpdate[]
  /** Another own device has read these messages of others: the chat has less unread ones. */
  readonly readElsewhere: { readonly chat: string; readonly ids: readonly string[] } | undefined
}

type Progress = 'delivered' | 'read' | 'played'

/** How far a message got at its recipient. Own devices (`sender`) and technical receipts are no progress. */
function progressOf(type: string | undefined): Progress | undefined {
  switch (type) {
    case undefined:
    case 'delivery':
    case 'inactive':
      return 'delivered'
    case 'read':
    case 'read-self':
      return 'read'
    case 'played':
    case 'played-self':
      return 'played'
    default:
      return undefined
  }
}

/**
 * The events of a receipt. In groups and for status each recipient has a receipt of their own; elsewhere the message
 * itself gets a status. `update.messageTimestamp` is the time of the receipt, as Baileys has it: a store keeps it apart
 * from the time of the message.
 */
export function receiptEffects(receipt: IncomingReceipt, me: OwnAccount): ReceiptEffects {
  const { from, type, recipient, participant } = receipt
  const isShared = hasParticipants(from)
  const isOwn = isOwnAccount(participant ?? from, me)
  const chat = isOwn && !isShared ? userFormOf(recipient ?? from) : userFormOf(from)
  const effects: ReceiptEffects = {
    messageUpdates: [],
    receiptUpdates: receipt.perUser.flatMap(entry => userReceiptUpdates(entry, chat, type)),
    readElsewhere: undefined,
  }
  if (receipt.ids.length === 0) return effects
  const isReading = progressOf(type) === 'read' || progressOf(type) === 'played'
  if (isOwn && isReading && (isShared || recipient !== undefined)) {
    const updates = statusUpdates(receipt, chat, false)
    return { ...effects, messageUpdates: updates, readElsewhere: { chat, ids: receipt.ids } }
  }
  if (!isShared) {
    const fromMe = recipient === undefined || (type === 'sender' && isOwn)
    return { ...effects, messageUpdates: statusUpdates(receipt, chat, fromMe) }
  }
  // That an own device of ours has the message says nothing about the members of a group.
  if (participant === undefined || isOwn) return effects
  const update = userReceipt(participant, progressOf(type), receipt.timestamp)
  if (update === undefined) return effects
  for (const id of receipt.ids) {
    effects.receiptUpdates.push({ key: { remoteJid: chat, id, fromMe: true, participant }, receipt: { ...update } })
  }
  return effects
}

function statusUpdates(receipt: IncomingReceipt, chat: string, fromMe: boolean): WAMessageUpdate[] {
  const status = statusOf(receipt.type)
  if (status === undefined) return []
  return receipt.ids.map(id => ({
    key: { remoteJid: chat, id, fromMe },
    update: { status, messageTimestamp: receipt.timestamp ?? 0 },
  }))
}

/** As {@link getStatusFromReceiptType}, and deliveries to a client in the background count as deliveries. */
function statusOf(type: string | undefined): proto.WebMessageInfo.Status | undefined {
  return getStatusFromReceiptType(type === 'inactive' || type === 'delivery' ? undefined : type)
}

function userReceiptUpdates(entry: UserReceipts, chat: string, type: string | undefined): MessageUserReceiptUpdate[] {
  const updates: MessageUserReceiptUpdate[] = []
  for (const user of entry.users) {
    const receipt = userReceipt(user.jid, progressOf(user.type ?? type), user.timestamp)
    const key: WAMessageKey = { remoteJid: chat, id: entry.messageId, fromMe: true, participant: user.jid }
    if (receipt !== undefined) updates.push({ key, receipt })
  }
  return updates
}

function userReceipt(
  jid: string,
  progress: Progress | undefined,
  timestamp: number | undefined,
): proto.IUserReceipt | undefined {
  const userJid = userFormOf(jid)
  const time = timestamp ?? 0
  switch (progress) {
    case 'delivered':
      return { userJid, receiptTimestamp: time }
    case 'read':
      return { userJid, readTimestamp: time }
    case 'played':
      return { userJid, playedTimestamp: time }
    case undefined:
      return undefined
  }
}

/** Merges what one person did into the message's list of receipts, in place: one entry for each person. */
export function updateMessageWithReceipt(
  message: { userReceipt?: proto.IUserReceipt[] | null | undefined },
  receipt: proto.IUserReceipt,
): void {
  message.userReceipt ??= []
  const existing = message.userReceipt.find(entry => entry.userJid === receipt.userJid)
  if (existing === undefined) message.userReceipt.push(receipt)
  else Object.assign(existing, receipt)
}
