import type { ILogger } from '../logger/logger.js'
import {
  isLidAddress,
  lidAddress,
  phoneNumberAddress,
  type SignalAddress,
  senderKeyName,
  signalAddress,
  signalUser,
  withDevice,
} from './address.js'
import { hasKeyId } from './group-cipher.js'
import type { Awaitable, SignalDataSet, SignalKeyStoreWithTransaction } from './key-store.js'
import type { LIDMappingStore } from './lid-mapping.js'
import { type RecordCache, recordCachesOf } from './record-cache.js'
import { senderKeyScope, underScopes } from './scopes.js'
import {
  decodeSenderKeyRecord,
  emptySenderKeyRecord,
  encodeSenderKeyRecord,
  type SenderKeyRecord,
  senderKeyStateLimit,
} from './sender-key-record.js'
import { deviceNumbers } from './session-migration.js'

/** Where the sender key of a device in a group is filed. */
export interface SenderKeyLocation {
  readonly group: string
  /** The LID address when the LID is known, else the phone-number address. */
  readonly address: SignalAddress
  readonly name: string
  /** The phone-number address of the same device, where a key may lie that came before the mapping. */
  readonly twin: SignalAddress | undefined
}

/** A record and the row it was found in. */
export interface FoundSenderKey {
  readonly name: string
  readonly record: SenderKeyRecord
  /** A row that this one replaces. */
  readonly outdated: string | undefined
}

/** Sender keys in the key store (docs/protocol/02 §3.4, §3.5). */
export class SenderKeyStore {
  readonly #keys: SignalKeyStoreWithTransaction
  readonly #lidMapping: LIDMappingStore
  readonly #logger: ILogger
  readonly #records: RecordCache<SenderKeyRecord>

  constructor(keys: SignalKeyStoreWithTransaction, lidMapping: LIDMappingStore, logger: ILogger) {
    this.#keys = keys
    this.#lidMapping = lidMapping
    this.#logger = logger
    this.#records = recordCachesOf(keys).senderKeys
  }

  /** The own key: filed under exactly the JID that the group knows us by, so that another addressing is another key. */
  locateOwn(group: string, meId: string): SenderKeyLocation {
    const address = signalAddress(meId)
    return { group, address, name: senderKeyName(group, address), twin: undefined }
  }

  /** The key of a member. `wide` also names the phone-number twin of a record that is in use under the LID. */
  async locate(group: string, authorJid: string, wide = false): Promise<SenderKeyLocation> {
    const named = signalAddress(authorJid)
    const address = await this.#preferred(named)
    const name = senderKeyName(group, address)
    if (!isLidAddress(address) || (!wide && this.#records.has(name))) return { group, address, name, twin: undefined }
    const pnUser = named.isPhoneNumber ? named.user : await this.#lidMapping.pnUserOf(address.user)
    const twin = pnUser === undefined ? undefined : phoneNumberAddress(address, pnUser)
    return { group, address, name, twin }
  }

  /** Runs `work` in a transaction that alone may touch the sender keys of this user in this group. */
  exclusively<T>({ group, address, twin }: SenderKeyLocation, work: () => Promise<T>): Promise<T> {
    const own = senderKeyScope(group, signalUser(address))
    const scopes = twin === undefined ? [own] : [own, senderKeyScope(group, signalUser(twin))]
    return underScopes(this.#keys, scopes, work)
  }

  /** The record at a location, empty when there is none; keys of the phone-number twin are joined to it. */
  async load({ group, name, twin }: SenderKeyLocation): Promise<FoundSenderKey> {
    const twinName = twin === undefined ? undefined : senderKeyName(group, twin)
    const stored = await this.#keys.get('sender-key', twinName === undefined ? [name] : [name, twinName])
    const record = this.#parse(name, stored[name])
    if (twinName === undefined || !stored[twinName]) return { name, record, outdated: undefined }
    const joined = [...record.states, ...this.#parse(twinName, stored[twinName]).states]
    return { name, record: { states: joined.slice(0, senderKeyStateLimit) }, outdated: twinName }
  }

  /**
   * Looks for a key among all devices of the user: stanzas have been seen that name the bare user while the key came
   * from one of its devices.
   */
  async findAmongDevices(
    { group, address, twin }: SenderKeyLocation,
    keyId: number,
  ): Promise<FoundSenderKey | undefined> {
    const addresses = twin === undefined ? [address] : [address, twin]
    const users = addresses.map(({ user }) => user)
    const lists = await this.#keys.get('device-list', users)
    const devices = new Set([0, ...users.flatMap(user => deviceNumbers(lists[user]))])
    const names = addresses.flatMap(one => [...devices].map(device => senderKeyName(group, withDevice(one, device))))
    const stored = await this.#keys.get('sender-key', names)
    for (const name of names) {
      if (!stored[name]) continue
      const record = this.#parse(name, stored[name])
      if (hasKeyId(record, keyId)) return { name, record, outdated: undefined }
    }
    return undefined
  }

  async exists({ name }: SenderKeyLocation): Promise<boolean> {
    const stored = await this.#keys.get('sender-key', [name])
    return stored[name] ? this.#parse(name, stored[name]).states.length > 0 : false
  }

  /** Stores a record with a new own key: nobody has that yet, whoever had the key before it. */
  async saveNewOwn({ group, name }: SenderKeyLocation, record: SenderKeyRecord): Promise<void> {
    const encoded = encodeSenderKeyRecord(record)
    this.#records.remember(name, encoded, record)
    await this.#keys.set({ 'sender-key': { [name]: encoded }, 'sender-key-memory': { [group]: null } })
  }

  save({ name, outdated }: Pick<FoundSenderKey, 'name' | 'outdated'>, record: SenderKeyRecord): Awaitable<void> {
    const encoded = encodeSenderKeyRecord(record)
    this.#records.remember(name, encoded, record)
    const rows: NonNullable<SignalDataSet['sender-key']> = { [name]: encoded }
    if (outdated !== undefined) rows[outdated] = null
    return this.#keys.set({ 'sender-key': rows })
  }

  async delete({ group, name, twin }: SenderKeyLocation): Promise<void> {
    const rows: NonNullable<SignalDataSet['sender-key']> = { [name]: null }
    if (twin !== undefined) rows[senderKeyName(group, twin)] = null
    await this.#keys.set({ 'sender-key': rows })
  }

  async #preferred(named: SignalAddress): Promise<SignalAddress> {
    if (!named.isPhoneNumber) return named
    const lidUser = await this.#lidMapping.lidUserOf(named.user)
    return lidUser === undefined ? named : lidAddress(named, lidUser)
  }

  /** An unreadable record counts as none: the sender will be asked for its key again. */
  #parse(name: string, stored: unknown): SenderKeyRecord {
    if (!stored) return emptySenderKeyRecord
    const cached = this.#records.recall(name, stored)
    if (cached !== undefined) return cached
    try {
      const record = decodeSenderKeyRecord(stored)
      if (stored instanceof Uint8Array) this.#records.remember(name, stored, record)
      return record
    } catch (error) {
      this.#logger.warn({ name, error }, 'a stored sender key cannot be read and will be replaced')
      return emptySenderKeyRecord
    }
  }
}
