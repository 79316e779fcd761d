import type { proto } from '../proto/index.js'
import type { BaileysEventMap, EventBatch } from './event-map.js'
import { hasVisibleContent, unwrapContent } from './message-content.js'
import type { MessageUpsertType, WAMessage } from './message-types.js'

/** A message as handlers of `message…` filters get it. */
export interface IncomingMessage {
  readonly message: WAMessage
  /** The chat it belongs to. */
  readonly chat: string
  /** Who wrote it: the participant in groups and lists, else the chat. */
  readonly author: string
  readonly upsertType: MessageUpsertType
}

export interface IncomingText extends IncomingMessage {
  readonly text: string
}

/** A message of one kind, with its content taken out of ephemeral, view-once and other wrappers. */
export interface IncomingContent<Content> extends IncomingMessage {
  readonly content: Content
}

interface MessageFilterMap {
  /** Anything that a person sees as a message. */
  message: IncomingMessage
  /** Plain text, with or without a link preview. */
  'message:text': IncomingText
  'message:image': IncomingContent<proto.Message.IImageMessage>
  'message:video': IncomingContent<proto.Message.IVideoMessage>
  'message:audio': IncomingContent<proto.Message.IAudioMessage>
  'message:document': IncomingContent<proto.Message.IDocumentMessage>
  'message:sticker': IncomingContent<proto.Message.IStickerMessage>
  'message:location': IncomingContent<proto.Message.ILocationMessage>
  'message:contact': IncomingContent<proto.Message.IContactMessage>
  'message:poll': IncomingContent<proto.Message.IPollCreationMessage>
  'message:reaction': IncomingContent<proto.Message.IReactionMessage>
}

/** What a handler gets, by filter: every event by its name, and messages by kind. */
export type EventFilterMap = BaileysEventMap & MessageFilterMap
export type EventFilter = keyof EventFilterMap
export type MessageFilter = keyof MessageFilterMap

type Readers = {
  readonly [Filter in MessageFilter]: (incoming: IncomingMessage) => MessageFilterMap[Filter] | undefined
}

const contentReader =
  <Content>(read: (content: proto.IMessage) => Content | null | undefined) =>
  (incoming: IncomingMessage): IncomingContent<Content> | undefined => {
    const inner = unwrapContent(incoming.message.message)
    const content = inner && read(inner)
    return content ? { ...incoming, content } : undefined
  }

const readers: Readers = {
  message: incoming => (hasVisibleContent(incoming.message.message) ? incoming : undefined),
  'message:text': incoming => {
    const content = unwrapContent(incoming.message.message)
    const text = content?.conversation || content?.extendedTextMessage?.text
    return text ? { ...incoming, text } : undefined
  },
  'message:image': contentReader(content => content.imageMessage),
  'message:video': contentReader(content => content.videoMessage ?? content.ptvMessage),
  'message:audio': contentReader(content => content.audioMessage),
  'message:document': contentReader(content => content.documentMessage),
  'message:sticker': contentReader(content => content.stickerMessage),
  'message:location': contentReader(content => content.locationMessage),
  'message:contact': contentReader(content => content.contactMessage),
  'message:poll': contentReader(
    content => content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3,
  ),
  'message:reaction': contentReader(content => content.reactionMessage),
}

export const isMessageFilter = (filter: EventFilter): filter is MessageFilter => Object.hasOwn(readers, filter)

/** Which messages a `message…` filter lets through; by default live ones of others. */
export interface MessageScope {
  /** Messages from this account too, written here or on another of its devices. Default false. */
  readonly own?: boolean
  /** `append` messages too: received while offline, fetched or synchronised. Default false. */
  readonly appended?: boolean
}

/** The messages of the batch that pass, in order. */
export const readMessages = <Filter extends MessageFilter>(
  filter: Filter,
  batch: EventBatch,
  scope: MessageScope,
): MessageFilterMap[Filter][] => {
  const upsert = batch['messages.upsert']
  if (!upsert || (upsert.type === 'append' && !scope.appended)) return []
  const read: Readers[Filter] = readers[filter]
  const found: MessageFilterMap[Filter][] = []
  for (const message of upsert.messages) {
    if (message.key.fromMe && !scope.own) continue
    const incoming = read(incomingOf(message, upsert.type))
    if (incoming) found.push(incoming)
  }
  return found
}

const incomingOf = (message: WAMessage, upsertType: MessageUpsertType): IncomingMessage => {
  const chat = message.key.remoteJid ?? ''
  return { message, chat, author: message.key.participant || message.participant || chat, upsertType }
}
