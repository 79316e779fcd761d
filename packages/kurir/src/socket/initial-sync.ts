import { ALL_WA_PATCH_NAMES } from '../app-state/collection-names.js'
import { SyncState } from '../events/connection-state.js'
import type { HistoryStatus } from '../events/event-map.js'
import { type Schedule, unrefSchedule } from '../events/schedule.js'
import { proto } from '../proto/index.js'
import type { AppStateSync } from './app-state-sync.js'
import type { SocketCore } from './core.js'

/** The first history has come by then, or is not waited for any longer. */
const HISTORY_MS = 20_000
/** The phone shares keys right after linking; the history may be faster. */
const KEYS_MS = 10_000

export interface InitialSyncParts {
  readonly sync: Pick<AppStateSync, 'resync' | 'ready'> & {
    readonly keys: Pick<AppStateSync['keys'], 'hasAny'>
    readonly collections: Pick<AppStateSync['collections'], 'storeAfter'>
  }
  readonly schedule?: Schedule
}

/**
 * From a new link to a device that has everything (docs/protocol/04, 3.3): with the first piece of history the app state
 * is read as a whole, and what it says of chats waits for the chats. Every state has a deadline, and no event is held
 * back meanwhile (docs/decisions/0025).
 */
export class InitialSync {
  readonly #core: SocketCore
  readonly #parts: InitialSyncParts
  readonly #schedule: Schedule
  #state: SyncState = SyncState.Connecting
  #hasHistory = false
  #cancelTimer: (() => void) | undefined
  #keysCame: (() => void) | undefined

  constructor(core: SocketCore, parts: InitialSyncParts) {
    this.#core = core
    this.#parts = parts
    this.#schedule = parts.schedule ?? unrefSchedule
    core.ev.on('connection.update', ({ receivedPendingNotifications }) => {
      if (receivedPendingNotifications) this.#begin()
    })
    core.connection.onEnd(() => {
      this.#cancelTimer?.()
      this.#keysCame?.()
    })
  }

  get state(): SyncState {
    return this.#state
  }

  /** A piece of history was announced. @param isTaken whether it is of a kind that is wanted */
  historyAnnounced(isTaken: boolean): void {
    if (this.#state === SyncState.AwaitingInitialSync) this.#proceed(isTaken)
    else if (this.#state === SyncState.Connecting) this.#hasHistory ||= isTaken
  }

  /** Keys of the app state are there. */
  keysArrived(): void {
    this.#keysCame?.()
  }

  /** What waited on the server is handled. */
  #begin(): void {
    if (this.#state !== SyncState.Connecting) return
    const { config, creds } = this.#core
    const { RECENT } = proto.HistorySync.HistorySyncType
    this.#state = SyncState.AwaitingInitialSync
    // Numbered like the type of the notification.
    if (!config.shouldSyncHistoryMessage({ syncType: Number(RECENT) }) || creds.accountSyncCounter > 0) this.#goOnline()
    else if (this.#hasHistory) this.#proceed(true)
    else this.#cancelTimer = this.#schedule(() => this.#giveUp(), HISTORY_MS)
  }

  #proceed(isTaken: boolean): void {
    this.#cancelTimer?.()
    if (isTaken) void this.#sync()
    else this.#goOnline()
  }

  #giveUp(): void {
    if (this.#state !== SyncState.AwaitingInitialSync) return
    this.#core.logger.info({}, 'no history has come, going on without it')
    this.#count()
    this.#goOnline()
  }

  async #sync(): Promise<void> {
    const { connection, logger } = this.#core
    this.#state = SyncState.Syncing
    // What is said of chats waits for them in memory: it must not count as known before they have come.
    this.#parts.sync.collections.storeAfter(this.#endOfHistory())
    try {
      await this.#waitForKeys()
      await this.#parts.sync.resync(ALL_WA_PATCH_NAMES, true)
    } catch (error) {
      // What has not come is noted, and fetched in the background.
      if (connection.phase === 'open') logger.warn({ err: error }, 'the first sync of the app state is not complete')
    }
    // A connection that broke meanwhile begins anew with the next one.
    if (connection.phase !== 'open') return
    this.#count()
    this.#goOnline()
  }

  /** The recent history is complete, or the phone has fallen silent. */
  #endOfHistory(): Promise<void> {
    const { ev } = this.#core
    return new Promise(resolve => {
      const listen = ({ syncType }: HistoryStatus) => {
        if (Number(syncType) !== Number(proto.HistorySync.HistorySyncType.RECENT)) return
        ev.off('messaging-history.status', listen)
        resolve()
      }
      ev.on('messaging-history.status', listen)
    })
  }

  async #waitForKeys(): Promise<void> {
    if (this.#parts.sync.keys.hasAny || this.#core.connection.phase !== 'open') return
    await new Promise<void>(resolve => {
      const cancel = this.#schedule(resolve, KEYS_MS)
      this.#keysCame = () => {
        cancel()
        resolve()
      }
    })
    this.#keysCame = undefined
  }

  #count(): void {
    const { creds, ev } = this.#core
    ev.emit('creds.update', { accountSyncCounter: creds.accountSyncCounter + 1 })
  }

  #goOnline(): void {
    this.#state = SyncState.Online
    this.#parts.sync.ready()
  }
}
