import type { proto } from 'kurir/proto'
import type { Device } from '../accounts/device.js'
import type { AppStateKey, AppStateKeys } from './app-state-keys.js'
import { Collection } from './collection.js'
import { COLLECTION_NAMES, type CollectionName } from './collection-names.js'
import type { CheckedPatch } from './patch-check.js'

/** A record that lives, as the phone reads it. */
export interface AppStateEntry {
  readonly collection: CollectionName
  readonly index: readonly string[]
  readonly value: proto.ISyncActionValue
  /** Version of the action. */
  readonly actionVersion: number
  /** Grows with every change of the account: the later of two entries was written later. */
  readonly order: number
}

/** One mutation that the service has accepted. */
export interface AppStateChange extends AppStateEntry {
  readonly operation: 'set' | 'remove'
  /** Version of the collection behind it. */
  readonly version: number
  /** Device JID (phone number form) of its author. */
  readonly device: string
}

interface Expiry {
  readonly epoch: number
  /** Version of regular_low that says so. */
  readonly version: number
}

/** How long a device may go on with an expired key after it was told (docs/protocol/04 §1.21). */
const SENTINEL_TIMEOUT_MS = 3000
const SENTINEL_COLLECTION = 'regular_low'

/** The collections of one account, sealed as the service keeps them and open as the phone reads them. */
export class AccountAppState {
  readonly keys: AppStateKeys
  readonly #collections = new Map<CollectionName, Collection>()
  readonly #entries = new Map<string, AppStateEntry>()
  /** When a device was handed the sentinel that expires the keys, in milliseconds. */
  #told = new WeakMap<Device, number>()
  #expiry: Expiry | undefined
  #order = 0

  constructor(keys: AppStateKeys) {
    this.keys = keys
    for (const name of COLLECTION_NAMES) this.#collections.set(name, new Collection(name))
  }

  collection(name: CollectionName): Collection {
    const present = this.#collections.get(name)
    if (present !== undefined) return present
    throw new RangeError(`There is no collection ${name}`)
  }

  /** Everything that lives, oldest first. */
  get entries(): readonly AppStateEntry[] {
    return [...this.#entries.values()]
  }

  /** Takes a checked patch in; returns what it changed. */
  accept(device: Device, collection: Collection, { patch, mutations, next }: CheckedPatch): readonly AppStateChange[] {
    collection.append(patch, next)
    return mutations.map(({ operation, indexText, index, value, version: actionVersion }) => {
      this.#order += 1
      const entry = { collection: collection.name, index, value, actionVersion, order: this.#order }
      const name = `${collection.name} ${indexText}`
      this.#entries.delete(name)
      if (operation === 'set') this.#entries.set(name, entry)
      if (index[0] === 'sentinel') this.#expire(value.keyExpiration?.expiredKeyEpoch ?? 0, collection.version)
      return { ...entry, operation, version: collection.version, device: device.pn }
    })
  }

  /** Empties collections, as a phone does that cannot mend them. */
  reset(names: readonly CollectionName[]): void {
    for (const name of names) {
      this.#collections.set(name, new Collection(name))
      for (const [key, entry] of this.#entries) if (entry.collection === name) this.#entries.delete(key)
    }
  }

  /** A device was given a collection up to a version. */
  handedOut(device: Device, collection: CollectionName, version: number, now: number): void {
    if (collection !== SENTINEL_COLLECTION || this.#expiry === undefined || version < this.#expiry.version) return
    if (!this.#told.has(device)) this.#told.set(device, now)
  }

  /** True when the device has known for a while that nobody writes with this key any more. */
  isExpired(device: Device, key: AppStateKey, now: number): boolean {
    if (this.#expiry === undefined || key.epoch > this.#expiry.epoch) return false
    const told = this.#told.get(device)
    return told !== undefined && now - told > SENTINEL_TIMEOUT_MS
  }

  #expire(epoch: number, version: number): void {
    this.#expiry = { epoch, version }
    this.#told = new WeakMap()
  }
}
