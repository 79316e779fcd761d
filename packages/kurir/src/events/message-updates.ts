import type { proto } from '../proto/index.js'
import { getKeyAuthor } from './message-key.js'
import type { WAMessage } from './message-types.js'

/** Merges one person's receipt into the message, in place: one entry per `userJid`, later members win. */
export const updateMessageWithReceipt = (
  message: Pick<WAMessage, 'userReceipt'>,
  receipt: proto.IUserReceipt,
): void => {
  const receipts = listOf(message.userReceipt)
  const known = receipts.find(other => other.userJid === receipt.userJid)
  if (known) Object.assign(known, receipt)
  else receipts.push({ ...receipt })
  message.userReceipt = receipts
}

/**
 * Replaces its author's reaction on the message, in place. A removed reaction stays as an entry with empty text, so
 * that a reader of the message can tell "removed" from "never reacted".
 */
export const updateMessageWithReaction = (message: Pick<WAMessage, 'reactions'>, reaction: proto.IReaction): void => {
  const author = getKeyAuthor(reaction.key)
  const reactions = listOf(message.reactions).filter(other => getKeyAuthor(other.key) !== author)
  reactions.push(reaction.text ? reaction : { ...reaction, text: '' })
  message.reactions = reactions
}

/** Replaces its author's vote on the message, in place. A vote for no option removes the author's vote. */
export const updateMessageWithPollUpdate = (message: Pick<WAMessage, 'pollUpdates'>, vote: proto.IPollUpdate): void => {
  const votes = replaceVote(message.pollUpdates, vote)
  if (!vote.vote?.selectedOptions?.length) votes.pop()
  message.pollUpdates = votes
}

/** Replaces its author's answer to the event invitation, in place. */
export const updateMessageWithEventResponse = (
  message: Pick<WAMessage, 'eventResponses'>,
  response: proto.IEventResponse,
): void => {
  message.eventResponses = replaceResponse(message.eventResponses, response)
}

/**
 * Merges the changed members `later` into those of `earlier`, in place. Votes and event responses name one person each
 * and add up; every other member is replaced, by undefined too.
 */
export const mergeMessageUpdates = (earlier: Partial<WAMessage>, later: Partial<WAMessage>): void => {
  const { pollUpdates, eventResponses } = earlier
  Object.assign(earlier, later)
  if (pollUpdates && later.pollUpdates) earlier.pollUpdates = later.pollUpdates.reduce(replaceVote, pollUpdates)
  if (eventResponses && later.eventResponses) {
    earlier.eventResponses = later.eventResponses.reduce(replaceResponse, eventResponses)
  }
}

/** Applies changed members to the message itself, in place. The key of a message never changes. */
export const applyMessageUpdate = (message: WAMessage, update: Partial<WAMessage>): void => {
  const { key, pollUpdates, eventResponses } = message
  Object.assign(message, update)
  message.key = key
  if (update.pollUpdates) {
    message.pollUpdates = pollUpdates ?? []
    for (const vote of update.pollUpdates) updateMessageWithPollUpdate(message, vote)
  }
  if (update.eventResponses) {
    message.eventResponses = eventResponses ?? []
    for (const response of update.eventResponses) updateMessageWithEventResponse(message, response)
  }
}

const listOf = <Item>(items: Item[] | null | undefined): Item[] => items ?? []

const replaceVote = (votes: proto.IPollUpdate[] | null | undefined, vote: proto.IPollUpdate): proto.IPollUpdate[] => {
  const author = getKeyAuthor(vote.pollUpdateMessageKey)
  return [...listOf(votes).filter(other => getKeyAuthor(other.pollUpdateMessageKey) !== author), vote]
}

const replaceResponse = (
  responses: proto.IEventResponse[] | null | undefined,
  response: proto.IEventResponse,
): proto.IEventResponse[] => {
  const author = getKeyAuthor(response.eventResponseMessageKey)
  return [...listOf(responses).filter(other => getKeyAuthor(other.eventResponseMessageKey) !== author), response]
}
