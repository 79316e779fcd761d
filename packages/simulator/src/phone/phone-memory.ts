import { KurirError } from 'kurir/errors'
import type { proto } from 'kurir/proto'
import { BoundedMap } from '../accounts/bounded-map.js'

/** A message that a phone has sent or read, as far as later messages refer to it. */
export interface RememberedMessage {
  readonly id: string
  /** The chat as its messages name it: a user without device, a group, `status@broadcast`. */
  readonly chat: string
  /** User JID of the author in the addressing of the chat. */
  readonly author: string
  readonly fromMe: boolean
  readonly message: proto.IMessage
  /** Unix seconds. */
  readonly timestamp: number
  readonly pushName: string | undefined
  /** Number of a post within its channel. */
  readonly serverId?: number | undefined
}

const LIMIT = 20_000

/** What a phone keeps of its conversations: for add-ons, which need the secret of their message, and for history. */
export class PhoneMemory {
  readonly #messages = new BoundedMap<string, RememberedMessage>(LIMIT)

  add(message: RememberedMessage): void {
    this.#messages.set(message.id, message)
  }

  find(id: string | null | undefined): RememberedMessage | undefined {
    return id == null ? undefined : this.#messages.get(id)
  }

  /** @throws KurirError `unknown-message` */
  get(id: string): RememberedMessage {
    const message = this.#messages.get(id)
    if (message !== undefined) return message
    throw unknownMessage(id)
  }

  /** Oldest first. */
  all(): RememberedMessage[] {
    return [...this.#messages.values()]
  }

  forget(id: string): void {
    this.#messages.delete(id)
  }
}

export const unknownMessage = (messageId: string): KurirError =>
  new KurirError('unknown-message', 'The phone has no such message', { statusCode: 404, data: { messageId } })

/** The key of a message as its owner writes it into others (docs/protocol/03 §1.2). */
export const keyOf = ({ id, chat, author, fromMe }: RememberedMessage): proto.IMessageKey => {
  const namesAuthor = chat.endsWith('@g.us') || chat.endsWith('@broadcast')
  return { remoteJid: chat, fromMe, id, ...(namesAuthor ? { participant: author } : {}) }
}

/** The secret that a message carries for its add-ons. @throws KurirError `message-secret-missing` */
export const secretOf = ({ id, message }: RememberedMessage): Uint8Array => {
  const secret = message.messageContextInfo?.messageSecret
  if (secret != null) return secret
  throw new KurirError('message-secret-missing', 'The message carries no secret for add-ons', {
    statusCode: 404,
    data: { messageId: id },
  })
}
