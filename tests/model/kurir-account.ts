import { COLLECTION_NAMES, type CollectionName, type Phone } from '@kurir/simulator'
import { KurirError } from 'kurir'
import type { KurirClient } from '../e2e/support/kurir-client.js'
import type { SharedChange } from './changes.js'
import { modificationOf } from './modification.js'
import type { ModelClient } from './run.js'
import { type AppStateEvents, ToldAccount } from './told-account.js'

/** A Kurir program that takes part in a run. */
export class KurirAccount implements ModelClient {
  readonly name: string
  readonly #client: KurirClient
  readonly #told = new ToldAccount()
  #taken = 0

  private constructor(client: KurirClient) {
    this.#client = client
    this.name = `Kurir ${client.jid}`
  }

  /**
   * Resolves on the second connection. On the first one, what is read waits for a history that does not come, in memory.
   */
  static async of(client: KurirClient): Promise<KurirAccount> {
    const { creds } = client.auth
    await client.waitFor(() => creds.myAppStateKeyId && creds.accountSyncCounter > 0, 'end of the first sync')
    await client.end()
    await client.reconnect()
    return new KurirAccount(client)
  }

  get picture() {
    const { events } = this.#client
    for (const { name, data } of events.slice(this.#taken)) this.#told.take({ [name]: data } as AppStateEvents)
    this.#taken = events.length
    return this.#told.picture
  }

  async change(change: SharedChange): Promise<void> {
    const [modification, jid] = modificationOf(change)
    await this.#client.socket.chatModify(modification, jid)
  }

  async reconnect(): Promise<void> {
    await this.#client.end()
    await this.#client.reconnect()
  }

  async collection(name: CollectionName) {
    const { [name]: state } = await this.#client.auth.keys.get('app-state-sync-version', [name])
    return state ?? { version: 0, hash: Buffer.alloc(128), indexValueMap: {} }
  }

  /** Whether it has stored everything that its phone has. */
  async isUpToDate(phone: Phone): Promise<boolean> {
    const states = await Promise.all(COLLECTION_NAMES.map(name => this.collection(name)))
    return COLLECTION_NAMES.every((name, position) => states[position]?.version === phone.appState.version(name))
  }
}

/**
 * The change was under way when its client ended the connection, came upon records with a key that was still on its way
 * from the phone, or found others faster five times in a row: a program would make it again.
 */
export const isCutOff = (error: unknown): boolean =>
  KurirError.is(error) && ['connection-closed', 'app-state-key-missing', 'app-state-conflict'].includes(error.code)
