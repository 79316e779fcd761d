import type { proto } from '../../proto/index.js'
import { checkInteger, checkMessageSecret, checkObject, checkText } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers, Editable } from './content-types.js'

export interface PollMessageOptions {
  /** The question, at most 255 characters. */
  name: string
  /** How many options one person may choose; 0 (default) is any number. */
  selectableCount?: number | undefined
  /** The options: at most 12 different ones of at most 100 characters. */
  values: string[]
  /** 32 bytes that votes are sealed with; random when left out. */
  messageSecret?: Uint8Array | undefined
  /** The chat is the announcement group of a community. */
  toAnnouncementGroup?: boolean | undefined
  /** Members may add options; Kurir's own member. */
  allowAddOption?: boolean | undefined
  /** Nobody sees who voted for what; Kurir's own member. */
  hideParticipantName?: boolean | undefined
}

export interface PollContent extends ContentModifiers, Editable {
  poll: PollMessageOptions
}

/** How a poll ended, as a message of its own; Kurir's own member. */
export interface PollResultContent extends ContentModifiers {
  pollResult: {
    name: string
    votes: readonly { readonly name: string; readonly count: number }[]
  }
}

/** Limits of the service (docs/protocol/03, 12). */
const maxNameLength = 255
const maxOptions = 12
const maxOptionLength = 100

/**
 * A poll (docs/protocol/03, 2.6). Which of the fields it stands in depends on what it allows: older clients know only
 * the first ones.
 *
 * @throws KurirError `invalid-content`
 */
export function buildPoll({ poll }: PollContent): proto.IMessage {
  const { name, selectableCount, values, messageSecret, toAnnouncementGroup } = checkObject('poll', poll)
  const options = checkOptions(values)
  const message: proto.Message.IPollCreationMessage = {
    name: checkText('poll.name', name, maxNameLength),
    options: options.map(optionName => ({ optionName })),
    selectableOptionsCount: checkInteger('poll.selectableCount', selectableCount ?? 0, 0, options.length),
  }
  const secret = checkMessageSecret('poll.messageSecret', messageSecret)
  const context = secret === undefined ? {} : { messageContextInfo: { messageSecret: secret } }
  // Receivers take `false` in these two for a message they do not support.
  if (poll.allowAddOption === true || poll.hideParticipantName === true) {
    const { allowAddOption, hideParticipantName } = poll
    return {
      ...context,
      pollCreationMessageV6: {
        ...message,
        ...(allowAddOption === true ? { allowAddOption } : {}),
        ...(hideParticipantName === true ? { hideParticipantName } : {}),
      },
    }
  }
  if (toAnnouncementGroup === true) return { ...context, pollCreationMessageV2: message }
  if (message.selectableOptionsCount === 1) return { ...context, pollCreationMessageV3: message }
  return { ...context, pollCreationMessage: message }
}

function checkOptions(values: unknown): string[] {
  if (!Array.isArray(values)) throw invalidContent('poll.values', 'The options of a poll are a list of texts')
  if (values.length === 0 || values.length > maxOptions) {
    throw invalidContent('poll.values', `A poll has 1 to ${maxOptions} options`, { limit: maxOptions })
  }
  const options = values.map((value, index) => checkText(`poll.values.${index}`, value, maxOptionLength))
  // Votes name options by the hash of their text.
  if (new Set(options).size !== options.length) {
    throw invalidContent('poll.values', 'The options of a poll have to differ: votes tell them apart by their text')
  }
  return options
}

/** docs/protocol/03, 2.6. @throws KurirError `invalid-content` */
export function buildPollResult({ pollResult }: PollResultContent): proto.IMessage {
  const { name, votes } = checkObject('pollResult', pollResult)
  if (!Array.isArray(votes) || votes.length === 0) {
    throw invalidContent('pollResult.votes', 'The result of a poll lists its options')
  }
  return {
    pollResultSnapshotMessage: {
      name: checkText('pollResult.name', name, maxNameLength),
      pollVotes: votes.map((vote, index) => ({
        optionName: checkText(`pollResult.votes.${index}.name`, vote?.name, maxOptionLength),
        optionVoteCount: checkInteger(`pollResult.votes.${index}.count`, vote?.count, 0, Number.MAX_SAFE_INTEGER),
      })),
    },
  }
}

/** The poll in a message, whatever field it stands in. */
export function pollOf(message: proto.IMessage): proto.Message.IPollCreationMessage | undefined {
  return (
    message.pollCreationMessage ??
    message.pollCreationMessageV2 ??
    message.pollCreationMessageV3 ??
    message.pollCreationMessageV5 ??
    message.pollCreationMessageV6 ??
    undefined
  )
}
