import { KurirError } from 'kurir/errors'
import { hashPollOption, type MessageSecretUseCase, sealWithSecret } from 'kurir/messages'
import { proto } from 'kurir/proto'
import type { Account } from '../accounts/account.js'
import type { SeededRandom } from '../random.js'
import { keyOf, type RememberedMessage, secretOf } from './phone-memory.js'

/** Who makes an add-on, and with what. */
export interface AddOnMaker {
  readonly account: Account
  readonly random: SeededRandom
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

/** Messages about another message (docs/protocol/03 §2.4, §2.5, §8). Each function returns what is to be sent. */

export const reaction = (target: RememberedMessage, emoji: string, { now }: AddOnMaker): proto.IMessage => ({
  reactionMessage: { key: keyOf(target), text: emoji, senderTimestampMs: now },
})

export const edit = (target: RememberedMessage, content: proto.IMessage, { now }: AddOnMaker): proto.IMessage => ({
  protocolMessage: {
    key: keyOf(target),
    type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
    editedMessage: content,
    timestampMs: now,
  },
})

export const revoke = (target: RememberedMessage): proto.IMessage => ({
  protocolMessage: { key: keyOf(target), type: proto.Message.ProtocolMessage.Type.REVOKE },
})

/** @param seconds until messages of the chat vanish; 0: never */
export const ephemeralSetting = (seconds: number, { now }: AddOnMaker): proto.IMessage => ({
  protocolMessage: {
    type: proto.Message.ProtocolMessage.Type.EPHEMERAL_SETTING,
    ephemeralExpiration: seconds,
    ephemeralSettingTimestamp: Math.floor(now / 1000),
  },
})

/** @param seconds how long the message stays on top; 0 takes it down */
export const pin = (target: RememberedMessage, seconds: number, { now }: AddOnMaker): proto.IMessage => {
  const { PIN_FOR_ALL, UNPIN_FOR_ALL } = proto.Message.PinInChatMessage.Type
  return {
    pinInChatMessage: {
      key: keyOf(target),
      type: seconds > 0 ? PIN_FOR_ALL : UNPIN_FOR_ALL,
      senderTimestampMs: now,
    },
    messageContextInfo: { messageAddOnDurationInSecs: seconds },
  }
}

export const keep = (target: RememberedMessage, on: boolean, { now }: AddOnMaker): proto.IMessage => {
  const { KEEP_FOR_ALL, UNDO_KEEP_FOR_ALL } = proto.KeepType
  return {
    keepInChatMessage: {
      key: keyOf(target),
      keepType: on ? KEEP_FOR_ALL : UNDO_KEEP_FOR_ALL,
      timestampMs: now,
    },
  }
}

/** A vote for these options, in place of an earlier one; no options withdraw it. */
export const pollVote = (target: RememberedMessage, options: readonly string[], maker: AddOnMaker): proto.IMessage => {
  const known = pollOptions(target.message)
  const unknown = options.find(option => !known.includes(option))
  if (unknown !== undefined) {
    throw new KurirError('unknown-poll-option', 'The poll has no such option', {
      statusCode: 400,
      data: { option: unknown },
    })
  }
  const vote = proto.Message.PollVoteMessage.encode({ selectedOptions: options.map(hashPollOption) }).finish()
  return {
    pollUpdateMessage: {
      pollCreationMessageKey: keyOf(target),
      vote: seal(target, vote, 'Poll Vote', maker),
      metadata: {},
      senderTimestampMs: maker.now,
    },
  }
}

export type EventAnswer = 'GOING' | 'NOT_GOING' | 'MAYBE'

export const eventResponse = (
  target: RememberedMessage,
  answer: EventAnswer,
  extraGuestCount: number,
  maker: AddOnMaker,
): proto.IMessage => {
  const response = proto.Message.EventResponseMessage.EventResponseType[answer]
  const plain = proto.Message.EventResponseMessage.encode({ response, timestampMs: maker.now, extraGuestCount })
  return {
    encEventResponseMessage: {
      eventCreationMessageKey: keyOf(target),
      ...seal(target, plain.finish(), 'Event Response', maker),
    },
  }
}

/** A reaction that only members of the chat can read, as in announcement groups. */
export const sealedReaction = (target: RememberedMessage, emoji: string, maker: AddOnMaker): proto.IMessage => {
  const plain = proto.Message.ReactionMessage.encode({ text: emoji, senderTimestampMs: maker.now }).finish()
  return { encReactionMessage: { targetMessageKey: keyOf(target), ...seal(target, plain, 'Enc Reaction', maker) } }
}

/** A reply below a post of an announcement group. */
export const comment = (target: RememberedMessage, text: string, maker: AddOnMaker): proto.IMessage => {
  const content = { message: { extendedTextMessage: { text } }, targetMessageKey: keyOf(target) }
  const plain = proto.Message.CommentMessage.encode(content).finish()
  return { encCommentMessage: { targetMessageKey: keyOf(target), ...seal(target, plain, 'Enc Comment', maker) } }
}

/** An edit of an own message or event that only members of the chat can read. */
export const sealedEdit = (target: RememberedMessage, content: proto.IMessage, maker: AddOnMaker): proto.IMessage => {
  const { EVENT_EDIT, MESSAGE_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType
  const isEvent = content.eventMessage != null
  const plain = proto.Message.encode(isEvent ? content : edit(target, content, maker)).finish()
  return {
    secretEncryptedMessage: {
      targetMessageKey: keyOf(target),
      ...seal(target, plain, isEvent ? 'Event Edit' : 'Message Edit', maker),
      secretEncType: isEvent ? EVENT_EDIT : MESSAGE_EDIT,
    },
  }
}

/** The names of the options of a poll, of whatever version. */
export const pollOptions = (message: proto.IMessage): string[] => {
  const poll =
    message.pollCreationMessage ??
    message.pollCreationMessageV2 ??
    message.pollCreationMessageV3 ??
    message.pollCreationMessageV5 ??
    message.pollCreationMessageV6
  return (poll?.options ?? []).map(({ optionName }) => optionName ?? '')
}

const seal = (
  target: RememberedMessage,
  plain: Uint8Array,
  useCase: MessageSecretUseCase,
  { account, random }: AddOnMaker,
) => {
  // In the namespace of the target's author, as the clients do it.
  const modifier = account.jid(target.author.endsWith('@lid') ? 'lid' : 'pn')
  const context = { messageId: target.id, originalSender: target.author, modifier }
  return sealWithSecret(plain, secretOf(target), context, useCase, random.bytes(12))
}
