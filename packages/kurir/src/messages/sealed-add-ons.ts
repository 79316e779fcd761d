import type { WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { getContentType, normalizeMessageContent } from './content-type.js'
import { MessageSecretUseCase, openWithCandidates, type Person, secretContexts } from './message-secrets.js'
import { type IntegerLike, toNumber } from './numbers.js'
import { isOtherPerson } from './people.js'

/** An add-on to another message, sealed with that message's secret (docs/protocol/03, 8). */
export interface SealedAddOn {
  readonly useCase: MessageSecretUseCase
  /** The message it belongs to, from our view. */
  readonly target: WAMessageKey
  readonly encPayload: Uint8Array | null | undefined
  readonly encIv: Uint8Array | null | undefined
  /** Unix milliseconds; 0 where it is only told inside. */
  readonly sentAtMs: number
}

/** Changes of a message that only its author may make. */
const authorOnly: ReadonlySet<MessageSecretUseCase> = new Set<MessageSecretUseCase>([
  MessageSecretUseCase.MessageEdit,
  MessageSecretUseCase.EventEdit,
  MessageSecretUseCase.PollEdit,
])

/** The sealed add-on that a message is; undefined for every other message, and for kinds that nobody knows. */
export function sealedAddOnOf(content: proto.IMessage | null | undefined): SealedAddOn | undefined {
  const message = normalizeMessageContent(content)
  if (!message) return undefined
  const { pollUpdateMessage, encEventResponseMessage, encReactionMessage, encCommentMessage } = message
  if (pollUpdateMessage?.vote) {
    const { pollCreationMessageKey, vote, senderTimestampMs } = pollUpdateMessage
    return addOn(MessageSecretUseCase.PollVote, pollCreationMessageKey, vote, senderTimestampMs)
  }
  if (encEventResponseMessage) {
    const { eventCreationMessageKey } = encEventResponseMessage
    return addOn(MessageSecretUseCase.EventResponse, eventCreationMessageKey, encEventResponseMessage)
  }
  if (encReactionMessage) {
    return addOn(MessageSecretUseCase.EncReaction, encReactionMessage.targetMessageKey, encReactionMessage)
  }
  if (encCommentMessage) {
    return addOn(MessageSecretUseCase.EncComment, encCommentMessage.targetMessageKey, encCommentMessage)
  }
  const sealed = message.secretEncryptedMessage
  const useCase = useCaseOf(sealed?.secretEncType)
  return sealed && useCase ? addOn(useCase, sealed.targetMessageKey, sealed) : undefined
}

interface Payload {
  readonly encPayload?: Uint8Array | null | undefined
  readonly encIv?: Uint8Array | null | undefined
}

function addOn(
  useCase: MessageSecretUseCase,
  target: proto.IMessageKey | null | undefined,
  { encPayload, encIv }: Payload,
  sentAtMs?: IntegerLike,
): SealedAddOn | undefined {
  return target?.id ? { useCase, target, encPayload, encIv, sentAtMs: toNumber(sentAtMs) } : undefined
}

function useCaseOf(
  type: proto.Message.SecretEncryptedMessage.SecretEncType | null | undefined,
): MessageSecretUseCase | undefined {
  const { SecretEncType } = proto.Message.SecretEncryptedMessage
  switch (type) {
    case SecretEncType.MESSAGE_EDIT:
      return MessageSecretUseCase.MessageEdit
    case SecretEncType.EVENT_EDIT:
      return MessageSecretUseCase.EventEdit
    case SecretEncType.POLL_EDIT:
      return MessageSecretUseCase.PollEdit
    case SecretEncType.POLL_ADD_OPTION:
      return MessageSecretUseCase.PollAddOption
    default:
      return undefined
  }
}

/** What is known of the message that an add-on belongs to. */
export interface AddOnParent {
  readonly secret: Uint8Array
  /** Who wrote it, where that was remembered. */
  readonly author: Person | undefined
  /** Options that a vote may choose; 0 or undefined: any number. */
  readonly selectableOptions?: number | undefined
}

/** An add-on as its sender wrote it. */
export type OpenedAddOn =
  | { readonly kind: 'vote'; readonly vote: proto.Message.IPollVoteMessage }
  | { readonly kind: 'event-response'; readonly response: proto.Message.IEventResponseMessage }
  | { readonly kind: 'reaction'; readonly reaction: proto.Message.IReactionMessage }
  /** Content that stands for itself: a comment, an option added to a poll. */
  | { readonly kind: 'content'; readonly content: proto.IMessage }
  /** New content of the message it belongs to. */
  | { readonly kind: 'edit'; readonly content: proto.IMessage; readonly editedAtMs: number }
  /** It may not be believed. */
  | { readonly kind: 'refused'; readonly why: 'not-the-author' | 'too-many-options' }

/**
 * Opens an add-on with the secret of the message it belongs to, under every pair of names that its sender may have meant
 * (docs/protocol/03, 8.1). Its sender is the author of the stanza: nobody votes or edits in another's name.
 *
 * @param claimedAuthor author of the message it belongs to, as the add-on names them
 * @returns undefined when it was not sealed with this secret
 * @throws KurirError `invalid-sealed-payload`, `invalid-message-secret`, `invalid-protobuf`
 */
export function openAddOn(
  sealed: SealedAddOn,
  parent: AddOnParent,
  claimedAuthor: Person,
  sender: Person,
): OpenedAddOn | undefined {
  const authors = authorOnly.has(sealed.useCase)
    ? [sender]
    : [claimedAuthor, ...(parent.author ? [parent.author] : []), sender]
  const contexts = authors.flatMap(author => secretContexts(sealed.target.id ?? '', author, sender))
  const opened = openWithCandidates(sealed, parent.secret, contexts, sealed.useCase)
  if (opened === undefined) return undefined
  // Everybody who got the message has its secret: that it opens does not make somebody its author.
  if (authorOnly.has(sealed.useCase)) {
    const others = [claimedAuthor, parent.author].filter(author => author !== undefined)
    if (others.some(author => isOtherPerson(author, sender))) return { kind: 'refused', why: 'not-the-author' }
  }
  return readAddOn(sealed.useCase, opened.plaintext, parent)
}

function readAddOn(useCase: MessageSecretUseCase, plaintext: Uint8Array, parent: AddOnParent): OpenedAddOn | undefined {
  switch (useCase) {
    case MessageSecretUseCase.PollVote: {
      const vote = proto.Message.PollVoteMessage.decode(plaintext)
      const limit = parent.selectableOptions || Number.POSITIVE_INFINITY
      return vote.selectedOptions.length > limit ? { kind: 'refused', why: 'too-many-options' } : { kind: 'vote', vote }
    }
    case MessageSecretUseCase.EventResponse:
      return { kind: 'event-response', response: proto.Message.EventResponseMessage.decode(plaintext) }
    case MessageSecretUseCase.EncReaction:
      return { kind: 'reaction', reaction: proto.Message.ReactionMessage.decode(plaintext) }
    case MessageSecretUseCase.EncComment:
      return { kind: 'content', content: { commentMessage: readComment(plaintext) } }
    case MessageSecretUseCase.PollAddOption:
      return { kind: 'content', content: proto.Message.decode(plaintext) }
    case MessageSecretUseCase.ReportToken:
      return undefined
    default:
      return readEdit(proto.Message.decode(plaintext))
  }
}

/** Clients disagree on what a comment is sealed as: a CommentMessage, or the comment itself (docs/protocol/03, 14). */
function readComment(plaintext: Uint8Array): proto.Message.ICommentMessage {
  try {
    const comment = proto.Message.CommentMessage.decode(plaintext)
    if (getContentType(comment.message) !== undefined) return comment
  } catch {
    // Then it is the other form.
  }
  return { message: proto.Message.decode(plaintext) }
}

/** New content stands alone, or in a protocol message as in a plain edit. */
function readEdit(message: proto.IMessage): OpenedAddOn {
  const plainEdit = normalizeMessageContent(message)?.protocolMessage
  return plainEdit?.editedMessage
    ? { kind: 'edit', content: plainEdit.editedMessage, editedAtMs: toNumber(plainEdit.timestampMs) }
    : { kind: 'edit', content: message, editedAtMs: 0 }
}
