import { AppStateError } from '../app-state/app-state-error.js'
import { type BuiltPatch, buildPatch, maximumMutationsOfPatch } from '../app-state/build-patch.js'
import type { WAPatchName } from '../app-state/collection-names.js'
import type { LTHashState } from '../app-state/collection-state.js'
import type { AppStateKey, OutgoingMutation } from '../app-state/mutation.js'
import { buildUpload, parseUploadAnswer } from '../app-state/sync-stanza.js'
import { randomBytes } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import type { AppStateSync } from './app-state-sync.js'
import { refused } from './collection-fetch.js'
import type { SocketCore } from './core.js'
import { type Mutex, makeMutex } from './scheduling.js'

/** Patches that are made of one change at most: others may be faster each time, but not for ever. */
const mostTries = 5

/** Changes that wait for a patch together with those who made them. */
interface Waiting {
  readonly mutations: readonly OutgoingMutation[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Makes own changes (docs/protocol/04, 1.16 to 1.18): on the newest version, again when somebody was faster. Changes that
 * are made while a patch is on its way go together with the next one.
 */
export class AppStateUploads {
  /** One patch at a time. */
  readonly mutex: Mutex = makeMutex()
  readonly #core: SocketCore
  readonly #sync: AppStateSync
  readonly #waiting = new Map<WAPatchName, Waiting[]>()

  constructor(core: SocketCore, sync: AppStateSync) {
    this.#core = core
    this.#sync = sync
  }

  /**
   * Resolves when the server has accepted the changes; up to a hundred are one patch, all or nothing.
   *
   * @throws AppStateError `app-state-key-missing` (400); KurirError `app-state-conflict` (409), `app-state-refused`,
   *   `timed-out` (408), and what keeps the collection from being fetched. Nothing has been changed then, except that
   *   after a time-out it is not known.
   */
  async change(collection: WAPatchName, mutations: readonly OutgoingMutation[]): Promise<void> {
    await this.#sync.keys.forWriting()
    const patches: Promise<void>[] = []
    for (let start = 0; start < mutations.length; start += maximumMutationsOfPatch) {
      patches.push(this.#enqueue(collection, mutations.slice(start, start + maximumMutationsOfPatch)))
    }
    await Promise.all(patches)
  }

  #enqueue(collection: WAPatchName, mutations: readonly OutgoingMutation[]): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const entry: Waiting = { mutations, resolve, reject }
      const waiting = this.#waiting.get(collection)
      if (waiting) {
        waiting.push(entry)
        return
      }
      this.#waiting.set(collection, [entry])
      this.#plan(collection)
    })
  }

  #plan(collection: WAPatchName): void {
    void this.mutex.mutex(() => this.#sync.locked([collection], () => this.#uploadWaiting(collection)))
  }

  /** Never rejects: who waits is told. */
  async #uploadWaiting(collection: WAPatchName): Promise<void> {
    const batch = this.#take(collection)
    try {
      await this.#upload(
        collection,
        batch.flatMap(({ mutations }) => mutations),
      )
      for (const { resolve } of batch) resolve()
    } catch (error) {
      if (batch.length > 1 && isRefused(error)) await this.#uploadEach(collection, batch)
      else for (const { reject } of batch) reject(error)
    }
  }

  /** One of those who went together is to blame for the refusal: the others shall not suffer. */
  async #uploadEach(collection: WAPatchName, batch: readonly Waiting[]): Promise<void> {
    for (const { mutations, resolve, reject } of batch) {
      await this.#upload(collection, mutations).then(resolve, reject)
    }
  }

  /** As many as fit into a patch; what remains has a turn of its own. */
  #take(collection: WAPatchName): readonly Waiting[] {
    const waiting = this.#waiting.get(collection) ?? []
    let count = 1
    let size = waiting[0]?.mutations.length ?? 0
    for (const { mutations } of waiting.slice(1)) {
      size += mutations.length
      if (size > maximumMutationsOfPatch) break
      count += 1
    }
    const batch = waiting.splice(0, count)
    if (waiting.length === 0) this.#waiting.delete(collection)
    else this.#plan(collection)
    return batch
  }

  async #upload(collection: WAPatchName, mutations: readonly OutgoingMutation[]): Promise<void> {
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const state = await this.#currentState(collection)
      const key = await this.#sync.keys.forWriting()
      if (await this.#try(collection, state, mutations, key)) return
    }
    throw new KurirError('app-state-conflict', 'Other devices were faster, again and again', {
      statusCode: 409,
      retryable: true,
      data: { collection, tries: mostTries },
    })
  }

  /** @throws what keeps the collection from being current */
  async #currentState(collection: WAPatchName): Promise<LTHashState> {
    const end = (await this.#sync.fetch([collection])).get(collection)
    if (end?.kind === 'failed') throw end.error
    if (end?.kind === 'blocked') {
      throw new AppStateError('app-state-key-missing', 'The collection cannot be read without keys that are missing', {
        statusCode: 400,
        retryable: true,
        data: { collection, keyIds: end.keyIds, isMissingKey: true },
      })
    }
    return await this.#sync.collections.stateOf(collection)
  }

  /** @returns false when somebody was faster */
  async #try(
    collection: WAPatchName,
    state: LTHashState,
    mutations: readonly OutgoingMutation[],
    key: AppStateKey,
  ): Promise<boolean> {
    const built = buildPatch({ collection, state, mutations, key, random: randomBytes })
    const answer = await this.#send(collection, state, built)
    if (answer === 'arrived') return true
    if (answer.kind === 'conflict') return false
    if (answer.kind === 'refused') throw refused(collection, answer.refusal)
    // With another version than the next one, the patch comes back with what went before it.
    if (answer.version !== undefined && answer.version !== built.state.version) {
      await this.#sync.fetch([collection])
      return true
    }
    const isSilent = !this.#core.config.emitOwnEvents
    const own = mutations.map(mutation => ({ ...mutation, collection }))
    await this.#sync.reports.report(own, { isInitial: false, isSilent })
    this.#sync.collections.reached(collection, built.state)
    return true
  }

  /** After a time-out the server is asked what has become of the patch. */
  async #send(collection: WAPatchName, state: LTHashState, built: BuiltPatch) {
    try {
      const answer = await this.#core.connection.query(buildUpload(collection, state.version, built.patch))
      return parseUploadAnswer(collection, answer)
    } catch (error) {
      if (!KurirError.is(error) || error.code !== 'timed-out') throw error
      const end = (await this.#sync.fetch([collection])).get(collection)
      const present = await this.#sync.collections.stateOf(collection)
      if (end?.kind === 'synced' && holds(present, state, built.state)) return 'arrived'
      throw error
    }
  }
}

/** Refused for what it is, not for what the server is up to. */
function isRefused(error: unknown): boolean {
  return KurirError.is(error) && error.code === 'app-state-refused' && !error.retryable
}

/** Whether a state has what the patch brought. */
function holds(present: LTHashState, before: LTHashState, after: LTHashState): boolean {
  const brought = Object.entries(after.indexValueMap).filter(
    ([index, { valueMac }]) => !isSame(before.indexValueMap[index]?.valueMac, valueMac),
  )
  const removed = Object.keys(before.indexValueMap).filter(index => !(index in after.indexValueMap))
  return (
    brought.every(([index, { valueMac }]) => isSame(present.indexValueMap[index]?.valueMac, valueMac)) &&
    removed.every(index => !(index in present.indexValueMap))
  )
}

function isSame(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && Buffer.compare(left, right) === 0
}
