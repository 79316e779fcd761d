import type { proto } from '../../proto/index.js'
import { checkObject } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers } from './content-types.js'

/** A place. */
export interface LocationContent extends ContentModifiers {
  location: proto.Message.ILocationMessage
}

/** A place that moves; Kurir's own member: Baileys sends it through `relayMessage` only. */
export interface LiveLocationContent extends ContentModifiers {
  /** Later positions are further messages with a higher `sequenceNumber`. */
  liveLocation: proto.Message.ILiveLocationMessage
}

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content` for coordinates that are none */
export function buildLocation({ location }: LocationContent): proto.IMessage {
  checkCoordinates('location', location)
  return { locationMessage: { ...location } }
}

export function buildLiveLocation({ liveLocation }: LiveLocationContent): proto.IMessage {
  checkCoordinates('liveLocation', liveLocation)
  return { liveLocationMessage: { ...liveLocation } }
}

interface Coordinates {
  readonly degreesLatitude?: number | null | undefined
  readonly degreesLongitude?: number | null | undefined
}

export function checkCoordinates(field: string, place: Coordinates): void {
  const { degreesLatitude, degreesLongitude } = checkObject(field, place)
  checkDegrees(`${field}.degreesLatitude`, degreesLatitude, 90)
  checkDegrees(`${field}.degreesLongitude`, degreesLongitude, 180)
}

function checkDegrees(field: string, degrees: number | null | undefined, limit: number): void {
  if (typeof degrees === 'number' && Math.abs(degrees) <= limit) return
  throw invalidContent(field, `Degrees lie between -${limit} and ${limit}`, { degrees })
}
