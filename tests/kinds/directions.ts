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

/** How a message that was read differs from the one that was sent. */
export interface Comparison {
  readonly unexplained: readonly Difference[]
  /** What the table says of the differences that there are. */
  readonly explained: readonly string[]
}

export function compare(
  direction: Direction,
  kind: MessageKind,
  { readerKeys }: Conversation,
  sent: Message,
  read: Message,
): Comparison {
  const expected = asReported(sent ?? {}, turning[direction], id => readerKeys.get(id))
  const reasons = new Map(reasonsOf(direction, kind))
  const found = differences(expected, read)
  return {
    unexplained: found.filter(({ path }) => !isWithin(path, reasons.keys())),
    explained: [...reasons].flatMap(([each, reason]) =>
      found.some(({ path }) => isWithin(path, [each])) ? reason : [],
    ),
  }
}

/** The fields that may differ, and what to call that. */
const reasonsOf = (direction: Direction, kind: MessageKind): [string, string][] => [
  ...Object.keys(usualDifferences[direction]).map((path): [string, string] => [path, `${direction}: ${path}`]),
  ...Object.keys(passageOf(kind, direction).differs ?? {}).map((path): [string, string] => [
    path,
    `${direction}: ${kind.name}: ${path}`,
  ]),
]

/** All differences that the table explains in a direction: each should be seen, or the table is out of date. */
export const explainedIn = (direction: Direction): Set<string> =>
  new Set(messageKinds.flatMap(kind => reasonsOf(direction, kind).map(([, reason]) => reason)))

type Message = Parameters<typeof differences>[1]
