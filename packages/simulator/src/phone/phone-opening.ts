import { KurirError } from 'kurir/errors'
import { hashPollOption, type MessageSecretUseCase, openWithCandidates, secretContexts } from 'kurir/messages'
import { proto } from 'kurir/proto'
import { type EventAnswer, pollOptions } from './phone-addons.js'
import { type PhoneMemory, type RememberedMessage, secretOf } from './phone-memory.js'

/** What a sealed add-on says, and about which message. */
export type OpenedAddOn =
  | { readonly kind: 'vote'; readonly target: string; readonly options: readonly string[] }
  | {
      readonly kind: 'event-response'
      readonly target: string
      readonly response: EventAnswer | undefined
      readonly extraGuestCount: number
    }
  | { readonly kind: 'reaction'; readonly target: string; readonly emoji: string }
  | { readonly kind: 'comment'; readonly target: string; readonly text: string | undefined }
  | { readonly kind: 'edit'; readonly target: string; readonly message: proto.IMessage }

/** Author of an add-on, under both names. */
export interface AddOnAuthor {
  readonly lid: string
  readonly pn: string
}

interface Sealed {
  readonly key: proto.IMessageKey | null | undefined
  readonly payload: proto.Message.IPollEncValue
  readonly useCase: MessageSecretUseCase
}

/**
 * Opens an add-on; undefined when the message is none, or when the phone does not know the message it belongs to.
 *
 * @param other finds the name of a user in the other namespace
 * @throws KurirError `add-on-unreadable` when it was not sealed with the secret of its message, by this author
 */
export const openAddOn = (
  message: proto.IMessage,
  author: AddOnAuthor,
  memory: PhoneMemory,
  other: (jid: string) => string | undefined,
): OpenedAddOn | undefined => {
  const sealed = sealedPart(message)
  const target = memory.find(sealed?.key?.id)
  if (sealed === undefined || target === undefined) return undefined
  const plain = open(sealed, target, author, other)
  return read(message, plain, target)
}

const sealedPart = (message: proto.IMessage): Sealed | undefined => {
  const { pollUpdateMessage: vote, encEventResponseMessage: answer } = message
  const { encReactionMessage: reaction, encCommentMessage: comment, secretEncryptedMessage: edit } = message
  if (vote?.vote != null) return { key: vote.pollCreationMessageKey, payload: vote.vote, useCase: 'Poll Vote' }
  if (answer != null) return { key: answer.eventCreationMessageKey, payload: answer, useCase: 'Event Response' }
  if (reaction != null) return { key: reaction.targetMessageKey, payload: reaction, useCase: 'Enc Reaction' }
  if (comment != null) return { key: comment.targetMessageKey, payload: comment, useCase: 'Enc Comment' }
  const useCase = edit == null ? undefined : USE_CASES[edit.secretEncType ?? 0]
  return edit == null || useCase === undefined ? undefined : { key: edit.targetMessageKey, payload: edit, useCase }
}

/** By SecretEncType. */
const USE_CASES: Readonly<Record<number, MessageSecretUseCase>> = {
  1: 'Event Edit',
  2: 'Message Edit',
  4: 'Poll Edit',
  5: 'Poll Add Option',
}

const open = (
  { payload, useCase }: Sealed,
  target: RememberedMessage,
  author: AddOnAuthor,
  other: (jid: string) => string | undefined,
): Buffer => {
  const twin = other(target.author)
  const isLid = target.author.endsWith('@lid')
  const original = { asSeen: target.author, lid: isLid ? target.author : twin, pn: isLid ? twin : target.author }
  const modifier = { asSeen: isLid ? author.lid : author.pn, lid: author.lid, pn: author.pn }
  const opened = openWithCandidates(payload, secretOf(target), secretContexts(target.id, original, modifier), useCase)
  if (opened !== undefined) return opened.plaintext
  throw new KurirError('add-on-unreadable', 'The add-on is not sealed with the secret of its message', {
    statusCode: 400,
    data: { messageId: target.id, useCase },
  })
}

const read = (message: proto.IMessage, plain: Buffer, target: RememberedMessage): OpenedAddOn => {
  const about = { target: target.id }
  if (message.pollUpdateMessage != null) {
    const { selectedOptions } = proto.Message.PollVoteMessage.decode(plain)
    const names = new Map(pollOptions(target.message).map(name => [hashPollOption(name).toString('hex'), name]))
    const options = selectedOptions.map(hash => names.get(Buffer.from(hash).toString('hex')) ?? 'unknown option')
    return { kind: 'vote', ...about, options }
  }
  if (message.encEventResponseMessage != null) {
    const { response, extraGuestCount } = proto.Message.EventResponseMessage.decode(plain)
    const name = response == null ? undefined : proto.Message.EventResponseMessage.EventResponseType[response]
    const known = name === 'GOING' || name === 'NOT_GOING' || name === 'MAYBE' ? name : undefined
    return { kind: 'event-response', ...about, response: known, extraGuestCount: extraGuestCount ?? 0 }
  }
  if (message.encReactionMessage != null) {
    return { kind: 'reaction', ...about, emoji: proto.Message.ReactionMessage.decode(plain).text ?? '' }
  }
  if (message.encCommentMessage != null) return { kind: 'comment', ...about, text: commentText(plain) }
  const edited = proto.Message.decode(plain)
  return { kind: 'edit', ...about, message: edited.protocolMessage?.editedMessage ?? edited }
}

/** Either form that clients write (docs/protocol/03 §8.1). */
const commentText = (plain: Buffer): string | undefined => {
  const wrapped = proto.Message.CommentMessage.decode(plain).message
  const text = textOf(wrapped)
  return text ?? textOf(proto.Message.decode(plain))
}

const textOf = (message: proto.IMessage | null | undefined): string | undefined =>
  message?.conversation || message?.extendedTextMessage?.text || undefined
