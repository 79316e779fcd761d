import { bytes, integer, maybeText, text } from '../sql/rows.js'
import type { SqlRow } from '../sql/sql.js'
import type { SealedValues } from '../values/sealed-values.js'

/** An event as the log keeps it. */
export interface StoredEvent {
  readonly session: string
  /** 1, 2, 3 … within the session. */
  readonly cursor: number
  readonly event: string
  /** JSON values and bytes, see `encodeValue`. */
  readonly payload: unknown
  /** The chat that it belongs to; events of one chat are in order. */
  readonly chat: string | undefined
  /** Unix milliseconds of the appending. */
  readonly at: number
}

export const EVENT_COLUMNS = 'e.cursor, e.event, e.chat, e.at, e.value'

/** Where the payload of an event is encrypted for. Dead letters keep it as it is. */
export const eventPlace = (session: string, cursor: number) => ['event', session, cursor] as const

export function storedEvent(values: SealedValues, session: string, row: SqlRow): StoredEvent {
  const cursor = integer(row, 'cursor')
  return {
    session,
    cursor,
    event: text(row, 'event'),
    payload: values.open(bytes(row, 'value'), ...eventPlace(session, cursor)),
    chat: maybeText(row, 'chat'),
    at: integer(row, 'at'),
  }
}
