import { isJidNewsletter } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { buildAck, NACK_REASONS } from '../messages/acks.js'
import { unwrapMessage } from '../messages/content-type.js'
import { type IncomingMessage, parseIncomingMessage } from '../messages/incoming.js'
import { type IncomingPlan, planIncoming } from '../messages/incoming-answer.js'
import { type DecryptedMessage, decryptIncoming, type MessageDecryptor } from '../messages/incoming-decryption.js'
import { type OwnAccount, userFormOf } from '../messages/own-account.js'
import { buildDeliveryReceipt } from '../messages/receipts.js'
import { RetryReason } from '../messages/retry-reasons.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'
import type { HandOver } from './hand-over.js'
import type { InboxEntry } from './inbox.js'
import type { IncomingQueue } from './incoming-queue.js'
import { messageName } from './message-memory.js'
import { ownAccount } from './own-account.js'
import type { RetryRequester } from './retry-requester.js'

export interface MessageReceiverParts {
  readonly queue: IncomingQueue
  readonly decryptor: MessageDecryptor
  readonly retries: RetryRequester
  readonly handOver: HandOver
  /** The phone may have what the sender did not deliver: asks it, now or if the sender does not answer. */
  readonly askPhone: (incoming: IncomingMessage, when: 'now' | 'later') => void
  /** This client has announced itself as available. */
  readonly isOnline: () => boolean
}

/** A message after its commit. */
interface OpenedMessage {
  readonly incoming: IncomingMessage
  readonly result: DecryptedMessage
  readonly entry: InboxEntry | undefined
}

/** Most messages whose steps of the ratchet are committed together. */
const COMMITTED_TOGETHER = 32
/** Pairs of JIDs remembered as stored. */
const REMEMBERED = 10_000
const REMEMBERED_MS = 24 * 3_600_000

/**
 * Takes a `<message>` from the stanza to `messages.upsert` (docs/protocol/03, receiving): decrypts it and commits it to
 * the inbox, hands it over and answers. Every stanza is answered once: by a receipt, an ack, or a request to send it
 * again. What is not committed stays unanswered and comes again with the next connection.
 */
export class MessageReceiver {
  readonly #core: SocketCore
  readonly #parts: MessageReceiverParts
  /** What has arrived and is not being handled yet, by chat. */
  readonly #arrived = new Map<string, BinaryNode[]>()
  /** Pairs that were stored already: nearly every message repeats one. */
  readonly #learned = new ExpiringMap<string>({ limit: REMEMBERED, ttlMs: REMEMBERED_MS })

  constructor(core: SocketCore, parts: MessageReceiverParts) {
    this.#core = core
    this.#parts = parts
  }

  /** Takes a stanza; messages of one chat are handled in the order of arrival. */
  receive(stanza: BinaryNode): void {
    const chat = userFormOf(stanza.attrs['recipient'] ?? stanza.attrs['from'] ?? '')
    const arrived = this.#arrived.get(chat)
    if (arrived) arrived.push(stanza)
    else this.#arrived.set(chat, [stanza])
    this.#parts.queue.add(chat, stanza, () => this.#handleNext(chat))
  }

  /** Handles what has arrived in a chat, as far as it can be committed together; the turns after this find the rest. */
  async #handleNext(chat: string): Promise<void> {
    const arrived = this.#arrived.get(chat) ?? []
    const batch: IncomingMessage[] = []
    // Stanzas stay unanswered when the connection has ended: the next one gets them, and takes the steps of the ratchets.
    await (this.#hasEnded() ? undefined : this.#parts.handOver.recover())
    const me = ownAccount(this.#core.creds)
    for (let stanza = arrived[0]; stanza !== undefined && batch.length < COMMITTED_TOGETHER; stanza = arrived[0]) {
      const incoming = this.#hasEnded() ? undefined : await this.#parse(stanza, me)
      if (incoming && batch[0] && !canShareCommit(batch[0], incoming)) break
      arrived.shift()
      if (incoming) batch.push(incoming)
    }
    if (arrived.length === 0) this.#arrived.delete(chat)
    if (batch.length > 0) await this.#handle(batch, me)
  }

  /** Undefined for a stanza that needs no more than the answer it gets here. */
  async #parse(stanza: BinaryNode, me: OwnAccount): Promise<IncomingMessage | undefined> {
    try {
      const incoming = parseIncomingMessage(stanza, me)
      if (!this.#isIgnored(incoming)) return incoming
    } catch (error) {
      this.#core.logger.warn({ err: error, id: stanza.attrs['id'] }, 'refused a message stanza that makes no sense')
      await this.#send(stanza.attrs['id'] ? buildAck(stanza, { error: NACK_REASONS.ParsingError }) : undefined)
      return undefined
    }
    await this.#send(buildAck(stanza))
    return undefined
  }

  async #handle(batch: readonly IncomingMessage[], me: OwnAccount): Promise<void> {
    for (const incoming of batch) await this.#learnIdentities(incoming)
    await this.#core.memory.inbox.room()
    if (this.#hasEnded()) return
    for (const opened of await this.#openAll(batch, me)) await this.#finish(opened)
  }

  async #finish({ incoming, result, entry }: OpenedMessage): Promise<void> {
    const { logger } = this.#core
    if (result.kind === 'failed') {
      logger.warn({ err: result.error, id: incoming.id, author: incoming.author }, 'a message could not be decrypted')
    }
    const plan = planIncoming(incoming, result, {
      asked: mayBeAskedFor(result) ? await this.#parts.retries.asked(incoming) : 0,
      now: this.#core.clock.nowSeconds(),
      maxRetryCount: this.#core.config.maxMsgRetryCount,
    })
    if (result.kind === 'content') this.#parts.retries.arrived(incoming)
    if (isProtocolMessage(plan) && entry === undefined) {
      // Without an inbox, what it brings is stored before it is confirmed.
      await this.#handOver(incoming, plan, entry)
      await this.#answer(incoming, plan)
      return
    }
    // In one turn: the read receipt of a program that reads at once must not overtake the delivery receipt.
    await Promise.all([this.#handOver(incoming, plan, entry), this.#answer(incoming, plan)])
    if (plan.askPhone) this.#parts.askPhone(incoming, plan.askPhone)
  }

  #hasEnded(): boolean {
    return this.#core.connection.phase === 'ended'
  }

  /** Decrypts; when this resolves, the steps of the ratchets and the messages in the inbox are committed. */
  async #openAll(batch: readonly IncomingMessage[], me: OwnAccount): Promise<readonly OpenedMessage[]> {
    const decrypt = (incoming: IncomingMessage) => decryptIncoming(incoming, this.#parts.decryptor, me)
    const { inbox } = this.#core.memory
    let results: readonly DecryptedMessage[]
    try {
      const [first] = batch
      results = batch.length === 1 && first ? [await decrypt(first)] : await this.#together(batch, decrypt)
    } catch (error) {
      for (const incoming of batch) inbox.discard(incoming)
      if (batch.length === 1) throw error
      this.#core.logger.debug({ err: error, messages: batch.length }, 'messages are committed one by one')
      return await this.#openOneByOne(batch, me)
    }
    return batch.flatMap((incoming, index) => {
      const result = results[index]
      return result === undefined ? [] : [this.#committed(incoming, this.#judged(incoming, result))]
    })
  }

  #committed(incoming: IncomingMessage, result: DecryptedMessage): OpenedMessage {
    const { inbox } = this.#core.memory
    if (result.kind === 'content') return { incoming, result, entry: inbox.committed(incoming) }
    inbox.discard(incoming)
    return { incoming, result, entry: undefined }
  }

  /** One commit for all: a burst waits for the store once. */
  #together(
    batch: readonly IncomingMessage[],
    decrypt: (incoming: IncomingMessage) => Promise<DecryptedMessage>,
  ): Promise<readonly DecryptedMessage[]> {
    return this.#core.keys.transactionOver([], async () => {
      const results: DecryptedMessage[] = []
      for (const incoming of batch) results.push(await decrypt(incoming))
      return results
    })
  }

  /** One that fails stays unanswered, and comes again. */
  async #openOneByOne(batch: readonly IncomingMessage[], me: OwnAccount): Promise<readonly OpenedMessage[]> {
    const opened: OpenedMessage[] = []
    for (const incoming of batch) {
      try {
        opened.push(...(await this.#openAll([incoming], me)))
      } catch (error) {
        this.#core.logger.error({ err: error, id: incoming.id }, 'a stanza could not be handled')
      }
    }
    return opened
  }

  /** What the keys say, corrected by what is known of the message itself. */
  #judged(incoming: IncomingMessage, result: DecryptedMessage): DecryptedMessage {
    const { messages } = this.#core.memory
    const name = messageName(incoming)
    const progress = messages.progressOf(name)
    switch (result.kind) {
      case 'content':
        messages.note(name, 'handed-over')
        return progress === 'handed-over' ? { kind: 'duplicate' } : result
      case 'failed':
        // Another copy was read: there is nothing to ask for.
        return progress === 'handed-over' ? { kind: 'duplicate' } : result
      case 'duplicate':
        return progress === undefined && !incoming.offline ? this.#keyReused(incoming) : result
      default:
        if (progress === undefined) messages.note(name, 'opened')
        return result
    }
  }

  /**
   * A used key under a message that has not come before: its sender encrypted two messages with one key, as Baileys does
   * when a decryption overwrites the session that it is sending on. Unlike a second delivery this is a loss, which a
   * resend repairs. Of a message from the queue nobody knows: a process before this one may have taken it over.
   */
  #keyReused({ id, author }: IncomingMessage): DecryptedMessage {
    const error = new KurirError('message-key-reused', 'The sender used the key of an earlier message again', {
      retryable: true,
      data: { id, author, retryReason: RetryReason.SignalErrorInvalidMsgKey },
    })
    return { kind: 'failed', error }
  }

  async #handOver(incoming: IncomingMessage, plan: IncomingPlan, entry: InboxEntry | undefined): Promise<void> {
    const type = incoming.offline ? 'append' : 'notify'
    if (plan.upsert) await this.#parts.handOver.handOver(plan.upsert, type, entry)
  }

  async #answer(incoming: IncomingMessage, plan: IncomingPlan): Promise<void> {
    const { stanza } = incoming
    const { answer } = plan
    if (this.#core.connection.phase !== 'open') return
    switch (answer.kind) {
      case 'receipt':
        return this.#confirm(stanza)
      case 'ack':
        return this.#send(buildAck(stanza, { error: answer.error }))
      case 'retry':
        return this.#parts.retries.ask(incoming, answer)
    }
  }

  #confirm(stanza: BinaryNode): void {
    const { connection, creds } = this.#core
    const receipt = buildDeliveryReceipt(stanza, ownAccount(creds), this.#parts.isOnline())
    if (receipt) connection.sendReceipt(receipt)
  }

  /** Every message names its author and partner in both namespaces where the server knows them: keep the pairs. */
  async #learnIdentities({ addressing, stanza, authorIsOwn }: IncomingMessage): Promise<void> {
    const { repository, logger } = this.#core
    const { participant, from, recipient } = stanza.attrs
    // In a message of ours from another device the alternative names the partner, not the sender.
    const sender = participant ?? (authorIsOwn ? recipient : from)
    const pairs = [
      [sender, addressing.senderAlt],
      [recipient, addressing.recipientAlt],
    ].flatMap(([jid, alt]) => (jid && alt ? [jid.endsWith('lid') ? { lid: jid, pn: alt } : { pn: jid, lid: alt }] : []))
    const fresh = pairs.filter(({ pn, lid }) => this.#learned.get(pn) !== lid)
    if (fresh.length === 0) return
    try {
      await repository.lidMapping.storeLIDPNMappings(fresh)
      for (const { pn, lid } of fresh) this.#learned.set(pn, lid)
    } catch (error) {
      logger.warn({ err: error, id: stanza.attrs['id'] }, 'a LID mapping could not be stored')
    }
  }

  #isIgnored(incoming: IncomingMessage): boolean {
    const { from } = incoming.stanza.attrs
    return from !== undefined && !isJidNewsletter(from) && this.#core.config.shouldIgnoreJid(from) === true
  }

  async #send(node: BinaryNode | undefined): Promise<void> {
    if (node && this.#core.connection.phase === 'open') await this.#core.connection.sendNode(node)
  }
}

/**
 * Whether the second message may be committed with the first: both are from one device, and none of them begins a
 * session or needs several keys, so that the commit holds no locks that others could be holding too.
 */
function canShareCommit(first: IncomingMessage, second: IncomingMessage): boolean {
  return first.author === second.author && [first, second].every(isPlain) && partTypeOf(first) === partTypeOf(second)
}

function isPlain({ parts }: IncomingMessage): boolean {
  return parts.length === 1 && (parts[0]?.type === 'msg' || parts[0]?.type === 'skmsg')
}

function partTypeOf({ parts }: IncomingMessage): string | undefined {
  return parts[0]?.type
}

/** Whether the answer depends on how often it was asked for. */
function mayBeAskedFor({ kind }: DecryptedMessage): boolean {
  return kind !== 'content' && kind !== 'duplicate'
}

/** Protocol messages bring keys, settings and changes of other messages; nobody reads them. */
function isProtocolMessage({ upsert }: IncomingPlan): boolean {
  return Boolean(upsert?.message && unwrapMessage(upsert.message).content.protocolMessage)
}
