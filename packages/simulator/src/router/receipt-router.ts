import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { SentMessage } from '../accounts/sent-message.js'
import type { NewsletterService } from '../newsletters/newsletter-service.js'
import { lets } from '../profiles/visibility.js'
import type { ServiceCore } from './service-core.js'
import { childrenOf, element } from './stanzas.js'

/** Receipt types that concern the own account only. */
const PRIVATE_TYPES = new Set(['peer_msg', 'hist_sync', 'server-error'])
const READING_TYPES = new Set(['read', 'read-self', 'played', 'played-self'])
const RETRY_TYPES = new Set<string | undefined>(['retry', 'enc_rekey_retry'])
const CALL_PARTS = ['offer', 'accept', 'reject', 'enc_rekey']
const DELIVERY_TYPES = new Set<string | undefined>([undefined, 'inactive', 'sender', 'peer_msg', 'retry'])

/** Takes receipts: acks them, takes the message out of the queue, and passes them on to who wrote it. */
export class ReceiptRouter {
  readonly #core: ServiceCore
  readonly #newsletters: NewsletterService

  constructor(core: ServiceCore, newsletters: NewsletterService) {
    this.#core = core
    this.#newsletters = newsletters
  }

  route(device: Device, node: BinaryNode): void {
    const ids = receiptIds(node)
    const { id, to, type, participant } = node.attrs
    this.#core.delivery.write(device, element('ack', { class: 'receipt', id, from: to, type, t: this.#core.time() }))
    if (CALL_PARTS.some(tag => getBinaryNodeChild(node, tag) !== undefined)) {
      this.#confirmCall(device, node)
      return
    }
    if (type === 'view') {
      this.#newsletters.view(device, node)
      return
    }
    for (const each of ids) {
      if (DELIVERY_TYPES.has(type)) {
        const message = device.queue.confirm({ class: 'message', id: each, from: to, participant })
        if (message !== undefined && !isReceiptOf(node, message) && this.#core.modeOf(device) === 'strict') {
          const rule =
            'a receipt goes to the sender of the message, in groups to the group with the author as participant'
          this.#core.violation(device, 'unexpected-receipt', rule, node)
        }
      }
      const strange = !device.deliveredMessages.has(each) && !device.deliveredMessages.forgotten
      if (strange && type !== 'server-error') {
        this.#core.violation(device, 'unexpected-receipt', `message ${each} was never delivered to this device`, node)
        return
      }
    }
    if (type === 'server-error') this.#forwardToPhone(device, node)
    if (type !== undefined && PRIVATE_TYPES.has(type)) return
    if (to?.endsWith('@g.us') || to?.endsWith('@broadcast')) this.#forwardToParticipant(device, node, ids)
    else this.#forwardToSender(device, node, ids)
  }

  /** Signals of a call are confirmed by receipts that name them (docs/protocol/03 §10.3). */
  #confirmCall(device: Device, node: BinaryNode): void {
    const { id = '', to } = node.attrs
    if (device.queue.confirm({ class: 'call', id, from: to }) !== undefined) return
    this.#core.violation(device, 'unexpected-receipt', `call signal ${id} was never delivered to this device`, node)
  }

  /** A companion asks its phone to upload a file again; the file may be of any message, of history too. */
  #forwardToPhone(device: Device, node: BinaryNode): void {
    const { phone } = device.account
    if (phone === undefined || device === phone) return
    const attrs = { ...this.#attributes(node), from: device.pn }
    this.#core.delivery.deliver(phone, element('receipt', attrs, [...childrenOf(node)]))
  }

  /** In groups the author of the message is told; own other devices learn of reading. */
  #forwardToParticipant(device: Device, node: BinaryNode, ids: readonly string[]): void {
    const { to, participant } = node.attrs
    const author = this.#core.accounts.resolve(participant)
    if (author === undefined) return
    const group = this.#core.groups.get(to)
    const addressing = group?.addressing ?? author.addressing
    const twin = addressing === 'lid' ? { participant_pn: device.account.pn } : { participant_lid: device.account.lid }
    const attrs = { ...this.#attributes(node), from: to, participant: device.jid(addressing), ...twin }
    // Of own other devices, the one that wrote hears only what it has to act on.
    const concernsAuthor =
      author.account === device.account ? RETRY_TYPES.has(node.attrs['type']) : node.attrs['type'] !== 'read-self'
    if (concernsAuthor) this.#toAuthor(device, author.account, node, attrs, ids)
    this.#toOwnDevices(device, node, attrs)
  }

  #forwardToSender(device: Device, node: BinaryNode, ids: readonly string[]): void {
    const peer = this.#core.accounts.resolve(node.attrs['to'])
    const chat = this.#core.accounts.resolve(node.attrs['recipient'])
    const addressing = peer?.addressing ?? chat?.addressing ?? 'pn'
    const attrs = { ...this.#attributes(node), from: device.jid(addressing) }
    if (peer !== undefined && peer.account !== device.account) {
      if (node.attrs['type'] === 'read-self' || node.attrs['type'] === 'played-self') {
        this.#toOwnDevices(device, node, { ...attrs, recipient: peer.account.jid(addressing) })
        return
      }
      if (this.#reaches(device.account, peer.account, node.attrs['type'])) {
        this.#toAuthor(device, peer.account, node, attrs, ids)
      }
      this.#toOwnDevices(device, node, { ...attrs, recipient: peer.account.jid(addressing) })
      return
    }
    // The message of an own other device: that device alone is told.
    this.#toAuthor(device, device.account, node, { ...attrs, recipient: node.attrs['recipient'] }, ids)
  }

  /** That a message was read is told only between people who both let it be known, and never across a block. */
  #reaches(reader: Account, author: Account, type: string | undefined): boolean {
    if (reader.blocked.has(author) || author.blocked.has(reader)) return false
    if (!READING_TYPES.has(type ?? '')) return true
    return lets(reader, author, 'readreceipts') && lets(author, reader, 'readreceipts')
  }

  #toAuthor(
    device: Device,
    author: Account,
    node: BinaryNode,
    attrs: Readonly<Record<string, string | undefined>>,
    ids: readonly string[],
  ): void {
    const sent = author.sentMessages.get(ids[0] ?? '')
    const { type } = node.attrs
    if (RETRY_TYPES.has(type)) {
      this.#forwardRetry(device, sent, node, attrs)
      return
    }
    const stanza = element('receipt', attrs, listOf(node))
    if (type === 'sender' && sent !== undefined) {
      this.#core.delivery.deliver(sent.device, stanza)
      return
    }
    for (const target of author.devices.values()) {
      if (target !== device) this.#core.delivery.deliver(target, stanza)
    }
  }

  #forwardRetry(
    device: Device,
    sent: SentMessage | undefined,
    node: BinaryNode,
    attrs: Readonly<Record<string, string | undefined>>,
  ): void {
    if (sent === undefined) return
    sent.askedAgain(device)
    const content = Array.isArray(node.content) ? node.content : undefined
    this.#core.delivery.deliver(sent.device, element('receipt', attrs, content))
  }

  #toOwnDevices(device: Device, node: BinaryNode, attrs: Readonly<Record<string, string | undefined>>): void {
    if (!READING_TYPES.has(node.attrs['type'] ?? '')) return
    const stanza = element('receipt', attrs, listOf(node))
    for (const other of device.account.devices.values()) {
      if (other !== device) this.#core.delivery.deliver(other, stanza)
    }
  }

  #attributes(node: BinaryNode): Record<string, string | undefined> {
    return { id: node.attrs['id'], type: node.attrs['type'], t: node.attrs['t'] ?? this.#core.time() }
  }
}

const receiptIds = (node: BinaryNode): string[] => {
  const list = getBinaryNodeChild(node, 'list')
  const further = list === undefined ? [] : getBinaryNodeChildren(list, 'item').map(item => item.attrs['id'] ?? '')
  return [node.attrs['id'] ?? '', ...further]
}

const listOf = (node: BinaryNode): BinaryNode[] | undefined => {
  const list = getBinaryNodeChild(node, 'list')
  return list === undefined ? undefined : [list]
}

/** The receipt names chat and author as the message does, devices aside (docs/protocol/03 §5.1). */
const isReceiptOf = (receipt: BinaryNode, message: BinaryNode): boolean =>
  userPart(receipt.attrs['to']) === userPart(message.attrs['from']) &&
  userPart(receipt.attrs['participant']) === userPart(message.attrs['participant'])

const userPart = (jid: string | undefined): string | undefined => jid?.replace(/:\d+@/, '@')
