import { jidDecode } from '../binary/jid.js'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { unwrapMessage } from './content-type.js'
import { type DeviceSentRefusal, unwrapDeviceSent } from './device-sent.js'
import type { IncomingMessage } from './incoming.js'

/** Why decrypted content is not believed. */
export type DropReason =
  | DeviceSentRefusal
  /** A protocol message that only the own account may send. */
  | 'self-only-from-other'
  /** An answer of the phone that comes from another companion. */
  | 'phone-only-from-companion'
  /** A peer message from somebody else's account. */
  | 'peer-from-other'

export type JudgedContent =
  | { readonly kind: 'content'; readonly message: WAMessage }
  | { readonly kind: 'dropped'; readonly why: DropReason }

/**
 * Applies the rules on who may say what to decrypted content, and completes the message (docs/protocol/02, 4.2 and
 * 9.5). Pure.
 */
export function judgeContent(incoming: IncomingMessage, content: proto.IMessage): JudgedContent {
  const { key } = incoming.fullMessage
  const recipient = incoming.origin === 'chat' ? incoming.stanza.attrs['recipient'] : (key.remoteJid ?? undefined)
  const unwrapped = unwrapDeviceSent(content, {
    senderIsOwn: incoming.authorIsOwn,
    chat: recipient,
    chatAlt: key.remoteJidAlt,
  })
  if (unwrapped.kind === 'refused') return { kind: 'dropped', why: unwrapped.why }
  if (isSelfOnly(unwrapped.message)) {
    if (!incoming.authorIsOwn) return { kind: 'dropped', why: 'self-only-from-other' }
    if (isPhoneOnly(unwrapped.message) && !isPhone(incoming.author)) {
      return { kind: 'dropped', why: 'phone-only-from-companion' }
    }
  }
  const message: WAMessage = { ...incoming.fullMessage, message: asMessage(unwrapped.message) }
  if (incoming.verifiedName !== undefined) message.verifiedBizName = incoming.verifiedName
  if (incoming.retryCount !== undefined) message.retryCount = incoming.retryCount
  if (unwrapped.kind === 'device-sent' && recipient === undefined && unwrapped.destination !== undefined) {
    message.key = { ...key, remoteJid: unwrapped.destination, fromMe: true }
  }
  return { kind: 'content', message }
}

/** Programs expect instances of the generated class, with its `toJSON`. */
function asMessage(content: proto.IMessage): proto.Message {
  return content instanceof proto.Message ? content : proto.Message.create(content)
}

/** Protocol messages that only our own account may send us: believed from others they would hand over the account. */
function isSelfOnly(message: proto.IMessage): boolean {
  const { Type } = proto.Message.ProtocolMessage
  switch (protocolTypeOf(message)) {
    case Type.HISTORY_SYNC_NOTIFICATION:
    case Type.APP_STATE_SYNC_KEY_SHARE:
    case Type.APP_STATE_SYNC_KEY_REQUEST:
    case Type.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC:
    case Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION:
    case Type.PEER_DATA_OPERATION_REQUEST_MESSAGE:
    case Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE:
    case Type.LID_MIGRATION_MAPPING_SYNC:
      return true
    default:
      return false
  }
}

/** Answers to our requests, and history, come from the phone itself (docs/protocol/02, 10.4; docs/protocol/03, 9.1). */
function isPhoneOnly(message: proto.IMessage): boolean {
  const { Type } = proto.Message.ProtocolMessage
  const type = protocolTypeOf(message)
  return type === Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE || type === Type.HISTORY_SYNC_NOTIFICATION
}

function protocolTypeOf(message: proto.IMessage): proto.Message.ProtocolMessage.Type | null | undefined {
  return unwrapMessage(message).content.protocolMessage?.type
}

function isPhone(jid: string): boolean {
  return (jidDecode(jid)?.device ?? 0) === 0
}
