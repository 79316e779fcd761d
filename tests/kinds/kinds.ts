import { changeKinds } from './change-kinds.js'
import { gatheringKinds } from './gathering-kinds.js'
import type { ChatKind, MessageKind } from './message-kind.js'
import { textKinds } from './text-kinds.js'

/** Every kind of message, in the order of `docs/messages.md`. */
export const messageKinds: readonly MessageKind[] = [...textKinds, ...changeKinds, ...gatheringKinds]

export const kindsFor = (chat: ChatKind): MessageKind[] => messageKinds.filter(({ chats }) => chats.includes(chat))
