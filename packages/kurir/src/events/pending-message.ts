import type { proto } from '../proto/index.js'
import type { WAMessage } from './message-types.js'
import {
  applyMessageUpdate,
  mergeMessageUpdates,
  updateMessageWithReaction,
  updateMessageWithReceipt,
} from './message-updates.js'

/**
 * A message that waits for delivery, with what it has taken in while it waited. When the same message comes again, the
 * newer object takes its place and gets all of that too: nothing that was absorbed is reported elsewhere.
 */
export class PendingMessage {
  #message: WAMessage
  #changes: Partial<WAMessage> | undefined
  #reactions: proto.IReaction[] | undefined
  #receipts: proto.IUserReceipt[] | undefined

  constructor(message: WAMessage) {
    this.#message = message
  }

  get message(): WAMessage {
    return this.#message
  }

  /** The newer object stays where the older one was, and in its place in time. */
  replace(message: WAMessage): void {
    const { messageTimestamp } = this.#message
    if (messageTimestamp !== undefined && messageTimestamp !== null) message.messageTimestamp = messageTimestamp
    this.#message = message
    if (this.#changes) applyMessageUpdate(message, this.#changes)
    for (const reaction of this.#reactions ?? []) updateMessageWithReaction(message, reaction)
    for (const receipt of this.#receipts ?? []) updateMessageWithReceipt(message, receipt)
  }

  update(update: Partial<WAMessage>): void {
    if (this.#changes) mergeMessageUpdates(this.#changes, update)
    else this.#changes = { ...update }
    applyMessageUpdate(this.#message, update)
  }

  react(reaction: proto.IReaction): void {
    this.#reactions ??= []
    this.#reactions.push(reaction)
    updateMessageWithReaction(this.#message, reaction)
  }

  receipt(receipt: proto.IUserReceipt): void {
    this.#receipts ??= []
    this.#receipts.push(receipt)
    updateMessageWithReceipt(this.#message, receipt)
  }
}
