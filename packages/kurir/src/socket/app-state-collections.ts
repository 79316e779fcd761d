import type { WAPatchName } from '../app-state/collection-names.js'
import { type LTHashState, readCollectionState } from '../app-state/collection-state.js'
import type { SocketCore } from './core.js'
import { KeyedQueue } from './scheduling.js'

/**
 * How far each collection has been taken in. A state is stored when everything that was emitted up to it has been
 * handled, not before: a process that dies in between fetches the same changes again, and none is lost. Until then it is
 * here, and everybody goes on with it.
 */
export class AppStateCollections {
  readonly #core: SocketCore
  /** States that are not stored yet. */
  readonly #reached = new Map<WAPatchName, LTHashState>()
  readonly #writing = new KeyedQueue()
  /** The connection has ended, and what was handled by then is stored. */
  #isOver = false
  /** What has to be over before anything is stored. */
  #barrier: Promise<void> = Promise.resolve()

  constructor(core: SocketCore) {
    this.#core = core
    core.connection.onEnd(() => this.#finish())
  }

  /** The states of these collections; version 0 for one that was never synced. */
  async load(collections: readonly WAPatchName[]): Promise<ReadonlyMap<WAPatchName, LTHashState>> {
    const missing = collections.filter(name => !this.#reached.has(name))
    const stored = missing.length === 0 ? {} : await this.#core.keys.get('app-state-sync-version', missing)
    return new Map(
      collections.map(name => [name, this.#reached.get(name) ?? readCollectionState(stored[name])] as const),
    )
  }

  /** Those of these collections that were never synced, not even as empty ones. */
  async unknown(collections: readonly WAPatchName[]): Promise<readonly WAPatchName[]> {
    const stored = await this.#core.keys.get('app-state-sync-version', [...collections])
    return collections.filter(name => !stored[name] && !this.#reached.has(name))
  }

  async stateOf(collection: WAPatchName): Promise<LTHashState> {
    return (await this.load([collection])).get(collection) ?? readCollectionState(undefined)
  }

  /**
   * Stores nothing before this is over: chats that the changes are about are still to come, and until then the changes
   * are only in memory. When it never is, the next connection reads the collections anew.
   */
  storeAfter(over: Promise<void>): void {
    this.#barrier = over
  }

  /**
   * Call when the events that belong to the state have been emitted, and what of them must last is stored.
   *
   * @param stored what need not be remembered any more once the state is stored
   */
  reached(collection: WAPatchName, state: LTHashState, stored?: () => Promise<void>): void {
    const { ev, logger } = this.#core
    this.#reached.set(collection, state)
    Promise.all([ev.whenHandled(), this.#barrier])
      .then(() => this.#writing.run(collection, () => this.#write(collection, state, stored)))
      .catch(error =>
        logger.warn({ err: error, collection }, 'the state of a collection is not stored: it comes again'),
      )
  }

  /** Resolves when the states whose events are handled by now are stored. */
  async settled(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    await this.#writing.drain()
  }

  async #finish(): Promise<void> {
    this.#core.ev.flush()
    await this.settled()
    this.#isOver = true
  }

  async #write(collection: WAPatchName, state: LTHashState, stored?: () => Promise<void>): Promise<void> {
    // The next connection tells again what was not stored. A state beyond what it has told so far must not get in between:
    // the one after it would take all of it for told.
    if (this.#isOver) return
    const { keys } = this.#core
    await keys.transaction(async () => {
      const { [collection]: row } = await keys.get('app-state-sync-version', [collection])
      // The next connection may be further by now: it takes the events in again itself.
      if (readCollectionState(row).version > state.version) return
      await keys.set({ 'app-state-sync-version': { [collection]: state } })
    }, `app-state:${collection}`)
    if (this.#reached.get(collection) === state) this.#reached.delete(collection)
    await stored?.()
  }
}
