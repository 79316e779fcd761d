import { hkdf } from 'kurir/crypto'
import type { SeededRandom } from '../random.js'

/** What one key gives (docs/protocol/04 §1.9). */
export interface ExpandedKey {
  readonly index: Buffer
  readonly valueEncryption: Buffer
  readonly valueMac: Buffer
  readonly snapshotMac: Buffer
  readonly patchMac: Buffer
}

/** A key of the collections, as the phone shares it. */
export interface AppStateKey extends ExpandedKey {
  /** Six bytes: device number (2) and epoch (4), big-endian. */
  readonly id: Buffer
  readonly epoch: number
  /** 32 bytes. */
  readonly data: Buffer
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number
}

export const expandKey = (data: Uint8Array): ExpandedKey => {
  const bytes = hkdf(data, 160, { info: 'WhatsApp Mutation Keys' })
  const part = (number: number) => bytes.subarray(number * 32, number * 32 + 32)
  return { index: part(0), valueEncryption: part(1), valueMac: part(2), snapshotMac: part(3), patchMac: part(4) }
}

/** The keys that a phone has made, oldest first: records stay sealed with the key that they were written with. */
export class AppStateKeys {
  readonly #random: SeededRandom
  readonly #now: () => number
  readonly #byId = new Map<string, AppStateKey>()
  #current: AppStateKey

  /** @param now milliseconds since the Unix epoch */
  constructor(random: SeededRandom, now: () => number) {
    this.#random = random
    this.#now = now
    this.#current = this.#make(1 + random.below(65_536))
  }

  /** What the phone writes with. */
  get current(): AppStateKey {
    return this.#current
  }

  get all(): readonly AppStateKey[] {
    return [...this.#byId.values()]
  }

  find(id: Uint8Array | null | undefined): AppStateKey | undefined {
    return id == null ? undefined : this.#byId.get(hex(id))
  }

  /** Makes a key of the next epoch and writes with it from now on. */
  rotate(): AppStateKey {
    this.#current = this.#make(this.#current.epoch + 1)
    return this.#current
  }

  #make(epoch: number): AppStateKey {
    const id = Buffer.alloc(6)
    id.writeUInt32BE(epoch, 2)
    const data = this.#random.bytes(32)
    const key: AppStateKey = { id, epoch, data, timestamp: this.#now(), ...expandKey(data) }
    this.#byId.set(hex(id), key)
    return key
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
