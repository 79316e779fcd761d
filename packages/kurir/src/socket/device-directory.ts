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
import type { SessionDirectory } from './session-directory.js'

const USERS_KEPT = 20_000
/** Notifications keep the lists fresh; the age bounds what a missed one can do. */
const LIST_TTL_MS = 3_600_000
const USERS_PER_QUERY = 250

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
  readonly #fetching = new Map<string, Promise<void>>()

  constructor(core: SocketCore, execute: ExecuteUSyncQuery, sessions: SessionDirectory) {
    this.#core = core
    this.#execute = execute
    this.#sessions = sessions
  }

  /** All devices of these users, as device JIDs in the namespace of the user; device 0 is written without device. */
  async devicesOf(users: readonly string[], useCache = true): Promise<string[]> {
    const wanted = [...new Set(users.map(jidNormalizedUser))]
    const missing = useCache ? wanted.filter(user => !this.#lists.has(user)) : wanted
    if (missing.length > 0) await this.#load(missing)
    return wanted.flatMap(user => this.#lists.get(user) ?? [])
  }

  /** The devices that are known without asking. */
  async knownDevicesOf(user: string): Promise<readonly string[]> {
    const normalized = jidNormalizedUser(user)
    const cached = this.#lists.get(normalized)
    if (cached) return cached
    const record = await this.#stored(normalized)
    return record ? deviceJids(normalized, record) : []
  }

  forget(user: string): void {
    this.#lists.delete(jidNormalizedUser(user))
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
    const { lidMapping } = this.#core.repository
    const twin = known ?? (await (isPnUser(user) ? lidMapping.getLIDForPN(user) : lidMapping.getPNForLID(user)))
    if (twin) this.forget(twin)
  }

  async #load(users: readonly string[]): Promise<void> {
    const fresh = users.filter(user => !this.#fetching.has(user))
    for (let start = 0; start < fresh.length; start += USERS_PER_QUERY) {
      const batch = fresh.slice(start, start + USERS_PER_QUERY)
      const fetched = this.#fetch(batch).finally(() => {
        for (const user of batch) this.#fetching.delete(user)
      })
      for (const user of batch) this.#fetching.set(user, fetched)
    }
    await Promise.all(users.map(user => this.#fetching.get(user)))
  }

  async #fetch(users: readonly string[]): Promise<void> {
    const asked = users.filter(isAccount)
    // Bots have no device list: they are one device.
    for (const user of users) if (!isAccount(user)) this.#lists.set(user, [user])
    if (asked.length === 0) return
    const query = new USyncQuery().withContext('message').withDeviceProtocol().withLIDProtocol()
    for (const user of asked) query.withUser(new USyncUser().withId(user))
    const result = await this.#execute(query)
    const entries = result?.list ?? []
    const mappings = entries.flatMap(({ id, lid }): LIDMapping[] => (lid && isPnUser(id) ? [{ pn: id, lid }] : []))
    if (mappings.length > 0) await this.#core.repository.lidMapping.storeLIDPNMappings(mappings)
    await Promise.all(
      entries.map(({ id, devices, errors }) => {
        if (errors?.['devices'])
          this.#core.logger.warn({ user: id, err: errors['devices'] }, 'no device list of a user')
        return devices && this.#accept(jidNormalizedUser(id), devices)
      }),
    )
  }

  async #accept(user: string, info: ParsedDeviceInfo): Promise<void> {
    const outcome = await this.#judge(user, context => applyDeviceList(info, context))
    if (outcome !== 'identity-needed') return
    if (info.deviceList?.every(({ id }) => id === 0)) {
      // Only the phone: there is nobody the list would have to vouch for.
      this.#lists.set(user, deviceJids(user, PRIMARY_ONLY))
      return
    }
    // The session with the phone is needed anyway, and brings the identity that signed the list.
    await this.#sessions.assert([user])
    if ((await this.#judge(user, context => applyDeviceList(info, context))) === 'identity-needed') {
      this.#lists.set(user, deviceJids(user, PRIMARY_ONLY))
    }
  }

  /** Judges what was said about a user's devices and stores what follows. */
  async #judge(
    user: string,
    apply: (context: DeviceListContext) => DeviceListOutcome,
  ): Promise<DeviceListOutcome['kind']> {
    const { repository, keys, logger } = this.#core
    const stored = await this.#stored(user)
    const outcome = apply({ stored, primaryIdentity: await repository.getIdentityKey(user) })
    const dated = (record: DeviceRecord) => notingExpectation(record, stored, this.#core.clock.nowSeconds())
    switch (outcome.kind) {
      case 'updated':
        await this.#dropSessions(user, outcome.gone)
        await keys.set(rowsOf(user, dated(outcome.record)))
        this.#remember(user, dated(outcome.record))
        break
      case 'unchanged':
        if (stored) await this.#update(user, stored, dated(outcome.record))
        this.#remember(user, dated(outcome.record))
        break
      case 'invalidated':
        await this.#dropSessions(user, outcome.gone)
        await keys.set({ 'device-record': { [user]: null } })
        this.forget(user)
        break
      case 'outdated':
        if (stored) this.#remember(user, stored)
        break
      case 'refused':
        logger.warn({ user, err: outcome.error }, 'a device list was refused')
        this.#remember(user, stored ?? PRIMARY_ONLY)
        break
      case 'identity-needed':
        break
    }
    return outcome.kind
  }

  async #update(user: string, stored: DeviceRecord, record: DeviceRecord): Promise<void> {
    if (encodeDeviceRecord(record).equals(encodeDeviceRecord(stored))) return
    await this.#core.keys.set(rowsOf(user, record))
  }

  #remember(user: string, record: DeviceRecord): void {
    const isOld = isOutdated(record, this.#core.clock.nowSeconds())
    if (isOld) this.#core.logger.warn({ user }, 'a device list is out of date: its companions are left out')
    this.#lists.set(user, deviceJids(user, isOld ? PRIMARY_ONLY : record))
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
