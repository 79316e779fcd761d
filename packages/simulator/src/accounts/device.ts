import type { BinaryNode } from 'kurir/binary'
import type { Account } from './account.js'
import { type Addressing, formatAddress } from './address.js'
import { BoundedMap } from './bounded-map.js'
import { DeliveryQueue } from './delivery-queue.js'
import { PreKeyStore, type PublicSignedPreKey } from './prekey-store.js'

/** Where the stanzas of a device go: a WebSocket connection, or a phone in the same process. */
export interface DeviceLink {
  /** Writes one stanza; never throws. */
  send(node: BinaryNode): void
  /** Ends the link after a last stanza (stream error, failure), when one is given. */
  end(last?: BinaryNode): void
}

/** The public keys of a device, as they stand in bundles. */
export interface DeviceKeys {
  /** 1 … 2^32−1. */
  registrationId: number
  /** 32 bytes. */
  identity: Uint8Array
  signedPreKey: PublicSignedPreKey
}

const REMEMBERED_DELIVERIES = 20_000

/** One device of an account, as the service knows it. Device 0 is the phone. */
export class Device {
  readonly account: Account
  /** 0 for the phone, 1 … 98 for companions. */
  readonly id: number
  /** Index in the signed key index list; 0 for the phone. */
  readonly keyIndex: number
  keys: DeviceKeys
  /** The Noise static key (32 bytes) that a login of this device must show; phones do not connect. */
  readonly noiseKey: Uint8Array | undefined
  /** ADVSignedDeviceIdentity without account key, as signed by both sides; undefined for the phone. */
  deviceIdentity: Uint8Array | undefined
  /** The same with the account key, as bundles and messages carry it. */
  fullDeviceIdentity: Uint8Array | undefined
  readonly preKeys = new PreKeyStore()
  readonly queue = new DeliveryQueue()
  /** Ids of messages that were delivered to this device. */
  readonly deliveredMessages = new BoundedMap<string, true>(REMEMBERED_DELIVERIES)
  /** Undefined while the device is offline. */
  link: DeviceLink | undefined
  /** True after `<active/>`: queued and live stanzas are delivered. */
  active = false
  /** True after `<presence type=available/>`. */
  available = false
  /** True once the low-prekeys notification went out and no upload followed. */
  lowPreKeysNotified = false
  /** The last device-identity bytes that were checked and found right. */
  checkedIdentity: Uint8Array | undefined
  /** Nobody is behind it: what is sent to it vanishes. */
  readonly isSilent: boolean
  readonly pn: string
  readonly lid: string

  constructor(options: {
    readonly account: Account
    readonly id: number
    readonly keyIndex: number
    readonly keys: DeviceKeys
    readonly noiseKey?: Uint8Array
    readonly deviceIdentity?: Uint8Array
    readonly fullDeviceIdentity?: Uint8Array
    readonly isSilent?: boolean
  }) {
    this.account = options.account
    this.id = options.id
    this.keyIndex = options.keyIndex
    this.keys = options.keys
    this.noiseKey = options.noiseKey
    this.deviceIdentity = options.deviceIdentity
    this.fullDeviceIdentity = options.fullDeviceIdentity
    this.isSilent = options.isSilent === true
    this.pn = formatAddress('pn', options.account.pnUser, options.id)
    this.lid = formatAddress('lid', options.account.lidUser, options.id)
  }

  /** The device JID in one of the namespaces. */
  jid(addressing: Addressing): string {
    return addressing === 'pn' ? this.pn : this.lid
  }
}
