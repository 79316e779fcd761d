import { getContentType, normalizeMessageContent, type StanzaAttributes } from 'kurir/messages'
import { proto } from 'kurir/proto'
import type { PhoneFile, PhoneMediaKind } from './phone-media.js'
import { keyOf, type RememberedMessage } from './phone-memory.js'

/** A file with the text below it. */
export interface PhoneMediaContent {
  readonly media: PhoneMediaKind
  readonly file: PhoneFile
  readonly caption?: string
  /** Can be opened once. */
  readonly viewOnce?: boolean
  /** Further fields of the protobuf of this kind, such as `mimetype`, `fileName`, `seconds`, `jpegThumbnail`. */
  readonly fields?: Readonly<Record<string, unknown>>
}

export interface PhonePoll {
  readonly name: string
  readonly options: readonly string[]
  /** How many options may be chosen; 0, the default, means any number. */
  readonly selectable?: number
  /** For an announcement group. */
  readonly announcement?: boolean
}

/** What `Phone.send` takes: what is comfortable to write, or a message of any kind. */
export type PhoneContent =
  | { readonly text: string }
  | { readonly poll: PhonePoll }
  | { readonly event: proto.Message.IEventMessage }
  | PhoneMediaContent
  | { readonly message: proto.IMessage }

/** What may be added to every kind. */
export interface PhoneSendOptions {
  readonly id?: string
  /** Id of the message that is quoted; it must be known to the phone. */
  readonly quoted?: string
  /** JIDs of those who are mentioned. */
  readonly mentions?: readonly string[]
  /** Seconds after which the message vanishes. */
  readonly expiration?: number
  /** Users who see a status post; all that the phone has written with when absent. */
  readonly audience?: readonly string[]
}

/** A message as it may be asked for again. */
export interface SentByPhone {
  readonly id: string
  readonly chat: string
  /** What its stanza says about it. */
  readonly attributes: StanzaAttributes
  readonly message: proto.IMessage
  /** For an own companion alone. */
  readonly peer?: boolean
  /** For status posts and broadcast lists: user JIDs. */
  readonly audience?: readonly string[]
}

export const pollMessage = ({ name, options, selectable = 0, announcement = false }: PhonePoll): proto.IMessage => {
  const poll = {
    name,
    options: options.map(optionName => ({ optionName })),
    selectableOptionsCount: selectable,
  }
  if (announcement) return { pollCreationMessageV2: poll }
  return selectable === 1 ? { pollCreationMessageV3: poll } : { pollCreationMessage: poll }
}

/** The message with quote, mentions and timer in the context of its content (docs/protocol/03 §2.9). */
export const withContext = (
  message: proto.IMessage,
  { mentions, expiration }: PhoneSendOptions,
  quoted: RememberedMessage | undefined,
  chat: string,
): proto.IMessage => {
  const context: proto.IContextInfo = {
    ...(mentions === undefined ? {} : { mentionedJid: [...mentions] }),
    ...(expiration === undefined ? {} : { expiration }),
    ...(quoted === undefined ? {} : quoteOf(quoted, chat)),
  }
  if (Object.keys(context).length === 0) return message
  // Only a text message with fields has a context.
  const base =
    message.conversation == null
      ? message
      : { ...message, conversation: null, extendedTextMessage: { text: message.conversation } }
  const kind = getContentType(base)
  const content = kind === undefined ? undefined : base[kind]
  if (kind === undefined || typeof content !== 'object' || content === null) return message
  const own = 'contextInfo' in content ? (content.contextInfo as proto.IContextInfo | null) : undefined
  return { ...base, [kind]: { ...content, contextInfo: { ...own, ...context } } }
}

const quoteOf = (quoted: RememberedMessage, chat: string): proto.IContextInfo => {
  const content = normalizeMessageContent(quoted.message) ?? {}
  const { messageContextInfo: _, ...bare } = content
  return {
    stanzaId: quoted.id,
    participant: quoted.author,
    quotedMessage: bare,
    ...(quoted.chat === chat ? {} : { remoteJid: quoted.chat }),
  }
}

/** A message that belongs to an album. */
export const inAlbum = (message: proto.IMessage, album: RememberedMessage): proto.IMessage => ({
  ...message,
  messageContextInfo: {
    ...message.messageContextInfo,
    messageAssociation: {
      associationType: proto.MessageAssociation.AssociationType.MEDIA_ALBUM,
      parentMessageKey: keyOf(album),
    },
  },
})

/** Kinds that carry no secret: what they say is sealed with another message's. */
const WITHOUT_SECRET = new Set<string | undefined>([
  'reactionMessage',
  'encReactionMessage',
  'encEventResponseMessage',
  'pollUpdateMessage',
])

/** The content with the secret that official clients put into nearly every message. */
export const completeMessage = (message: proto.IMessage, messageSecret: Uint8Array): proto.IMessage => {
  if (message.messageContextInfo?.messageSecret != null) return message
  if (WITHOUT_SECRET.has(getContentType(normalizeMessageContent(message)))) return message
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
