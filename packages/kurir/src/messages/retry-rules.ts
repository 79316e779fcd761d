import { constantTimeEqual } from '../crypto/random.js'
import { needsNewSession, RetryReason } from './retry-reasons.js'
import type { RetryRequest } from './retry-receipt.js'

/**
 * When to ask for a message again, and how to answer when somebody asks us (docs/protocol/02, 10.1, 10.3, 10.5).
 * Decisions only: nothing here reads a clock, a store or a session.
 */

/** Requests per message that clients honour. */
const defaultMaxRetryCount = 5
/** A status is not asked for after a day. */
export const STATUS_EXPIRY_SECONDS = 86_400
/** The phone resends what is not older than 14 days. */
export const PLACEHOLDER_MAX_AGE_SECONDS = 1_209_600
/** Pause before the phone is asked, in which the sender's answer usually arrives. */
export const phoneRequestDelayMs = 3_000
/** A session that the reason does not condemn is recreated at most this often. */
export const sessionRecreationIntervalMs = 3_600_000

/** What is known about a message that could not be read. */
export interface UnreadableMessage {
  /** Requests already made for this message and author. */
  readonly asked: number
  /** `count` of the failing enc: the sender has already answered that many requests. */
  readonly encCount?: number | undefined
  readonly reason: RetryReason | undefined
  /** Bots and channels never answer; peers are our own phone. */
  readonly author: 'person' | 'bot' | 'channel' | 'own-phone'
  /** The author is a cloud-hosted device: it needs our keys with every request. */
  readonly isHosted?: boolean | undefined
  /** Seconds since a status was posted; undefined for other chats. */
  readonly statusAgeSeconds?: number | undefined
  /** The stanza held no ciphertext at all. */
  readonly withoutContent?: boolean | undefined
  readonly maxRetryCount?: number | undefined
}

export type RetryDecision =
  | {
      readonly kind: 'ask'
      readonly count: number
      readonly includeKeys: boolean
      /** Also ask the phone for a copy, after {@link phoneRequestDelayMs}, unless the message arrives first. */
      readonly askPhone: boolean
    }
  | { readonly kind: 'give-up'; readonly why: 'limit' | 'author-never-resends' | 'status-expired' }

/** Decides whether and how to ask for an unreadable message again. */
export function decideRetryRequest(message: UnreadableMessage): RetryDecision {
  if (message.author === 'bot' || message.author === 'channel') return { kind: 'give-up', why: 'author-never-resends' }
  if (message.statusAgeSeconds !== undefined && message.statusAgeSeconds > STATUS_EXPIRY_SECONDS) {
    return { kind: 'give-up', why: 'status-expired' }
  }
  // A lost counter is recovered from the resend itself: it says which request it answers.
  const count = Math.max(message.asked, message.encCount ?? 0) + 1
  if (count > (message.maxRetryCount ?? defaultMaxRetryCount)) return { kind: 'give-up', why: 'limit' }
  return {
    kind: 'ask',
    count,
    includeKeys: count > 1 || forcesKeys(message),
    askPhone: count <= 2 && message.author === 'person',
  }
}

/** Cases in which the sender cannot help without our keys, even at the first request. */
function forcesKeys(message: UnreadableMessage): boolean {
  return (
    message.withoutContent === true ||
    message.isHosted === true ||
    message.reason === RetryReason.SignalErrorNoSession ||
    message.reason === RetryReason.UnknownCompanionNoPrekey
  )
}

/** What we know when somebody asks for one of our messages again. */
export interface ResendContext {
  /** The message was found, in memory or through `getMessage`. */
  readonly isKnown: boolean
  /** How often this device was already answered for this message. */
  readonly answered: number
  readonly maxRetryCount?: number | undefined
  readonly session: ResendSession | undefined
  /** Base key of the session at request 2, for this device and message. */
  readonly rememberedBaseKey?: Uint8Array | undefined
  /** Milliseconds since the session was last recreated because of a retry; undefined: never. */
  readonly sinceRecreationMs?: number | undefined
  /** False: the device does not belong to a recipient of the message. */
  readonly isRecipient: boolean
  /**
   * This device has confirmed that it has the message. That somebody has read it says nothing: programs report messages
   * as read that they could not decrypt, and the person may have read it on another device.
   */
  readonly isDelivered?: boolean | undefined
}

/** The open session with the device that asks. */
export interface ResendSession {
  readonly registrationId: number | undefined
  /** 33 or 32 bytes; names the session. */
  readonly baseKey: Uint8Array | undefined
}

export type ResendDecision =
  | { readonly kind: 'refuse'; readonly why: ResendRefusal }
  | {
      readonly kind: 'resend'
      /**
       * - `keep`: encrypt with the open session
       * - `from-keys`: build a session from the keys in the request
       * - `fetch`: fetch a fresh bundle and build one
       *
       * A new session takes the place of the old one, which stays to read what is still under way.
       */
      readonly session: 'keep' | 'from-keys' | 'fetch'
      /** Remember the base key of the session then used for this device and message. */
      readonly rememberBaseKey: boolean
    }

export type ResendRefusal = 'limit' | 'unknown-message' | 'not-a-recipient' | 'already-delivered'

/** Decides how to answer a retry request. */
export function decideResend(request: RetryRequest, context: ResendContext): ResendDecision {
  const limit = context.maxRetryCount ?? defaultMaxRetryCount
  if (request.count > limit || context.answered >= limit) return refuse('limit')
  if (!context.isRecipient) return refuse('not-a-recipient')
  if (!context.isKnown) return refuse('unknown-message')
  if (context.isDelivered === true) return refuse('already-delivered')
  const { session } = context
  const reRegistered =
    session?.registrationId !== undefined &&
    request.registrationId !== undefined &&
    session.registrationId !== request.registrationId
  const rememberBaseKey = request.count === 2
  if (request.keys !== undefined && request.offline && (session === undefined || reRegistered)) {
    // The keys waited in the queue: the device may have published others since.
    return { kind: 'resend', session: 'fetch', rememberBaseKey }
  }
  if (isSameBaseKey(request, context)) {
    // Two answers on one session did not help: the peer never got it.
    return { kind: 'resend', session: 'fetch', rememberBaseKey }
  }
  if (request.keys !== undefined) {
    return { kind: 'resend', session: 'from-keys', rememberBaseKey }
  }
  if (session === undefined) return { kind: 'resend', session: 'fetch', rememberBaseKey }
  if (reRegistered || shouldRenew(request, context)) {
    return { kind: 'resend', session: 'fetch', rememberBaseKey }
  }
  return { kind: 'resend', session: 'keep', rememberBaseKey }
}

function isSameBaseKey(request: RetryRequest, context: ResendContext): boolean {
  const { rememberedBaseKey, session } = context
  if (request.count <= 2 || rememberedBaseKey === undefined || session?.baseKey === undefined) return false
  return constantTimeEqual(rememberedBaseKey, session.baseKey)
}

/** Without keys and without a telling reason, a session is renewed at most once an hour. */
function shouldRenew(request: RetryRequest, context: ResendContext): boolean {
  if (needsNewSession(request.reason)) return true
  if (request.reason !== undefined && request.reason !== RetryReason.UnknownError) return false
  return context.sinceRecreationMs === undefined || context.sinceRecreationMs > sessionRecreationIntervalMs
}

function refuse(why: ResendRefusal): ResendDecision {
  return { kind: 'refuse', why }
}
