import { encodeSignedDeviceIdentity } from '../auth/account-identity.js'
import { makePrivateOffer } from '../auth/prekeys.js'
import type { IncomingMessage } from '../messages/incoming.js'
import type { StanzaAnswer } from '../messages/incoming-answer.js'
import { buildRetryReceipt, type RetryKeys } from '../messages/retry-receipt.js'
import type { SocketCore } from './core.js'

type RetryAnswer = Extract<StanzaAnswer, { kind: 'retry' }>

/** Asks the senders of unreadable messages to send them again (docs/protocol/02, retry receipt). */
export class RetryRequester {
  readonly #core: SocketCore

  constructor(core: SocketCore) {
    this.#core = core
  }

  /** Requests already made for this message. */
  asked(incoming: IncomingMessage): number {
    return this.#core.memory.retryRequests.get(nameOf(incoming)) ?? 0
  }

  /** The message came through after all. */
  arrived(incoming: IncomingMessage): void {
    this.#core.memory.retryRequests.delete(nameOf(incoming))
  }

  async ask(incoming: IncomingMessage, { count, includeKeys, reason }: RetryAnswer): Promise<void> {
    const { connection, creds, config, logger } = this.#core
    this.#core.memory.retryRequests.set(nameOf(incoming), count)
    const keys = includeKeys ? await this.#freshKeys() : undefined
    const receipt = buildRetryReceipt({
      stanza: incoming.stanza,
      count,
      registrationId: creds.registrationId,
      reason,
      keys,
    })
    logger.info({ id: incoming.id, author: incoming.author, count, reason }, 'asking for a message again')
    if (count > 1) await new Promise(resolve => setTimeout(resolve, config.retryRequestDelayMs))
    // Unanswered, the message comes again with the next connection.
    if (connection.phase === 'open') await connection.sendNode(receipt)
  }

  /** A one-time prekey that is stored before the receipt leaves, with the rest of a bundle. */
  async #freshKeys(): Promise<RetryKeys> {
    const { creds, keys } = this.#core
    const { id, pair } = await makePrivateOffer(keys)
    const { signedPreKey, signedIdentityKey, account } = creds
    return {
      identity: signedIdentityKey.public,
      preKey: { id, public: pair.public },
      signedPreKey: {
        id: signedPreKey.keyId,
        public: signedPreKey.keyPair.public,
        signature: signedPreKey.signature,
      },
      deviceIdentity: account && encodeSignedDeviceIdentity(account, true),
    }
  }
}

function nameOf({ id, author }: IncomingMessage): string {
  return `${author} ${id}`
}
