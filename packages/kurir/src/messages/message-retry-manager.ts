import { constantTimeEqual } from '../crypto/random.js'
import type { ILogger } from '../logger/logger.js'
import type { proto } from '../proto/index.js'
import { type Clock, ExpiringMap } from '../time/expiring-map.js'
import { type RecentMessage, RecentMessages } from './recent-messages.js'
import { isMacReason, parseRetryReason, RetryReason } from './retry-reasons.js'
import { phoneRequestDelayMs, sessionRecreationIntervalMs } from './retry-rules.js'

const counterTtlMs = 900_000
const baseKeyTtlMs = 900_000
const counterLimit = 8_192
const baseKeyLimit = 1_024
const recreationLimit = 8_192

/** Counts since start or {@link MessageRetryManager.clear}. */
export interface RetryStatistics {
  totalRetries: number
  successfulRetries: number
  failedRetries: number
  mediaRetries: number
  sessionRecreations: number
  phoneRequests: number
}

export interface SessionRecreation {
  /** For logs; empty when nothing is recreated. */
  readonly reason: string
  readonly recreate: boolean
}

/**
 * Memory of the retry machinery: recently sent messages, counters of requests, base keys, pending requests to the
 * phone. Baileys' class of that name, with every part bounded. One per socket.
 */
export class MessageRetryManager {
  readonly #logger: ILogger
  readonly #maxMsgRetryCount: number
  readonly #clock: Clock
  readonly #recent: RecentMessages
  readonly #counters: ExpiringMap<number>
  readonly #baseKeys: ExpiringMap<Uint8Array>
  readonly #recreations: ExpiringMap<number>
  readonly #phoneRequests = new Map<string, NodeJS.Timeout>()
  #statistics = emptyStatistics()

  constructor(logger: ILogger, maxMsgRetryCount: number, clock: Clock = Date.now) {
    this.#logger = logger
    this.#maxMsgRetryCount = maxMsgRetryCount
    this.#clock = clock
    this.#recent = new RecentMessages(clock)
    this.#counters = new ExpiringMap({ limit: counterLimit, ttlMs: counterTtlMs, renewOnGet: true, clock })
    this.#baseKeys = new ExpiringMap({ limit: baseKeyLimit, ttlMs: baseKeyTtlMs, clock })
    this.#recreations = new ExpiringMap({ limit: recreationLimit, ttlMs: 2 * sessionRecreationIntervalMs, clock })
  }

  get statistics(): Readonly<RetryStatistics> {
    return this.#statistics
  }

  addRecentMessage(to: string, id: string, message: proto.IMessage): void {
    this.#recent.add(to, id, message)
  }

  /** @param aliases other JIDs of the same chat */
  getRecentMessage(to: string, id: string, aliases?: readonly string[]): RecentMessage | undefined {
    return this.#recent.get(to, id, aliases)
  }

  /**
   * Whether the session with a device is to be recreated now: when there is none, when the reason says that the
   * sessions have drifted apart, or when the last recreation was over an hour ago. Answering yes counts as one.
   */
  shouldRecreateSession(jid: string, hasSession: boolean, errorCode?: RetryReason): SessionRecreation {
    const last = this.#recreations.get(jid)
    const reason = !hasSession
      ? 'there is no session with this device'
      : isMacReason(errorCode)
        ? `the sessions have drifted apart (${RetryReason[errorCode ?? 0]})`
        : last === undefined || this.#clock() - last > sessionRecreationIntervalMs
          ? 'the last recreation was over an hour ago'
          : ''
    if (reason === '') return { reason, recreate: false }
    this.noteRecreation(jid)
    return { reason, recreate: true }
  }

  /** The session with a device was recreated because of a retry. */
  noteRecreation(jid: string): void {
    this.#recreations.set(jid, this.#clock())
    this.#statistics.sessionRecreations += 1
  }

  /** Milliseconds since the session with this device was last recreated; undefined: not in the last two hours. */
  sinceRecreation(jid: string): number | undefined {
    const last = this.#recreations.get(jid)
    return last === undefined ? undefined : this.#clock() - last
  }

  parseRetryErrorCode(errorAttribute: string | undefined): RetryReason | undefined {
    return parseRetryReason(errorAttribute)
  }

  isMacError(errorCode: RetryReason | undefined): boolean {
    return isMacReason(errorCode)
  }

  /** Counts one more request and returns the new count. */
  incrementRetryCount(messageId: string): number {
    const count = this.getRetryCount(messageId) + 1
    this.#counters.set(messageId, count)
    this.#statistics.totalRetries += 1
    return count
  }

  getRetryCount(messageId: string): number {
    return this.#counters.get(messageId) ?? 0
  }

  hasExceededMaxRetries(messageId: string): boolean {
    return this.getRetryCount(messageId) >= this.#maxMsgRetryCount
  }

  /** The message arrived, or was resent. Sent messages stay available for the next device that asks. */
  markRetrySuccess(messageId: string): void {
    this.#statistics.successfulRetries += 1
    this.#settle(messageId)
  }

  markRetryFailed(messageId: string): void {
    this.#statistics.failedRetries += 1
    this.#settle(messageId)
  }

  #settle(messageId: string): void {
    this.#counters.delete(messageId)
    this.cancelPendingPhoneRequest(messageId)
  }

  /** Runs `callback` after `delay` milliseconds unless the message arrives first. Replaces an earlier schedule. */
  schedulePhoneRequest(messageId: string, callback: () => void, delay: number = phoneRequestDelayMs): void {
    this.cancelPendingPhoneRequest(messageId)
    const timer = setTimeout(() => {
      this.#phoneRequests.delete(messageId)
      this.#statistics.phoneRequests += 1
      callback()
    }, delay)
    this.#phoneRequests.set(messageId, timer)
    this.#logger.trace({ messageId, delay }, 'scheduled a request to the phone')
  }

  cancelPendingPhoneRequest(messageId: string): void {
    const timer = this.#phoneRequests.get(messageId)
    if (timer === undefined) return
    clearTimeout(timer)
    this.#phoneRequests.delete(messageId)
  }

  /** Forgets everything and stops all timers. */
  clear(): void {
    this.#recent.clear()
    this.#counters.clear()
    this.#baseKeys.clear()
    this.#recreations.clear()
    for (const timer of this.#phoneRequests.values()) clearTimeout(timer)
    this.#phoneRequests.clear()
    this.#statistics = emptyStatistics()
  }

  /** Remembers which session answered a request. @param address Signal address of the device */
  saveBaseKey(address: string, messageId: string, baseKey: Uint8Array): void {
    this.#baseKeys.set(baseKeyId(address, messageId), baseKey)
  }

  getBaseKey(address: string, messageId: string): Uint8Array | undefined {
    return this.#baseKeys.get(baseKeyId(address, messageId))
  }

  hasSameBaseKey(address: string, messageId: string, baseKey: Uint8Array): boolean {
    const remembered = this.getBaseKey(address, messageId)
    return remembered !== undefined && constantTimeEqual(remembered, baseKey)
  }

  deleteBaseKey(address: string, messageId: string): void {
    this.#baseKeys.delete(baseKeyId(address, messageId))
  }
}

function baseKeyId(address: string, messageId: string): string {
  return `${address}\u0000${messageId}`
}

function emptyStatistics(): RetryStatistics {
  return {
    totalRetries: 0,
    successfulRetries: 0,
    failedRetries: 0,
    mediaRetries: 0,
    sessionRecreations: 0,
    phoneRequests: 0,
  }
}
