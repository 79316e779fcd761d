import { AppStateError } from '../app-state/app-state-error.js'
import type { KeyOf } from '../app-state/apply.js'
import type { SharedKey } from '../app-state/key-messages.js'
import type { AppStateKey } from '../app-state/mutation.js'
import { chooseKey, type ExpandedAppStateKey, expandAppStateKey, parseKeyId } from '../app-state/sync-keys.js'
import { BoundedCache } from '../crypto/bounded-cache.js'
import type { AppStateLedger } from './app-state-ledger.js'
import type { SocketCore } from './core.js'

const keyDataLength = 32
/** Keys whose five parts are remembered. */
const mostExpanded = 64

/** The keys of app state (docs/protocol/04, 1.8): shared by the phone, kept for ever, the newest used for writing. */
export class AppStateKeys {
  readonly #core: SocketCore
  readonly #ledger: AppStateLedger
  readonly #expanded = new BoundedCache<ExpandedAppStateKey>(mostExpanded)

  constructor(core: SocketCore, ledger: AppStateLedger) {
    this.#core = core
    this.#ledger = ledger
  }

  /** Whether the phone has shared any key. */
  get hasAny(): boolean {
    return this.#core.creds.myAppStateKeyId !== undefined
  }

  /** Loads these keys, as far as they are there, for work that cannot wait. */
  async load(keyIds: readonly string[]): Promise<KeyOf> {
    const found = new Map<string, ExpandedAppStateKey>()
    const wanted = keyIds.filter(id => {
      const known = this.#expanded.get(id)
      if (known) found.set(id, known)
      return known === undefined
    })
    if (wanted.length > 0) {
      const stored = await this.#core.keys.get('app-state-sync-key', wanted)
      for (const id of wanted) {
        const keyData = stored[id]?.keyData
        if (keyData?.byteLength !== keyDataLength) continue
        const expanded = expandAppStateKey(keyData)
        this.#expanded.set(id, expanded)
        found.set(id, expanded)
      }
    }
    return id => found.get(id)
  }

  /**
   * Keeps shared keys, and writes with the newest from now on. Resolves when they are stored: the message that brought
   * them is not confirmed before.
   */
  async take(shared: readonly SharedKey[]): Promise<void> {
    const { keys, creds, ev, logger } = this.#core
    const ids = shared.map(({ id }) => id)
    await keys.set({ 'app-state-sync-key': Object.fromEntries(shared.map(({ id, data }) => [id, data])) })
    // What came before under the same id counts no more.
    for (const { id, data } of shared) if (data.keyData) this.#expanded.set(id, expandAppStateKey(data.keyData))
    const newest = chooseKey([...(creds.myAppStateKeyId ? [creds.myAppStateKeyId] : []), ...ids])
    if (newest !== undefined && newest !== creds.myAppStateKeyId) ev.emit('creds.update', { myAppStateKeyId: newest })
    await this.#ledger.forgetAsked(ids)
    logger.info({ keyIds: ids, newest }, 'the phone has shared keys of the app state')
  }

  /**
   * The key that own changes are made with.
   *
   * @throws AppStateError `app-state-key-missing` (400) when there is none, or when the newest may not be used any more
   */
  async forWriting(): Promise<AppStateKey> {
    const id = this.#core.creds.myAppStateKeyId
    if (id === undefined) throw noKeyForWriting([])
    const keyId = Buffer.from(id, 'base64')
    const epoch = parseKeyId(keyId)?.epoch
    if (epoch !== undefined && epoch <= (await this.#ledger.expiredEpoch())) throw noKeyForWriting([id])
    const expanded = (await this.load([id]))(id)
    if (expanded === undefined) throw noKeyForWriting([id])
    return { keyId, expanded }
  }
}

/** The message and the status are Baileys'. */
function noKeyForWriting(keyIds: readonly string[]): AppStateError {
  return new AppStateError('app-state-key-missing', 'App state key not present!', {
    statusCode: 400,
    retryable: true,
    data: { keyIds, isMissingKey: true },
  })
}
