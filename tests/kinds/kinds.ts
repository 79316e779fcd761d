import { changeKinds } from './change-kinds.js'
import { gatheringKinds } from './gathering-kinds.js'
import { mediaKinds } from './media-kinds.js'
import type { MessageKind } from './message-kind.js'
import { textKinds } from './text-kinds.js'

/** Kinds that stand together on the page, and the file they are written in. */
interface KindGroup {
  readonly title: string
  readonly file: string
  readonly kinds: readonly MessageKind[]
}

export const kindGroups: readonly KindGroup[] = [
  { title: 'Texts, contacts, places', file: 'text-kinds.ts', kinds: textKinds },
  { title: 'Files', file: 'media-kinds.ts', kinds: mediaKinds },
  { title: 'Reactions and other changes', file: 'change-kinds.ts', kinds: changeKinds },
  { title: 'Events and polls', file: 'gathering-kinds.ts', kinds: gatheringKinds },
]

/** Every kind of message. */
export const messageKinds: readonly MessageKind[] = kindGroups.flatMap(({ kinds }) => kinds)
