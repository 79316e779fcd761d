import type { proto } from '../proto/index.js'
import { isSameAccount, userFormOf } from './own-account.js'

/**
 * What own other devices get instead of the message itself: the message, and the chat it was sent to
 * (docs/protocol/02, 4.2). The context info stands on both levels, since readers look at either.
 *
 * @param destination the chat as addressed
 * @param phash hash of the recipient users; broadcast lists only
 */
export function wrapDeviceSent(message: proto.IMessage, destination: string, phash?: string): proto.IMessage {
  return {
    deviceSentMessage: { destinationJid: destination, message, ...(phash === undefined ? {} : { phash }) },
    ...(message.messageContextInfo ? { messageContextInfo: message.messageContextInfo } : {}),
  }
}

/** What the stanza says about a message that may be a device-sent one. */
export interface DeviceSentContext {
  /** The account that encrypted the message is our own. */
  readonly senderIsOwn: boolean
  /** The chat that the stanza names by `recipient`, or the group; undefined when it names none. */
  readonly chat: string | undefined
  /** The same chat in the other namespace, where the stanza tells it. */
  readonly chatAlt?: string | undefined
}

export type UnwrappedDeviceSent =
  /** An ordinary message. */
  | { readonly kind: 'plain'; readonly message: proto.IMessage }
  /** An own message from another device; `destination` is its chat. */
  | {
      readonly kind: 'device-sent'
      readonly message: proto.IMessage
      readonly destination: string | undefined
      readonly phash: string | undefined
    }
  /** Somebody pretends to be us, or the copy belongs to another chat: drop the content. */
  | { readonly kind: 'refused'; readonly why: DeviceSentRefusal }

export type DeviceSentRefusal = 'sender-is-not-own' | 'other-destination' | 'empty'

/** Unwraps a device-sent message where its sender may send one, merging the context infos of both levels. */
export function unwrapDeviceSent(message: proto.IMessage, context: DeviceSentContext): UnwrappedDeviceSent {
  const wrapper = message.deviceSentMessage
  if (wrapper === null || wrapper === undefined) return { kind: 'plain', message }
  if (!context.senderIsOwn) return { kind: 'refused', why: 'sender-is-not-own' }
  if (!wrapper.message) return { kind: 'refused', why: 'empty' }
  const destination = wrapper.destinationJid ?? undefined
  if (isOtherDestination(destination, context)) return { kind: 'refused', why: 'other-destination' }
  return {
    kind: 'device-sent',
    message: mergeContextInfo(wrapper.message, message),
    destination,
    phash: wrapper.phash ?? undefined,
  }
}

/** True when both name a chat in one namespace and the chats differ. A phone number proves nothing about a LID. */
function isOtherDestination(destination: string | undefined, { chat, chatAlt }: DeviceSentContext): boolean {
  if (destination === undefined || chat === undefined) return false
  const serverOf = (jid: string) => userFormOf(jid).split('@')[1]
  const comparable = [chat, chatAlt].filter(jid => jid !== undefined && serverOf(jid) === serverOf(destination))
  return comparable.length > 0 && !comparable.some(jid => isSameAccount(jid, destination))
}

/**
 * Takes the inner context info and fills what it lacks from the outer one: secrets may stand on either level. Neither
 * input is changed.
 */
function mergeContextInfo(inner: proto.IMessage, outer: proto.IMessage): proto.IMessage {
  const outerInfo = outer.messageContextInfo
  if (!outerInfo) return inner
  const innerInfo = inner.messageContextInfo
  if (!innerInfo) return { ...inner, messageContextInfo: outerInfo }
  const merged: proto.IMessageContextInfo = { ...outerInfo }
  for (const [name, value] of Object.entries(innerInfo)) {
    if (value === null || value === undefined) continue
    // Decoders give absent lists as empty ones: those do not hide what the outer level says.
    if (Array.isArray(value) && value.length === 0) continue
    Object.assign(merged, { [name]: value })
  }
  return { ...inner, messageContextInfo: merged }
}
