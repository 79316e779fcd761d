import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Device, DeviceLink } from '../accounts/device.js'
import type { FaultInjector } from '../faults/fault-injector.js'
import type { StanzaTrace } from './stanza-trace.js'
import { element, SERVICE } from './stanzas.js'

const PREVIEW_CLASSES = ['message', 'receipt', 'notification', 'call'] as const

/**
 * The way out to devices. What a device must confirm is kept in its queue until it does; everything else (acks, answers,
 * bulletins) is written once or not at all.
 */
export class Delivery {
  readonly #faults: FaultInjector
  readonly #trace: StanzaTrace

  constructor(faults: FaultInjector, trace: StanzaTrace) {
    this.#faults = faults
    this.#trace = trace
  }

  /** Queues a stanza until the device confirms it, and writes it now when the device is there. */
  deliver(device: Device, node: BinaryNode): void {
    if (device.isSilent) return
    device.queue.add(node)
    if (node.tag === 'message') device.deliveredMessages.set(node.attrs['id'] ?? '', true)
    if (device.active) this.write(device, node)
  }

  /** Writes a stanza that needs no confirmation; dropped when the device is offline. */
  write(device: Device, node: BinaryNode): void {
    const { link } = device
    if (link === undefined) return
    if (this.#faults.idle) this.#send(device, link, node)
    else this.#faults.outgoing(device, node, altered => this.#send(device, link, altered))
  }

  #send(device: Device, link: DeviceLink, node: BinaryNode): void {
    // A fault may have held it back until after the link was gone.
    if (device.link !== link) return
    if (this.#trace.on) this.#trace.note('to-client', device, node)
    link.send(node)
  }

  notifyAccount(account: Account, node: (device: Device) => BinaryNode, except?: Device): void {
    for (const device of account.devices.values()) {
      if (device !== except) this.deliver(device, node(device))
    }
  }

  /**
   * Sends everything unconfirmed, each stanza with an `offline` attribute, and the bulletins around it
   * (docs/protocol/01 §5.10).
   */
  deliverOffline(device: Device): void {
    const pending = device.queue.pending()
    const counts: Record<string, string> = { count: String(pending.length) }
    for (const tag of PREVIEW_CLASSES) counts[tag] = String(pending.filter(node => node.tag === tag).length)
    counts['appdata'] = '0'
    this.write(device, element('ib', { from: SERVICE }, [element('offline_preview', counts)]))
    for (const [index, node] of pending.entries()) {
      this.write(device, { ...node, attrs: { ...node.attrs, offline: String(index) } })
    }
    this.write(device, element('ib', { from: SERVICE }, [element('offline', { count: String(pending.length) })]))
  }

  /** Writes everything unconfirmed once more on a live link, as after a connection that came back. */
  redeliver(device: Device): number {
    if (!device.active) return 0
    const pending = device.queue.pending()
    for (const [index, node] of pending.entries()) {
      this.write(device, { ...node, attrs: { ...node.attrs, offline: String(index) } })
    }
    return pending.length
  }
}
