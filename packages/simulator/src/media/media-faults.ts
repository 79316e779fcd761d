import { type ActiveRule, ActiveRules, type FaultFrequency } from '../faults/active-rules.js'
import type { SeededRandom } from '../random.js'

/** What goes wrong with one transfer; all of it can be written as JSON. */
export type MediaFaultAction =
  /** Answered with this HTTP status: 404, 410, 403, 500 … */
  | { readonly kind: 'status'; readonly code: number; readonly retryAfterSeconds?: number }
  /** The transfer begins late, or goes on at this rate. */
  | { readonly kind: 'slow'; readonly delayMs?: number; readonly bytesPerSecond?: number }
  /** The connection breaks after so many bytes of the file; an upload can be resumed from there. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** One byte of what is downloaded is another one. */
  | { readonly kind: 'corrupt' }
  /** What is downloaded is so many bytes longer, or shorter when negative, with a header that says so too. */
  | { readonly kind: 'length'; readonly difference: number }
  /** The answer to an upload is no JSON. */
  | { readonly kind: 'garbage' }

export type MediaOperation = 'upload' | 'download'

/** Which transfers a rule is for; what is left out matches everything. */
export interface MediaFaultMatch {
  /** Media type: the last segment of the upload path, such as `image` or `newsletter-video`. */
  readonly type?: string
  /** Direct path of the file, with or without its query. Downloads only. */
  readonly directPath?: string
  /** `primary` or `fallback`: the host that the client chose. */
  readonly host?: 'primary' | 'fallback'
  /** Phone number or device JID of who uploads. */
  readonly device?: string
}

export interface MediaFaultRule extends FaultFrequency {
  readonly operation: MediaOperation
  readonly match?: MediaFaultMatch
  readonly action: MediaFaultAction
}

/** One transfer, in what rules look at. */
export interface Transfer {
  readonly operation: MediaOperation
  readonly type: string
  readonly directPath?: string
  readonly host: 'primary' | 'fallback'
  /** Both JIDs and the phone number of who uploads. */
  readonly names: readonly string[]
}

/** A rule for transfers at work. */
export type ActiveMediaFault = ActiveRule<MediaFaultRule>

/** The rules for transfers; the first that matches one decides. */
export class MediaFaults {
  readonly #random: SeededRandom
  readonly #rules: ActiveRules<MediaFaultRule>

  constructor(random: SeededRandom) {
    this.#random = random
    this.#rules = new ActiveRules(random)
  }

  get rules(): readonly ActiveMediaFault[] {
    return this.#rules.list()
  }

  /** Puts a rule to work, after those that are there. */
  add(rule: MediaFaultRule): ActiveMediaFault {
    return this.#rules.add(rule)
  }

  clear(): void {
    this.#rules.clear()
  }

  /** What happens to this transfer; undefined: nothing. */
  strike(transfer: Transfer): MediaFaultAction | undefined {
    return this.#rules.strike(rule => rule.operation === transfer.operation && matches(rule.match, transfer))?.action
  }

  /** A position for a damaged byte, and what it is damaged with. */
  damage(length: number): { readonly position: number; readonly mask: number } {
    return { position: this.#random.below(Math.max(1, length)), mask: 1 + this.#random.below(255) }
  }
}

const matches = (match: MediaFaultMatch | undefined, transfer: Transfer): boolean => {
  if (match === undefined) return true
  return (
    (match.type === undefined || match.type === transfer.type) &&
    (match.host === undefined || match.host === transfer.host) &&
    (match.device === undefined || transfer.names.includes(match.device)) &&
    (match.directPath === undefined || pathOf(match.directPath) === pathOf(transfer.directPath ?? ''))
  )
}

const pathOf = (directPath: string): string => directPath.replace(/\?.*$/, '')
