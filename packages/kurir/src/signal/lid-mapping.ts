import { isHostedLidUser, isHostedPnUser, isLidUser, isPnUser, jidDecode, jidEncode } from '../binary/jid.js'
import type { ILogger } from '../logger/logger.js'
import type { LIDMapping, SignalDataSet, SignalKeyStoreWithTransaction } from './key-store.js'
import { type LIDMappingCache, lidMappingCacheOf } from './lid-mapping-cache.js'
import { lidMappingScope, sessionScope, underScopes } from './scopes.js'
import { findSessionMoves, moveSessions } from './session-migration.js'

export type { LIDMapping } from './key-store.js'

const mappingsPerTransaction = 1000

/** Asks the service for the LIDs of phone-number JIDs; what it cannot say is left out. */
export type PnToLIDFunction = (jids: string[]) => Promise<LIDMapping[] | undefined>

/** What a repository offers of its mapping; a replacement of the built-in one has to bring no more than this. */
export interface LIDMappings {
  storeLIDPNMappings(pairs: readonly LIDMapping[]): Promise<void>
  getLIDForPN(pn: string): Promise<string | null>
  getLIDsForPNs(pns: readonly string[]): Promise<LIDMapping[] | null>
  getPNForLID(lid: string): Promise<string | null>
  getPNsForLIDs(lids: readonly string[]): Promise<LIDMapping[] | null>
  close(): void
}

/**
 * Which LID belongs to which phone number (docs/protocol/02 §6.3). Persisted in both directions; device numbers are
 * carried over into the answers. The last mapping stored for a person stands.
 */
export class LIDMappingStore implements LIDMappings {
  readonly #keys: SignalKeyStoreWithTransaction
  readonly #logger: ILogger
  readonly #pnToLID: PnToLIDFunction | undefined
  readonly #clock: () => number
  readonly #cache: LIDMappingCache
  /** Questions to the service that are under way, by phone-number user. */
  readonly #lookups = new Map<string, Promise<void>>()

  constructor(
    keys: SignalKeyStoreWithTransaction,
    logger: ILogger,
    pnToLIDFunc?: PnToLIDFunction,
    options: { readonly clock?: () => number } = {},
  ) {
    this.#keys = keys
    this.#logger = logger
    this.#pnToLID = pnToLIDFunc
    this.#clock = options.clock ?? Date.now
    this.#cache = lidMappingCacheOf(keys)
  }

  /** Counts the mappings stored: an address resolved at another count may be outdated. */
  get revision(): number {
    return this.#cache.revision
  }

  /**
   * Stores pairs of one LID and one phone-number JID each, in either order; others are ignored with a warning. The
   * sessions of a person who gets a mapping are moved to the LID in the same transaction.
   *
   * Do not call it inside a transaction that holds a session: it takes session scopes itself.
   */
  async storeLIDPNMappings(pairs: readonly LIDMapping[]): Promise<void> {
    const valid = [...this.#validPairs(pairs)]
    for (let start = 0; start < valid.length; start += mappingsPerTransaction) {
      await this.#store(new Map(valid.slice(start, start + mappingsPerTransaction)))
    }
  }

  /** The LID device of a phone-number device; asks the service when the store does not know. Null when there is none. */
  async getLIDForPN(pn: string): Promise<string | null> {
    return (await this.getLIDsForPNs([pn]))?.[0]?.lid ?? null
  }

  /** The pairs that are known or can be found out; null when there are none. JIDs of other kinds are ignored. */
  async getLIDsForPNs(pns: readonly string[]): Promise<LIDMapping[] | null> {
    const wanted = pns.filter(pn => isPnUser(pn) || isHostedPnUser(pn))
    let lidUsers = await this.#lidUsersOf(wanted.map(userOf))
    const unknown = wanted.filter(pn => !lidUsers.has(userOf(pn)))
    if (unknown.length > 0 && (await this.#ask(unknown))) lidUsers = await this.#lidUsersOf(wanted.map(userOf))
    const found = wanted.flatMap(pn => {
      const lidUser = lidUsers.get(userOf(pn))
      if (lidUser === undefined) return []
      return [{ pn, lid: jidEncode(lidUser, isHostedPnUser(pn) ? 'hosted.lid' : 'lid', jidDecode(pn)?.device) }]
    })
    return found.length > 0 ? found : null
  }

  /** The phone-number device of a LID device, its device number always written. Null when it is not known. */
  async getPNForLID(lid: string): Promise<string | null> {
    return (await this.getPNsForLIDs([lid]))?.[0]?.pn ?? null
  }

  async getPNsForLIDs(lids: readonly string[]): Promise<LIDMapping[] | null> {
    const wanted = lids.filter(lid => isLidUser(lid) || isHostedLidUser(lid))
    const pnUsers = await this.#pnUsersOf(wanted.map(userOf))
    const found = wanted.flatMap(lid => {
      const pnUser = pnUsers.get(userOf(lid))
      if (pnUser === undefined) return []
      const server = isHostedLidUser(lid) ? 'hosted' : 's.whatsapp.net'
      return [{ lid, pn: `${pnUser}:${jidDecode(lid)?.device ?? 0}@${server}` }]
    })
    return found.length > 0 ? found : null
  }

  /** What memory knows about a phone-number user: the LID user, null for none, undefined when the store must be asked. */
  rememberedLIDUser(pnUser: string): string | null | undefined {
    const cached = this.#cache.lidUser(pnUser, this.#clock())
    return cached === undefined ? undefined : (cached.user ?? null)
  }

  /** The LID user stored for a phone-number user. Never asks the service. */
  async lidUserOf(pnUser: string): Promise<string | undefined> {
    return (await this.#lidUsersOf([pnUser])).get(pnUser)
  }

  /** The phone-number user stored for a LID user. Never asks the service. */
  async pnUserOf(lidUser: string): Promise<string | undefined> {
    return (await this.#pnUsersOf([lidUser])).get(lidUser)
  }

  /** Drops what is remembered in memory. */
  close(): void {
    this.#cache.clear()
  }

  /** Phone-number user → LID user; of several pairs for one person the last counts. */
  #validPairs(pairs: readonly LIDMapping[]): Map<string, string> {
    const valid = new Map<string, string>()
    for (const { lid, pn } of pairs) {
      const [first, second] = isPn(lid) && isLid(pn) ? [pn, lid] : [lid, pn]
      const lidUser = isLid(first) ? userOf(first) : ''
      const pnUser = isPn(second) ? userOf(second) : ''
      if (lidUser === '' || pnUser === '')
        this.#logger.warn({ lid, pn }, 'ignored a pair that is not one LID and one PN')
      else valid.set(pnUser, lidUser)
    }
    const byLid = new Map([...valid].map(([pnUser, lidUser]) => [lidUser, pnUser]))
    return new Map([...byLid].map(([lidUser, pnUser]) => [pnUser, lidUser]))
  }

  async #store(pairs: ReadonlyMap<string, string>): Promise<void> {
    const lidUsers = await this.#lidUsersOf([...pairs.keys()])
    const pnUsers = await this.#pnUsersOf([...pairs.values()])
    const wanted = new Map([...pairs].filter(([pn, lid]) => lidUsers.get(pn) !== lid || pnUsers.get(lid) !== pn))
    if (wanted.size === 0) return
    const moves = await findSessionMoves(this.#keys, wanted)
    const sessionScopes = moves.flatMap(move => [sessionScope(move.from), sessionScope(move.to)])
    const former = await underScopes(this.#keys, [lidMappingScope, ...sessionScopes], async () => {
      const partners = await this.#formerPartners(wanted)
      await this.#keys.set({ 'lid-mapping': mappingRows(wanted, partners) })
      if (moves.length > 0) await moveSessions(this.#keys, moves)
      return partners
    })
    for (const pnUser of former.pnUsers) this.#cache.rememberNoLid(pnUser, this.#clock())
    for (const lidUser of former.lidUsers) this.#cache.rememberNoPn(lidUser, this.#clock())
    for (const [pnUser, lidUser] of wanted) {
      this.#cache.rememberLid(pnUser, lidUser)
      this.#cache.rememberPn(lidUser, pnUser)
    }
    this.#cache.revision++
    this.#logger.trace({ mappings: wanted.size, sessions: moves.length }, 'stored LID mappings')
  }

  /** Who was paired with the users of the new pairs and is not any more. */
  async #formerPartners(wanted: ReadonlyMap<string, string>): Promise<FormerPartners> {
    const ids = [...wanted].flatMap(([pnUser, lidUser]) => [pnUser, reverseId(lidUser)])
    const stored = await this.#keys.get('lid-mapping', ids)
    const pnUsers = [...wanted.values()].flatMap(lidUser => stored[reverseId(lidUser)] ?? [])
    const lidUsers = [...wanted.keys()].flatMap(pnUser => stored[pnUser] ?? [])
    const kept = new Set(wanted.values())
    return {
      pnUsers: pnUsers.filter(pnUser => !wanted.has(pnUser)),
      lidUsers: lidUsers.filter(lidUser => !kept.has(lidUser)),
    }
  }

  /** The LID users of phone-number users, from memory or the store; those without one are left out. */
  async #lidUsersOf(pnUsers: readonly string[]): Promise<Map<string, string>> {
    const now = this.#clock()
    return this.#resolve(pnUsers, {
      cached: user => this.#cache.lidUser(user, now),
      id: user => user,
      remember: (user, lidUser) => this.#cache.rememberLid(user, lidUser),
      rememberNone: user => this.#cache.rememberNoLid(user, now),
    })
  }

  async #pnUsersOf(lidUsers: readonly string[]): Promise<Map<string, string>> {
    const now = this.#clock()
    return this.#resolve(lidUsers, {
      cached: user => this.#cache.pnUser(user, now),
      id: reverseId,
      remember: (user, pnUser) => this.#cache.rememberPn(user, pnUser),
      rememberNone: user => this.#cache.rememberNoPn(user, now),
    })
  }

  async #resolve(users: readonly string[], direction: Direction): Promise<Map<string, string>> {
    const partners = new Map<string, string>()
    const missing = new Set<string>()
    for (const user of users) {
      const cached = direction.cached(user)
      if (cached === undefined) missing.add(user)
      else if (cached.user !== undefined) partners.set(user, cached.user)
    }
    if (missing.size === 0) return partners
    const { revision } = this
    const stored = await this.#keys.get('lid-mapping', [...missing].map(direction.id))
    // A mapping stored meanwhile makes what was read before it outdated.
    if (revision !== this.revision) return this.#resolve(users, direction)
    for (const user of missing) {
      const partner = stored[direction.id(user)]
      if (typeof partner === 'string' && partner !== '') {
        partners.set(user, partner)
        direction.remember(user, partner)
      } else direction.rememberNone(user)
    }
    return partners
  }

  /**
   * Asks the service once for all that nobody is asking for already.
   *
   * @returns false when there is nobody to ask
   */
  async #ask(pns: readonly string[]): Promise<boolean> {
    const pnToLID = this.#pnToLID
    if (pnToLID === undefined) return false
    const users = [...new Set(pns.map(userOf))]
    const fresh = users.filter(user => !this.#lookups.has(user))
    if (fresh.length > 0) {
      const lookup = this.#askNow(pnToLID, fresh)
      for (const user of fresh) this.#lookups.set(user, lookup)
    }
    await Promise.all(new Set(users.map(user => this.#lookups.get(user))))
    return true
  }

  async #askNow(pnToLID: PnToLIDFunction, users: readonly string[]): Promise<void> {
    try {
      const pairs = await pnToLID(users.map(user => `${user}@s.whatsapp.net`))
      if (pairs !== undefined && pairs.length > 0) await this.storeLIDPNMappings(pairs)
    } finally {
      for (const user of users) this.#lookups.delete(user)
    }
  }
}

/** One direction of the mapping. */
interface Direction {
  readonly cached: (user: string) => { readonly user: string | undefined } | undefined
  /** The id of the stored row. */
  readonly id: (user: string) => string
  readonly remember: (user: string, partner: string) => void
  readonly rememberNone: (user: string) => void
}

interface FormerPartners {
  readonly pnUsers: readonly string[]
  readonly lidUsers: readonly string[]
}

/** Both directions of the new pairs, and the deletion of rows that still name a former partner. */
function mappingRows(
  wanted: ReadonlyMap<string, string>,
  former: FormerPartners,
): NonNullable<SignalDataSet['lid-mapping']> {
  const rows: NonNullable<SignalDataSet['lid-mapping']> = {}
  for (const pnUser of former.pnUsers) rows[pnUser] = null
  for (const lidUser of former.lidUsers) rows[reverseId(lidUser)] = null
  for (const [pnUser, lidUser] of wanted) {
    rows[pnUser] = lidUser
    rows[reverseId(lidUser)] = pnUser
  }
  return rows
}

function isPn(jid: string): boolean {
  return isPnUser(jid) === true || isHostedPnUser(jid) === true
}

function isLid(jid: string): boolean {
  return isLidUser(jid) === true || isHostedLidUser(jid) === true
}

function userOf(jid: string): string {
  return jidDecode(jid)?.user ?? ''
}

function reverseId(lidUser: string): string {
  return `${lidUser}_reverse`
}
