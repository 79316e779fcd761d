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

export interface MediaFaultRule {
  readonly operation: MediaOperation
  readonly match?: MediaFaultMatch
  /** 0 … 1, drawn from the seed; 1 when absent. */
  readonly probability?: number
  /** The rule ends after so many hits. */
  readonly times?: number
  /** So many matching transfers pass first. */
  readonly skip?: number
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

/** A rule at work. */
export interface ActiveMediaFault {
  readonly rule: MediaFaultRule
  /** How often it struck. */
  readonly hits: number
  remove(): void
}

interface Entry {
  readonly rule: MediaFaultRule
  seen: number
  hits: number
}

/** The rules for transfers; the first that matches one decides. */
export class MediaFaults {
  readonly #random: SeededRandom
  readonly #entries: Entry[] = []

  constructor(random: SeededRandom) {
    this.#random = random
  }

  get rules(): readonly ActiveMediaFault[] {
    return this.#entries.map(entry => this.#view(entry))
  }

  /** Puts a rule to work, after those that are there. */
  add(rule: MediaFaultRule): ActiveMediaFault {
    const entry: Entry = { rule, seen: 0, hits: 0 }
    this.#entries.push(entry)
    return this.#view(entry)
  }

  clear(): void {
    this.#entries.length = 0
  }

  /** What happens to this transfer; undefined: nothing. */
  strike(transfer: Transfer): MediaFaultAction | undefined {
    return this.#entries.find(entry => this.#strikes(entry, transfer))?.rule.action
  }

  /** A position for a damaged byte, and what it is damaged with. */
  damage(length: number): { readonly position: number; readonly mask: number } {
    return { position: this.#random.below(Math.max(1, length)), mask: 1 + this.#random.below(255) }
  }

  #strikes(entry: Entry, transfer: Transfer): boolean {
    const { rule } = entry
    if (rule.operation !== transfer.operation || !matches(rule.match, transfer)) return false
    if (rule.times !== undefined && entry.hits >= rule.times) return false
    entry.seen += 1
    if (entry.seen <= (rule.skip ?? 0) || !this.#random.chance(rule.probability ?? 1)) return false
    entry.hits += 1
    return true
  }

  #view(entry: Entry): ActiveMediaFault {
    return {
      rule: entry.rule,
      get hits() {
        return entry.hits
      },
      remove: () => {
        const index = this.#entries.indexOf(entry)
        if (index >= 0) this.#entries.splice(index, 1)
      },
    }
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
