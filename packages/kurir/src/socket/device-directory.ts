import { isHostedLidUser, isHostedPnUser, isLidUser, isPnUser, jidDecode, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { NewCompanion } from '../signal/companion-trust.js'
import type { LIDMapping, SignalDataSet } from '../signal/key-store.js'
import { ExpiringMap } from '../time/expiring-map.js'
import { deviceJid, deviceJids } from '../usync/device-jids.js'
import {
  applyAddedDevices,
  applyDeviceList,
  applyRemovedDevices,
  applyVouchedDevice,
  type DeviceListContext,
  type DeviceListOutcome,
  isHostedDevice,
} from '../usync/device-list.js'
import { parseDeviceNotification, parseOwnDevices } from '../usync/device-notification.js'
import type { ParsedDeviceInfo } from '../usync/device-protocol.js'
import {
  type DeviceRecord,
  decodeDeviceRecord,
  deviceIds,
  encodeDeviceRecord,
  isOutdated,
  notingExpectation,
  PRIMARY_ONLY,
} from '../usync/device-record.js'
import { USyncQuery } from '../usync/query.js'
import type { USyncQueryResult } from '../usync/result.js'
import { USyncUser } from '../usync/user.js'
import type { SocketCore } from './core.js'
import { otherNameOf } from './other-name.js'
import type { SessionDirectory } from './session-directory.js'

const USERS_KEPT = 20_000
/** Notifications keep the lists fresh; the age bounds what a missed one can do. */
const LIST_TTL_MS = 3_600_000
const USERS_PER_QUERY = 250

interface Verdict {
  readonly devices?: readonly string[]
  readonly identityNeeded?: true
}

/** Device JIDs by user. */
type Lists = ReadonlyMap<string, readonly string[]>

export type ExecuteUSyncQuery = (query: USyncQuery) => Promise<USyncQueryResult | undefined>

/**
 * Knows the devices of users. Asks the server once for all who want the same user at the same time, believes only
 * companions that the account's signed list vouches for, keeps the lists, and follows the notifications about them.
 */
export class DeviceDirectory {
  readonly #core: SocketCore
  readonly #execute: ExecuteUSyncQuery
  readonly #sessions: SessionDirectory
  readonly #lists = new ExpiringMap<readonly string[]>({ limit: USERS_KEPT, ttlMs: LIST_TTL_MS })
  readonly #fetching = new Map<string, Promise<Lists>>()
  #revision = 0

  constructor(core: SocketCore, execute: ExecuteUSyncQuery, sessions: SessionDirectory) {
    this.#core = core
    this.#execute = execute
    this.#sessions = sessions
  }

  /** All devices of these users, as device JIDs in the namespace of the user; device 0 is written without device. */
  async devicesOf(users: readonly string[], useCache = true): Promise<string[]> {
    const wanted = [...new Set(users.map(jidNormalizedUser))]
    // What is forgotten while we wait for the lists of others still answers this question: nobody may be left out.
    const lists = new Map<string, readonly string[]>()
    for (const user of wanted) {
      const known = useCache ? this.#lists.get(user) : undefined
      if (known) lists.set(user, known)
    }
    const loaded = await this.#load(wanted.filter(user => !lists.has(user)))
    for (const [user, devices] of loaded.flatMap(answer => [...answer])) lists.set(user, devices)
    return wanted.flatMap(user => lists.get(user) ?? this.#lists.get(user) ?? [])
  }

  /** The devices that are known without asking. */
  async knownDevicesOf(user: string): Promise<readonly string[]> {
    const normalized = jidNormalizedUser(user)
    const cached = this.#lists.get(normalized)
    if (cached) return cached
    const record = await this.#stored(normalized)
    return record ? deviceJids(normalized, record) : []
  }

  /** Grows whenever a list is learned or forgotten: what was made of the lists before may not stand any more. */
  get revision(): number {
    return this.#revision
  }

  forget(user: string): void {
    this.#revision += 1
    this.#lists.delete(jidNormalizedUser(user))
  }

  forgetAll(): void {
    this.#revision += 1
    this.#lists.clear()
  }

  /** A `devices` notification, or the own list in an `account_sync` notification. */
  async applyNotification(node: BinaryNode): Promise<void> {
    if (node.attrs['type'] === 'account_sync') {
      const own = parseOwnDevices(node)
      if (!own) return
      if (own.deviceList) await this.#judge(own.user, context => applyDeviceList(own, context))
      else this.forget(own.user)
      await this.#forgetTwin(own.user)
      return
    }
    const change = parseDeviceNotification(node)
    if (!change || change.kind === 'update') return
    await this.#judge(change.user, context =>
      change.kind === 'add'
        ? applyAddedDevices(change.devices, change.keyIndex, context)
        : applyRemovedDevices(
            change.devices.map(({ id }) => id),
            change.keyIndex?.timestamp,
            context.stored,
          ),
    )
    await this.#forgetTwin(change.user, change.userLid)
  }

  /**
   * Takes in a companion that showed beside a message that its account vouches for it (docs/protocol/02 §5.6): the
   * account's list may not name it yet.
   */
  async companionVouched(jid: string, { identity, accountChanged }: NewCompanion): Promise<void> {
    const user = jidNormalizedUser(jid)
    const id = jidDecode(jid)?.device ?? 0
    const { rawId, keyIndex } = identity
    const device = { id, rawId, keyIndex, isHosted: isHostedDevice({ id, isHosted: identity.hosted }) }
    await this.#judge(user, ({ stored }) => applyVouchedDevice(device, stored, accountChanged))
    // Of the account's other companions the record may know nothing: the list is asked for when it is needed.
    this.forget(user)
    await this.#forgetTwin(user)
  }

  /** The list is kept per namespace: the other one is asked for anew when it is needed. */
  async #forgetTwin(user: string, known?: string): Promise<void> {
    const twin = known ?? (await otherNameOf(this.#core, user))
    if (twin) this.forget(twin)
  }

  async #load(users: readonly string[]): Promise<readonly Lists[]> {
    const fresh = users.filter(user => !this.#fetching.has(user))
    for (let start = 0; start < fresh.length; start += USERS_PER_QUERY) {
      const batch = fresh.slice(start, start + USERS_PER_QUERY)
      const fetched = this.#fetch(batch).finally(() => {
        for (const user of batch) this.#fetching.delete(user)
      })
      for (const user of batch) this.#fetching.set(user, fetched)
    }
    const answers = new Set(users.flatMap(user => this.#fetching.get(user) ?? []))
    return Promise.all(answers)
  }

  async #fetch(users: readonly string[]): Promise<Lists> {
    const lists = new Map<string, readonly string[]>()
    const asked = users.filter(isAccount)
    // Bots have no device list: they are one device.
    for (const user of users) if (!isAccount(user)) lists.set(user, this.#keep(user, [user]))
    if (asked.length === 0) return lists
    const query = new USyncQuery().withContext('message').withDeviceProtocol().withLIDProtocol()
    for (const user of asked) query.withUser(new USyncUser().withId(user))
    const result = await this.#execute(query)
    const entries = result?.list ?? []
    const mappings = entries.flatMap(({ id, lid }): LIDMapping[] => (lid && isPnUser(id) ? [{ pn: id, lid }] : []))
    if (mappings.length > 0) await this.#core.repository.lidMapping.storeLIDPNMappings(mappings)
    await Promise.all(
      entries.map(async ({ id, devices, errors }) => {
        const user = jidNormalizedUser(id)
        if (errors?.['devices']) this.#core.logger.warn({ user, err: errors['devices'] }, 'no device list of a user')
        const list = devices && (await this.#accept(user, devices))
        if (list) lists.set(user, list)
      }),
    )
    // About whom the server says nothing, or that it cannot say: what we had still stands, until we can ask again.
    for (const user of asked) {
      const stored = lists.has(user) ? undefined : await this.#stored(user)
      if (stored) lists.set(user, this.#inForce(user, stored))
    }
    return lists
  }

  async #accept(user: string, info: ParsedDeviceInfo): Promise<readonly string[] | undefined> {
    const judge = () => this.#judge(user, context => applyDeviceList(info, context))
    const verdict = await judge()
    if (!verdict.identityNeeded) return verdict.devices
    // With only the phone there is nobody the list would have to vouch for.
    if (info.deviceList?.every(({ id }) => id === 0)) return this.#keep(user, deviceJids(user, PRIMARY_ONLY))
    // The session with the phone is needed anyway, and brings the identity that signed the list.
    await this.#sessions.assert([user])
    const second = await judge()
    return second.identityNeeded ? this.#keep(user, deviceJids(user, PRIMARY_ONLY)) : second.devices
  }

  /** Judges what was said about a user's devices, stores what follows, and returns the devices that are now known. */
  async #judge(user: string, apply: (context: DeviceListContext) => DeviceListOutcome): Promise<Verdict> {
    const { repository, keys, logger } = this.#core
    const stored = await this.#stored(user)
    const outcome = apply({ stored, primaryIdentity: await repository.getIdentityKey(user) })
    const dated = (record: DeviceRecord) => notingExpectation(record, stored, this.#core.clock.nowSeconds())
    switch (outcome.kind) {
      case 'updated':
        await this.#dropSessions(user, outcome.gone)
        await keys.set(rowsOf(user, dated(outcome.record)))
        return { devices: this.#remember(user, dated(outcome.record)) }
      case 'unchanged':
        if (stored) await this.#update(user, stored, dated(outcome.record))
        return { devices: this.#remember(user, dated(outcome.record)) }
      case 'invalidated':
        await this.#dropSessions(user, outcome.gone)
        await keys.set({ 'device-record': { [user]: null } })
        this.forget(user)
        return {}
      case 'outdated':
        return stored ? { devices: this.#remember(user, stored) } : {}
      case 'refused':
        logger.warn({ user, err: outcome.error }, 'a device list was refused')
        // Not kept: a list that we cannot judge yet, after a change of identity, is asked for again with the next message.
        return { devices: this.#inForce(user, stored ?? PRIMARY_ONLY) }
      case 'identity-needed':
        return { identityNeeded: true }
    }
  }

  async #update(user: string, stored: DeviceRecord, record: DeviceRecord): Promise<void> {
    if (encodeDeviceRecord(record).equals(encodeDeviceRecord(stored))) return
    await this.#core.keys.set(rowsOf(user, record))
  }

  #remember(user: string, record: DeviceRecord): readonly string[] {
    return this.#keep(user, this.#inForce(user, record))
  }

  /** The devices of a record that count today. */
  #inForce(user: string, record: DeviceRecord): readonly string[] {
    const isOld = isOutdated(record, this.#core.clock.nowSeconds())
    if (isOld) this.#core.logger.warn({ user }, 'a device list is out of date: its companions are left out')
    return deviceJids(user, isOld ? PRIMARY_ONLY : record)
  }

  #keep(user: string, devices: readonly string[]): readonly string[] {
    this.#revision += 1
    this.#lists.set(user, devices)
    return devices
  }

  async #dropSessions(user: string, ids: readonly number[]): Promise<void> {
    const gone = ids.flatMap(id => deviceJid(user, { id }) ?? [])
    if (gone.length > 0) await this.#core.repository.deleteSession(gone)
  }

  async #stored(user: string): Promise<DeviceRecord | undefined> {
    const { [user]: bytes } = await this.#core.keys.get('device-record', [user])
    if (!bytes) return undefined
    try {
      return decodeDeviceRecord(bytes)
    } catch (error) {
      if (!KurirError.is(error)) throw error
      this.#core.logger.warn({ user, err: error }, 'a stored device list cannot be read: it is asked for anew')
      return undefined
    }
  }
}

/** The record, and the list of numbers under the user's name that Baileys reads. */
function rowsOf(user: string, record: DeviceRecord): SignalDataSet {
  const name = jidDecode(user)?.user ?? user
  return { 'device-record': { [user]: encodeDeviceRecord(record) }, 'device-list': { [name]: deviceIds(record) } }
}

function isAccount(jid: string): boolean {
  return [isPnUser, isLidUser, isHostedPnUser, isHostedLidUser].some(test => test(jid) === true)
}
