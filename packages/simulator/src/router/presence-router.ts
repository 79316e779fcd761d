import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Addressing } from '../accounts/address.js'
import type { Device } from '../accounts/device.js'
import type { Group } from '../groups/group.js'
import { lets, showsLastSeen } from '../profiles/visibility.js'
import type { ServiceCore } from './service-core.js'
import { childrenOf, element } from './stanzas.js'

/** Presence and typing: kept per device, passed on to those who asked for it and may see it (docs/protocol/04 §4.7). */
export class PresenceRouter {
  readonly #core: ServiceCore

  constructor(core: ServiceCore) {
    this.#core = core
  }

  presence(device: Device, node: BinaryNode): void {
    const { type, name, to } = node.attrs
    if (name !== undefined && name !== '') device.account.pushName = name
    if (type === 'subscribe') this.#subscribe(device, to)
    else if (type === 'unsubscribe') this.#core.accounts.resolve(to)?.account.presenceSubscribers.delete(device)
    else if (type === 'available' || type === 'unavailable') this.setAvailable(device, type === 'available')
  }

  setAvailable(device: Device, available: boolean): void {
    if (device.available === available) return
    const { account } = device
    device.available = available
    if (!available) account.lastSeen = this.#core.now()
    for (const [subscriber, addressing] of account.presenceSubscribers) this.#tell(subscriber, account, addressing)
  }

  chatstate(device: Device, node: BinaryNode): void {
    const target = this.#core.accounts.resolve(node.attrs['to'])
    if (target !== undefined) {
      if (target.account.blocked.has(device.account)) return
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

  #subscribe(device: Device, to: string | undefined): void {
    const group = this.#core.groups.get(to)
    if (group !== undefined) {
      this.#tellOfGroup(device, group)
      return
    }
    const target = this.#core.accounts.resolve(to)
    if (target === undefined) return
    target.account.presenceSubscribers.set(device, target.addressing)
    this.#tell(device, target.account, target.addressing)
  }

  /** How many members are there, told once: only members may know. */
  #tellOfGroup(subscriber: Device, group: Group): void {
    if (!group.has(subscriber.account)) return
    const count = [...group.members.keys()].filter(isAvailable).length
    this.#core.delivery.write(subscriber, element('presence', { from: group.jid, count: String(count) }))
  }

  /** Who may not see whether somebody is there hears nothing; who may not see since when, is told so. */
  #tell(subscriber: Device, account: Account, addressing: Addressing): void {
    if (!lets(account, subscriber.account, 'online')) return
    const from = account.jid(addressing)
    if (isAvailable(account)) {
      this.#core.delivery.write(subscriber, element('presence', { from }))
      return
    }
    const last = showsLastSeen(account, subscriber.account) ? String(account.lastSeen ?? 'none') : 'deny'
    this.#core.delivery.write(subscriber, element('presence', { from, type: 'unavailable', last }))
  }
}

const isAvailable = (account: Account): boolean => [...account.devices.values()].some(({ available }) => available)
