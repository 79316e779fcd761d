import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { getCallStatusFromNode } from './call-status.js'
import type { WACallEvent, WACallUpdateType } from './call-types.js'

/** A `<call>` stanza as an event, and what it takes to answer it. */
export interface IncomingCall {
  readonly event: WACallEvent
  /** Tag of the payload: `offer`, `terminate`, `mute` … */
  readonly payload: string
  /** The device that called; answers name it. */
  readonly creator: string
}

const longestCallId = 128

/** Both spellings of the latency have been seen. */
const latencyAttributes = ['latency', 'latency_ms', 'latency-ms']

/**
 * Reads a `<call>` stanza (docs/protocol/03, 10.1 and 10.2).
 *
 * @throws KurirError `invalid-stanza` when it has no payload, no call id or no sender
 */
export function parseCall(stanza: BinaryNode): IncomingCall {
  const payload = Array.isArray(stanza.content) ? stanza.content[0] : undefined
  const { from: chatId } = stanza.attrs
  const id = payload?.attrs['call-id']
  if (payload === undefined || !chatId || !id || id.length > longestCallId) throw invalidCall(stanza)
  const { attrs } = payload
  const status = getCallStatusFromNode(payload)
  const from = attrs['from'] ?? attrs['call-creator'] ?? chatId
  const event: WACallEvent = {
    chatId,
    from,
    callerPn: attrs['caller_pn'],
    id,
    date: new Date(Number(stanza.attrs['t'] ?? 0) * 1000 || 0),
    offline: stanza.attrs['offline'] !== undefined,
    status,
  }
  if (status === 'offer') Object.assign(event, offerFacts(payload))
  if (status === 'relaylatency') Object.assign(event, latencyOf(payload))
  return { event, payload: payload.tag, creator: attrs['call-creator'] ?? from }
}

/** An announcement without media negotiation says by attribute what it is (docs/protocol/03, 10.2). */
function offerFacts({ attrs, content }: BinaryNode): Pick<WACallEvent, 'isVideo' | 'isGroup' | 'groupJid'> {
  const hasVideo = Array.isArray(content) && content.some(({ tag }) => tag === 'video')
  return {
    isVideo: hasVideo || attrs['media'] === 'video',
    isGroup: attrs['type'] === 'group' || attrs['group-jid'] !== undefined,
    groupJid: attrs['group-jid'],
  }
}

function latencyOf({ attrs }: BinaryNode): Pick<WACallEvent, 'latencyMs'> {
  const text = latencyAttributes.map(name => attrs[name]).find(value => value !== undefined)
  const latencyMs = Number(text)
  return text !== undefined && Number.isFinite(latencyMs) ? { latencyMs } : {}
}

/** Steps after which nothing more is to come of a call. */
const lastSteps: ReadonlySet<WACallUpdateType> = new Set(['reject', 'accept', 'timeout', 'terminate'])

export function endsCall({ status }: WACallEvent): boolean {
  return lastSteps.has(status)
}

/** What the offer said, in a later step of the same call. */
export function withOffer(event: WACallEvent, offer: WACallEvent | undefined): WACallEvent {
  if (offer === undefined || event.status === 'offer') return event
  const { isVideo, isGroup, groupJid, callerPn } = offer
  return { ...event, isVideo, isGroup, groupJid, callerPn: event.callerPn ?? callerPn }
}

/** Payloads that are answered by a receipt; all others by an ack (docs/protocol/03, 10.3 and 14). */
const receiptPayloads: ReadonlySet<string> = new Set(['offer', 'accept', 'reject', 'enc_rekey'])

/**
 * The answer to a `<call>` stanza.
 *
 * @param from the own device in the namespace of the caller
 */
export function buildCallAnswer(stanza: BinaryNode, from: string): BinaryNode {
  const payload = Array.isArray(stanza.content) ? stanza.content[0] : undefined
  const { id = '', from: to = '' } = stanza.attrs
  if (payload === undefined || !receiptPayloads.has(payload.tag)) {
    const type = payload === undefined ? {} : { type: payload.tag }
    return { tag: 'ack', attrs: { id, to, class: 'call', ...type } }
  }
  const { 'call-id': callId = '', 'call-creator': creator = '' } = payload.attrs
  return {
    tag: 'receipt',
    attrs: { id, to, from },
    content: [{ tag: payload.tag, attrs: { 'call-id': callId, 'call-creator': creator } }],
  }
}

export interface CallReject {
  readonly callId: string
  /** Whom it is said to. */
  readonly to: string
  /** The device that began the call. */
  readonly creator: string
  /** The own device in the namespace of the caller. */
  readonly from: string
}

/** Rejects an offer (docs/protocol/03, 10.4). */
export function buildCallReject({ callId, to, creator, from }: CallReject): BinaryNode {
  return {
    tag: 'call',
    attrs: { to, from },
    content: [{ tag: 'reject', attrs: { 'call-id': callId, 'call-creator': creator, count: '0' } }],
  }
}

/**
 * Asks for a call link (docs/protocol/03, 10.5).
 *
 * @param startTime unix seconds, of a call that is planned
 * @throws KurirError `invalid-content` (400)
 */
export function buildCallLinkRequest(media: 'audio' | 'video', startTime: number | undefined): BinaryNode {
  const isKnown = media === 'audio' || media === 'video'
  if (!isKnown || (startTime !== undefined && !(startTime >= 0 && startTime <= Number.MAX_SAFE_INTEGER))) {
    throw new KurirError('invalid-content', 'A call link is for audio or video, and its time is in Unix seconds', {
      statusCode: 400,
      data: { field: isKnown ? 'event.startTime' : 'type' },
    })
  }
  const event: BinaryNode[] =
    startTime === undefined ? [] : [{ tag: 'event', attrs: { start_time: String(Math.floor(startTime)) } }]
  return {
    tag: 'call',
    attrs: { to: '@call' },
    content: [{ tag: 'link_create', attrs: { media }, ...(event.length > 0 ? { content: event } : {}) }],
  }
}

/** The token in the answer to {@link buildCallLinkRequest}; undefined when there is none. */
export function callLinkToken(answer: BinaryNode): string | undefined {
  const children = Array.isArray(answer.content) ? answer.content : []
  return children.find(({ tag }) => tag === 'link_create')?.attrs['token']
}

function invalidCall(stanza: BinaryNode): KurirError {
  return new KurirError('invalid-stanza', 'The call stanza does not say what it is about', {
    statusCode: 400,
    data: { tag: stanza.tag, id: stanza.attrs['id'] },
  })
}
