import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import type { ServiceCore } from './service-core.js'
import { childrenOf, element } from './stanzas.js'

/** Presence and typing: kept per device, passed on to those who asked for it (docs/protocol/03 §6). */
export class PresenceRouter {
  readonly #core: ServiceCore

  constructor(core: ServiceCore) {
    this.#core = core
  }

  presence(device: Device, node: BinaryNode): void {
    const { type, name, to } = node.attrs
    if (name !== undefined && name !== '') device.account.pushName = name
    if (type === 'subscribe') {
      const target = this.#core.accounts.resolve(to)?.account
      target?.presenceSubscribers.add(device)
      if (target !== undefined) this.#tell(device, target.jid('lid'), [...target.devices.values()].some(isAvailable))
      return
    }
    if (type === 'unsubscribe') {
      this.#core.accounts.resolve(to)?.account.presenceSubscribers.delete(device)
      return
    }
    if (type === 'available' || type === 'unavailable') this.setAvailable(device, type === 'available')
  }

  setAvailable(device: Device, available: boolean): void {
    if (device.available === available) return
    device.available = available
    for (const subscriber of device.account.presenceSubscribers) this.#tell(subscriber, device.account.lid, available)
  }

  chatstate(device: Device, node: BinaryNode): void {
    const target = this.#core.accounts.resolve(node.attrs['to'])
    if (target !== undefined) {
      const stanza = element('chatstate', { from: device.jid(target.addressing) }, [...childrenOf(node)])
      for (const each of target.account.devices.values()) this.#core.delivery.write(each, stanza)
      return
    }
    const group = this.#core.groups.get(node.attrs['to'])
    if (group === undefined || !group.has(device.account)) return
    const attrs = { from: group.jid, participant: device.jid(group.addressing) }
    const stanza = element('chatstate', attrs, [...childrenOf(node)])
    for (const each of group.fanOut().devices)
      if (each.account !== device.account) this.#core.delivery.write(each, stanza)
  }

  #tell(subscriber: Device, from: string, available: boolean): void {
    const last = available ? undefined : this.#core.time()
    this.#core.delivery.write(
      subscriber,
      element('presence', { from, type: available ? undefined : 'unavailable', last }),
    )
  }
}

const isAvailable = (device: Device): boolean => device.available
