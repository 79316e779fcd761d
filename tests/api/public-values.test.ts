import * as baileys from 'baileys'
import * as kurir from 'kurir'
import { describe, expect, it } from 'vitest'

/** Constants that are not the same, on purpose. */
const different = new Map([
  ['DEFAULT_CONNECTION_CONFIG', 'has functions and a logger; compared below'],
  ['LT_HASH_ANTI_TAMPERING', 'compared by what it computes, in packages/kurir/src/app-state'],
  ['URL_REGEX', 'takes no URL with user information at all (docs/protocol/06 §3.1)'],
  ['proto', 'a newer schema; compared in packages/kurir/src/proto'],
  ['WAProto', 'the same object'],
  ['WAMessageStubType', 'the newer schema has more names; compared in packages/kurir/src/messages'],
])

const constants = Object.entries(kurir).flatMap(([name, value]): [string, unknown, unknown][] => {
  const theirs: unknown = Reflect.get(baileys, name)
  return theirs === undefined || typeof value === 'function' || different.has(name) ? [] : [[name, value, theirs]]
})

/** As a program sees it: names to values, bytes as hex; reverse names of enums left out. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof RegExp) return String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([name]) => Number.isNaN(Number(name)))
  return Object.fromEntries(entries.map(([name, item]) => [name, plain(item)]))
}

describe('constants of Baileys 7 (docs/protocol/06 §3.1 and §3.12)', () => {
  it('have the same values', () => {
    const named = (side: 1 | 2) => Object.fromEntries(constants.map(entry => [entry[0], plain(entry[side])]))
    expect(constants.length).toBeGreaterThan(40)
    expect(named(1)).toEqual(named(2))
  })

  it('DEFAULT_CONNECTION_CONFIG has the same defaults', () => {
    const ours = Object.entries(plain(kurir.DEFAULT_CONNECTION_CONFIG) as object).filter(([name]) => name !== 'clock')
    expect(plain(baileys.DEFAULT_CONNECTION_CONFIG)).toMatchObject(Object.fromEntries(ours))
  })
})
