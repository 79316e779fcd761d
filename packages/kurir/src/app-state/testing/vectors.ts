import { readFileSync } from 'node:fs'
import type { LTHashState } from '../../signal/key-store.js'
import { type AppStateKey, type ExpandedAppStateKey, expandAppStateKey } from '../index.js'

const fixtures = new URL('../../../../../tests/fixtures/', import.meta.url)

/** A file of tests/fixtures, such as `vectors/04-lthash.json`. */
export function readFixture<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, fixtures), 'utf8')) as T
}

export const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** Bytes as hex, 64-bit integers as decimal texts; absent members and lists without elements left out. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if ('toNumber' in value) return String(value)
  const members = Object.entries(value).filter(
    ([, member]) => member !== undefined && member !== null && !(Array.isArray(member) && member.length === 0),
  )
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]))
}

/** A state as the vectors write it: value MACs in hex. */
export interface StateVector {
  readonly version: number
  readonly hash: string
  readonly indexValueMap: Readonly<Record<string, string>>
}

export function stateOf(vector: StateVector): LTHashState {
  const entries = Object.entries(vector.indexValueMap).map(([index, mac]) => [index, { valueMac: hex(mac) }] as const)
  return { version: vector.version, hash: hex(vector.hash), indexValueMap: Object.fromEntries(entries) }
}

export function vectorOf(state: LTHashState): StateVector {
  const entries = Object.entries(state.indexValueMap).map(
    ([index, { valueMac }]) => [index, Buffer.from(valueMac).toString('hex')] as const,
  )
  return { version: state.version, hash: state.hash.toString('hex'), indexValueMap: Object.fromEntries(entries) }
}

/** Finds keys among key data in hex by base64 id. */
export function keyFinder(keys: Readonly<Record<string, string>>): (keyId: string) => ExpandedAppStateKey | undefined {
  const expanded = new Map(Object.entries(keys).map(([id, data]) => [id, expandAppStateKey(hex(data))]))
  return keyId => expanded.get(keyId)
}

export function keyOfVector(vector: { readonly keyId: string; readonly keyData: string }): AppStateKey {
  return { keyId: hex(vector.keyId), expanded: expandAppStateKey(hex(vector.keyData)) }
}
