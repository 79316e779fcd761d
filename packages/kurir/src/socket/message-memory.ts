import type { WAMessageKey } from '../events/message-types.js'
import type { IncomingMessage } from '../messages/incoming.js'
import { userFormOf } from '../messages/own-account.js'
import { personOf } from '../messages/people.js'
import { ExpiringMap } from '../time/expiring-map.js'

/** How far a message has come: its keys have been used, or its content has been handed over. */
export type MessageProgress = 'opened' | 'handed-over'

const REMEMBERED = 10_000
const REMEMBERED_MS = 24 * 3_600_000

/**
 * What has been taken over from the server, by author and id. The ratchets tell a repeated ciphertext; this tells the
 * same message under another one, such as a resend that crosses with the delayed original.
 */
export class MessageMemory {
  readonly #progress = new ExpiringMap<MessageProgress>({ limit: REMEMBERED, ttlMs: REMEMBERED_MS })

  /** @param name see {@link messageName} */
  progressOf(name: string): MessageProgress | undefined {
    return this.#progress.get(name)
  }

  note(name: string, progress: MessageProgress): void {
    this.#progress.set(name, progress)
  }
}

/** Names a message by author and id. An author is the same person under the phone number and under the LID. */
export function messageName({ id, author, authorIsOwn, addressing }: IncomingMessage): string {
  if (authorIsOwn) return id
  const person = addressing.addressingMode === 'lid' ? author : (addressing.senderAlt ?? author)
  return `${userFormOf(person)} ${id}`
}

/** The same name, from the key of a message that did not come as a stanza. */
export function messageNameOfKey({
  id,
  fromMe,
  participant,
  participantAlt,
  remoteJid,
  remoteJidAlt,
}: WAMessageKey): string {
  if (fromMe === true) return id ?? ''
  const { lid, asSeen } = participant ? personOf(participant, participantAlt) : personOf(remoteJid ?? '', remoteJidAlt)
  return `${lid ?? asSeen} ${id}`
}
