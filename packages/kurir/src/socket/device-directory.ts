import { getBinaryNodeChild } from '../binary/accessors.js'
import {
  isHostedLidUser,
  isHostedPnUser,
  isJidMetaAI,
  isLidUser,
  isPnUser,
  jidDecode,
  jidEncode,
  jidNormalizedUser,
} from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { ExpiringMap } from '../messages/expiring-map.js'
import { USyncQuery } from '../usync/query.js'
import type { USyncQueryResult, USyncQueryResultList } from '../usync/result.js'
import { USyncUser } from '../usync/user.js'
import type { SocketCore } from './core.js'

const USERS_KEPT = 20_000
/** Notifications keep the lists fresh; the age bounds what a missed one can do. */
const LIST_TTL_MS = 3_600_000
const USERS_PER_QUERY = 250

export type ExecuteUSyncQuery = (query: USyncQuery) => Promise<USyncQueryResult | undefined>

/**
 * Knows the devices of users. Asks the server once for all who want the same user at the same time, keeps the lists,
 * and follows the notifications that change them.
 */
export class DeviceDirectory {
  readonly #core: SocketCore
  readonly #execute: ExecuteUSyncQuery
  readonly #lists = new ExpiringMap<readonly string[]>({ limit: USERS_KEPT, ttlMs: LIST_TTL_MS })
  readonly #fetching = new Map<string, Promise<void>>()

  constructor(core: SocketCore, execute: ExecuteUSyncQuery) {
    this.#core = core
    this.#execute = execute
  }

  /** All devices of these users, as device JIDs in the namespace of the user; device 0 is written without device. */
  async devicesOf(users: readonly string[], useCache = true): Promise<string[]> {
    const wanted = [...new Set(users.map(jidNormalizedUser))]
    const missing = useCache ? wanted.filter(user => !this.#lists.has(user)) : wanted
    await this.#load(missing)
    return wanted.flatMap(user => this.#lists.get(user) ?? [])
  }

  /** The devices that are known without asking. */
  async knownDevicesOf(user: string): Promise<readonly string[]> {
    const cached = this.#lists.get(jidNormalizedUser(user))
    if (cached) return cached
    const decoded = jidDecode(user)
    if (!decoded) return []
    const { [decoded.user]: ids } = await this.#core.keys.get('device-list', [decoded.user])
    return (ids ?? []).map(id => deviceJid(jidNormalizedUser(user), Number(id)))
  }

  forget(user: string): void {
    this.#lists.delete(jidNormalizedUser(user))
  }

  /** A `devices` or `account_sync` notification: the lists it speaks about are asked for anew when they are needed. */
  async applyNotification(node: BinaryNode): Promise<void> {
    const from = jidNormalizedUser(node.attrs['from'])
    const lid = node.attrs['lid'] ? jidNormalizedUser(node.attrs['lid']) : await this.#twin(from)
    const removed = getBinaryNodeChild(node, 'remove')
    if (removed && Array.isArray(removed.content)) {
      const gone = removed.content
        .flatMap(({ tag, attrs }) => (tag === 'device' ? [attrs['jid'], attrs['lid']] : []))
        .filter(jid => jid !== undefined)
      await this.#core.repository.deleteSession(gone)
    }
    for (const user of [from, lid]) if (user) this.forget(user)
  }

  async #twin(user: string): Promise<string | undefined> {
    const { lidMapping } = this.#core.repository
    const twin = isPnUser(user)
      ? await lidMapping.getLIDForPN(user)
      : isLidUser(user)
        ? await lidMapping.getPNForLID(user)
        : null
    return twin ? jidNormalizedUser(twin) : undefined
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
    for (const entry of result?.list ?? []) await this.#accept(entry)
  }

  async #accept(entry: USyncQueryResultList): Promise<void> {
    const { repository, keys } = this.#core
    const user = jidNormalizedUser(entry.id)
    const lid = typeof entry.lid === 'string' ? entry.lid : undefined
    if (lid && isPnUser(user)) await repository.lidMapping.storeLIDPNMappings([{ pn: user, lid }])
    const { deviceList } = entry.devices ?? {}
    if (!deviceList) return
    const devices = deviceList.filter(({ id, keyIndex }) => id === 0 || keyIndex).map(({ id }) => deviceJid(user, id))
    if (!devices.includes(user)) devices.unshift(user)
    this.#lists.set(user, devices)
    const name = jidDecode(user)?.user
    if (name) await keys.set({ 'device-list': { [name]: devices.map(jid => String(jidDecode(jid)?.device ?? 0)) } })
  }
}

function deviceJid(user: string, device: number): string {
  const decoded = jidDecode(user)
  return decoded ? jidEncode(decoded.user, decoded.server, device || undefined) : user
}

function isAccount(jid: string): boolean {
  const isPerson = isPnUser(jid) || isLidUser(jid) || isHostedPnUser(jid) || isHostedLidUser(jid)
  return isPerson === true && !isJidMetaAI(jid)
}
