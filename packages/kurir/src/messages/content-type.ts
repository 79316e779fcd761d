import type { proto } from '../proto/index.js'

/** A field of `Message` that holds the content of a message. */
export type ContentType = keyof proto.IMessage

/** Fields of `Message` that only wrap another message. */
export const messageWrappers = [
  'deviceSentMessage',
  'botInvokeMessage',
  'ephemeralMessage',
  'viewOnceMessage',
  'documentWithCaptionMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'lottieStickerMessage',
  'editedMessage',
  'associatedChildMessage',
  'groupStatusMessage',
  'groupStatusMessageV2',
  'groupMentionedMessage',
] as const satisfies readonly ContentType[]
export type MessageWrapper = (typeof messageWrappers)[number]

/** Messages about other messages: they have no context info, and are not forwarded. */
export const kindsAboutOthers: ReadonlySet<ContentType> = new Set<ContentType>([
  'protocolMessage',
  'reactionMessage',
  'encReactionMessage',
  'pollUpdateMessage',
  'encEventResponseMessage',
  'encCommentMessage',
  'secretEncryptedMessage',
  'keepInChatMessage',
  'pinInChatMessage',
])

/** Wrappers are taken off up to this depth. */
export const maxWrapperDepth = 5

/**
 * The field that holds the content: the first set one that is `conversation` or has `Message` in its name, the sender
 * key aside. Undefined for a message without content, such as one that only distributes a sender key.
 */
export function getContentType(content: proto.IMessage | null | undefined): ContentType | undefined {
  if (content === null || content === undefined) return undefined
  for (const key of Object.keys(content)) {
    if (key !== 'conversation' && (!key.includes('Message') || key === 'senderKeyDistributionMessage')) continue
    const value = content[key as ContentType]
    if (value !== null && value !== undefined) return key as ContentType
  }
  return undefined
}

/** The context info of the content of an unwrapped message; undefined when there is none. */
export function contextInfoOf(content: proto.IMessage | null | undefined): proto.IContextInfo | undefined {
  const kind = getContentType(content)
  const holder = kind === undefined ? undefined : content?.[kind]
  if (typeof holder !== 'object' || holder === null || !('contextInfo' in holder)) return undefined
  return (holder.contextInfo as proto.IContextInfo | null) ?? undefined
}

/** A message without its wrappers, and which ones were taken off, outermost first. */
export interface UnwrappedMessage {
  readonly content: proto.IMessage
  readonly wrappers: readonly MessageWrapper[]
}

/**
 * Takes off all wrappers that hold a message, up to {@link maxWrapperDepth}. A `messageContextInfo` that the content
 * lacks is taken from the outermost level that has one: secrets stand there (docs/protocol/03, 3.1).
 */
export function unwrapMessage(content: proto.IMessage): UnwrappedMessage {
  const wrappers: MessageWrapper[] = []
  let current = content
  let contextInfo = content.messageContextInfo
  while (wrappers.length < maxWrapperDepth) {
    const wrapper = wrapperOf(current)
    if (wrapper === undefined) break
    wrappers.push(wrapper.name)
    current = wrapper.message
    contextInfo ??= current.messageContextInfo
  }
  const lacksContext = current.messageContextInfo === null || current.messageContextInfo === undefined
  if (wrappers.length === 0 || !lacksContext || contextInfo === null || contextInfo === undefined) {
    return { content: current, wrappers }
  }
  return { content: { ...current, messageContextInfo: contextInfo }, wrappers }
}

function wrapperOf(content: proto.IMessage): { name: MessageWrapper; message: proto.IMessage } | undefined {
  for (const name of messageWrappers) {
    const message = content[name]?.message
    if (message !== null && message !== undefined) return { name, message }
  }
  return undefined
}

/**
 * The content of a message without ephemeral, view-once and similar wrappers; undefined for nothing. The union of what
 * the known clients unwrap, at most five levels.
 */
export function normalizeMessageContent(content: proto.IMessage | null | undefined): proto.IMessage | undefined {
  return content === null || content === undefined ? undefined : unwrapMessage(content).content
}

/** Parts of business shells that hold content. */
type Shell = {
  readonly imageMessage?: proto.Message.IImageMessage | null | undefined
  readonly documentMessage?: proto.Message.IDocumentMessage | null | undefined
  readonly videoMessage?: proto.Message.IVideoMessage | null | undefined
  readonly locationMessage?: proto.Message.ILocationMessage | null | undefined
}

/** Normalises, and reduces buttons and template messages to the media or text they carry (docs/protocol/03, 3.4). */
export function extractMessageContent(content: proto.IMessage | null | undefined): proto.IMessage | undefined {
  const normalized = normalizeMessageContent(content)
  if (normalized === undefined) return undefined
  const { buttonsMessage, templateMessage } = normalized
  if (buttonsMessage) return contentOfShell(buttonsMessage, buttonsMessage.contentText)
  if (!templateMessage) return normalized
  const hydrated = templateMessage.hydratedFourRowTemplate ?? templateMessage.hydratedTemplate
  if (hydrated) return contentOfShell(hydrated, hydrated.hydratedContentText)
  const plain = templateMessage.fourRowTemplate
  return plain ? contentOfShell(plain, undefined) : normalized
}

function contentOfShell(shell: Shell, text: string | null | undefined): proto.IMessage {
  if (shell.imageMessage) return { imageMessage: shell.imageMessage }
  if (shell.documentMessage) return { documentMessage: shell.documentMessage }
  if (shell.videoMessage) return { videoMessage: shell.videoMessage }
  if (shell.locationMessage) return { locationMessage: shell.locationMessage }
  return { conversation: text ?? '' }
}
