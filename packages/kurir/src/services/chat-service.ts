import type { WAMessage } from '../events/message-types.js'
import type { WASocket } from '../socket/make-wa-socket.js'
import { chatJidOf } from './chat-address.js'
import { type SocketSource, socketOf } from './socket-source.js'

export type ChatServiceSocket = Pick<
  WASocket,
  'chatModify' | 'sendPresenceUpdate' | 'sendMessage' | 'addChatLabel' | 'removeChatLabel' | 'addLabel'
>

/**
 * The newest messages of a chat: the server-side change says up to where it goes, so that what comes in meanwhile is not
 * touched. At least the last one; programs that keep messages give the last few.
 */
export type NewestMessages = readonly [WAMessage, ...WAMessage[]]

const msPerHour = 3_600_000

/** Chats as lists show them: pinned, muted, archived, read, labelled. Every change is seen on all own devices. */
export class ChatService {
  readonly #source: SocketSource<ChatServiceSocket>

  /** @param socket a direct or remote socket, or a function that answers the present one */
  constructor(socket: SocketSource<ChatServiceSocket>) {
    this.#source = socket
  }

  get #socket(): ChatServiceSocket {
    return socketOf(this.#source)
  }

  archive(chat: string, newest: NewestMessages): Promise<void> {
    return this.#socket.chatModify({ archive: true, lastMessages: [...newest] }, chatJidOf(chat))
  }

  unarchive(chat: string, newest: NewestMessages): Promise<void> {
    return this.#socket.chatModify({ archive: false, lastMessages: [...newest] }, chatJidOf(chat))
  }

  /** Keeps a chat at the top of the list. */
  pin(chat: string): Promise<void> {
    return this.#socket.chatModify({ pin: true }, chatJidOf(chat))
  }

  unpin(chat: string): Promise<void> {
    return this.#socket.chatModify({ pin: false }, chatJidOf(chat))
  }

  /** @param hours 8 and 168 are what the apps offer; `for-ever` until it is taken off */
  mute(chat: string, hours: number | 'for-ever'): Promise<void> {
    const until = hours === 'for-ever' ? -1 : Date.now() + hours * msPerHour
    return this.#socket.chatModify({ mute: until }, chatJidOf(chat))
  }

  unmute(chat: string): Promise<void> {
    return this.#socket.chatModify({ mute: null }, chatJidOf(chat))
  }

  /** Marks the chat as read on the own devices; the authors are told by `MessageService.markRead`. */
  markRead(chat: string, newest: NewestMessages): Promise<void> {
    return this.#socket.chatModify({ markRead: true, lastMessages: [...newest] }, chatJidOf(chat))
  }

  markUnread(chat: string, newest: NewestMessages): Promise<void> {
    return this.#socket.chatModify({ markRead: false, lastMessages: [...newest] }, chatJidOf(chat))
  }

  /** Removes all messages on the own devices. */
  clear(chat: string, newest: NewestMessages): Promise<void> {
    return this.#socket.chatModify({ clear: true, lastMessages: [...newest] }, chatJidOf(chat))
  }

  /** Removes the chat on the own devices. */
  delete(chat: string, newest: NewestMessages): Promise<void> {
    return this.#socket.chatModify({ delete: true, lastMessages: [...newest] }, chatJidOf(chat))
  }

  /** Shows "typing …" until a message is sent, `stopTyping` is called, or some 25 seconds have passed. */
  startTyping(chat: string): Promise<void> {
    return this.#socket.sendPresenceUpdate('composing', chatJidOf(chat))
  }

  startRecording(chat: string): Promise<void> {
    return this.#socket.sendPresenceUpdate('recording', chatJidOf(chat))
  }

  stopTyping(chat: string): Promise<void> {
    return this.#socket.sendPresenceUpdate('paused', chatJidOf(chat))
  }

  /** @param seconds 0 (off), 86400, 604800 or 7776000 */
  async setDisappearing(chat: string, seconds: 0 | 86_400 | 604_800 | 7_776_000): Promise<void> {
    await this.#socket.sendMessage(chatJidOf(chat), { disappearingMessagesInChat: seconds })
  }

  /** Labels of business accounts. @param id decimal text; an unknown one makes a new label */
  saveLabel(id: string, name: string, color = 0): Promise<void> {
    return this.#socket.addLabel('', { id, name, color })
  }

  deleteLabel(id: string): Promise<void> {
    return this.#socket.addLabel('', { id, deleted: true })
  }

  addLabel(chat: string, labelId: string): Promise<void> {
    return this.#socket.addChatLabel(chatJidOf(chat), labelId)
  }

  removeLabel(chat: string, labelId: string): Promise<void> {
    return this.#socket.removeChatLabel(chatJidOf(chat), labelId)
  }
}
