import type { BinaryNode } from '../binary/node.js'
import { buildAck } from '../messages/acks.js'
import { parseReceipt, receiptEffects } from '../messages/incoming-receipts.js'
import { userFormOf } from '../messages/own-account.js'
import { isRetryReceipt } from '../messages/retry-receipt.js'
import type { SocketCore } from './core.js'
import type { IncomingQueue } from './incoming-queue.js'
import { ownAccount } from './own-account.js'
import type { RetryAnswerer } from './retry-answerer.js'

/** Turns `<receipt>` stanzas into events, or into answers where they ask for a message again. */
export class ReceiptReceiver {
  readonly #core: SocketCore
  readonly #queue: IncomingQueue
  readonly #retries: RetryAnswerer

  constructor(core: SocketCore, queue: IncomingQueue, retries: RetryAnswerer) {
    this.#core = core
    this.#queue = queue
    this.#retries = retries
  }

  receive(node: BinaryNode): void {
    const key = `receipt ${userFormOf(node.attrs['from'])}`
    if (isRetryReceipt(node))
      this.#queue.add(`retry ${node.attrs['id']}`, node, receipt => this.#retries.answer(receipt))
    else this.#queue.add(key, node, receipt => this.#handle(receipt))
  }

  async #handle(node: BinaryNode): Promise<void> {
    const { ev, creds, config, repository, connection, logger, memory } = this.#core
    try {
      const receipt = parseReceipt(node)
      memory.deliveries.note(receipt)
      if (receipt.mappings.length > 0) await repository.lidMapping.storeLIDPNMappings([...receipt.mappings])
      // The ack has said `sent` already: that an own device has it too must not take a message back from `delivered`.
      if (config.shouldIgnoreJid(receipt.from) !== true && receipt.type !== 'sender') {
        const { messageUpdates, receiptUpdates } = receiptEffects(receipt, ownAccount(creds))
        if (messageUpdates.length > 0) ev.emit('messages.update', messageUpdates)
        if (receiptUpdates.length > 0) ev.emit('message-receipt.update', receiptUpdates)
      }
    } catch (error) {
      logger.warn({ err: error, id: node.attrs['id'] }, 'a receipt could not be read')
    }
    if (connection.phase === 'open' && node.attrs['id'] !== undefined) await connection.sendNode(buildAck(node))
  }
}
