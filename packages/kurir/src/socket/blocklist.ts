import { isPnUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import {
  type Blocklist as BlocklistState,
  buildBlock,
  buildBlocklistQuery,
  buildUnblock,
  parseBlocklist,
  parseBlocklistChange,
  parseBlocklistHash,
} from '../privacy/blocklist.js'
import type { SocketCore } from './core.js'
import { addressOf } from './privacy-address.js'

export interface BlocklistMembers {
  /** Whom the account has blocked: LIDs for accounts that have moved to LIDs. */
  fetchBlocklist(): Promise<string[]>
  /**
   * Blocks somebody or takes that back. Changes of other devices come as `blocklist.update`.
   *
   * @throws KurirError `invalid-jid` (400) for what is no person, `lid-unknown` (400) when the LID of a number cannot be
   *   found out; ServerRefusal
   */
  updateBlockStatus(jid: string, action: 'block' | 'unblock'): Promise<void>
}

/** Whom the account has blocked (docs/protocol/04 §5.3). */
export class Blocklist {
  readonly members: BlocklistMembers
  readonly #core: SocketCore
  /** Stamp of the list as this socket has heard of it. */
  #hash: string | undefined

  constructor(core: SocketCore) {
    this.#core = core
    this.members = {
      fetchBlocklist: async () => ((await this.#fetch())?.users ?? []).map(({ jid }) => jid),
      updateBlockStatus: (jid, action) => this.#change(jid, action),
    }
  }

  /** Asks for the whole list and tells it as `blocklist.set`. */
  async refresh(): Promise<void> {
    this.#tell(await this.#fetch())
  }

  /** Follows a change on another device: the `blocklist` child of an `account_sync` notification. */
  async takeChange(blocklist: BinaryNode): Promise<void> {
    const { hash, previousHash, items } = parseBlocklistChange(blocklist)
    const hasMissed = previousHash !== undefined && this.#hash !== undefined && previousHash !== this.#hash
    if (items.length === 0 || hasMissed) return this.refresh()
    this.#hash = hash
    for (const { jid, action } of items) this.#core.ev.emit('blocklist.update', { blocklist: [jid], type: action })
  }

  async #change(jid: string, action: 'block' | 'unblock'): Promise<void> {
    const { jid: named, phoneNumber } = await addressOf(this.#core, jid)
    const change = action === 'block' ? buildBlock(named, phoneNumber) : buildUnblock(named)
    const answer = await this.#core.connection.query(change)
    // A service that knew another list than we do tells all of it.
    const list = parseBlocklist(answer)
    this.#hash = parseBlocklistHash(answer) ?? this.#hash
    if (list) await this.#learn(list)
    this.#tell(list)
  }

  async #fetch(): Promise<BlocklistState | undefined> {
    const list = parseBlocklist(await this.#core.connection.query(buildBlocklistQuery()))
    if (!list) return undefined
    this.#hash = list.hash
    await this.#learn(list)
    return list
  }

  #tell(list: BlocklistState | undefined): void {
    if (list) this.#core.ev.emit('blocklist.set', { blocklist: list.users.map(({ jid }) => jid) })
  }

  /** The list tells the numbers of people. */
  async #learn({ users }: BlocklistState): Promise<void> {
    const mappings = users.flatMap(({ jid, phoneNumber }) =>
      phoneNumber && !isPnUser(jid) ? [{ lid: jid, pn: phoneNumber }] : [],
    )
    if (mappings.length > 0) await this.#core.repository.lidMapping.storeLIDPNMappings(mappings)
  }
}
