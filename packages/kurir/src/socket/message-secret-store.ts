import type { WAMessageKey } from '../events/message-types.js'
import type { AddOnParentRecord } from '../messages/message-effects.js'
import type { Person } from '../messages/message-secrets.js'
import type { OwnAccount } from '../messages/own-account.js'
import {
  parentsInChat,
  type RememberedParent,
  readRow,
  rememberedParent,
  secretRowOf,
  updatedRow,
  withParent,
} from '../messages/remembered-secrets.js'
import type { SignalKeyStoreWithTransaction } from '../signal/key-store.js'
import { ExpiringMap } from '../time/expiring-map.js'

const REMEMBERED = 10_000
const REMEMBERED_MS = 7 * 86_400_000

/**
 * The secrets of messages, for the add-ons that are sealed with them (docs/protocol/03, 8.1). The latest ones of every
 * kind are in memory. Those of polls and events are in the key store too, where votes and answers find them after a
 * restart: 8,192 messages, 90 days.
 */
export class MessageSecretStore {
  readonly #keys: SignalKeyStoreWithTransaction
  readonly #nowSeconds: () => number
  readonly #recent: ExpiringMap<readonly RememberedParent[]>

  constructor(keys: SignalKeyStoreWithTransaction, nowMs: () => number) {
    this.#keys = keys
    this.#nowSeconds = () => Math.floor(nowMs() / 1000)
    this.#recent = new ExpiringMap({ limit: REMEMBERED, ttlMs: REMEMBERED_MS, clock: nowMs })
  }

  async remember(parents: readonly AddOnParentRecord[], me: OwnAccount): Promise<void> {
    const lasting = new Map<string, Map<string, RememberedParent[]>>()
    for (const parent of parents) {
      const { id } = parent.key
      if (!id) continue
      const remembered = rememberedParent(parent, me, this.#nowSeconds())
      this.#recent.set(id, withParent(this.#recent.get(id) ?? [], remembered))
      if (!parent.expectsAddOns) continue
      const name = secretRowOf(id)
      const row = lasting.get(name) ?? new Map<string, RememberedParent[]>()
      lasting.set(name, row.set(id, [...(row.get(id) ?? []), remembered]))
    }
    for (const [name, added] of lasting) await this.#store(name, added)
  }

  /** The messages that an add-on to `key` may belong to: usually one, or none. */
  async find(key: WAMessageKey): Promise<readonly RememberedParent[]> {
    const id = key.id ?? ''
    const recent = parentsInChat(this.#recent.get(id) ?? [], key)
    if (recent.length > 0) return recent
    const name = secretRowOf(id)
    const { [name]: row } = await this.#keys.get('message-secret', [name])
    const stored = readRow(row).get(id) ?? []
    return parentsInChat(stored, key)
  }

  /** Who wrote a message, where it is remembered. */
  async authorsOf(key: WAMessageKey): Promise<readonly Person[]> {
    return (await this.find(key)).map(({ author }) => author)
  }

  #store(name: string, added: ReadonlyMap<string, readonly RememberedParent[]>): Promise<void> {
    return this.#keys.transaction(async () => {
      const { [name]: row } = await this.#keys.get('message-secret', [name])
      await this.#keys.set({ 'message-secret': { [name]: updatedRow(row, added, this.#nowSeconds()) } })
    }, `message-secret ${name}`)
  }
}
