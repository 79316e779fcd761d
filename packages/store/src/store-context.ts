import type { SealedValues } from './values/sealed-values.js'

/** What every repository is given. */
export interface StoreContext {
  readonly values: SealedValues
  /** Unix milliseconds. */
  readonly now: () => number
}
