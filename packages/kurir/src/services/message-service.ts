import type { Readable } from 'node:stream'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import type { MediaDownloadOptions } from '../media/media-types.js'
import type { AnyMessageContent } from '../messages/content/content-types.js'
import type { EventAnswer } from '../messages/content/event-response.js'
import type { WASocket } from '../socket/make-wa-socket.js'
import { chatOfKey, MessageSending, type SendOptions } from './message-sending.js'

export type MessageServiceSocket = Pick<
  WASocket,
  'sendMessage' | 'readMessages' | 'downloadMedia' | 'fetchMessageHistory' | 'chatModify' | 'star'
>

/** A message, or its key. */
export type MessageOrKey = WAMessage | WAMessageKey

/** How long a message stays pinned. */
export type PinDays = 1 | 7 | 30

const secondsOfADay = 86_400

/**
 * Messages: sending them (see {@link MessageSending}), and everything that one does with a message that is there.
 *
 * ```ts
 * const messages = new MessageService(sock)
 * const sent = await messages.sendText('+62 811 1000 1', 'hello')
 * await messages.react(sent, '👍')
 * ```
 */
export class MessageService extends MessageSending<MessageServiceSocket> {
  /** Changes the text or caption of an own message. WhatsApp shows changes within 15 minutes of sending. */
  editMessage(message: MessageOrKey, content: string | AnyMessageContent): Promise<WAMessage> {
    const changed = typeof content === 'string' ? { text: content } : content
    return this.#about(message, edit => ({ ...changed, edit }) as AnyMessageContent)
  }

  /** Takes an own message back, or as admin of a group somebody else's. */
  deleteForEveryone(message: MessageOrKey): Promise<WAMessage> {
    return this.#about(message, key => ({ delete: key }))
  }

  /** Hides a message on the own devices; the others keep it. @param deleteMedia the phone removes the file too */
  async deleteForMe(message: WAMessage, { deleteMedia = false } = {}): Promise<void> {
    const { key } = message
    const timestamp = Number(message.messageTimestamp ?? 0)
    await this.socket.chatModify({ deleteForMe: { key, timestamp, deleteMedia } }, chatOfKey(key))
  }

  async react(message: MessageOrKey, emoji: string): Promise<WAMessage> {
    if (emoji === '') {
      throw new KurirError('invalid-content', 'A reaction is an emoji; removeReaction takes it back', {
        statusCode: 400,
        data: { field: 'emoji' },
      })
    }
    return await this.#about(message, key => ({ react: { key, text: emoji } }))
  }

  removeReaction(message: MessageOrKey): Promise<WAMessage> {
    return this.#about(message, key => ({ react: { key, text: '' } }))
  }

  /** Sends a copy; of other people's messages it is marked as forwarded. */
  forward(message: WAMessage, chat: string, options?: SendOptions): Promise<WAMessage> {
    return this.send(chat, { forward: message }, options)
  }

  /** Pins a message for everybody in the chat. */
  pin(message: MessageOrKey, days: PinDays = 7): Promise<WAMessage> {
    const time = (days * secondsOfADay) as 86_400 | 604_800 | 2_592_000
    return this.#about(message, key => ({ pin: key, type: 1, time }))
  }

  unpin(message: MessageOrKey): Promise<WAMessage> {
    return this.#about(message, key => ({ pin: key, type: 2 }))
  }

  /** Keeps a message of a chat whose messages disappear. */
  keep(message: MessageOrKey): Promise<WAMessage> {
    return this.#about(message, key => ({ keep: key, type: 1 }))
  }

  undoKeep(message: MessageOrKey): Promise<WAMessage> {
    return this.#about(message, key => ({ keep: key, type: 2 }))
  }

  /** Marks a message with a star on all own devices. */
  async star(message: MessageOrKey, isStarred = true): Promise<void> {
    const key = keyOf(message)
    const chat = chatOfKey(key)
    await this.socket.star(chat, [{ id: key.id ?? '', fromMe: key.fromMe === true }], isStarred)
  }

  unstar(message: MessageOrKey): Promise<void> {
    return this.star(message, false)
  }

  /** Votes; an earlier own vote is replaced. @param choices texts of the options; none takes the vote back */
  vote(poll: MessageOrKey, choices: readonly string[]): Promise<WAMessage> {
    return this.#about(poll, () => ({ pollVote: { poll, options: choices } }))
  }

  /** Answers an event; an earlier own answer is replaced. */
  answerEvent(event: MessageOrKey, response: EventAnswer, extraGuestCount = 0): Promise<WAMessage> {
    return this.#about(event, () => ({ eventResponse: { event, response, extraGuestCount } }))
  }

  /** Tells the authors, as far as the privacy settings allow, and the own devices that the messages were read. */
  async markRead(messages: readonly MessageOrKey[]): Promise<void> {
    await this.socket.readMessages(messages.map(keyOf))
  }

  /** The file of a message, checked; asked for again when the server no longer has it. */
  downloadMedia(message: WAMessage, options?: MediaDownloadOptions): Promise<Buffer> {
    return this.socket.downloadMedia(message, 'buffer', options)
  }

  /** The file as a stream: it ends with an error when the file is not the one of the message. */
  downloadMediaStream(message: WAMessage, options?: MediaDownloadOptions): Promise<Readable> {
    return this.socket.downloadMedia(message, 'stream', options)
  }

  /**
   * Asks the phone for messages older than this one; they come as `messaging-history.set` with the returned id as
   * `peerDataRequestSessionId`.
   *
   * @param count 1 to 50
   */
  fetchOlder(oldest: WAMessage, count = 50): Promise<string> {
    return this.socket.fetchMessageHistory(count, oldest.key, Number(oldest.messageTimestamp ?? 0))
  }

  /** A message about another one, in the chat of that one. */
  async #about(message: MessageOrKey, contentFor: (key: WAMessageKey) => AnyMessageContent): Promise<WAMessage> {
    const key = keyOf(message)
    return await this.send(chatOfKey(key), contentFor(key))
  }
}

function keyOf(message: MessageOrKey): WAMessageKey {
  return 'key' in message && message.key ? message.key : (message as WAMessageKey)
}
