import type { BinaryNode } from 'kurir/binary'
import { participantHash } from '../groups/participant-hash.js'
import type { ServiceCore } from '../router/service-core.js'
import { conflict, element } from '../router/stanzas.js'
import type { Account, KeyIndexList } from './account.js'
import { Device, type DeviceKeys } from './device.js'

/** What a companion has shown when it was linked. */
export interface NewCompanion {
  readonly id: number
  /** 1 or more. */
  readonly keyIndex: number
  readonly keys: DeviceKeys
  readonly noiseKey: Uint8Array
  /** ADVSignedDeviceIdentity without and with the account key. */
  readonly deviceIdentity: Uint8Array
  readonly fullDeviceIdentity: Uint8Array
}

const LAST_COMPANION_ID = 98

/** Adds and removes companions, has the phone sign the new list, and tells everybody who keeps the old one. */
export class DeviceDirectory {
  readonly #core: ServiceCore

  constructor(core: ServiceCore) {
    this.#core = core
  }

  /** A free device number, 1 … 98, not used by this account before as long as there are fresh ones. */
  nextDeviceId(account: Account): number | undefined {
    for (let step = 0; step < LAST_COMPANION_ID; step += 1) {
      const id = ((account.lastDeviceId + step) % LAST_COMPANION_ID) + 1
      if (!account.devices.has(id)) return id
    }
    return undefined
  }

  add(account: Account, companion: NewCompanion): Device {
    this.#rememberHashes(account)
    const device = new Device({ account, ...companion })
    account.lastDeviceId = companion.id
    account.addDevice(device)
    this.#signAgain(account)
    this.#announce(account, 'add', device)
    return device
  }

  /** Unlinks a companion: its link ends, its keys and its queue are gone (docs/protocol/01 §11.5). */
  remove(device: Device): void {
    const { account } = device
    if (account.devices.get(device.id) !== device) return
    this.#rememberHashes(account)
    account.removeDevice(device)
    device.preKeys.clear()
    device.queue.clear()
    this.#signAgain(account)
    this.#announce(account, 'remove', device)
    const { link } = device
    device.link = undefined
    device.active = false
    link?.end(conflict('device_removed'))
  }

  /** The phone has got a new identity: contacts are told, and the companions are gone before (docs/protocol/02 §11.1). */
  announceIdentityChange(account: Account): void {
    const attrs = { from: account.pn, lid: account.lid, type: 'encrypt', t: this.#core.time() }
    for (const watcher of account.watchers) {
      if (watcher === account) continue
      this.#core.delivery.notifyAccount(watcher, () =>
        element('notification', { ...attrs, id: this.#core.stanzaId() }, [element('identity')]),
      )
    }
  }

  #signAgain(account: Account): void {
    const indexes = [...account.devices.values()].map(device => device.keyIndex)
    const list = account.keyIndexSigner?.(indexes)
    if (list !== undefined) account.keyIndexList = list
  }

  /** Participant hashes of the groups as they were: clients that have not heard of the change still use them. */
  #rememberHashes(account: Account): void {
    for (const group of this.#core.groups.of(account)) group.rememberHash()
  }

  #announce(account: Account, action: 'add' | 'remove', changed: Device): void {
    const devices = [...account.devices.values()]
    const hashes = {
      device_hash: participantHash(devices.map(device => device.pn)),
      device_lid_hash: participantHash(devices.map(device => device.lid)),
    }
    const entry = element('device', {
      jid: changed.pn,
      lid: changed.lid,
      'key-index': action === 'add' ? String(changed.keyIndex) : undefined,
    })
    const list = keyIndexListElement(account.keyIndexList)
    const body = element(action, hashes, [entry, ...list])
    const attrs = { from: account.pn, lid: account.lid, type: 'devices', t: this.#core.time() }
    const audience = new Set(account.watchers)
    for (const group of this.#core.groups.of(account)) for (const member of group.members.keys()) audience.add(member)
    audience.delete(account)
    for (const watcher of audience) {
      this.#core.delivery.notifyAccount(watcher, () =>
        element('notification', { ...attrs, id: this.#core.stanzaId() }, [body]),
      )
    }
    this.#announceToOwnDevices(account, changed, hashes.device_hash, list)
  }

  #announceToOwnDevices(account: Account, changed: Device, dhash: string, list: readonly BinaryNode[]): void {
    const entries = [...account.devices.values()].map(device =>
      element('device', { jid: device.pn, 'key-index': device.id === 0 ? undefined : String(device.keyIndex) }),
    )
    const body = element('devices', { dhash }, [...entries, ...list])
    const attrs = { from: account.pn, type: 'account_sync', t: this.#core.time() }
    this.#core.delivery.notifyAccount(
      account,
      () => element('notification', { ...attrs, id: this.#core.stanzaId() }, [body]),
      changed,
    )
  }
}

const keyIndexListElement = (list: KeyIndexList | undefined): BinaryNode[] =>
  list === undefined ? [] : [element('key-index-list', { ts: String(list.timestamp) }, list.bytes)]
