import type { SeededRandom } from '@kurir/simulator'

export interface FuzzTarget<Input = unknown> {
  readonly name: string
  /** Its part of the cases, beside those of the others. */
  readonly share: number
  make(random: SeededRandom): Input
  run(input: Input): unknown
}

export interface FuzzResult {
  readonly name: string
  readonly cases: number
  /** Time inside the library. */
  readonly seconds: number
  /** Cases that ended with a KurirError. */
  readonly refused: number
  readonly slowestMs: number
  readonly growthBytes: number
  /** Seed, error and input of the first case that went wrong. */
  readonly failure: string | undefined
}

export const fuzzTargets: readonly FuzzTarget[]

export function fuzz(options: {
  readonly cases: number
  readonly seed: string | number
  readonly targets?: readonly string[]
  readonly onResult?: (result: FuzzResult) => void
}): Promise<FuzzResult[]>

export function runTarget<Input>(target: FuzzTarget<Input>, cases: number, seed: string | number): Promise<FuzzResult>
