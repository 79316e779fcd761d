import { proto } from '../../proto/index.js'
import { MessageSecretUseCase } from '../message-secrets.js'
import { checkInteger, checkObject } from './checks.js'
import { invalidContent } from './content-error.js'
import type { MessageContentGenerationOptions } from './content-types.js'
import { type ParentMessage, resolveParent, sealFor } from './parent-message.js'

export type EventAnswer = 'going' | 'not_going' | 'maybe'

/** The answer to an event; it replaces the own earlier one. Kurir's own member. */
export interface EventResponseContent {
  eventResponse: {
    event: ParentMessage
    response: EventAnswer
    /** How many people come along. */
    extraGuestCount?: number | undefined
  }
}

const answers: { readonly [Answer in EventAnswer]: number } = { going: 1, not_going: 2, maybe: 3 }
const maxGuests = 1_000

/** docs/protocol/03, 8.4. @throws KurirError `invalid-content`, `missing-message-secret` */
export async function buildEventResponse(
  { eventResponse }: EventResponseContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { event, response, extraGuestCount } = checkObject('eventResponse', eventResponse)
  if (!Object.hasOwn(answers, response)) {
    throw invalidContent('eventResponse.response', 'The answer is "going", "not_going" or "maybe"', { response })
  }
  const guests = checkInteger('eventResponse.extraGuestCount', extraGuestCount ?? 0, 0, maxGuests)
  const parent = await resolveParent('eventResponse.event', event, options)
  const plaintext = proto.Message.EventResponseMessage.encode({
    response: answers[response],
    timestampMs: options.now ?? Date.now(),
    extraGuestCount: guests,
  }).finish()
  const sealed = sealFor(parent, plaintext, MessageSecretUseCase.EventResponse, options)
  return { encEventResponseMessage: { eventCreationMessageKey: parent.key, ...sealed } }
}
