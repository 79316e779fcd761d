import { readFileSync } from 'node:fs'
import * as kurir from 'kurir'
import { describe, expect, it } from 'vitest'

/** Names by room. */
type Rooms = Readonly<Record<string, readonly string[]>>
type Kind = 'class' | 'function' | 'number' | 'object' | 'string'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const json = <Content>(path: string): Content => JSON.parse(read(path))

const baileys = json<{ exports: Record<string, Kind>; socket: string[] }>('../fixtures/data/public-api-names.json')
const toCome = json<{ exports: Rooms; types: Rooms; socket: Rooms }>('./still-to-come.json')

/** What `names` lacks and the list does not admit; what it has and the list calls missing. */
function compare(wanted: readonly string[], present: ReadonlySet<string>, rooms: Rooms) {
  const listed = new Set(Object.values(rooms).flat())
  return {
    missingButNotListed: wanted.filter(name => !present.has(name) && !listed.has(name)),
    listedButPresent: [...listed].filter(name => present.has(name)),
    listedButUnknown: [...listed].filter(name => !wanted.includes(name)),
  }
}

const exact = { missingButNotListed: [], listedButPresent: [], listedButUnknown: [] }

describe('the exports of the package (docs/protocol/06 §3)', () => {
  const exported = new Map(Object.entries(kurir))

  it('are those of Baileys 7, but for the ones still to come', () => {
    expect(compare(Object.keys(baileys.exports), new Set(exported.keys()), toCome.exports)).toEqual(exact)
  })

  it('are of the same kind', () => {
    for (const [name, value] of exported) {
      const kind = baileys.exports[name]
      if (kind === undefined) continue
      expect([name, typeof value]).toEqual([name, kind === 'class' ? 'function' : kind])
      // Callable without `new`, or not.
      if (kind === 'class') expect(String(value), name).toMatch(/^class\b/)
      if (kind === 'function') expect(String(value), name).not.toMatch(/^class\b/)
    }
  })

  it('have the default export', () => {
    expect(kurir.default).toBe(kurir.makeWASocket)
    expect(kurir.WAProto).toBe(kurir.proto)
  })
})

describe('the exported types (docs/protocol/06 §3.14)', () => {
  const section = read('../../docs/protocol/06-public-api.md').split('### 3.14 Types')[1]?.split('### 3.15')[0] ?? ''
  const telemetry = new Set(['Event', 'EventInputType', 'Global', 'Value'])
  const wanted = [...section.matchAll(/^\| (\w+) \| /gm)].flatMap(([, name]) =>
    name === undefined || name === 'name' || telemetry.has(name) ? [] : [name],
  )

  /** The names in the export lists of the package's index. */
  const present = new Set(
    [...read('../../packages/kurir/src/index.ts').matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) =>
      (list ?? '').split(',').map(item =>
        item
          .trim()
          .replace(/^type /, '')
          .replace(/^.* as /, ''),
      ),
    ),
  )

  it('are those of Baileys 7, but for the ones still to come', () => {
    expect(wanted.length).toBeGreaterThan(150)
    expect(compare(wanted, present, toCome.types)).toEqual(exact)
  })

  it('are all named in the index: nothing is exported wholesale', () => {
    expect(read('../../packages/kurir/src/index.ts')).not.toMatch(/^export (?:type )?\*/m)
  })
})

describe('the members of the socket (docs/protocol/06 §4)', () => {
  const socket = kurir.makeWASocket({
    auth: kurir.makeMemoryAuthState().state,
    logger: kurir.silentLogger,
    // Nothing listens there; the socket is ended before it would ask.
    waWebSocketUrl: 'ws://127.0.0.1:9',
  })
  void socket.end(undefined)

  it('are those of Baileys 7, but for the ones still to come', () => {
    expect(compare(baileys.socket, new Set(Object.keys(socket)), toCome.socket)).toEqual(exact)
  })

  it('are own, enumerable and replaceable; only `user` is a getter, so that it stays live (docs/protocol/06 §8)', () => {
    const fixed = Object.entries(Object.getOwnPropertyDescriptors(socket)).filter(
      ([, { writable, enumerable, configurable }]) => !(writable && enumerable && configurable),
    )
    expect(fixed.map(([name, { get, enumerable }]) => [name, typeof get, enumerable])).toEqual([
      ['user', 'function', true],
    ])
  })

  it('have a type, no telemetry, and methods that do not depend on `this`', () => {
    expect(socket.type).toBe('md')
    expect(Object.keys(socket)).not.toContain('sendWAMBuffer')
    const { generateMessageTag } = socket
    expect(generateMessageTag()).not.toBe(generateMessageTag())
  })
})
