import type { proto } from '../proto/index.js'

/** Names one message: chat, id and direction, and in groups who wrote it. */
export interface WAMessageKey extends proto.IMessageKey {
  /** The chat's other identity: the phone number where `remoteJid` is a LID, and the reverse. */
  remoteJidAlt?: string | undefined
  remoteJidUsername?: string | undefined
  /** The author's other identity. */
  participantAlt?: string | undefined
  participantUsername?: string | undefined
  /** Number of the message in its channel (newsletters only). */
  server_id?: string | undefined
  /** `pn` or `lid`: the identity that the stanza used. */
  addressingMode?: string | undefined
  isViewOnce?: boolean | undefined
}

/** A message with everything known about it: key, content, status, receipts, reactions, votes. */
export interface WAMessage extends proto.IWebMessageInfo {
  key: WAMessageKey
  /** Category attribute of the stanza, such as `peer`. */
  category?: string | undefined
  /** How often its decryption was retried. */
  retryCount?: number | undefined
  /**
   * Kurir: set when an earlier process or connection ended before the message was handled. It may have been seen by then;
   * the number says how often it has been handed over again (docs/guarantees.md).
   */
  redelivered?: number | undefined
}

/** `notify`: live, tell the user; `append`: own, offline, system or fetched, add it to the chat quietly. */
export type MessageUpsertType = 'append' | 'notify'

/** Changed fields of one message. */
export interface WAMessageUpdate {
  update: Partial<WAMessage>
  key: WAMessageKey
}

export type MinimalMessage = Pick<WAMessage, 'key' | 'messageTimestamp'>

/** When one person received, read and played a message (Unix seconds). */
export type MessageUserReceipt = proto.IUserReceipt

export interface MessageUserReceiptUpdate {
  key: WAMessageKey
  receipt: MessageUserReceipt
}

export type WAMessageCursor = { before: WAMessageKey | undefined } | { after: WAMessageKey | undefined }
