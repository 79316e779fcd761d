export class SeededRandom {
  constructor(seed: string | number)
  uint32(): number
  /** 0 ≤ result < limit. */
  below(limit: number): number
  chance(probability: number): boolean
  pick<T>(values: readonly T[]): T
  bytes(length: number): Buffer
}
