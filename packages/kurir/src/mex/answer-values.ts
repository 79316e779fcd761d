/** Reading what a GraphQL answer or push holds: it comes from the wire, so every member may be missing or another kind. */

export type Members = { readonly [member: string]: unknown }

/** The value if it is an object with members; undefined for lists, null and everything else. */
export function objectOf(value: unknown): Members | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Members) : undefined
}

/** The members of an object; none for anything else. */
export function membersOf(value: unknown): Members {
  return objectOf(value) ?? {}
}

/** The items of a list; none for anything else. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Text, or a number as text: the service writes ids and times as either. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** A quantity, written as number or as text. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value === '')) return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** A value of a known set; undefined when the service has a new one. */
export function oneOf<Value extends string>(values: readonly Value[], value: unknown): Value | undefined {
  return values.find(known => known === value)
}
