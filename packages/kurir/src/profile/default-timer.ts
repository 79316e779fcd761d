import { parseDecimal } from '../binary/decimal.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** After how long messages disappear in chats that somebody opens (docs/protocol/04, 4.5). */

/** Both in seconds; a duration of 0 means that messages stay. */
export interface DefaultTimer {
  readonly duration: number
  readonly setAt: number
}

export function buildDefaultTimerChange(duration: number): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'disappearing_mode' },
    content: [{ tag: 'disappearing_mode', attrs: { duration: String(duration) } }],
  }
}

/** Reads a `disappearing_mode` element, of a contact or of the own account; undefined when it names no timer. */
export function parseDefaultTimer({ attrs }: BinaryNode): DefaultTimer | undefined {
  const duration = parseDecimal(attrs['duration'])
  return duration === undefined ? undefined : { duration, setAt: parseDecimal(attrs['t']) ?? 0 }
}
