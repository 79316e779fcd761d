import { proto } from '../proto/index.js'
import { FieldWalker } from './field-walker.js'
import { invalidHistory } from './history-error.js'

/** What a piece of history consists of, in the order in which it stands there. */
export interface HistoryHandlers {
  /** A message of the conversation that is being read. */
  readonly message: (message: proto.IWebMessageInfo) => void
  /** A conversation without its messages, after them. */
  readonly conversation: (conversation: proto.IConversation) => void
  /** One field of the history that is not a conversation: lists hold one element. */
  readonly part: (part: proto.IHistorySync) => void
}

/** `HistorySync.conversations` and `Conversation.messages`. */
const conversations = 2
const messages = 2

/** Largest conversation without its messages: groups of some ten thousand members. */
const maxConversationLength = 8 * 1_048_576

/**
 * Reads an encoded HistorySync while its bytes arrive and tells what is in it, message by message. It holds no more than
 * one message and one conversation without messages.
 */
export class HistoryReader {
  readonly #handlers: HistoryHandlers
  readonly #walker: FieldWalker
  /** The fields of the present conversation that are no messages, as they came. */
  #conversation: Uint8Array[] = []
  #conversationLength = 0

  constructor(handlers: HistoryHandlers) {
    this.#handlers = handlers
    this.#walker = new FieldWalker({
      entersField: (depth, number) => depth === 0 && number === conversations,
      field: field => {
        if (field.depth === 0) handlers.part(proto.HistorySync.decode(field.encoded))
        else if (field.number === messages) this.#readMessage(field.value)
        else this.#keepField(field.encoded)
      },
      left: () => this.#endConversation(),
    })
  }

  /** @throws KurirError `invalid-history`, `invalid-protobuf` */
  push(bytes: Uint8Array): void {
    this.#walker.push(bytes)
  }

  /** @throws KurirError `invalid-history` when the history ends inside a field */
  end(): void {
    this.#walker.end()
  }

  #readMessage(value: Uint8Array): void {
    const { message } = proto.HistorySyncMsg.decode(value)
    if (message) this.#handlers.message(message)
  }

  #keepField(encoded: Uint8Array): void {
    this.#conversationLength += encoded.byteLength
    if (this.#conversationLength > maxConversationLength) throw invalidHistory('a conversation is too large')
    // A view would keep the bytes around it alive, which the next ones may overwrite.
    this.#conversation.push(Uint8Array.prototype.slice.call(encoded))
  }

  #endConversation(): void {
    const encoded = Buffer.concat(this.#conversation)
    this.#conversation = []
    this.#conversationLength = 0
    this.#handlers.conversation(proto.Conversation.decode(encoded))
  }
}
