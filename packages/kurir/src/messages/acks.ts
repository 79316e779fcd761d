import type { BinaryNode } from '../binary/node.js'
import { bytesOf, childNode, definedAttributes, parseDecimal, requireAttribute } from './stanza-values.js'

/**
 * Codes with which a device refuses a stanza it received (docs/protocol/02, 10.6). A refused stanza is not delivered
 * again.
 */
export const NACK_REASONS = {
  SenderReachoutTimelocked: 463,
  ParsingError: 487,
  UnrecognizedStanza: 488,
  UnrecognizedStanzaClass: 489,
  UnrecognizedStanzaType: 490,
  InvalidProtobuf: 491,
  InvalidHostedCompanionStanza: 493,
  MissingMessageSecret: 495,
  SignalErrorOldCounter: 496,
  MessageDeletedOnPeer: 499,
  UnhandledError: 500,
  UnsupportedAdminRevoke: 550,
  UnsupportedLIDGroup: 551,
  DBOperationFailed: 552,
} as const

/** A refusal that exists in the service's schema without a name in Baileys' table. */
export const INVALID_PEER_MESSAGE = 498

export interface AckOptions {
  /** Turns the ack into a refusal (nack). */
  readonly error?: number | undefined
  /**
   * Own device JID for the `from` attribute of message acks. Baileys writes it; the strict schema of the service does
   * not list it. Leave it out unless a server asks for it.
   */
  readonly from?: string | undefined
  /** Detail of a refusal: becomes `<meta failure_reason/>`. */
  readonly failureReason?: number | undefined
}

/** Notifications whose acks name the participant; all others leave it out. */
const notificationsWithParticipant: ReadonlySet<string | undefined> = new Set(['w:gp2', 'mediaretry', 'psa'])

/**
 * The acknowledgement of a received stanza (message, receipt, notification, call, status, appdata). A stanza is
 * answered once: by this, or, a message, by a receipt (docs/protocol/03, 4.8).
 *
 * @throws KurirError `invalid-stanza` when the stanza has no id: nothing can acknowledge it
 */
export function buildAck(stanza: BinaryNode, options: AckOptions = {}): BinaryNode {
  const { tag, attrs } = stanza
  const participant =
    tag === 'notification' && !notificationsWithParticipant.has(attrs['type']) ? undefined : attrs['participant']
  const ack: BinaryNode = {
    tag: 'ack',
    attrs: definedAttributes({
      id: requireAttribute(stanza, 'id'),
      to: attrs['from'] ?? 's.whatsapp.net',
      class: tag,
      error: options.error === undefined ? undefined : String(options.error),
      participant,
      recipient: attrs['recipient'],
      type: attrs['type'],
      from: tag === 'message' ? options.from : undefined,
    }),
  }
  if (options.failureReason !== undefined) {
    ack.content = [{ tag: 'meta', attrs: { failure_reason: String(options.failureReason) } }]
  }
  return ack
}

/** {@link buildAck} under Baileys' name and with its arguments: `meId` becomes `from` of message acks. */
export function buildAckStanza(node: BinaryNode, errorCode?: number, meId?: string): BinaryNode {
  // Code 0 means "no error" to callers of Baileys.
  return buildAck(node, { error: errorCode === 0 ? undefined : errorCode, from: meId })
}

/** What the server says to a message we sent (docs/protocol/02, 7.12). */
export interface MessageAck {
  readonly id: string
  /** The chat, as the server names it. */
  readonly from: string | undefined
  /** Unix seconds of acceptance. */
  readonly timestamp: number | undefined
  /** The server's hash of the devices it delivered to; differs from ours when our device lists are stale. */
  readonly phash: string | undefined
  readonly addressingMode: 'lid' | 'pn' | undefined
  /** The server thinks that our LID of the recipient is stale. */
  readonly refreshLid: boolean
  /** Number of a new channel post. */
  readonly serverId: string | undefined
  readonly count: number | undefined
  readonly participant: string | undefined
  readonly recipient: string | undefined
  readonly edit: string | undefined
  /** Present when the message was refused. */
  readonly error: MessageAckError | undefined
  readonly rcat: Uint8Array | undefined
}

export interface MessageAckError {
  readonly code: number
  /** Seconds to wait before the next try. */
  readonly backoffSeconds: number | undefined
  readonly applicationError: number | undefined
  /** `wait`, `retry`, `timeout` … where the server gives a type. */
  readonly kind: string | undefined
}

/** Code of a refusal whose number cannot be read. */
const unreadableErrorCode = 500

/** Reads an `<ack class=message>`. @throws KurirError `invalid-stanza` without an id */
export function parseMessageAck(node: BinaryNode): MessageAck {
  const { attrs } = node
  const mode = attrs['addressing_mode']
  return {
    id: requireAttribute(node, 'id'),
    from: attrs['from'],
    timestamp: parseDecimal(attrs['t']),
    phash: attrs['phash'],
    addressingMode: mode === 'lid' || mode === 'pn' ? mode : undefined,
    refreshLid: attrs['refresh_lid'] === 'true',
    serverId: attrs['server_id'],
    count: parseDecimal(attrs['count']),
    participant: attrs['participant'],
    recipient: attrs['recipient'],
    edit: attrs['edit'],
    error: parseAckError(node),
    rcat: bytesOf(childNode(node, 'rcat')),
  }
}

function parseAckError({ attrs }: BinaryNode): MessageAckError | undefined {
  const text = attrs['error'] ?? attrs['code']
  if (text === undefined) return undefined
  return {
    code: parseDecimal(text) ?? unreadableErrorCode,
    backoffSeconds: parseDecimal(attrs['backoff']),
    applicationError: parseDecimal(attrs['application_error']),
    kind: attrs['type'],
  }
}
