import type { AccountSettings } from '../auth/credentials.js'
import type { Contact } from '../chats/contact-types.js'
import type { BaileysEventMap } from '../events/event-map.js'
import type { AppStateMutation } from './mutation.js'

/** An event that follows from a mutation. */
export type AppStateEvent = {
  readonly [Event in keyof BaileysEventMap]: { readonly event: Event; readonly data: BaileysEventMap[Event] }
}[keyof BaileysEventMap]

/** What the meaning of a mutation depends on. */
export interface ActionContext {
  readonly me: Contact | undefined
  /** Undefined when they are not known: then nothing is added to a change of theirs. */
  readonly accountSettings: AccountSettings | undefined
  /** The collections are read for the first time: changes of chats wait for the history (docs/protocol/04, 2.8). */
  readonly initial: boolean
}

/** The events of one kind of mutation; undefined when it is of another kind. */
export type ActionRule = (mutation: AppStateMutation, context: ActionContext) => readonly AppStateEvent[] | undefined
