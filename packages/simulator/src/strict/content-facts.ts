import type { proto } from 'kurir/proto'
import type { StoredMedia } from '../media/media-store.js'
import type { RememberedMessage } from '../phone/phone-memory.js'

/** A decrypted message and what is known around it, for rules about its content. */
export interface ArrivedMessage {
  /** Without wrappers for own devices; as its sender wrote it otherwise. */
  readonly message: proto.IMessage
  /** The chat as the stanza names it. */
  readonly chat: string
  /** User JID of the author, in the addressing of the stanza. */
  readonly author: string
  /** Both user JIDs of the author. */
  readonly authorNames: readonly string[]
  /** From another device of the reader's account. */
  readonly own: boolean
  /** `category=peer`: for this device alone. */
  readonly peer: boolean
  readonly lenient: boolean
  /** A message that the reader has seen before. */
  find(id: string): RememberedMessage | undefined
  /** A file of the media host. */
  findFile(directPath: string): StoredMedia | undefined
  /** True when the author may delete what others wrote in this group. */
  readonly authorIsAdmin: boolean
}

/** What does not fit, each as a sentence. */
export type ContentRule = (arrived: ArrivedMessage, content: proto.IMessage) => readonly (string | false)[]
