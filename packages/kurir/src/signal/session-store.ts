import { typedPublicKey } from '../crypto/curve.js'
import type { ILogger } from '../logger/logger.js'
import { isLidAddress, lidAddress, phoneNumberAddress, signalAddress } from './address.js'
import type { Awaitable, SignalDataSet, SignalKeyStoreWithTransaction } from './key-store.js'
import type { LIDMappingStore } from './lid-mapping.js'
import { type RecordCache, recordCachesOf } from './record-cache.js'
import { sessionScope, underScopes } from './scopes.js'
import { copyKey, sameKey } from './session.js'
import { moveSessions } from './session-migration.js'
import { emptySessionRecord, isEmptyRecord, type SessionRecord } from './session-record.js'
import { decodeSessionRecord, encodeSessionRecord } from './session-record-codec.js'
import { SignalError } from './signal-error.js'

/** Where the session of a device is filed. */
export interface SessionLocation {
  readonly jid: string
  /** The LID address when the LID is known, else the phone-number address. */
  readonly address: string
  /** The phone-number address of the same device, where a session may still lie that was never moved. */
  readonly twin: string | undefined
}

/** A record after a step, and what the step brought. */
export interface Stepped<T> {
  readonly record: SessionRecord
  readonly result: T
}

/** What to do about a stored record that cannot be read: fail, or go on as if there were none. */
export type DamagedRecordPolicy = 'throw' | 'ignore'

/** Sessions and identities in the key store, filed under the LID wherever it is known (docs/protocol/02 §6). */
export class SessionStore {
  readonly #keys: SignalKeyStoreWithTransaction
  readonly #lidMapping: LIDMappingStore
  readonly #logger: ILogger
  readonly #records: RecordCache<SessionRecord>

  constructor(keys: SignalKeyStoreWithTransaction, lidMapping: LIDMappingStore, logger: ILogger) {
    this.#keys = keys
    this.#lidMapping = lidMapping
    this.#logger = logger
    this.#records = recordCachesOf(keys).sessions
  }

  /** @throws SignalError `invalid-signal-address` */
  async locate(jid: string): Promise<SessionLocation> {
    const named = signalAddress(jid)
    const lidUser = named.isPhoneNumber ? await this.#lidMapping.lidUserOf(named.user) : undefined
    const address = lidUser === undefined ? named : lidAddress(named, lidUser)
    // A record that has been in use under the LID needs no search for an older one.
    if (!isLidAddress(address) || this.#records.has(address.text))
      return { jid, address: address.text, twin: undefined }
    const pnUser = named.isPhoneNumber ? named.user : await this.#lidMapping.pnUserOf(address.user)
    const twin = pnUser === undefined ? undefined : phoneNumberAddress(address, pnUser).text
    return { jid, address: address.text, twin }
  }

  /** As {@link locate} when nothing has to be looked up, which is the rule between devices that have talked before. */
  #locateAtOnce(jid: string): SessionLocation | undefined {
    const named = signalAddress(jid)
    const lidUser = named.isPhoneNumber ? this.#lidMapping.rememberedLIDUser(named.user) : null
    if (lidUser === undefined) return undefined
    const address = lidUser === null ? named : lidAddress(named, lidUser)
    if (isLidAddress(address) && !this.#records.has(address.text)) return undefined
    return { jid, address: address.text, twin: undefined }
  }

  /**
   * Runs `work` in a transaction that alone may touch the sessions of the given devices; sessions left under their
   * phone numbers are moved first. `otherScopes` are held too.
   */
  async exclusively<T>(
    jids: readonly string[],
    work: (locations: readonly SessionLocation[]) => Promise<T>,
    otherScopes: readonly string[] = none,
  ): Promise<T> {
    for (;;) {
      const { revision } = this.#lidMapping
      const locations = await Promise.all(jids.map(jid => this.#locateAtOnce(jid) ?? this.locate(jid)))
      const scopes = locations.flatMap(({ address, twin }) =>
        twin === undefined ? sessionScope(address) : [sessionScope(address), sessionScope(twin)],
      )
      const outcome = await underScopes(this.#keys, [...otherScopes, ...scopes], async () => {
        // A mapping learned while we waited may have moved the sessions.
        if (revision !== this.#lidMapping.revision) return undefined
        await this.#moveTwins(locations)
        return { done: await work(locations) }
      })
      if (outcome !== undefined) return outcome.done
    }
  }

  /** As {@link exclusively}, for one device. */
  async exclusivelyFor<T>(
    jid: string,
    work: (location: SessionLocation) => Promise<T>,
    otherScopes: readonly string[] = none,
  ): Promise<T> {
    const location = this.#locateAtOnce(jid)
    if (location !== undefined) {
      const { revision } = this.#lidMapping
      const outcome = await underScopes<T | typeof moved>(
        this.#keys,
        [...otherScopes, sessionScope(location.address)],
        () => (revision === this.#lidMapping.revision ? work(location) : Promise.resolve(moved)),
      )
      if (outcome !== moved) return outcome
    }
    return this.exclusively([jid], ([only = unlocated(jid)]) => work(only), otherScopes)
  }

  /**
   * Takes one session a step further: loads the record of a device, and stores what `step` makes of it, in one
   * transaction under its lock. `after` runs before the commit.
   */
  step<T>(
    jid: string,
    policy: DamagedRecordPolicy,
    step: (record: SessionRecord, location: SessionLocation) => Stepped<T>,
    after?: (result: T) => Awaitable<void>,
  ): Promise<T> {
    return this.exclusivelyFor(jid, async location => {
      const { address } = location
      const stored = await this.#keys.get('session', [address])
      const { record, result } = step(this.#parse(location, stored[address], policy), location)
      // Inside a transaction a write is usually done at once: no turn of the event loop for nothing.
      const written = this.save([[address, record]])
      if (written !== undefined) await written
      if (after !== undefined) await after(result)
      return result
    })
  }

  async #moveTwins(locations: readonly SessionLocation[]): Promise<void> {
    const searched = locations.flatMap(({ address, twin }) => (twin === undefined ? [] : { from: twin, to: address }))
    if (searched.length === 0) return
    const stored = await this.#keys.get(
      'session',
      searched.map(({ from }) => from),
    )
    const moves = searched.filter(({ from }) => stored[from])
    if (moves.length > 0) await moveSessions(this.#keys, moves)
  }

  /** The record of one device, empty when there is none. */
  async load(location: SessionLocation, policy: DamagedRecordPolicy): Promise<SessionRecord> {
    const stored = await this.#keys.get('session', [location.address])
    return this.#parse(location, stored[location.address], policy)
  }

  /** The records of several devices in one read, in the given order. */
  async loadAll(locations: readonly SessionLocation[], policy: DamagedRecordPolicy): Promise<SessionRecord[]> {
    const stored = await this.#keys.get(
      'session',
      locations.map(location => location.address),
    )
    return locations.map(location => this.#parse(location, stored[location.address], policy))
  }

  /** As {@link loadAll}, without a lock and therefore without moving anything. */
  async peekAll(
    locations: readonly SessionLocation[],
    policy: DamagedRecordPolicy = 'ignore',
  ): Promise<SessionRecord[]> {
    const addresses = locations.flatMap(({ address, twin }) => (twin === undefined ? [address] : [address, twin]))
    if (addresses.length === 0) return []
    const stored = await this.#keys.get('session', addresses)
    return locations.map(location => {
      const record = this.#parse(location, stored[location.address], policy)
      const { twin } = location
      if (twin === undefined || !isEmptyRecord(record)) return record
      return this.#parse({ ...location, address: twin }, stored[twin], policy)
    })
  }

  /** Stores records and identities, and deletes used prekeys, in one write. */
  save(
    records: Iterable<readonly [address: string, record: SessionRecord]>,
    others: Pick<SignalDataSet, 'identity-key' | 'pre-key'> = {},
  ): Awaitable<void> {
    const rows: NonNullable<SignalDataSet['session']> = {}
    for (const [address, record] of records) {
      if (isEmptyRecord(record)) {
        rows[address] = null
        continue
      }
      const encoded = encodeSessionRecord(record)
      this.#records.remember(address, encoded, record)
      rows[address] = encoded
    }
    return this.#keys.set({ session: rows, ...others })
  }

  async delete(locations: readonly SessionLocation[]): Promise<void> {
    const rows: NonNullable<SignalDataSet['session']> = {}
    for (const { address, twin } of locations) {
      rows[address] = null
      if (twin !== undefined) rows[twin] = null
    }
    await this.#keys.set({ session: rows })
  }

  /** Baileys' answer to whether there is a session to send with. */
  async validate(jid: string): Promise<{ exists: boolean; reason?: string }> {
    try {
      const [record = emptySessionRecord] = await this.peekAll([await this.locate(jid)], 'throw')
      if (isEmptyRecord(record)) return { exists: false, reason: 'no session' }
      return record.current === undefined ? { exists: false, reason: 'no open session' } : { exists: true }
    } catch (error) {
      if (error instanceof SignalError) return { exists: false, reason: 'validation error' }
      throw error
    }
  }

  /** Which of the devices have an open session, in one read. */
  async devicesWithSession(jids: readonly string[]): Promise<Set<string>> {
    const locations = await Promise.all(jids.map(jid => this.locate(jid)))
    const records = await this.peekAll(locations)
    return new Set(jids.filter((_, index) => records[index]?.current !== undefined))
  }

  /** The stored identity of a device, raw 32 bytes; undefined for a device never seen or a damaged row. */
  async identityOf({ address, twin }: SessionLocation): Promise<Uint8Array | undefined> {
    const stored = await this.#keys.get('identity-key', twin === undefined ? [address] : [address, twin])
    const key = stored[address] ?? (twin === undefined ? undefined : stored[twin])
    if (!(key instanceof Uint8Array)) return undefined
    if (key.byteLength === 32) return copyKey(key)
    return key.byteLength === 33 && key[0] === 5 ? copyKey(key.subarray(1)) : undefined
  }

  /**
   * The row to write when a device shows an identity, and the identity that it replaces.
   *
   * @param identity raw 32 bytes
   * @param record the device's sessions: where no identity is on record, as in folders of older programs, the open
   *   session names the one that was known
   */
  async identityChange(
    location: SessionLocation,
    identity: Uint8Array,
    record: SessionRecord,
  ): Promise<{ readonly row: Pick<SignalDataSet, 'identity-key'>; readonly replaced: Uint8Array | undefined }> {
    const stored = await this.identityOf(location)
    if (stored !== undefined && sameKey(stored, identity)) return { row: {}, replaced: undefined }
    const row = { 'identity-key': { [location.address]: Buffer.from(typedPublicKey(identity)) } }
    const known = stored ?? record.current?.remoteIdentity
    return { row, replaced: known === undefined || sameKey(known, identity) ? undefined : known }
  }

  #parse(
    { jid, address }: SessionLocation,
    stored: Parameters<typeof decodeSessionRecord>[0] | null | undefined,
    policy: DamagedRecordPolicy,
  ): SessionRecord {
    if (!stored) return emptySessionRecord
    const cached = this.#records.recall(address, stored)
    if (cached !== undefined) return cached
    try {
      const record = decodeSessionRecord(stored)
      if (stored instanceof Uint8Array) this.#records.remember(address, stored, record)
      return record
    } catch (error) {
      if (policy === 'throw') throw error instanceof SignalError ? error.locate({ jid, address }) : error
      this.#logger.warn({ address, error }, 'a stored session cannot be read and will be replaced')
      return emptySessionRecord
    }
  }
}

const none: readonly string[] = []
const moved = Symbol('moved')

function unlocated(jid: string): SessionLocation {
  return { jid, address: signalAddress(jid).text, twin: undefined }
}
