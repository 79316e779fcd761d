import { isCollectionName, type WAPatchName } from '../app-state/collection-names.js'
import type { AppStateLedgerRow } from '../signal/key-store.js'
import type { SocketCore } from './core.js'
import { KeyedQueue } from './scheduling.js'

/** Keys that are remembered as asked for. */
const mostAsked = 1_000
const DAY_MS = 86_400_000
const rowId = 'ledger'

/** What the ledger says, by what it is about. */
interface Ledger {
  readonly behind: Map<WAPatchName, number>
  readonly asked: Map<string, number>
  readonly recovering: Map<WAPatchName, number>
  expiredEpoch: number
}

/**
 * What has to be remembered of app state besides the collections: which of them are behind, what the phone was asked
 * for, which keys are too old to write with. It is in the key store, so that a notification is not forgotten and a phone
 * not bothered again after a restart; a store that does not take it costs no more than that.
 */
export class AppStateLedger {
  readonly #core: SocketCore
  readonly #writing = new KeyedQueue()
  #ledger: Promise<Ledger> | undefined

  constructor(core: SocketCore) {
    this.#core = core
  }

  /** Collections that have to be looked at, with the version that the server spoke of; 0 when it spoke of none. */
  async behind(): Promise<ReadonlyMap<WAPatchName, number>> {
    return (await this.#load()).behind
  }

  /** Resolves when this cannot be forgotten any more. */
  async noteBehind(collections: Iterable<readonly [WAPatchName, number]>): Promise<void> {
    await this.#change(({ behind }) => {
      let isNew = false
      for (const [collection, version] of collections) {
        if ((behind.get(collection) ?? -1) >= version) continue
        behind.set(collection, version)
        isNew = true
      }
      return isNew
    })
  }

  /**
   * The collection has reached the version that the server has, and that is stored. A later one that was announced meanwhile stays noted.
   *
   * @param announced what was noted when the server was asked
   */
  async noteReached(collection: WAPatchName, version: number, announced: number | undefined): Promise<void> {
    await this.#change(({ behind }) => {
      const noted = behind.get(collection)
      return noted !== undefined && (noted <= version || noted === announced) && behind.delete(collection)
    })
  }

  /** Of these keys, those that the phone was not asked for within a day; from now on it has been. */
  async takeUnasked(keyIds: readonly string[]): Promise<readonly string[]> {
    const now = this.#core.config.clock()
    const { asked } = await this.#load()
    const due = keyIds.filter(id => now - (asked.get(id) ?? Number.NEGATIVE_INFINITY) >= DAY_MS)
    if (due.length === 0) return due
    await this.#change(() => {
      for (const id of due) {
        asked.delete(id)
        asked.set(id, now)
      }
      for (const oldest of asked.keys()) if (asked.size > mostAsked) asked.delete(oldest)
      return true
    })
    return due
  }

  /** The keys came, or could not be asked for after all. */
  async forgetAsked(keyIds: readonly string[]): Promise<void> {
    await this.#change(({ asked }) => keyIds.filter(id => asked.delete(id)).length > 0)
  }

  /** Whether the phone was asked within a day for a copy of a collection. */
  async isRecovering(collection: WAPatchName): Promise<boolean> {
    const since = (await this.#load()).recovering.get(collection)
    return since !== undefined && this.#core.config.clock() - since < DAY_MS
  }

  async noteRecovering(collection: WAPatchName): Promise<void> {
    await this.#change(({ recovering }) => recovering.set(collection, this.#core.config.clock()).size > 0)
  }

  /** The collection is sound again, or the phone could not be asked. */
  async noteRecovered(collection: WAPatchName): Promise<void> {
    await this.#change(({ recovering }) => recovering.delete(collection))
  }

  /** Keys of this epoch and of earlier ones are not written with any more. */
  async expiredEpoch(): Promise<number> {
    return (await this.#load()).expiredEpoch
  }

  async noteExpired(epoch: number): Promise<void> {
    await this.#change(ledger => {
      if (epoch <= ledger.expiredEpoch) return false
      ledger.expiredEpoch = epoch
      return true
    })
  }

  #load(): Promise<Ledger> {
    this.#ledger ??= this.#read().catch(error => {
      this.#ledger = undefined
      throw error
    })
    return this.#ledger
  }

  async #read(): Promise<Ledger> {
    const { [rowId]: row } = await this.#core.keys.get('app-state-ledger', [rowId])
    return {
      behind: timesIn(row?.behind, isCollectionName),
      asked: timesIn(row?.asked, (id): id is string => id.length > 0),
      recovering: timesIn(row?.recovering, isCollectionName),
      expiredEpoch: Number.isSafeInteger(row?.expiredEpoch) ? Number(row?.expiredEpoch) : -1,
    }
  }

  /** @param change tells whether anything changed */
  async #change(change: (ledger: Ledger) => boolean): Promise<void> {
    const ledger = await this.#load()
    if (!change(ledger)) return
    await this.#writing.run('', async () => {
      try {
        await this.#core.keys.set({ 'app-state-ledger': { [rowId]: rowOf(ledger) } })
      } catch (error) {
        this.#core.logger.warn({ err: error }, 'what is open in the app state could not be noted')
      }
    })
  }
}

function rowOf({ behind, asked, recovering, expiredEpoch }: Ledger): AppStateLedgerRow {
  const of = (times: ReadonlyMap<string, number>) => Object.fromEntries(times)
  return { behind: of(behind), asked: of(asked), recovering: of(recovering), expiredEpoch }
}

function timesIn<Name extends string>(stored: unknown, isName: (name: string) => name is Name): Map<Name, number> {
  const times = new Map<Name, number>()
  if (typeof stored !== 'object' || stored === null) return times
  for (const [name, time] of Object.entries(stored)) {
    if (isName(name) && typeof time === 'number' && Number.isFinite(time)) times.set(name, time)
  }
  return times
}
