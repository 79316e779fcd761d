import type { BinaryNode } from '../binary/node.js'
import { messageUpdateOfAck } from '../messages/ack-verdict.js'
import { buildAck, parseMessageAck } from '../messages/acks.js'
import type { IncomingMessage } from '../messages/incoming.js'
import { parseIncomingMessage } from '../messages/incoming.js'
import type { Availability } from './chats-layer.js'
import { extendSocket, type Layer, type SocketCore } from './core.js'
import type { GroupDirectory } from './group-directory.js'
import { HandOver } from './hand-over.js'
import { IncomingQueue } from './incoming-queue.js'
import { makeMessageDecryptor } from './message-decryptor.js'
import { MessageReceiver } from './message-receiver.js'
import type { MessagesSocket, SendParts } from './messages-send-layer.js'
import { NotificationReceiver } from './notification-receiver.js'
import { ownAccount } from './own-account.js'
import type { PreKeyKeeper } from './prekey-keeper.js'
import { ReceiptReceiver } from './receipt-receiver.js'
import { RetryAnswerer } from './retry-answerer.js'
import { RetryRequester } from './retry-requester.js'

export interface MessagesRecvMembers {
  /** Acknowledges a received stanza, or refuses it with a code. */
  sendMessageAck(node: BinaryNode, errorCode?: number): Promise<void>
  /** Asks the sender of a message stanza to send it again. */
  sendRetryRequest(node: BinaryNode, forceIncludeKeys?: boolean): Promise<void>
}

export type MessagesRecvSocket = MessagesSocket & MessagesRecvMembers

export interface MessagesRecvBelow extends Layer<MessagesSocket> {
  readonly parts: SendParts
  readonly groups: GroupDirectory
  readonly availability: Availability
  readonly preKeys: PreKeyKeeper
}

export function makeMessagesRecvLayer(below: MessagesRecvBelow): Layer<MessagesRecvSocket> {
  const { core, socket, parts, groups, availability, preKeys } = below
  const queue = new IncomingQueue(core.logger)
  core.hooks.incomingSettled = () => queue.settled()
  const requester = new RetryRequester(core)
  const answerer = new RetryAnswerer(core, parts)
  const handOver = new HandOver(core, (message, type) => socket.upsertMessage(message, type))
  const messages = new MessageReceiver(core, {
    queue,
    decryptor: makeMessageDecryptor(core, parts.devices),
    retries: requester,
    handOver,
    isOnline: () => availability.isOnline,
  })
  const receipts = new ReceiptReceiver(core, queue, answerer)
  const notifications = new NotificationReceiver(core, {
    queue,
    devices: parts.devices,
    sessions: parts.sessions,
    preKeys,
    groupChanged: jid => groups.changed(jid),
  })
  const { connection } = core
  core.ev.on('connection.update', update => {
    if (update.connection === 'open') queue.add('recovery', { tag: 'recovery', attrs: {} }, () => handOver.recover())
  })
  connection.onEnd(() => handOver.close())
  connection.onStanza('message', node => messages.receive(node))
  connection.onStanza('appdata', node => messages.receive(node))
  connection.onStanza('receipt', node => receipts.receive(node))
  connection.onStanza('notification', node => notifications.receive(node))
  connection.onStanza('call', node => queue.add('call', node, stanza => connection.sendNode(buildAck(stanza))))
  connection.onStanza('ack', node => receiveAck(core, parts, node))
  const members: MessagesRecvMembers = {
    sendMessageAck: (node, errorCode) => connection.sendNode(buildAck(node, { error: errorCode || undefined })),
    sendRetryRequest: (node, forceIncludeKeys = false) => askAgain(core, requester, node, forceIncludeKeys),
  }
  return { core, socket: extendSocket(socket, members) }
}

/** The server took or refused one of our messages (docs/protocol/03, the server's answer). */
function receiveAck({ ev, logger, connection }: SocketCore, { holders, sender }: SendParts, node: BinaryNode): void {
  if (node.attrs['class'] !== 'message') return
  const ack = parseMessageAck(node)
  const refused = ack.error !== undefined
  if (refused) logger.warn({ id: ack.id, to: ack.from, error: ack.error?.code }, 'the server refused a message')
  holders
    .acknowledged(ack.id, refused)
    .catch(error => logger.error({ err: error, id: ack.id }, 'could not remember who holds our sender key'))
  ev.emit('messages.update', [messageUpdateOfAck(ack)])
  sender.acknowledged(ack).catch(error => {
    if (connection.phase === 'open') logger.error({ err: error, id: ack.id }, 'devices that were missed got no copy')
  })
}

function askAgain(core: SocketCore, requester: RetryRequester, node: BinaryNode, includeKeys: boolean): Promise<void> {
  const incoming: IncomingMessage = parseIncomingMessage(node, ownAccount(core.creds))
  const count = requester.asked(incoming) + 1
  return requester.ask(incoming, { kind: 'retry', count, includeKeys: includeKeys || count > 1, reason: undefined })
}
