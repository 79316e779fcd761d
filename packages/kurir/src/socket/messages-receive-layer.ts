import type { CacheStore } from '../auth/cacheable-key-store.js'
import { isJidNewsletter } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { buildAck, parseMessageAck } from '../messages/acks.js'
import type { IncomingMessage } from '../messages/incoming.js'
import { parseIncomingMessage } from '../messages/incoming.js'
import { NO_MESSAGE_FOUND_ERROR_TEXT } from '../messages/incoming-answer.js'
import { phoneRequestDelayMs } from '../messages/retry-rules.js'
import { CallReceiver } from './call-receiver.js'
import type { Availability } from './chats-layer.js'
import { extendSocket, type Layer, type SocketCore } from './core.js'
import { HandOver } from './hand-over.js'
import { IncomingQueue } from './incoming-queue.js'
import { makeMessageDecryptor } from './message-decryptor.js'
import { MessageReceiver } from './message-receiver.js'
import type { MessagesSocket, SendParts } from './messages-send-layer.js'
import { NotificationReceiver } from './notification-receiver.js'
import { ownAccount } from './own-account.js'
import { PhoneRequests } from './phone-requests.js'
import type { PreKeyKeeper } from './prekey-keeper.js'
import { ReceiptReceiver } from './receipt-receiver.js'
import { RetryAnswerer } from './retry-answerer.js'
import { RetryCounters } from './retry-counters.js'
import { RetryRequester } from './retry-requester.js'

export interface MessagesRecvMembers {
  /** Acknowledges a received stanza, or refuses it with a code. */
  sendMessageAck(node: BinaryNode, errorCode?: number): Promise<void>
  /** Asks the sender of a message stanza to send it again. */
  sendRetryRequest(node: BinaryNode, forceIncludeKeys?: boolean): Promise<void>
  /**
   * Asks the phone for older messages of a chat. They come as `messaging-history.set` with syncType ON_DEMAND and this
   * request's id as `peerDataRequestSessionId`, or not at all when the phone is offline.
   *
   * @param count 1 to 50; more are cut
   * @param oldestMsgKey key of the oldest message that is known
   * @param oldestMsgTimestamp its time, unix seconds
   * @returns the id of the request
   * @throws KurirError `invalid-history-request` (400), and those of sending
   */
  fetchMessageHistory(
    count: number,
    oldestMsgKey: WAMessageKey,
    oldestMsgTimestamp: number | { toNumber(): number },
  ): Promise<string>
  /**
   * Asks the phone for a message that came without content or cannot be read; Kurir does so by itself. It arrives as
   * `messages.upsert` with this request's id. Requests that are made together go together.
   *
   * @param msgData what is known of the message: the phone's copy is laid over it
   * @returns the id of the request after some two seconds; `RESOLVED` when the message came meanwhile; undefined when it
   *   was asked for already or is older than 14 days
   */
  requestPlaceholderResend(messageKey: WAMessageKey, msgData?: Partial<WAMessage>): Promise<string | undefined>
  /** Messages that the phone was asked for: what is known of them, by id. */
  readonly placeholderResendCache: CacheStore
  /**
   * Rejects an offered call; `callFrom` is the `from` of its event.
   *
   * @throws ServerRefusal when the service does not know the caller, KurirError `invalid-content` (400)
   */
  rejectCall(callId: string, callFrom: string): Promise<void>
  /**
   * Makes a link that anybody can join a call with: `https://call.whatsapp.com/voice/` or `…/video/` and the token.
   *
   * @param event a planned call: its time, unix seconds
   * @returns the token; undefined when the server gives none
   * @throws ServerRefusal, KurirError `timed-out` (408), `invalid-content` (400)
   */
  createCallLink(
    type: 'audio' | 'video',
    event?: { startTime: number },
    timeoutMs?: number,
  ): Promise<string | undefined>
}

export type MessagesRecvSocket = MessagesSocket & MessagesRecvMembers

export interface MessagesRecvBelow extends Layer<MessagesSocket> {
  readonly parts: SendParts
  readonly availability: Availability
  readonly preKeys: PreKeyKeeper
}

export function makeMessagesRecvLayer(below: MessagesRecvBelow): Layer<MessagesRecvSocket> {
  const { core, socket, parts, availability, preKeys } = below
  const queue = new IncomingQueue(core.logger)
  core.hooks.incomingSettled = () => queue.settled()
  const counters = new RetryCounters(core.memory.retryRequests, core.config.msgRetryCounterCache, core.logger)
  const requester = new RetryRequester(core, counters)
  const answerer = new RetryAnswerer(core, { ...parts, counters })
  const requests = new PhoneRequests(core, {
    send: request => socket.sendPeerDataOperationMessage(request),
    upsert: (message, requestId) => socket.upsertMessage(message, 'notify', requestId),
  })
  core.hooks.resentByPhone = (message, requestId) => requests.resent(message, requestId)
  const handOver = new HandOver(core, async (message, type) => {
    if (message.message && message.key.id) await requests.arrived(message.key.id)
    await socket.upsertMessage(message, type)
  })
  const messages = new MessageReceiver(core, {
    queue,
    decryptor: makeMessageDecryptor(core, parts.devices),
    retries: requester,
    handOver,
    askPhone: (incoming, when) => void askPhone(core, requests, incoming, when),
    isOnline: () => availability.isOnline,
  })
  const receipts = new ReceiptReceiver(core, queue, answerer)
  const notifications = new NotificationReceiver(core, {
    queue,
    devices: parts.devices,
    sessions: parts.sessions,
    media: parts.media,
    tokens: parts.tokens,
    preKeys,
  })
  const calls = new CallReceiver(core, (message, type) => socket.upsertMessage(message, type))
  const { connection } = core
  core.ev.on('connection.update', update => {
    if (update.connection !== 'open') return
    parts.durable.resume()
    queue.add('recovery', { tag: 'recovery', attrs: {} }, () => handOver.recover())
  })
  connection.onEnd(() => handOver.close())
  connection.onStanza('message', node => messages.receive(node))
  connection.onStanza('appdata', node => messages.receive(node))
  connection.onStanza('status', node => receiveStatus(core, messages, queue, node))
  connection.onStanza('receipt', node => receipts.receive(node))
  connection.onStanza('notification', node => notifications.receive(node))
  connection.onStanza('call', node => queue.add('call', node, stanza => calls.handle(stanza)))
  connection.onStanza('ack', node => receiveAck(core, parts, node))
  const members: MessagesRecvMembers = {
    sendMessageAck: (node, errorCode) => connection.sendNode(buildAck(node, { error: errorCode || undefined })),
    sendRetryRequest: (node, forceIncludeKeys = false) => askAgain(core, requester, node, forceIncludeKeys),
    fetchMessageHistory: (count, oldest, timestamp) => requests.fetchHistory(count, oldest, timestamp),
    requestPlaceholderResend: (key, known) => requests.requestResend(key, known),
    placeholderResendCache: requests.cache,
    rejectCall: (callId, callFrom) => calls.reject(callId, callFrom),
    createCallLink: (type, event, timeoutMs) => calls.createLink(type, event, timeoutMs),
  }
  return { core, socket: extendSocket(socket, members) }
}

/** Posts of channels come like messages; other statuses still come as messages (docs/protocol/03, 4.9 and 2.13). */
function receiveStatus(
  { connection }: SocketCore,
  messages: MessageReceiver,
  queue: IncomingQueue,
  node: BinaryNode,
): void {
  const { from, id } = node.attrs
  if (isJidNewsletter(from)) messages.receive(node)
  else if (id) queue.add(`status ${from}`, node, stanza => connection.sendNode(buildAck(stanza)))
}

/** The server took or refused one of our messages (docs/protocol/03, the server's answer). */
function receiveAck({ logger, connection }: SocketCore, parts: SendParts, node: BinaryNode): void {
  if (node.attrs['class'] !== 'message') return
  const { holders, sender, durable } = parts
  const ack = parseMessageAck(node)
  holders
    .acknowledged(ack.id, ack.error !== undefined)
    .catch(error => logger.error({ err: error, id: ack.id }, 'could not remember who holds our sender key'))
  durable.acknowledged(ack)
  sender.acknowledged(ack).catch(error => {
    if (connection.phase === 'open') logger.error({ err: error, id: ack.id }, 'devices that were missed got no copy')
  })
}

/** Asks the phone for a message, and tells the program under which id. Failures are logged: the sender may still answer. */
async function askPhone(
  { ev, logger, connection }: SocketCore,
  requests: PhoneRequests,
  { fullMessage }: IncomingMessage,
  when: 'now' | 'later',
): Promise<void> {
  const { key } = fullMessage
  try {
    const requestId = await requests.requestResend(key, fullMessage, when === 'later' ? phoneRequestDelayMs : undefined)
    if (requestId === undefined || requestId === 'RESOLVED' || when === 'later') return
    const messageStubParameters = [NO_MESSAGE_FOUND_ERROR_TEXT, requestId]
    ev.emit('messages.update', [{ key, update: { messageStubParameters } }])
  } catch (error) {
    if (connection.phase === 'open')
      logger.warn({ err: error, id: key.id }, 'the phone could not be asked for a message')
  }
}

async function askAgain(
  core: SocketCore,
  requester: RetryRequester,
  node: BinaryNode,
  includeKeys: boolean,
): Promise<void> {
  const incoming: IncomingMessage = parseIncomingMessage(node, ownAccount(core.creds))
  const count = (await requester.asked(incoming)) + 1
  return requester.ask(incoming, { kind: 'retry', count, includeKeys: includeKeys || count > 1, reason: undefined })
}
