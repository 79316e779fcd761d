import type { SeededRandom } from '../random.js'

/** How often a rule strikes. */
export interface FaultFrequency {
  /** 0 … 1, drawn from the seed; 1 when absent. */
  readonly probability?: number
  /** The rule ends after so many hits. */
  readonly times?: number
  /** So many matches pass first. */
  readonly skip?: number
}

/** A rule at work. */
export interface ActiveRule<Rule> {
  readonly rule: Rule
  /** How often it struck. */
  readonly hits: number
  remove(): void
}

interface Entry<Rule> {
  readonly rule: Rule
  seen: number
  hits: number
}

/** The rules at work, in the order in which they came; the first that strikes decides. */
export class ActiveRules<Rule extends FaultFrequency> {
  readonly #entries: Entry<Rule>[] = []
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  list(): readonly ActiveRule<Rule>[] {
    return this.#entries.map(entry => this.#view(entry))
  }

  add(rule: Rule): ActiveRule<Rule> {
    const entry: Entry<Rule> = { rule, seen: 0, hits: 0 }
    this.#entries.push(entry)
    return this.#view(entry)
  }

  clear(): void {
    this.#entries.length = 0
  }

  /** The rule that strikes what `matches` looks at; undefined when all of them let it pass. */
  strike(matches: (rule: Rule) => boolean): Rule | undefined {
    return this.#entries.find(entry => this.#strikes(entry, matches))?.rule
  }

  #strikes(entry: Entry<Rule>, matches: (rule: Rule) => boolean): boolean {
    const { rule } = entry
    if (rule.times !== undefined && entry.hits >= rule.times) return false
    if (!matches(rule)) return false
    entry.seen += 1
    if (entry.seen <= (rule.skip ?? 0)) return false
    if (!this.#random.chance(rule.probability ?? 1)) return false
    entry.hits += 1
    return true
  }

  #view(entry: Entry<Rule>): ActiveRule<Rule> {
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
