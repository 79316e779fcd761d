import { changeKinds } from './change-kinds.js'
import { gatheringKinds } from './gathering-kinds.js'
import { mediaKinds } from './media-kinds.js'
import type { MessageKind } from './message-kind.js'
import { textKinds } from './text-kinds.js'

/** Every kind of message, in the order of `docs/messages.md`. */
export const messageKinds: readonly MessageKind[] = [...textKinds, ...mediaKinds, ...changeKinds, ...gatheringKinds]
