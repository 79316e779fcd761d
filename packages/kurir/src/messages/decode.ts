import {
  isHostedLidUser,
  isHostedPnUser,
  isJidBroadcast,
  isJidGroup,
  isJidMetaAI,
  isJidNewsletter,
  isJidStatusBroadcast,
  isLidUser,
  isPnUser,
} from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { isOwnAccount, type OwnAccount } from './own-account.js'
import { invalidStanza, isMessageId, parseDecimal } from './stanza-values.js'

/** Both identities of the people in a stanza, as far as it names them (docs/protocol/03, 4.3). */
export interface AddressingContext {
  readonly addressingMode: 'lid' | 'pn'
  /**
   * The sender's other identity. In a copy of an own message it is the chat partner's: that is whom the stanza
   * describes then.
   */
  readonly senderAlt: string | undefined
  readonly recipientAlt: string | undefined
}

/** Reads addressing mode and alternative JIDs of a message stanza. */
export function extractAddressingContext(stanza: BinaryNode): AddressingContext {
  const { attrs } = stanza
  const sender = attrs['participant'] ?? attrs['from']
  const mode = attrs['addressing_mode']
  const addressingMode = mode === 'lid' || mode === 'pn' ? mode : sender?.endsWith('lid') === true ? 'lid' : 'pn'
  return addressingMode === 'lid'
    ? {
        addressingMode,
        senderAlt: attrs['participant_pn'] ?? attrs['sender_pn'] ?? attrs['peer_recipient_pn'],
        recipientAlt: attrs['recipient_pn'],
      }
    : {
        addressingMode,
        senderAlt: attrs['participant_lid'] ?? attrs['sender_lid'] ?? attrs['peer_recipient_lid'],
        recipientAlt: attrs['recipient_lid'],
      }
}

/** Where a message belongs. */
export type MessageOrigin = 'chat' | 'group' | 'status' | 'broadcast-list' | 'newsletter'

/** A message stanza without its content. */
export interface MessageEnvelope {
  readonly fullMessage: WAMessage
  readonly origin: MessageOrigin
  /** Device that encrypted the message. */
  readonly author: string
  /** Signal address base: the author in 1:1, else the chat. */
  readonly sender: string
  /** The author's account is our own. */
  readonly authorIsOwn: boolean
  readonly addressing: AddressingContext
}

/** {@link decodeEnvelope} with Baileys' arguments and result. */
export function decodeMessageNode(
  stanza: BinaryNode,
  meId: string,
  meLid: string,
): { fullMessage: WAMessage; author: string; sender: string } {
  const { fullMessage, author, sender } = decodeEnvelope(stanza, { id: meId, lid: meLid })
  return { fullMessage, author, sender }
}

/**
 * Turns the attributes of a message stanza into the message's key, author and chat (docs/protocol/03, 4.2).
 *
 * @throws KurirError `invalid-stanza` when it names no id, no sender or no participant, or claims to come from an own
 * device without doing so; `unknown-chat-kind` for a server that is not known
 */
export function decodeEnvelope(stanza: BinaryNode, me: OwnAccount): MessageEnvelope {
  const { id, from } = stanza.attrs
  if (!isMessageId(id)) throw invalidStanza(stanza, 'Invalid message stanza: missing id attribute', { attribute: 'id' })
  if (!from) throw invalidStanza(stanza, 'Invalid message stanza: missing from attribute', { attribute: 'from' })
  const place = placeOf(stanza, from, me)
  const addressing = extractAddressingContext(stanza)
  const { attrs } = stanza
  const isGroup = place.origin === 'group'
  const { participant } = attrs
  const key: WAMessageKey = {
    remoteJid: place.chat,
    remoteJidAlt: isGroup ? undefined : addressing.senderAlt,
    remoteJidUsername: isGroup ? undefined : (attrs['peer_recipient_username'] ?? attrs['recipient_username']),
    fromMe: place.fromMe,
    id,
    participant,
    participantAlt: isGroup ? addressing.senderAlt : undefined,
    participantUsername: participant === undefined ? undefined : attrs['participant_username'],
    addressingMode: addressing.addressingMode,
    ...(place.origin === 'newsletter' ? { server_id: attrs['server_id'] } : {}),
  }
  const fullMessage: WAMessage = {
    key,
    category: attrs['category'],
    messageTimestamp: parseDecimal(attrs['t']) ?? 0,
    pushName: attrs['notify'],
    broadcast: isJidBroadcast(from) === true,
  }
  if (place.fromMe) fullMessage.status = proto.WebMessageInfo.Status.SERVER_ACK
  return {
    fullMessage,
    origin: place.origin,
    author: place.author,
    sender: place.origin === 'chat' ? place.author : place.chat,
    authorIsOwn: isOwnAccount(place.author, me),
    addressing,
  }
}

interface Place {
  readonly origin: MessageOrigin
  readonly chat: string
  readonly author: string
  readonly fromMe: boolean
}

function placeOf(stanza: BinaryNode, from: string, me: OwnAccount): Place {
  if (isPersonOrDevice(from)) return placeOfChat(stanza, from, me)
  // Who of its admins wrote a post is not said; only whether this account did.
  if (isJidNewsletter(from)) {
    return { origin: 'newsletter', chat: from, author: from, fromMe: stanza.attrs['is_sender'] === 'true' }
  }
  if (!isJidGroup(from) && !isJidBroadcast(from)) {
    throw new KurirError('unknown-chat-kind', 'Unknown message type', {
      statusCode: 400,
      data: { id: stanza.attrs['id'], from },
    })
  }
  const { participant } = stanza.attrs
  if (!participant) throw invalidStanza(stanza, 'No participant in group message', { attribute: 'participant' })
  const origin = isJidGroup(from) ? 'group' : isJidStatusBroadcast(from) ? 'status' : 'broadcast-list'
  return { origin, chat: from, author: participant, fromMe: isOwnAccount(participant, me) }
}

function placeOfChat(stanza: BinaryNode, from: string, me: OwnAccount): Place {
  const { recipient } = stanza.attrs
  const isOwn = isOwnAccount(from, me)
  if (!recipient || isJidMetaAI(recipient)) return { origin: 'chat', chat: from, author: from, fromMe: isOwn }
  if (!isOwn) {
    // Only our own devices may say in which chat they wrote: anybody else could plant messages that we seem to have sent.
    throw invalidStanza(stanza, 'receipient present, but msg not from me', { attribute: 'recipient' })
  }
  return { origin: 'chat', chat: recipient, author: from, fromMe: true }
}

function isPersonOrDevice(jid: string): boolean {
  return [isPnUser, isLidUser, isHostedPnUser, isHostedLidUser, isJidMetaAI].some(test => test(jid) === true)
}
