import { CALL_AUDIO_PREFIX, CALL_VIDEO_PREFIX } from '../../calls/call-links.js'
import type { proto } from '../../proto/index.js'
import { checkDate, checkInteger, checkMessageSecret, checkObject, checkOptionalText, checkText } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers, Editable, MessageContentGenerationOptions } from './content-types.js'
import { checkCoordinates } from './location.js'

export interface EventMessageOptions {
  /** At most 100 characters. */
  name: string
  /** At most 2,048 characters. */
  description?: string | undefined
  startDate: Date
  endDate?: Date | undefined
  location?: proto.Message.ILocationMessage | undefined
  /** Adds a link to a call of that kind. */
  call?: 'audio' | 'video' | undefined
  isCancelled?: boolean | undefined
  isScheduleCall?: boolean | undefined
  extraGuestsAllowed?: boolean | undefined
  /** Seconds before the start at which people are reminded; Kurir's own member. */
  reminderOffset?: number | undefined
  /** 32 bytes that answers are sealed with; random when left out. */
  messageSecret?: Uint8Array | undefined
}

/** An event of the calendar. With `edit` it replaces an earlier one: that is also how an event is cancelled. */
export interface EventContent extends ContentModifiers, Editable {
  event: EventMessageOptions
}

const maxNameLength = 100
const maxDescriptionLength = 2_048
const callPrefixes = { audio: CALL_AUDIO_PREFIX, video: CALL_VIDEO_PREFIX } as const
const maxReminder = 31_536_000

/** docs/protocol/03, 2.7. @throws KurirError `invalid-content` */
export async function buildEvent(
  { event }: EventContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { name, description, startDate, endDate, location, extraGuestsAllowed } = checkObject('event', event)
  const startTime = checkDate('event.startDate', startDate)
  const message: proto.Message.IEventMessage = {
    isCanceled: event.isCancelled === true,
    name: checkText('event.name', name, maxNameLength),
    startTime,
    isScheduleCall: event.isScheduleCall === true,
  }
  const details = checkOptionalText('event.description', description, maxDescriptionLength)
  if (details !== undefined) message.description = details
  if (endDate !== undefined) {
    const endTime = checkDate('event.endDate', endDate)
    if (endTime < startTime) throw invalidContent('event.endDate', 'An event does not end before it begins')
    message.endTime = endTime
  }
  if (location !== undefined) {
    checkPlace(location)
    message.location = location
  }
  if (extraGuestsAllowed !== undefined) message.extraGuestsAllowed = extraGuestsAllowed
  if (event.reminderOffset !== undefined) {
    message.hasReminder = true
    message.reminderOffsetSec = checkInteger('event.reminderOffset', event.reminderOffset, 0, maxReminder)
  }
  if (event.call !== undefined) message.joinLink = await callLink(event.call, startTime, options)
  const secret = checkMessageSecret('event.messageSecret', event.messageSecret)
  return { ...(secret === undefined ? {} : { messageContextInfo: { messageSecret: secret } }), eventMessage: message }
}

/** A place of an event may be a name alone. */
function checkPlace(location: proto.Message.ILocationMessage): void {
  const { degreesLatitude, degreesLongitude, name } = checkObject('event.location', location)
  const hasCoordinates = degreesLatitude != null || degreesLongitude != null
  if (hasCoordinates || !name) checkCoordinates('event.location', location)
}

async function callLink(
  kind: 'audio' | 'video',
  startTime: number,
  { getCallLink }: MessageContentGenerationOptions,
): Promise<string> {
  const prefix: string | undefined = callPrefixes[kind]
  if (prefix === undefined) throw invalidContent('event.call', 'A call is "audio" or "video"', { call: kind })
  const token = await getCallLink?.(kind, { startTime })
  if (token) return `${prefix}${token}`
  throw invalidContent('event.call', 'There is nothing that makes call links here (getCallLink)')
}
