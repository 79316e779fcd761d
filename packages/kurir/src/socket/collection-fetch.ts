import { applyLargeSnapshot, applyPatch, type KeyOf, keyIdsOf } from '../app-state/apply.js'
import type { WAPatchName } from '../app-state/collection-names.js'
import { type LTHashState, newLTHashState } from '../app-state/collection-state.js'
import { type BlobDownload, completePatch, fetchSnapshot } from '../app-state/external-blobs.js'
import type { AppStateMutation } from '../app-state/mutation.js'
import type { CollectionAnswer, CollectionRefusal, CollectionRequest } from '../app-state/sync-stanza.js'
import { KurirError } from '../errors/kurir-error.js'
import { MediaTransferError } from '../media/media-http-error.js'
import type { proto } from '../proto/index.js'

/** What a collection is taken in with. */
export interface FetchTools {
  readonly download: BlobDownload
  readonly keys: { load(keyIds: readonly string[]): Promise<KeyOf> }
}

/** How the fetch of one collection ended. */
export type FetchEnd =
  | { readonly kind: 'synced' }
  /** Keys are missing: it goes on when they come. */
  | { readonly kind: 'blocked'; readonly keyIds: readonly string[] }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Pages of one collection; WhatsApp Web reads as many (docs/protocol/04, 1.4). */
const mostPages = 500
/** Answers that came to nothing for a reason that may pass. */
const mostFaults = 3

const conflictCode = 409
/** Refusals that no other try will change (docs/protocol/04, 1.5). */
const finalRefusals: ReadonlySet<number> = new Set([400, 404, 405])
/** Media hosts that no longer have the file. */
const goneStatuses: ReadonlySet<number> = new Set([403, 404, 410])
const damageCodes: ReadonlySet<string> = new Set([
  'app-state-mac-mismatch',
  'app-state-version-gap',
  'invalid-app-state',
  'media-integrity-failed',
  'invalid-media-key',
  'media-url-refused',
])

/**
 * One collection on its way to the present version, answer by answer (docs/protocol/04, 1.12 to 1.15). What is damaged
 * is asked for once more as a whole; what fails for a reason that may pass, three times; and whatever the server says,
 * there is an end.
 */
export class CollectionFetch {
  readonly collection: WAPatchName
  readonly #tools: FetchTools
  #state: LTHashState
  /** The last state that may be gone on with: undefined when it is still the one that was there. */
  #sound: LTHashState | undefined
  #mutations: AppStateMutation[] = []
  #wantsSnapshot: boolean
  #mayRebuild: boolean
  #pages = 0
  #faults = 0
  #isDiverged = false
  #isDamaged = false
  #end: FetchEnd | undefined

  /** @param isGivenUp the phone was asked for a copy: the server's is taken as it is, damage and all */
  constructor(collection: WAPatchName, state: LTHashState, tools: FetchTools, isGivenUp: boolean) {
    this.collection = collection
    this.#tools = tools
    this.#state = state
    this.#wantsSnapshot = state.version === 0
    this.#mayRebuild = !isGivenUp
  }

  get request(): CollectionRequest {
    return { collection: this.collection, version: this.#state.version, snapshot: this.#wantsSnapshot }
  }

  /** Undefined while there is more to ask for. */
  get end(): FetchEnd | undefined {
    return this.#end
  }

  /** How often it came to nothing; the next question can wait the longer. */
  get faults(): number {
    return this.#faults
  }

  /** Whether the phone has to help: neither the changes nor the whole could be believed. */
  get needsRecovery(): boolean {
    return this.#isDiverged || this.#isDamaged
  }

  /** What has been read since the last call, and the state that it led to. */
  takeResult(): { readonly mutations: readonly AppStateMutation[]; readonly state: LTHashState | undefined } {
    const result = { mutations: this.#mutations, state: this.#sound }
    this.#mutations = []
    this.#sound = undefined
    return result
  }

  get pending(): number {
    return this.#mutations.length
  }

  /** There will be no more answers. */
  abandon(error: unknown): void {
    this.#end ??= { kind: 'failed', error }
  }

  /** What was read could not be taken over: however it ended, it has failed. */
  fail(error: unknown): void {
    this.#end = { kind: 'failed', error }
  }

  /** Takes in what the server has said. Never rejects: faults are told by {@link end}. */
  async take(answer: CollectionAnswer | undefined): Promise<void> {
    try {
      await this.#take(answer)
    } catch (error) {
      this.#judge(error)
    }
  }

  async #take(answer: CollectionAnswer | undefined): Promise<void> {
    if (answer === undefined) throw refused(this.collection, { code: Number.NaN, text: 'no word of the collection' })
    if (answer.unreadable !== undefined) throw answer.unreadable
    const { refusal } = answer
    // Without an own patch a conflict only says that there is news.
    if (refusal !== undefined && refusal.code !== conflictCode) throw refused(this.collection, refusal)
    const before = this.#state.version
    const isBlocked = await this.#apply(answer)
    if (isBlocked) return
    if (this.#isDiverged && this.#mayRebuild) {
      this.#rebuild()
      return
    }
    if (!answer.hasMore) {
      this.#sound = this.#state
      this.#end = { kind: 'synced' }
      return
    }
    this.#pages += 1
    if (this.#state.version === before || this.#pages >= mostPages) {
      throw new KurirError('app-state-endless', 'The server has more and more of a collection, but nothing new', {
        statusCode: 502,
        retryable: true,
        data: { collection: this.collection, version: before, pages: this.#pages },
      })
    }
  }

  /** @returns whether keys are missing */
  async #apply(answer: CollectionAnswer): Promise<boolean> {
    if (this.#wantsSnapshot) {
      if (answer.snapshot && (await this.#applySnapshot(answer.snapshot))) return true
      this.#wantsSnapshot = false
    }
    for (const patch of answer.patches) if (await this.#applyPatch(patch)) return true
    return false
  }

  async #applySnapshot(reference: proto.IExternalBlobReference): Promise<boolean> {
    const snapshot = await fetchSnapshot(reference, this.#tools.download)
    const keyOf = await this.#tools.keys.load(keyIdsOf(snapshot))
    const outcome = await applyLargeSnapshot(this.collection, snapshot, keyOf, otherTurns)
    if (outcome.kind === 'missing-keys') return this.#block(outcome.keyIds)
    this.#accept(outcome.state, outcome.mutations, outcome.diverged)
    return false
  }

  async #applyPatch(received: proto.ISyncdPatch): Promise<boolean> {
    const patch = await completePatch(received, this.#tools.download)
    const keyOf = await this.#tools.keys.load(keyIdsOf(patch))
    const outcome = applyPatch(this.collection, this.#state, patch, keyOf)
    if (outcome.kind === 'missing-keys') return this.#block(outcome.keyIds)
    if (outcome.kind === 'applied') this.#accept(outcome.state, outcome.mutations, outcome.diverged)
    return false
  }

  /** What is authentic is told in any case; a state whose hash is wrong is gone on with only when there is no better. */
  #accept(state: LTHashState, mutations: readonly AppStateMutation[], isDiverged: boolean): void {
    this.#state = state
    for (const mutation of mutations) this.#mutations.push(mutation)
    this.#isDiverged ||= isDiverged
    if (!this.#isDiverged || !this.#mayRebuild) this.#sound = state
  }

  #block(keyIds: readonly string[]): true {
    this.#end = { kind: 'blocked', keyIds }
    return true
  }

  /** The whole collection anew: once. */
  #rebuild(): void {
    this.#mayRebuild = false
    this.#isDiverged = false
    this.#wantsSnapshot = true
    this.#state = newLTHashState()
  }

  #judge(error: unknown): void {
    if (isDamage(error)) {
      if (this.#mayRebuild) {
        this.#rebuild()
        return
      }
      this.#isDamaged = true
    } else if (mayPass(error)) {
      this.#faults += 1
      if (this.#faults < mostFaults) return
    }
    this.#end = { kind: 'failed', error }
  }
}

/** What came is not what its author sent, or is not there any more. */
function isDamage(error: unknown): boolean {
  if (error instanceof MediaTransferError) return goneStatuses.has(error.status)
  return KurirError.is(error) && damageCodes.has(error.code)
}

function mayPass(error: unknown): boolean {
  return KurirError.is(error) && error.retryable
}

/** The server does not give or take a collection (docs/protocol/04, 1.5). */
export function refused(collection: WAPatchName, { code, text }: CollectionRefusal): KurirError {
  return new KurirError('app-state-refused', text ?? 'The server refused a collection of the app state', {
    statusCode: code >= 400 && code <= 599 ? code : 500,
    retryable: !finalRefusals.has(code),
    data: { collection, code },
  })
}

/** Lets everybody else run once. */
const otherTurns = () => new Promise<void>(resolve => setImmediate(resolve))
