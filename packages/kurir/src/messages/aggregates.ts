import { getKeyAuthor } from '../events/message-key.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { normalizeMessageContent } from './content-type.js'
import { hashPollOption } from './message-secrets.js'
import { toNumber } from './numbers.js'

/** Entry of votes for what is no option of the poll, such as one that was added later. */
const unknownOption = 'Unknown'

/** One option of a poll and who chose it. */
export interface PollResult {
  name: string
  voters: string[]
}

/**
 * The votes on a poll by option, in the order of the options; votes for what is no option stand under `Unknown`. Each
 * voter's latest vote counts (docs/protocol/03, 8.2: a vote replaces the earlier one). Channels know no voters.
 *
 * @param poll the poll with the votes that `messages.update` brought
 * @param meId how own votes are named; default `me`
 */
export function getAggregateVotesInPollMessage(
  { message, pollUpdates }: Pick<WAMessage, 'pollUpdates' | 'message'>,
  meId?: string,
): PollResult[] {
  const results = new Map<string, PollResult>()
  for (const { optionName } of pollOptionsOf(message)) {
    const name = optionName ?? ''
    results.set(hashPollOption(name).toString('hex'), { name, voters: [] })
  }
  const votes = latestByAuthor(
    pollUpdates ?? [],
    update => update.pollUpdateMessageKey,
    update => toNumber(update.senderTimestampMs),
    meId,
  )
  for (const [voter, { vote }] of votes) {
    for (const option of vote?.selectedOptions ?? []) {
      const hash = Buffer.from(option).toString('hex')
      const result = results.get(hash) ?? { name: unknownOption, voters: [] }
      results.set(hash, result)
      result.voters.push(voter)
    }
  }
  return [...results.values()]
}

/** The options of whichever form of poll a message holds (docs/protocol/03, 8.2: fields 49, 60, 64, 111, 119). */
function pollOptionsOf(
  content: proto.IMessage | null | undefined,
): readonly proto.Message.PollCreationMessage.IOption[] {
  return pollOf(content)?.options ?? []
}

/** The poll in a message, whichever form it has; undefined when there is none. */
export function pollOf(content: proto.IMessage | null | undefined): proto.Message.IPollCreationMessage | undefined {
  const message = normalizeMessageContent(content)
  return (
    message?.pollCreationMessage ??
    message?.pollCreationMessageV2 ??
    message?.pollCreationMessageV3 ??
    message?.pollCreationMessageV5 ??
    message?.pollCreationMessageV6 ??
    undefined
  )
}

/** An answer to an event, and who gave it. */
export interface EventResult {
  response: string
  responders: string[]
}

/**
 * An answer as `messages.update` brings it. Baileys' events carry `response`, its aggregate reads `eventResponse`, the
 * schema says `eventResponseMessage`: whichever is there counts (docs/protocol/03, 8.4).
 */
type AnyEventResponse = proto.IEventResponse & {
  response?: proto.Message.IEventResponseMessage | null
  eventResponse?: string | null
  senderTimestampMs?: Parameters<typeof toNumber>[0]
}

/**
 * Who is going, not going and undecided. Each responder's latest answer counts.
 *
 * @param event the event with the answers that `messages.update` brought
 * @param meId how own answers are named; default `me`
 */
export function getAggregateResponsesInEventMessage(
  { eventResponses }: Pick<WAMessage, 'eventResponses'>,
  meId?: string,
): EventResult[] {
  const results = ['GOING', 'NOT_GOING', 'MAYBE'].map((response): EventResult => ({ response, responders: [] }))
  const answers = latestByAuthor<AnyEventResponse>(
    eventResponses ?? [],
    answer => answer.eventResponseMessageKey,
    answer => toNumber(answer.senderTimestampMs ?? answer.timestampMs),
    meId,
  )
  for (const [responder, answer] of answers) {
    const name = responseName(answer)
    results.find(({ response }) => response === name)?.responders.push(responder)
  }
  return results
}

function responseName(answer: AnyEventResponse): string | undefined {
  const type = answer.eventResponseMessage?.response ?? answer.response?.response
  return answer.eventResponse ?? (type ? proto.Message.EventResponseMessage.EventResponseType[type] : undefined)
}

/** The latest entry of each author in the order of their first ones; of equal times the later entry. */
function latestByAuthor<Entry>(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => WAMessageKey | null | undefined,
  timeOf: (entry: Entry) => number,
  meId: string | undefined,
): Map<string, Entry> {
  const latest = new Map<string, Entry>()
  for (const entry of entries) {
    const author = getKeyAuthor(keyOf(entry), meId)
    const known = latest.get(author)
    if (known === undefined || timeOf(entry) >= timeOf(known)) latest.set(author, entry)
  }
  return latest
}
