import { proto } from 'kurir/proto'

/** What `Phone.send` takes: a text, or a message of any kind. */
export type PhoneContent = { readonly text: string } | { readonly message: proto.IMessage }

/** A message as it may be asked for again. */
export interface SentByPhone {
  readonly id: string
  readonly chat: string
  /** The `type` of its stanza. */
  readonly type: string
  readonly message: proto.IMessage
}

/** The content with the secret that official clients put into nearly every message. */
export const completeMessage = (content: PhoneContent, messageSecret: Uint8Array): proto.IMessage => {
  const message = 'text' in content ? { conversation: content.text } : content.message
  if (message.messageContextInfo?.messageSecret != null) return message
  return { ...message, messageContextInfo: { ...message.messageContextInfo, messageSecret } }
}

/** The form for own companions (docs/protocol/02 §4.2). */
export const deviceSent = (message: proto.IMessage, destinationJid: string): proto.IMessage => ({
  deviceSentMessage: { destinationJid, message },
  ...(message.messageContextInfo == null ? {} : { messageContextInfo: message.messageContextInfo }),
})

export const distributionMessage = (groupId: string, bytes: Uint8Array): proto.IMessage => ({
  senderKeyDistributionMessage: { groupId, axolotlSenderKeyDistributionMessage: bytes },
})

/** Encoded, and followed by 1 to 16 bytes that say how many they are (docs/protocol/02 §4.1). */
export const encodePadded = (message: proto.IMessage): Buffer => {
  const encoded = proto.Message.encode(message).finish()
  const length = 1 + (encoded.length & 15)
  const padded = Buffer.alloc(encoded.length + length, length)
  padded.set(encoded)
  return padded
}

/** The `type` attribute of a message stanza (docs/protocol/02 §7.3), as far as phones send such content. */
export const stanzaType = (message: proto.IMessage): string => {
  if (message.reactionMessage != null) return 'reaction'
  if (message.pollCreationMessage != null || message.pollUpdateMessage != null) return 'poll'
  const isText = message.conversation != null || message.extendedTextMessage != null || message.protocolMessage != null
  return isText ? 'text' : 'media'
}
