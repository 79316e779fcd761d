import { readFileSync } from 'node:fs'

const fixtures = new URL('../../../../../tests/fixtures/', import.meta.url)

/** A file of tests/fixtures, such as `vectors/02-padding.json`. */
export function readFixture<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, fixtures), 'utf8')) as T
}

export const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** Turns `{$hex}` and `{$dateMs}` of the vector files into values. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== 'object' || value === null) return value
  const members = value as { $hex?: string; $dateMs?: number }
  if (typeof members.$hex === 'string') return hex(members.$hex)
  if (typeof members.$dateMs === 'number') return new Date(members.$dateMs)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revive(member)]))
}

/** Drops undefined members and turns bytes into `{$hex}` and 64-bit integers into numbers, for comparisons. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $hex: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if ('toNumber' in value && typeof value.toNumber === 'function') return (value.toNumber as () => number).call(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]))
}

/** Drops lists without elements: decoded messages have one for every list of the schema, whose version varies. */
export function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, member]) => !Array.isArray(member) || member.length > 0)
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutEmptyLists(member)]))
}

/** The own account of the 03 vectors. */
export const me = { id: '15550001111:7@s.whatsapp.net', lid: '100000000000001:7@lid' }
