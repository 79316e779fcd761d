import { isJidMetaAI } from '../binary/jid.js'
import type { KurirError } from '../errors/index.js'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { INVALID_PEER_MESSAGE, NACK_REASONS } from './acks.js'
import type { IncomingMessage } from './incoming.js'
import type { DecryptedMessage } from './incoming-decryption.js'
import { RetryReason, retryReasonOf } from './retry-reasons.js'
import { decideRetryRequest, PLACEHOLDER_MAX_AGE_SECONDS, STATUS_EXPIRY_SECONDS } from './retry-rules.js'

/** Stub parameter of a message whose keys have been used before. */
export const MISSING_KEYS_ERROR_TEXT = 'Key used already or never filled'
/** Stub parameter of a message that came without content. */
export const NO_MESSAGE_FOUND_ERROR_TEXT = 'Message absent from node'

/**
 * The one answer that a message stanza gets (docs/protocol/03, 4.6):
 * - `receipt`: it was taken over; send the receipt after storing it
 * - `ack`: there is nothing to take over, or (with `error`) it is refused; it is not delivered again
 * - `retry`: the sender is asked to send it again; the retry receipt is the answer
 */
export type StanzaAnswer =
  | { readonly kind: 'receipt' }
  | { readonly kind: 'ack'; readonly error: number | undefined }
  | {
      readonly kind: 'retry'
      readonly count: number
      readonly includeKeys: boolean
      readonly reason: RetryReason | undefined
    }

/** What to do with an incoming message once it is known what became of it. */
export interface IncomingPlan {
  readonly answer: StanzaAnswer
  /** For `messages.upsert`; a CIPHERTEXT stub where the content could not be read, so that failures are never silent. */
  readonly upsert: WAMessage | undefined
  /** Ask the phone for the message: at once, or if the sender's answer does not come. */
  readonly askPhone: 'now' | 'later' | undefined
}

export interface IncomingSituation {
  /** Requests already made for this message and author. */
  readonly asked: number
  /** Unix seconds. */
  readonly now: number
  readonly maxRetryCount?: number | undefined
}

/** Decides answer, event and further steps for an incoming message. Pure. */
export function planIncoming(
  incoming: IncomingMessage,
  result: DecryptedMessage,
  situation: IncomingSituation,
): IncomingPlan {
  switch (result.kind) {
    case 'content':
      return { answer: received(incoming), upsert: result.message, askPhone: undefined }
    case 'keys-only':
    case 'duplicate':
      // A duplicate was taken over before: to ask for it again would only produce another one.
      return { answer: received(incoming), upsert: undefined, askPhone: undefined }
    case 'dropped':
      return result.why === 'peer-from-other'
        ? { answer: ack(INVALID_PEER_MESSAGE), upsert: undefined, askPhone: undefined }
        : { answer: received(incoming), upsert: undefined, askPhone: undefined }
    case 'unrecognized':
      return planUnrecognized(incoming, situation)
    case 'absent':
      return planAbsent(incoming, situation)
    case 'failed':
      return planFailed(incoming, result.error, situation)
  }
}

const ack = (error?: number): StanzaAnswer => ({ kind: 'ack', error })

/** Channels are acknowledged, everything else gets a receipt. */
function received(incoming: IncomingMessage): StanzaAnswer {
  return incoming.origin === 'newsletter' ? ack() : { kind: 'receipt' }
}

function planUnrecognized(incoming: IncomingMessage, situation: IncomingSituation): IncomingPlan {
  if (hasPostQuantumPart(incoming))
    return planRetry(incoming, RetryReason.SignalErrorInvalidSession, 'post-quantum session', situation)
  return { answer: ack(NACK_REASONS.UnrecognizedStanza), upsert: undefined, askPhone: undefined }
}

/** The sender took us for a device with post-quantum sessions: a retry makes it fall back to a classic one. */
function hasPostQuantumPart({ stanza }: IncomingMessage): boolean {
  return (
    Array.isArray(stanza.content) &&
    stanza.content.some(child => child.tag === 'enc' && child.attrs['session_type'] === 'pq')
  )
}

/** Kinds of missing content that no resend can supply. */
const finallyUnavailable: ReadonlySet<string | undefined> = new Set([
  'bot_unavailable_fanout',
  'hosted_unavailable_fanout',
  'view_once_unavailable_fanout',
])

function planAbsent(incoming: IncomingMessage, situation: IncomingSituation): IncomingPlan {
  const { unavailable } = incoming
  // Announcements of media re-uploads and messages for other devices have nothing to show.
  if (incoming.stanza.attrs['type'] === 'medianotify' || finallyUnavailable.has(unavailable?.type)) {
    return { answer: ack(), upsert: undefined, askPhone: undefined }
  }
  if (unavailable?.type === 'view_once') {
    const { fullMessage } = incoming
    return {
      answer: ack(),
      upsert: { ...fullMessage, key: { ...fullMessage.key, isViewOnce: true } },
      askPhone: undefined,
    }
  }
  if (ageOf(incoming, situation) > PLACEHOLDER_MAX_AGE_SECONDS || incoming.isPeer || incoming.origin === 'newsletter') {
    return { answer: ack(), upsert: undefined, askPhone: undefined }
  }
  return { answer: ack(), upsert: ciphertextStub(incoming, NO_MESSAGE_FOUND_ERROR_TEXT), askPhone: 'now' }
}

function planFailed(incoming: IncomingMessage, error: KurirError, situation: IncomingSituation): IncomingPlan {
  const stub = ciphertextStub(incoming, error.message)
  if (incoming.origin === 'newsletter' || error.code === 'invalid-protobuf') {
    return { answer: ack(NACK_REASONS.InvalidProtobuf), upsert: stub, askPhone: undefined }
  }
  if (error.code === 'missing-message-secret') {
    return { answer: ack(NACK_REASONS.MissingMessageSecret), upsert: stub, askPhone: undefined }
  }
  if (error.code === 'invalid-stanza') {
    return { answer: ack(NACK_REASONS.ParsingError), upsert: stub, askPhone: undefined }
  }
  return planRetry(incoming, retryReasonOf(error), error.message, situation)
}

function planRetry(
  incoming: IncomingMessage,
  reason: RetryReason | undefined,
  text: string,
  situation: IncomingSituation,
): IncomingPlan {
  const isStatus = incoming.origin === 'status'
  if (isStatus && ageOf(incoming, situation) > STATUS_EXPIRY_SECONDS) {
    return { answer: ack(), upsert: undefined, askPhone: undefined }
  }
  const decision = decideRetryRequest({
    asked: situation.asked,
    encCount: incoming.retryCount,
    reason,
    author: incoming.isPeer ? 'own-phone' : isJidMetaAI(incoming.author) ? 'bot' : 'person',
    isHosted: /@hosted(\.lid)?$/.test(incoming.author),
    maxRetryCount: situation.maxRetryCount,
  })
  // Peer messages belong to no chat: there is nothing to show a placeholder in.
  const upsert = incoming.isPeer ? undefined : ciphertextStub(incoming, text)
  if (decision.kind === 'give-up') return { answer: ack(NACK_REASONS.UnhandledError), upsert, askPhone: undefined }
  const { count, includeKeys } = decision
  return {
    answer: { kind: 'retry', count, includeKeys, reason },
    upsert,
    askPhone: decision.askPhone ? 'later' : undefined,
  }
}

/** Seconds since the message was sent. */
function ageOf(incoming: IncomingMessage, situation: IncomingSituation): number {
  return situation.now - Number(incoming.fullMessage.messageTimestamp ?? 0)
}

/** The message as far as it is known, marked as unreadable; the text says why. */
function ciphertextStub(incoming: IncomingMessage, text: string): WAMessage {
  const message: WAMessage = {
    ...incoming.fullMessage,
    messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT,
    messageStubParameters: [text],
  }
  if (incoming.retryCount !== undefined) message.retryCount = incoming.retryCount
  return message
}
