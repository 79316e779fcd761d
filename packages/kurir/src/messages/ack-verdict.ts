import { KurirError } from '../errors/index.js'
import type { WAMessageKey, WAMessageUpdate } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import type { MessageAck } from './acks.js'

/** Server refusal codes that Baileys programs compare with. */
export const SERVER_ERROR_CODES = { MessageAccountRestriction: '463', SmaxInvalid: '479' } as const

/** Second stub parameter of messages refused with 463. */
export const ACCOUNT_RESTRICTED_TEXT = 'Your account has been restricted'

/**
 * What to do about an ack:
 * - `refresh-group-and-resend`: query the group, then send the same id once more with its addressing mode
 * - `refresh-devices-and-resend`: query the devices, then send the same id to those that were missing
 * - `refresh-group`, `refresh-devices`, `refresh-lid`: our knowledge is stale, the message went out
 * - `resend-later`: transient; the same stanza again after `backoffSeconds`
 * - `issue-privacy-token`: give the recipient a token; do not resend, that worsens the restriction
 * - `give-up`: permanent for this message
 */
export type AckAdvice =
  | 'refresh-group-and-resend'
  | 'refresh-devices-and-resend'
  | 'refresh-group'
  | 'refresh-devices'
  | 'refresh-lid'
  | 'resend-later'
  | 'issue-privacy-token'
  | 'give-up'

export type AckVerdict =
  | { readonly kind: 'accepted'; readonly timestamp: number | undefined; readonly advice: readonly AckAdvice[] }
  | { readonly kind: 'refused'; readonly error: KurirError<MessageRefusal>; readonly advice: readonly AckAdvice[] }

/** `data` of the error of a refused message. */
export interface MessageRefusal {
  readonly id: string
  readonly chat: string | undefined
  readonly errorCode: number
  readonly advice: AckAdvice
  readonly backoffSeconds: number | undefined
}

/** What we put on the stanza, to compare the ack with. */
export interface SentStanzaFacts {
  readonly phash?: string | undefined
  readonly addressingMode?: 'lid' | 'pn' | undefined
  readonly isGroup: boolean
}

interface RefusalRule {
  readonly code: string
  readonly message: string
  /** For whoever wrote the message. */
  readonly todo: string
  readonly advice: AckAdvice
  readonly retryable?: true
}

const transient: RefusalRule = {
  code: 'message-refused-temporarily',
  message: 'The server could not take the message now',
  todo: 'send it again later',
  advice: 'resend-later',
  retryable: true,
}

/** docs/protocol/02, 10.7. */
const refusalRules: { readonly [code: number]: RefusalRule } = {
  406: {
    code: 'recipient-not-acceptable',
    message: 'A device or account of the recipient is not registered',
    todo: 'check the number with onWhatsApp',
    advice: 'refresh-devices',
  },
  408: transient,
  421: {
    code: 'stale-group-addressing',
    message: 'The group uses another addressing mode than the message',
    todo: 'look at the group and send it again',
    advice: 'refresh-group-and-resend',
    retryable: true,
  },
  429: transient,
  463: {
    code: 'account-restricted',
    message: 'The recipient has not trusted this account yet, or the account may not start new chats',
    todo: 'wait until the recipient writes; do not send it again',
    advice: 'issue-privacy-token',
  },
  475: {
    code: 'new-chat-limit',
    message: 'The account has reached its limit of messages to new chats',
    todo: 'wait for the next cycle, see fetchNewChatMessageCap',
    advice: 'give-up',
  },
  479: {
    code: 'stanza-refused',
    message: 'The server refused the form of the message stanza',
    todo: 'check additionalAttributes and additionalNodes',
    advice: 'give-up',
  },
  500: transient,
  503: transient,
}

/** Answer types with which the server says itself that a refusal is transient. */
const transientKinds: ReadonlySet<string | undefined> = new Set(['wait', 'retry', 'timeout'])

/** Turns the server's ack into a decision: is the message out, and what has to be done. */
export function judgeMessageAck(ack: MessageAck, sent: SentStanzaFacts): AckVerdict {
  if (ack.error !== undefined) return refused(ack, ack.error)
  const advice: AckAdvice[] = []
  if (ack.phash !== undefined && ack.phash !== sent.phash) {
    // In 1:1 nothing of ours is on the wire to compare with: the attribute itself says that devices were missed.
    advice.push('refresh-devices-and-resend')
  } else if (sent.isGroup && ack.addressingMode !== undefined && ack.addressingMode !== sent.addressingMode) {
    advice.push('refresh-group')
  }
  if (ack.refreshLid) advice.push('refresh-lid')
  return { kind: 'accepted', timestamp: ack.timestamp, advice }
}

const permanent: RefusalRule = {
  code: 'message-refused',
  message: 'The server refused the message',
  todo: 'do not send it again as it is',
  advice: 'give-up',
}

function ruleFor({ code, kind }: NonNullable<MessageAck['error']>): RefusalRule {
  return refusalRules[code] ?? (transientKinds.has(kind) ? transient : permanent)
}

function refused(ack: MessageAck, failure: NonNullable<MessageAck['error']>): AckVerdict {
  const rule = ruleFor(failure)
  const error = new KurirError<MessageRefusal>(rule.code, `${rule.message} (code ${failure.code})`, {
    statusCode: failure.code,
    retryable: rule.retryable ?? false,
    data: {
      id: ack.id,
      chat: ack.from,
      errorCode: failure.code,
      advice: rule.advice,
      backoffSeconds: failure.backoffSeconds,
    },
  })
  return { kind: 'refused', error, advice: [rule.advice] }
}

/**
 * The `messages.update` entry of an ack: SERVER_ACK, or ERROR with the code as first stub parameter as Baileys emits it,
 * and as second one what it means and what to do. Pass the key of the sent message where it is known; the ack alone names
 * the chat as the server addresses it.
 */
export function messageUpdateOfAck(ack: MessageAck, key?: WAMessageKey): WAMessageUpdate {
  const named: WAMessageKey = key ?? { remoteJid: ack.from ?? null, fromMe: true, id: ack.id }
  // The number of a post in its channel: reactions and votes name it by that.
  const target = ack.serverId === undefined ? named : { ...named, server_id: ack.serverId }
  if (ack.error === undefined) return { key: target, update: { status: proto.WebMessageInfo.Status.SERVER_ACK } }
  const code = String(ack.error.code)
  const { message, todo } = ruleFor(ack.error)
  const parameters =
    code === SERVER_ERROR_CODES.MessageAccountRestriction
      ? [code, ACCOUNT_RESTRICTED_TEXT]
      : [code, `${message}: ${todo}`]
  return {
    key: target,
    update: { status: proto.WebMessageInfo.Status.ERROR, messageStubParameters: parameters },
  }
}
