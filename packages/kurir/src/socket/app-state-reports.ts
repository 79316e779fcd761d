import { actionEvents } from '../app-state/action-events.js'
import type { ActionContext, AppStateEvent } from '../app-state/action-rule.js'
import type { AppStateMutation } from '../app-state/mutation.js'
import type { LIDMapping } from '../events/event-map.js'
import type { AppStateLedger } from './app-state-ledger.js'
import type { SocketCore } from './core.js'

export interface ReportOptions {
  /** The collections are read for the first time: changes of chats wait for the history. */
  readonly isInitial: boolean
  /** Only what the library itself goes by: the program does not want to hear of its own changes. */
  readonly isSilent?: boolean
}

/** Tells the program what devices of the account have changed, and keeps what has to last of it. */
export class AppStateReports {
  readonly #core: SocketCore
  readonly #ledger: AppStateLedger

  constructor(core: SocketCore, ledger: AppStateLedger) {
    this.#core = core
    this.#ledger = ledger
  }

  /**
   * Emits what follows from the mutations, as one batch and in order. Of several for one index only the last counts.
   *
   * @throws what the key store throws: then nothing has been emitted
   */
  async report(mutations: readonly AppStateMutation[], { isInitial, isSilent = false }: ReportOptions): Promise<void> {
    if (mutations.length === 0) return
    const latest = latestOfEach(mutations)
    const events = this.#eventsOf(latest, isInitial)
    const mappings = events.flatMap(event => (event.event === 'lid-mapping.update' ? [mappingOf(event.data)] : []))
    if (mappings.length > 0) await this.#core.repository.lidMapping.storeLIDPNMappings(mappings)
    const expired = Math.max(-1, ...latest.flatMap(expiredEpochOf))
    if (expired >= 0) await this.#ledger.noteExpired(expired)
    this.#emit(isSilent ? events.filter(({ event }) => event === 'creds.update') : events)
  }

  #eventsOf(mutations: readonly AppStateMutation[], initial: boolean): AppStateEvent[] {
    const { creds, logger } = this.#core
    const events: AppStateEvent[] = []
    // What one mutation makes of the credentials, the next one builds on.
    let context: ActionContext = { me: creds.me, accountSettings: creds.accountSettings, initial }
    for (const mutation of mutations) {
      try {
        for (const event of actionEvents(mutation, context)) {
          events.push(event)
          if (event.event === 'creds.update') context = { ...context, ...event.data, initial } as ActionContext
        }
      } catch (error) {
        logger.warn({ err: error, action: mutation.index[0] }, 'a change of the app state could not be told')
      }
    }
    return events
  }

  #emit(events: readonly AppStateEvent[]): void {
    const { ev } = this.#core
    // Whoever is buffering already delivers it with the rest.
    const isOurs = !ev.isBuffering()
    if (isOurs) ev.buffer()
    try {
      // The union keeps event and payload together; `emit` takes them apart.
      for (const event of events) ev.emit<typeof event.event>(event.event, event.data)
    } finally {
      if (isOurs) ev.flush()
    }
  }
}

/** In the order in which the indexes first came. */
function latestOfEach(mutations: readonly AppStateMutation[]): AppStateMutation[] {
  const byIndex = new Map<string, AppStateMutation>()
  for (const mutation of mutations) byIndex.set(`${mutation.collection} ${JSON.stringify(mutation.index)}`, mutation)
  return [...byIndex.values()]
}

/** The epoch up to which keys are too old to write with (docs/protocol/04, 1.8). */
function expiredEpochOf({ index, operation, value }: AppStateMutation): number[] {
  const epoch = value?.keyExpiration?.expiredKeyEpoch
  return index[0] === 'sentinel' && operation === 'set' && typeof epoch === 'number' ? [epoch] : []
}

const mappingOf = ({ pn, lid }: LIDMapping): LIDMapping => ({ pn, lid })
