import { isJidNewsletter } from '../../binary/jid.js'
import { proto } from '../../proto/index.js'
import { normalizeMessageContent } from '../content-type.js'
import { hashPollOption, MessageSecretUseCase } from '../message-secrets.js'
import { checkObject, checkText, targetKey } from './checks.js'
import { invalidContent } from './content-error.js'
import type { MessageContentGenerationOptions } from './content-types.js'
import { keyOfParent, type ParentMessage, resolveParent, sealFor } from './parent-message.js'
import { pollOf } from './poll.js'

/** A vote in a poll; it replaces the own earlier one. Kurir's own member. */
export interface PollVoteContent {
  pollVote: {
    poll: ParentMessage
    /** Texts of the chosen options; none takes the vote back. */
    options: readonly string[]
  }
}

/** A new option for a poll that allows it; Kurir's own member. */
export interface PollAddOptionContent {
  pollAddOption: { poll: ParentMessage; option: string }
}

const maxOptionLength = 100
/** Most options of a vote in a channel (docs/protocol/03, 2.14); polls have far fewer. */
const maxVotes = 1_000

/**
 * docs/protocol/03, 8.2. Where the poll itself is at hand, the options have to be its own and not too many. For channels
 * the vote is not sealed: its hashes stand in the message that the stanza is made of.
 *
 * @throws KurirError `invalid-content`, `missing-message-secret`
 */
export async function buildPollVote(
  { pollVote }: PollVoteContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { poll, options: chosen } = checkObject('pollVote', pollVote)
  if (!Array.isArray(chosen) || chosen.length > maxVotes) {
    throw invalidContent('pollVote.options', 'The chosen options are a list of texts')
  }
  const names = chosen.map((name, index) => checkText(`pollVote.options.${index}`, name))
  const selectedOptions = [...new Set(names)].map(hashPollOption)
  const plaintext = proto.Message.PollVoteMessage.encode({ selectedOptions }).finish()
  const senderTimestampMs = options.now ?? Date.now()
  if (isJidNewsletter(options.jid)) {
    const pollCreationMessageKey = targetKey('pollVote.poll', keyOfParent('pollVote.poll', poll).key, options.jid)
    return { pollUpdateMessage: { pollCreationMessageKey, vote: { encPayload: plaintext }, senderTimestampMs } }
  }
  const parent = await resolveParent('pollVote.poll', poll, options)
  checkChoice(names, parent.content)
  const vote = sealFor(parent, plaintext, MessageSecretUseCase.PollVote, options)
  return { pollUpdateMessage: { pollCreationMessageKey: parent.key, vote, senderTimestampMs } }
}

function checkChoice(names: readonly string[], content: proto.IMessage | undefined): void {
  const poll = pollOf(normalizeMessageContent(content) ?? {})
  if (poll === undefined) return
  // Where members may add options, there can be ones that we have not heard of.
  const known = new Set(poll.options?.map(({ optionName }) => optionName))
  const unknown = poll.allowAddOption === true ? undefined : names.find(name => !known.has(name))
  if (unknown !== undefined) {
    throw invalidContent('pollVote.options', 'The poll has no such option', { option: unknown, known: [...known] })
  }
  const limit = poll.selectableOptionsCount ?? 0
  if (limit > 0 && names.length > limit) {
    throw invalidContent('pollVote.options', `In this poll one chooses at most ${limit}`, { limit })
  }
}

/** docs/protocol/03, 8.3. @throws KurirError `invalid-content`, `missing-message-secret` */
export async function buildPollAddOption(
  { pollAddOption }: PollAddOptionContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { poll, option } = checkObject('pollAddOption', pollAddOption)
  const optionName = checkText('pollAddOption.option', option, maxOptionLength)
  const parent = await resolveParent('pollAddOption.poll', poll, options)
  const message = { pollAddOptionMessage: { pollCreationMessageKey: parent.key, addOption: { optionName } } }
  const plaintext = proto.Message.encode(message).finish()
  return {
    secretEncryptedMessage: {
      targetMessageKey: parent.key,
      ...sealFor(parent, plaintext, MessageSecretUseCase.PollAddOption, options),
      secretEncType: proto.Message.SecretEncryptedMessage.SecretEncType.POLL_ADD_OPTION,
    },
  }
}
