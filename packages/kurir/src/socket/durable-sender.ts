import { parseRecord, stringifyRecord } from '../auth/buffer-json.js'
import { isJidGroup, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessageKey } from '../events/message-types.js'
import { judgeMessageAck, messageUpdateOfAck } from '../messages/ack-verdict.js'
import type { MessageAck } from '../messages/acks.js'
import { generateMessageIDV2 } from '../messages/ids.js'
import { proto } from '../proto/index.js'
import { fetchAccountReachoutTimelock } from './account-limits.js'
import { connectionClosed } from './connection-errors.js'
import type { ContactTokens } from './contact-tokens.js'
import type { SocketCore } from './core.js'
import type { DeviceDirectory } from './device-directory.js'
import type { MessageRelayOptions, MessageSender } from './message-sender.js'
import { OUTBOX_AGE_MS, type OutboxEntry } from './outbox.js'

/** How often a message is sent again before it counts as refused. */
const MOST_ATTEMPTS = 5
/** The server answers within seconds: after this the stanza or its answer is taken for lost. */
const ANSWER_DEADLINE_MS = 30_000
const LOOK_AGAIN_MS = 10_000
/** Pause after a transient refusal without `backoff`; doubled with every attempt. */
const FIRST_BACKOFF_MS = 2000
const LONGEST_BACKOFF_MS = 600_000

export interface DurableSenderParts {
  readonly sender: MessageSender
  readonly devices: DeviceDirectory
  readonly tokens: ContactTokens
}

/**
 * Brings messages through (docs/guarantees.md): each is in the outbox before it leaves, and is sent again with the same
 * id until the server has answered, on this connection or the next ones, in this process or the next ones. Server and
 * recipients tell a message that comes twice by its id (docs/protocol/02 §7.12, docs/protocol/03 §2.17).
 */
export class DurableSender {
  readonly #core: SocketCore
  readonly #parts: DurableSenderParts
  /** What was left unanswered goes first. */
  #resuming: Promise<void> | undefined
  #watch: NodeJS.Timeout | undefined
  readonly #delayed = new Map<string, NodeJS.Timeout>()
  /** Being sent again at this moment. */
  readonly #underWay = new Set<string>()
  /** Sent once more because of a stale group. */
  readonly #readdressed = new Set<string>()

  constructor(core: SocketCore, parts: DurableSenderParts) {
    this.#core = core
    this.#parts = parts
    core.connection.onEnd(() => this.#close())
  }

  /**
   * @returns the message id, once the stanza is written. From then on it is sent again until it is answered; when this
   *   rejects, it is not.
   */
  async relay(jid: string, message: proto.IMessage, options: MessageRelayOptions): Promise<string> {
    const { config, creds, memory } = this.#core
    // A copy for one device is an answer to a request: who does not get it asks again.
    if (options.participant) return this.#parts.sender.relay(jid, message, options)
    if (this.#hasEnded()) throw connectionClosed()
    if (this.#resuming) await this.#resuming
    const id = options.messageId ?? generateMessageIDV2(creds.me?.id)
    if (this.#hasEnded()) throw connectionClosed()
    // Stored while it is encrypted, which has steps of ratchets to store: the stanza waits for both.
    const stored = memory.outbox.add({ id, jid, options: storedOptions(options), message, sentAt: config.clock() })
    try {
      const [sentAs] = await Promise.all([
        this.#parts.sender.relay(jid, message, { ...options, messageId: id, stored }),
        stored,
      ])
      // Changes of a channel's post go under the id of the post, which says nothing about them.
      if (sentAs === id) memory.outbox.sent(id)
      else memory.outbox.remove(id)
      return sentAs
    } catch (error) {
      // What is not stored yet cannot be taken back.
      await stored.catch(() => {})
      memory.outbox.remove(id)
      throw error
    }
  }

  /** The connection is open: what has not been answered is sent again, before anything new. */
  resume(): void {
    if (this.#resuming || this.#watch) return
    this.#watch = setInterval(() => this.#lookForUnanswered(), LOOK_AGAIN_MS)
    this.#watch.unref()
    this.#resuming = this.#resume()
      .catch(error => this.#core.logger.error({ err: error }, 'unanswered messages were not sent again'))
      .finally(() => {
        this.#resuming = undefined
      })
  }

  /** The server took or refused a message: reports it, or sends it again where that helps. */
  acknowledged(ack: MessageAck): void {
    const { config, memory, logger, ev } = this.#core
    const entry = memory.outbox.get(ack.id)
    const key = entry && keyOf(entry)
    const verdict = judgeMessageAck(ack, { isGroup: isJidGroup(ack.from) === true })
    if (verdict.kind === 'accepted') {
      this.#readdressed.delete(ack.id)
      memory.outbox.answered(ack.id, config.enableRecentMessageCache)
      if (ack.refreshLid && entry) this.#inBackground(ack.id, this.#refreshLid(entry.jid))
    } else {
      const { advice, backoffSeconds } = verdict.error.data
      logger.warn({ id: ack.id, to: ack.from, err: verdict.error }, 'the server refused a message')
      if (advice === 'refresh-group-and-resend' && entry && !this.#readdressed.has(ack.id)) {
        this.#readdressed.add(ack.id)
        this.#inBackground(ack.id, this.#sendAgain(entry, { useCachedGroupMetadata: false }))
        return
      }
      if (advice === 'resend-later' && entry && entry.attempts < MOST_ATTEMPTS) {
        this.#sendLater(entry, backoffSeconds)
        return
      }
      this.#readdressed.delete(ack.id)
      memory.outbox.remove(ack.id)
      if (advice === 'refresh-devices' && entry) this.#parts.devices.forget(jidNormalizedUser(entry.jid))
      if (advice === 'issue-privacy-token') {
        // The refused message is lost to us; an answer of theirs brings the token with which the next one passes.
        void this.#parts.tokens.issueNowTo(entry?.jid ?? ack.from)
        this.#inBackground(ack.id, fetchAccountReachoutTimelock(this.#core))
      }
    }
    ev.emit('messages.update', [messageUpdateOfAck(ack, key)])
  }

  async #resume(): Promise<void> {
    const { config, memory, connection, logger } = this.#core
    await memory.outbox.load(config.clock())
    const unanswered = memory.outbox.unanswered()
    if (unanswered.length > 0) logger.info({ messages: unanswered.length }, 'sending unanswered messages again')
    for (const entry of unanswered) {
      if (connection.phase !== 'open') return
      await this.#sendAgain(entry)
    }
  }

  #lookForUnanswered(): void {
    const { config, memory } = this.#core
    if (this.#resuming) return
    const before = config.clock() - ANSWER_DEADLINE_MS
    for (const entry of memory.outbox.unanswered()) {
      if (entry.triedAt > before || this.#delayed.has(entry.id)) continue
      this.#inBackground(entry.id, this.#sendAgain(entry))
    }
  }

  async #sendAgain(entry: OutboxEntry, options: MessageRelayOptions = {}): Promise<void> {
    const { config, memory, connection, logger } = this.#core
    const { id, jid, message, attempts, sentAt } = entry
    const now = config.clock()
    if (attempts >= MOST_ATTEMPTS || now - sentAt > OUTBOX_AGE_MS) return this.#giveUp(entry, unansweredError(entry))
    if (this.#underWay.has(id)) return
    this.#underWay.add(id)
    try {
      const restored = { ...restoredOptions(entry.options), ...options, messageId: id }
      await this.#parts.sender.relay(jid, message, restored)
      // What has not left does not count: a process that dies early, time and again, must not use the tries up.
      memory.outbox.tried(id, now)
    } catch (error) {
      // The next connection tries again.
      if (connection.phase !== 'open') return
      memory.outbox.tried(id, now)
      logger.warn({ err: error, id, jid }, 'an unanswered message could not be sent again')
      if (KurirError.is(error) && !error.retryable) this.#giveUp(entry, error)
    } finally {
      this.#underWay.delete(id)
    }
  }

  #sendLater(entry: OutboxEntry, backoffSeconds: number | undefined): void {
    const { id, attempts } = entry
    const wanted = backoffSeconds === undefined ? FIRST_BACKOFF_MS * 2 ** attempts : backoffSeconds * 1000
    clearTimeout(this.#delayed.get(id))
    const timer = setTimeout(
      () => {
        this.#delayed.delete(id)
        const now = this.#core.memory.outbox.get(id)
        if (now?.state === 'unanswered') this.#inBackground(id, this.#sendAgain(now))
      },
      Math.min(wanted, LONGEST_BACKOFF_MS),
    )
    timer.unref()
    this.#delayed.set(id, timer)
  }

  #giveUp(entry: OutboxEntry, error: KurirError): void {
    const { memory, ev, logger } = this.#core
    logger.warn({ err: error, id: entry.id, jid: entry.jid }, 'a message is given up')
    memory.outbox.remove(entry.id)
    const messageStubParameters = [String(error.output.statusCode), error.message]
    const update = { status: proto.WebMessageInfo.Status.ERROR, messageStubParameters }
    ev.emit('messages.update', [{ key: keyOf(entry), update }])
  }

  async #refreshLid(jid: string): Promise<void> {
    const pn = jidNormalizedUser(jid)
    if (!isPnUser(pn)) return
    const { hooks, repository } = this.#core
    const found = await hooks.lookUpLids([pn])
    if (found?.length) await repository.lidMapping.storeLIDPNMappings(found)
  }

  #hasEnded(): boolean {
    return this.#core.connection.phase === 'ended'
  }

  #inBackground(id: string, work: Promise<unknown>): void {
    work.catch(error => {
      if (this.#core.connection.phase !== 'open') return
      this.#core.logger.warn({ err: error, id }, 'what follows from the answer to a message failed')
    })
  }

  async #close(): Promise<void> {
    clearInterval(this.#watch)
    for (const timer of this.#delayed.values()) clearTimeout(timer)
    this.#delayed.clear()
    await this.#core.memory.outbox.settled()
  }
}

const keyOf = ({ jid, id }: OutboxEntry): WAMessageKey => ({ remoteJid: jid, fromMe: true, id })

function unansweredError({ id, jid, attempts }: OutboxEntry): KurirError {
  return new KurirError('message-unanswered', `The server did not answer to the message, sent ${attempts + 1} times`, {
    statusCode: 408,
    retryable: true,
    data: { id, jid, attempts },
  })
}

/** What must be the same when a message is sent again. */
function storedOptions(options: MessageRelayOptions): string {
  const { additionalAttributes, additionalNodes, statusJidList, statusSetting } = options
  if (!additionalAttributes && !additionalNodes && !statusJidList && !statusSetting) return ''
  return stringifyRecord({ additionalAttributes, additionalNodes, statusJidList, statusSetting })
}

function restoredOptions(text: string): MessageRelayOptions {
  return text === '' ? {} : (parseRecord(text) as MessageRelayOptions)
}
