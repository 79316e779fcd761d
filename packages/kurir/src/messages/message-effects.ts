import type { KurirError } from '../errors/index.js'
import type { BaileysEventMap } from '../events/event-map.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import type { proto } from '../proto/index.js'
import type { SealedAddOn } from './sealed-add-ons.js'

/** What follows from a message besides its `messages.upsert`, in the order in which it has to happen. */
export type MessageEffect =
  | EventEffect
  | AuthoredChange
  /** The phone shares keys of the app state, or says that it has none. */
  | { readonly kind: 'app-state-keys'; readonly share: proto.Message.IAppStateSyncKeyShare }
  /** Phone numbers and their LIDs: store the pairs and move the sessions, in one transaction. */
  | { readonly kind: 'lid-migration'; readonly mappings: readonly { readonly pn: string; readonly lid: string }[] }
  /** A piece of history waits on the media host, or inside the notification. */
  | {
      readonly kind: 'history-sync'
      readonly notification: proto.Message.IHistorySyncNotification
      readonly key: WAMessageKey
      /** Unix seconds. */
      readonly timestamp: number
    }
  /** The phone resends a message that we could not read: merge it over what is remembered of the request. */
  | { readonly kind: 'resent-by-phone'; readonly message: WAMessage; readonly requestId: string }
  /** Any other answer of the phone to a request. */
  | {
      readonly kind: 'phone-answer'
      readonly requestId: string
      readonly result: proto.Message.PeerDataOperationRequestResponseMessage.IPeerDataOperationResult
    }
  /** A secret for later add-ons to this message: keep it with the message. */
  | { readonly kind: 'message-secret'; readonly parent: AddOnParentRecord }
  /** An add-on to another message: open it with that message's secret. */
  | { readonly kind: 'sealed-add-on'; readonly addOn: SealedAddOn; readonly message: WAMessage }
  /** A part of the message could not be read: log it. */
  | { readonly kind: 'unreadable'; readonly error: KurirError }

/** One event with its payload. */
export type EventEffect = {
  [Event in keyof BaileysEventMap]: {
    readonly kind: 'event'
    readonly event: Event
    readonly data: BaileysEventMap[Event]
  }
}[keyof BaileysEventMap]

/**
 * An edit or deletion of an earlier message. The message itself claims a right to it; whoever remembers the earlier one
 * checks the claim before the event is emitted (docs/protocol/03, 12).
 */
export interface AuthoredChange {
  readonly kind: 'authored-change'
  readonly change: 'edit' | 'revoke'
  /** `admin`: of somebody else's message, in a group. */
  readonly right: 'author' | 'admin'
  /** The message that changes it. */
  readonly key: WAMessageKey
  readonly targetId: string
  readonly event: EventEffect
}

/** A message that add-ons can be sealed for. */
export interface AddOnParentRecord {
  readonly key: WAMessageKey
  readonly secret: Uint8Array
  /** Polls and events: add-ons come for as long as they are open. */
  readonly expectsAddOns: boolean
  /** Options of a poll that one vote may choose; 0: any number. */
  readonly selectableOptions: number
}
