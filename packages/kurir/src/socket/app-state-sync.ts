import { ALL_WA_PATCH_NAMES, type WAPatchName } from '../app-state/collection-names.js'
import type { BlobDownload } from '../app-state/external-blobs.js'
import type { KeyShare } from '../app-state/key-messages.js'
import { base64 } from '../app-state/next-state.js'
import { applyRecovery, readRecovery } from '../app-state/snapshot-recovery.js'
import { buildSyncRequest, parseServerSync, parseSyncAnswer } from '../app-state/sync-stanza.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { type Schedule, unrefSchedule } from '../events/schedule.js'
import type { proto } from '../proto/index.js'
import { AppStateCollections } from './app-state-collections.js'
import { AppStateKeys } from './app-state-keys.js'
import { AppStateLedger } from './app-state-ledger.js'
import { AppStatePhone } from './app-state-phone.js'
import { AppStateReports } from './app-state-reports.js'
import { CollectionFetch, type FetchEnd } from './collection-fetch.js'
import type { SocketCore } from './core.js'
import { KeyedQueue } from './scheduling.js'

export interface AppStateSyncParts {
  readonly download: BlobDownload
  readonly schedule?: Schedule
}

type RecoveryAnswer =
  proto.Message.PeerDataOperationRequestResponseMessage.PeerDataOperationResult.ISyncDSnapshotFatalRecoveryResponse

/** What goes for all collections of one fetch. */
interface FetchContext {
  readonly isInitial: boolean
  /** What was noted as behind when the server was asked. */
  readonly announced: ReadonlyMap<WAPatchName, number>
}

/** Before the second question after a fault, twice that before the third. */
const PAUSE_MS = 1_000
/** Before what failed in the background is tried again, and how often on one connection. */
const RETRY_MS = 30_000
const RETRIES = 3
/** Mutations that are read before the program hears of the first ones. */
const REPORT_AT = 10_000

/**
 * Takes in what the devices of the account have changed (docs/protocol/04, 1): asks the server, believes what the MACs
 * vouch for, tells the program, and notes how far that goes. What each fault leads to is in docs/app-state.md.
 */
export class AppStateSync {
  readonly collections: AppStateCollections
  readonly keys: AppStateKeys
  readonly reports: AppStateReports
  readonly #core: SocketCore
  readonly #parts: AppStateSyncParts
  readonly #ledger: AppStateLedger
  readonly #phone: AppStatePhone
  readonly #schedule: Schedule
  /** One at a time for each collection: fetches, own changes, recoveries. */
  readonly #queue = new KeyedQueue()
  /** Collections that wait for keys. */
  readonly #blocked = new Map<WAPatchName, ReadonlySet<string>>()
  readonly #timers = new Set<() => void>()
  #isReady = false
  #catchingUp: Promise<void> | undefined
  #isCalledAgain = false
  #retries = 0

  constructor(core: SocketCore, parts: AppStateSyncParts) {
    this.#core = core
    this.#parts = parts
    this.#schedule = parts.schedule ?? unrefSchedule
    this.#ledger = new AppStateLedger(core)
    this.collections = new AppStateCollections(core)
    this.keys = new AppStateKeys(core, this.#ledger)
    this.reports = new AppStateReports(core, this.#ledger)
    this.#phone = new AppStatePhone(core, this.#ledger)
    core.notifications.on('server_sync', node => this.#announced(node))
    core.dirtyBits.on('syncd_app_state', () => this.#everythingChanged())
    core.connection.onEnd(() => {
      for (const cancel of this.#timers) cancel()
    })
  }

  /**
   * Fetches what is new in these collections. A collection whose keys are missing is no failure: it goes on when they
   * come.
   *
   * @throws the first failure, when all collections are through: AppStateError, `app-state-refused`,
   *   `app-state-endless`, ServerRefusal, `timed-out`, those of media downloads, the end of the connection
   */
  async resync(collections: readonly WAPatchName[], isInitial = false): Promise<void> {
    const wanted = ALL_WA_PATCH_NAMES.filter(name => collections.includes(name))
    const ends = await this.locked(wanted, () => this.fetch(wanted, isInitial))
    for (const end of ends.values()) if (end.kind === 'failed') throw end.error
  }

  /** Runs work that must not interleave with other work on these collections. */
  locked<T>(collections: readonly WAPatchName[], work: () => Promise<T>): Promise<T> {
    // Always in the same order: two of them never wait for each other.
    const [first, ...others] = ALL_WA_PATCH_NAMES.filter(name => collections.includes(name))
    return first === undefined ? work() : this.#queue.run(first, () => this.locked(others, work))
  }

  /** {@link resync} for whoever has locked the collections already. @throws only what the key store throws */
  async fetch(collections: readonly WAPatchName[], isInitial = false): Promise<ReadonlyMap<WAPatchName, FetchEnd>> {
    const context = { isInitial, announced: new Map(await this.#ledger.behind()) }
    const states = await this.collections.load(collections)
    const tools = { download: this.#parts.download, keys: this.keys }
    const fetches: CollectionFetch[] = []
    for (const [name, state] of states) {
      fetches.push(new CollectionFetch(name, state, tools, await this.#ledger.isRecovering(name)))
    }
    try {
      await this.#askUntilDone(fetches, context)
    } catch (error) {
      for (const fetch of fetches) fetch.abandon(error)
    }
    await this.#store(fetches, context)
    const ends = new Map<WAPatchName, FetchEnd>()
    for (const fetch of fetches) ends.set(fetch.collection, await this.#conclude(fetch))
    return ends
  }

  /** The first sync is through, or will not come: from now on what is behind is fetched by itself. */
  ready(): void {
    this.#isReady = true
    this.#catchUp()
  }

  /** The phone has shared keys. Resolves when they are stored. */
  async takeKeys({ keys, orphans, malformed }: KeyShare): Promise<void> {
    const { logger } = this.#core
    if (malformed > 0) logger.warn({ malformed }, 'left out keys of the app state that are not well-formed')
    if (orphans.length > 0) logger.warn({ keyIds: orphans }, 'the phone does not have keys of the app state either')
    if (keys.length === 0) return
    await this.keys.take(keys)
    for (const [collection, missing] of this.#blocked) {
      if (keys.some(({ id }) => missing.has(id))) this.#blocked.delete(collection)
    }
    this.#catchUp()
  }

  /**
   * The phone's copy of a collection (docs/protocol/04, 1.15). One that nobody asked for, or that is older than what is
   * here, is left out. Resolves when it is taken in; what was changed since is fetched by itself.
   *
   * @throws AppStateError `invalid-app-state`
   */
  async takeRecovery(answer: RecoveryAnswer): Promise<void> {
    const recovery = readRecovery(answer)
    const { collection, version, records } = recovery
    await this.locked([collection], async () => {
      const { logger } = this.#core
      const state = await this.collections.stateOf(collection)
      if (!(await this.#ledger.isRecovering(collection)) || version < state.version) {
        logger.warn({ collection, version, known: state.version }, 'ignored a copy of a collection')
        return
      }
      const keyIds = new Set(records.map(({ keyId }) => base64(keyId ?? Buffer.alloc(0))))
      const applied = applyRecovery(recovery, await this.keys.load([...keyIds]))
      if (applied.kind === 'missing-keys') {
        await this.#block(collection, applied.keyIds)
        return
      }
      await this.reports.report(applied.mutations, { isInitial: false })
      this.collections.reached(collection, applied.state)
      await this.#ledger.noteRecovered(collection)
      await this.#ledger.noteBehind([[collection, 0]])
      logger.info({ collection, version }, 'took in the copy of a collection from the phone')
    })
    this.#catchUp()
  }

  /** Resolves when what goes on in the background has ended, and what has been handled is stored. */
  async settled(): Promise<void> {
    while (this.#catchingUp) await this.#catchingUp
    await this.#queue.drain()
    await this.collections.settled()
  }

  async #askUntilDone(fetches: readonly CollectionFetch[], context: FetchContext): Promise<void> {
    for (;;) {
      const open = fetches.filter(({ end }) => end === undefined)
      if (open.length === 0) return
      await this.#pause(Math.max(...open.map(({ faults }) => faults)))
      const answer = await this.#core.connection.query(buildSyncRequest(open.map(({ request }) => request)))
      const answers = parseSyncAnswer(answer)
      for (const fetch of open) await fetch.take(answers.get(fetch.collection))
      const unheard = fetches.reduce((sum, { pending }) => sum + pending, 0)
      if (unheard >= REPORT_AT) await this.#store(fetches, context)
    }
  }

  /** Waits a little after a fault; the end of the connection ends the wait, and the next question tells it. */
  async #pause(faults: number): Promise<void> {
    if (faults === 0 || this.#core.connection.phase !== 'open') return
    await new Promise<void>(resolve => {
      const go = () => {
        cancel()
        this.#timers.delete(go)
        resolve()
      }
      const cancel = this.#schedule(go, PAUSE_MS * 2 ** (faults - 1))
      this.#timers.add(go)
    })
  }

  /** Tells what has been read, and goes on from there. */
  async #store(fetches: readonly CollectionFetch[], { isInitial, announced }: FetchContext): Promise<void> {
    const results = fetches.map(fetch => ({ fetch, ...fetch.takeResult() }))
    try {
      await this.reports.report(
        results.flatMap(({ mutations }) => mutations),
        { isInitial },
      )
    } catch (error) {
      for (const fetch of fetches) fetch.fail(error)
      return
    }
    for (const { fetch, state } of results) {
      if (!state) continue
      const isCurrent = fetch.end?.kind === 'synced'
      const noted = announced.get(fetch.collection)
      this.collections.reached(fetch.collection, state, async () => {
        if (isCurrent) await this.#ledger.noteReached(fetch.collection, state.version, noted)
      })
    }
  }

  /** What the end of a fetch leads to. */
  async #conclude(fetch: CollectionFetch): Promise<FetchEnd> {
    const { collection, needsRecovery } = fetch
    const end: FetchEnd = fetch.end ?? { kind: 'synced' }
    if (needsRecovery) await this.#phone.askForSnapshot(collection)
    if (end.kind === 'blocked') {
      await this.#block(collection, end.keyIds)
    } else if (end.kind === 'failed') {
      await this.#ledger.noteBehind([[collection, 0]])
      this.#logFailure(collection, end.error)
    } else {
      this.#blocked.delete(collection)
      if (!needsRecovery) await this.#ledger.noteRecovered(collection)
    }
    return end
  }

  async #block(collection: WAPatchName, keyIds: readonly string[]): Promise<void> {
    this.#blocked.set(collection, new Set(keyIds))
    await this.#ledger.noteBehind([[collection, 0]])
    this.#core.logger.info({ collection, keyIds }, 'a collection of the app state waits for keys')
    await this.#phone.askForKeys(keyIds)
  }

  #logFailure(collection: WAPatchName, error: unknown): void {
    const { connection, logger } = this.#core
    if (connection.phase === 'open') logger.error({ err: error, collection }, 'a collection could not be synced')
  }

  /** Collections have new versions. Noted before the notification is confirmed, fetched after that. */
  async #announced(notification: BinaryNode): Promise<void> {
    const named = parseServerSync(notification)
    const states = await this.collections.load([...named.keys()])
    const news = [...named].flatMap(([name, announced]): [WAPatchName, number][] => {
      if (announced === undefined) return [[name, 0]]
      return announced > (states.get(name)?.version ?? 0) ? [[name, announced]] : []
    })
    if (news.length === 0) return
    await this.#ledger.noteBehind(news)
    this.#catchUp()
  }

  /** While the first sync is to come, it is enough to know. */
  async #everythingChanged(): Promise<void> {
    await this.#ledger.noteBehind(ALL_WA_PATCH_NAMES.map(name => [name, 0]))
    if (this.#isReady) await this.resync(ALL_WA_PATCH_NAMES)
  }

  /** Fetches what is behind, in the background. Called while it runs, it runs once more. */
  #catchUp(): void {
    if (!this.#isReady) return
    if (this.#catchingUp) {
      this.#isCalledAgain = true
      return
    }
    this.#catchingUp = this.#catchUpOnce()
      .catch(error => {
        if (KurirError.is(error) && error.retryable) this.#retryLater()
      })
      .finally(() => {
        this.#catchingUp = undefined
        if (!this.#isCalledAgain) return
        this.#isCalledAgain = false
        this.#catchUp()
      })
  }

  async #catchUpOnce(): Promise<void> {
    if (this.#core.connection.phase !== 'open') return
    const behind = new Set((await this.#ledger.behind()).keys())
    if (this.keys.hasAny) for (const name of await this.collections.unknown(ALL_WA_PATCH_NAMES)) behind.add(name)
    const wanted = [...behind].filter(name => !this.#blocked.has(name))
    if (wanted.length > 0) await this.resync(wanted)
  }

  #retryLater(): void {
    if (this.#retries >= RETRIES || this.#core.connection.phase !== 'open') return
    this.#retries += 1
    const cancel = this.#schedule(() => {
      this.#timers.delete(cancel)
      this.#catchUp()
    }, RETRY_MS * this.#retries)
    this.#timers.add(cancel)
  }
}
