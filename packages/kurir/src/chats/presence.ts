import { childNodes } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import type { BinaryNode } from '../binary/node.js'
import type { PresenceData, WAPresence } from './chat-types.js'

/** Presence and chat state: stanzas out and in (docs/protocol/04, 4.7). */

/** Announces this device under the name that others see. The name has no `@`. */
export function buildAvailability(type: 'available' | 'unavailable', name: string): BinaryNode {
  return { tag: 'presence', attrs: { name, type } }
}

/**
 * Tells a chat what we are doing; whatever is neither recording nor paused is typing. It does not say who we are, as the
 * current client does not and Baileys does (docs/protocol/04, 4.7).
 */
export function buildChatState(type: WAPresence, to: string): BinaryNode {
  const state =
    type === 'paused'
      ? { tag: 'paused', attrs: {} }
      : { tag: 'composing', attrs: type === 'recording' ? { media: 'audio' } : {} }
  return { tag: 'chatstate', attrs: { to }, content: [state] }
}

/** @param proof the `tctoken` of the person; groups know none */
export function buildPresenceSubscription(to: string, proof?: BinaryNode): BinaryNode {
  return { tag: 'presence', attrs: { to, type: 'subscribe' }, ...(proof && { content: [proof] }) }
}

/** What a `<presence>` or `<chatstate>` tells of one participant. */
export interface ReceivedPresence {
  readonly chat: string
  readonly participant: string
  readonly presence: PresenceData
}

/**
 * Reads a `<presence>` or `<chatstate>`; undefined when it tells nothing. A last seen that is hidden, unknown or no time
 * is left out (docs/protocol/04, 4.7: Baileys makes it NaN).
 */
export function parsePresence(node: BinaryNode): ReceivedPresence | undefined {
  const { from, participant } = node.attrs
  const presence = node.tag === 'presence' ? availabilityOf(node) : chatStateOf(childNodes(node)[0])
  return from && presence ? { chat: from, participant: participant ?? from, presence } : undefined
}

function availabilityOf({ attrs: { type, last, count } }: BinaryNode): PresenceData {
  const [lastSeen, groupOnlineCount] = [parseDecimal(last), parseDecimal(count)]
  return {
    lastKnownPresence: type === 'unavailable' ? 'unavailable' : 'available',
    ...(lastSeen === undefined ? {} : { lastSeen }),
    ...(groupOnlineCount === undefined ? {} : { groupOnlineCount }),
  }
}

function chatStateOf(state: BinaryNode | undefined): PresenceData | undefined {
  if (state === undefined) return undefined
  if (state.tag === 'paused') return { lastKnownPresence: 'available' }
  return { lastKnownPresence: state.attrs['media'] === 'audio' ? 'recording' : 'composing' }
}
