import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import type { EventEffect } from './message-effects.js'
import { toNumber } from './numbers.js'
import type { OpenedAddOn, SealedAddOn } from './sealed-add-ons.js'

/**
 * An answer to an event in `messages.update`: as the schema has it, and with the members that Baileys' events and its
 * aggregate have (docs/protocol/03, 8.4).
 */
export interface EventResponseUpdate extends proto.IEventResponse {
  response: proto.Message.IEventResponseMessage
  /** `GOING`, `NOT_GOING`, `MAYBE`. */
  eventResponse: string | undefined
  /** Unix milliseconds. */
  senderTimestampMs: number
}

/** The events of an opened add-on; what was refused has none. */
export function addOnEffects(message: WAMessage, sealed: SealedAddOn, opened: OpenedAddOn): EventEffect[] {
  const { key } = message
  const target: WAMessageKey = { ...sealed.target }
  switch (opened.kind) {
    case 'vote': {
      const vote = { pollUpdateMessageKey: key, vote: opened.vote, senderTimestampMs: sealed.sentAtMs }
      return [update(target, { pollUpdates: [vote] })]
    }
    case 'event-response':
      return [update(target, { eventResponses: [eventResponse(key, opened.response)] })]
    case 'reaction':
      return [
        {
          kind: 'event',
          event: 'messages.reaction',
          data: [{ key: target, reaction: { ...opened.reaction, key } }],
        },
      ]
    case 'content':
      // The message itself stays what it is: its content can be read now.
      return [update(key, { message: opened.content })]
    case 'edit':
      return [editUpdate(message, sealed.target.id, opened.content, opened.editedAtMs)]
    case 'refused':
      return []
  }
}

function eventResponse(key: WAMessageKey, response: proto.Message.IEventResponseMessage): EventResponseUpdate {
  const type = response.response
  const timestampMs = toNumber(response.timestampMs)
  return {
    eventResponseMessageKey: key,
    timestampMs,
    senderTimestampMs: timestampMs,
    eventResponseMessage: response,
    response,
    eventResponse: type ? proto.Message.EventResponseMessage.EventResponseType[type] : undefined,
  }
}

/** New content for a message: same chat and author as the edit, other id (docs/protocol/03, 4A.2). */
export function editUpdate(
  message: WAMessage,
  id: string | null | undefined,
  content: proto.IMessage,
  editedAtMs: number,
): EventEffect {
  const editedAt = Math.floor(editedAtMs / 1000)
  return update(
    { ...message.key, id: id ?? '' },
    {
      message: { editedMessage: { message: content } },
      messageTimestamp: editedAt > 0 ? editedAt : toNumber(message.messageTimestamp),
    },
  )
}

function update(key: WAMessageKey, changes: Partial<WAMessage>): EventEffect {
  return { kind: 'event', event: 'messages.update', data: [{ key, update: changes }] }
}
