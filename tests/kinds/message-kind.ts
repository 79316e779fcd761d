import type { Phone, PhoneSendOptions } from '@kurir/simulator'
import type { AnyMessageContent, BaileysEventMap, MiscMessageGenerationOptions, proto, WAMessage } from 'kurir'

/**
 * The form of the table of message kinds: what `sendMessage` is given, what the other side has to read, and what the
 * stanza says about it. Tests send every kind in every direction; `docs/messages.md` is printed from the table.
 */

/** Where a kind can be sent. `announcement` is the announcement group of a community. */
export type ChatKind = 'user' | 'group' | 'announcement' | 'status' | 'newsletter'

/** From whom to whom. */
export type Direction = 'kurir to phone' | 'phone to kurir' | 'kurir to baileys' | 'baileys to kurir'

export const directions: readonly Direction[] = [
  'kurir to phone',
  'phone to kurir',
  'kurir to baileys',
  'baileys to kurir',
]

/** What samples refer to: a chat with messages that were sent there before. */
export interface KindContext {
  /** Where the sample is sent. */
  readonly chat: string
  /** A message of somebody else in that chat, with its secret. */
  readonly theirs: WAMessage
  /** An own text there. */
  readonly own: WAMessage
  /** A poll and an event there, of whomever. */
  readonly poll: WAMessage
  readonly event: WAMessage
  /** The head of an own album there. */
  readonly album: WAMessage
  /** A person to mention. */
  readonly person: string
  /** Some group. */
  readonly group: string
}

export interface StanzaExpectation {
  readonly type: 'text' | 'media' | 'poll' | 'event' | 'reaction'
  readonly mediatype?: string
  readonly edit?: string
  readonly meta?: Readonly<Record<string, string>>
  /** `decrypt-fail=hide`. */
  readonly hidden?: true
}

/** How a kind goes in a direction in which it does not simply arrive as it was sent. */
export interface Passage {
  /** Why it cannot go this way at all. */
  readonly impossible?: string
  /** Why Baileys sends it with `relayMessage`. */
  readonly relayed?: string
  /** What the sender makes of the content instead. */
  readonly otherwise?: string
  /** Fields that arrive otherwise or not at all: a path in the message, and why. */
  readonly differs?: Readonly<Record<string, string>>
}

/** A file that goes with the message. */
export interface SampleFile {
  /** Undefined where it is made of several: it is downloaded then, and only its hashes are compared. */
  readonly bytes?: Buffer
  /** Where the message says how to get it, such as `imageMessage`. */
  readonly part: string
}

export interface MessageKind {
  readonly name: string
  /** Who has a content for it: both with the same member, or Kurir alone. */
  readonly member: 'baileys' | 'kurir'
  readonly chats: readonly ChatKind[]
  readonly content: (context: KindContext) => AnyMessageContent
  readonly options?: (context: KindContext) => MiscMessageGenerationOptions
  /** Has to be contained in what the recipient decrypts. */
  readonly expected: (context: KindContext) => proto.IMessage
  readonly stanza: StanzaExpectation
  /** What the recipient finds in sealed content. */
  readonly opened?: Readonly<Record<string, unknown>>
  /** What Kurir reports besides `messages.upsert`: events, and what one of their entries has to contain. */
  readonly reported?: (context: KindContext) => Readonly<Partial<Record<keyof BaileysEventMap, object>>>
  /** How a phone sends it; by default it sends the protobuf that Kurir makes of the content. */
  readonly byPhone?: (phone: Phone, context: KindContext, options: PhoneSendOptions) => Promise<string>
  readonly file?: SampleFile
  /** Directions in which it does not simply arrive as it was sent. */
  readonly passages?: Readonly<Partial<Record<Direction, Passage>>>
  /** For the page: limits, and what one has to know. */
  readonly note?: string
}

export const everywhere: readonly ChatKind[] = ['user', 'group', 'status', 'newsletter']
export const conversations: readonly ChatKind[] = ['user', 'group']

export const text = { type: 'text' } as const
export const media = (mediatype?: string): StanzaExpectation => ({ type: 'media', ...(mediatype && { mediatype }) })

/** The key by which a message to the chat of the sample names another message there. */
export const targetOf = ({ chat }: KindContext, { key }: WAMessage): proto.IMessageKey => ({
  remoteJid: chat,
  fromMe: key.fromMe ?? false,
  id: key.id,
})

export const idOf = ({ key }: WAMessage): string => key.id ?? ''

export const withoutContent = 'Baileys has no content for it.'
export const unsealed = 'Baileys does not seal add-ons.'
export const emptyParticipant = (key: string): Passage => ({
  differs: { [`${key}.participant`]: 'Baileys writes an empty text where there is no participant.' },
})
