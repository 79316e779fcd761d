import { asReported, type Difference, differences, isWithin } from './compare.js'
import { usualDifferences } from './explained.js'
import { messageKinds } from './kinds.js'
import type { ChatKind, Direction, MessageKind, Passage } from './message-kind.js'
import type { Conversation } from './party.js'

/**
 * Where the recipient reads something else than was written, in whatever kind: keys of other messages are turned into
 * its own view. Kurir does so for every kind; Baileys for two.
 */
export const turning = {
  'kurir to phone': 'none',
  'phone to kurir': 'all',
  'kurir to baileys': 'reactions and votes',
  'baileys to kurir': 'all',
} as const satisfies Readonly<Record<Direction, 'all' | 'reactions and votes' | 'none'>>

export const passageOf = ({ passages }: MessageKind, direction: Direction): Passage => passages?.[direction] ?? {}

/** The kinds that go from one to the other in such a chat, with their names for the report. */
export const kindsOf = (direction: Direction, chat: ChatKind): (readonly [string, MessageKind])[] =>
  messageKinds
    .filter(kind => kind.chats.includes(chat) && passageOf(kind, direction).impossible === undefined)
    .filter(({ file }) => !(direction === 'baileys to kurir' && chat === 'newsletter' && file !== undefined))
    .map(kind => [kind.name, kind] as const)

/** The fields in which a message differs at its reader, without what the table lets differ. */
export function unexplained(
  direction: Direction,
  kind: MessageKind,
  { readerKeys }: Conversation,
  sent: Message,
  read: Message,
): Difference[] {
  const expected = asReported(sent ?? {}, turning[direction], id => readerKeys.get(id))
  const explained = Object.keys({ ...usualDifferences[direction], ...passageOf(kind, direction).differs })
  return differences(expected, read).filter(({ path }) => !isWithin(path, explained))
}

type Message = Parameters<typeof differences>[1]
