/** Anything that a 64-bit protobuf member may hold. */
export type IntegerLike = number | { toNumber(): number } | null | undefined

/** A 64-bit integer as a number, exact up to 2^53; 0 for nothing. */
export function toNumber(value: IntegerLike): number {
  if (value === null || value === undefined) return 0
  return typeof value === 'number' ? value : value.toNumber()
}
