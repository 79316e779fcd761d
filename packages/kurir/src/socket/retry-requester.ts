import { encodeSignedDeviceIdentity } from '../auth/account-identity.js'
import { makePrivateOffer } from '../auth/prekeys.js'
import type { IncomingMessage } from '../messages/incoming.js'
import type { StanzaAnswer } from '../messages/incoming-answer.js'
import { buildRetryReceipt, type RetryKeys } from '../messages/retry-receipt.js'
import type { SocketCore } from './core.js'
import type { RetryCounters } from './retry-counters.js'

type RetryAnswer = Extract<StanzaAnswer, { kind: 'retry' }>

/** Asks the senders of unreadable messages to send them again (docs/protocol/02, retry receipt). */
export class RetryRequester {
  readonly #core: SocketCore
  readonly #counters: RetryCounters

  constructor(core: SocketCore, counters: RetryCounters) {
    this.#core = core
    this.#counters = counters
  }

  /** Requests already made for this message. */
  asked({ id, author }: IncomingMessage): Promise<number> {
    return this.#counters.countOf(id, author)
  }

  /** The message came through after all. */
  arrived({ id, author, retryCount }: IncomingMessage): void {
    // What answers a request of an earlier process says so itself.
    if (retryCount !== undefined || this.#counters.has(id, author)) void this.#counters.forget(id, author)
  }

  async ask(incoming: IncomingMessage, { count, includeKeys, reason }: RetryAnswer): Promise<void> {
    const { connection, creds, config, logger } = this.#core
    await this.#counters.set(incoming.id, incoming.author, count)
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
