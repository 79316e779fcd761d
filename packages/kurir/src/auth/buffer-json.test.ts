import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readVectors } from '../binary/testing/vectors.js'
import { BufferJSON, parseRecord, stringifyRecord } from './buffer-json.js'
import { thrown } from './testing/expect-error.js'

interface AuthVectors {
  jsonReviver: { json: string; revived: unknown }[]
  jsonReplacer: { value: string; json: string }[]
}
const vectors = readVectors<AuthVectors>('01-auth-state')

/** Byte values are written as { bytes: hex } in the vectors. */
function marked(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, marked(item)]))
}

/** Where docs/protocol/01 §9.2 recommends something else than what Baileys does. */
const recommended: Record<string, unknown> = {
  '{"type":"Buffer","data":[1,2,3]}': { bytes: '010203' },
  '{"2":7,"1":8}': { '1': 8, '2': 7 },
  '{"12@lid":5}': { '12@lid': 5 },
}

describe('BufferJSON.reviver', () => {
  for (const { json, revived } of vectors.jsonReviver) {
    const better = recommended[json]
    it(`${json}${better === undefined ? '' : ' (docs/protocol/01 §9.2: not as Baileys)'}`, () => {
      expect(marked(JSON.parse(json, BufferJSON.reviver))).toEqual(better ?? revived)
    })
  }

  it('drops a member named __proto__', () => {
    const value = JSON.parse('{"a":{"__proto__":{"admin":true}}}', BufferJSON.reviver)
    expect(Object.getPrototypeOf({ ...value.a })).toBe(Object.prototype)
    expect(Object.keys(value.a)).toEqual([])
  })
})

describe('BufferJSON.replacer', () => {
  const values: Record<string, unknown> = {
    'Buffer 01 02 03': Buffer.of(1, 2, 3),
    'Uint8Array 01 02 03': Uint8Array.of(1, 2, 3),
    'empty Buffer': Buffer.alloc(0),
    'undefined member': { a: undefined, b: 1 },
    'null member': { a: null },
  }
  for (const { value, json } of vectors.jsonReplacer) {
    it(value, () => {
      expect(JSON.stringify(values[value], BufferJSON.replacer)).toBe(json)
      expect(stringifyRecord(values[value])).toBe(json)
    })
  }

  it('leaves bytes alone that are in their written form already', () => {
    const text = '{"type":"Buffer","data":"AQID"}'
    expect(JSON.stringify(JSON.parse(text), BufferJSON.replacer)).toBe(text)
  })

  it('writes the part of the memory that a view covers', () => {
    expect(stringifyRecord(Buffer.from('0102030405', 'hex').subarray(1, 3))).toBe('{"type":"Buffer","data":"AgM="}')
  })
})

const record: fc.Memo<unknown> = fc.memo(depth => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array().map(bytes => Buffer.from(bytes)),
  )
  if (depth <= 1) return leaf
  const name = fc.string().filter(key => key !== '__proto__' && key !== '0')
  return fc.oneof(
    leaf,
    fc.array(record(depth - 1), { maxLength: 4 }),
    fc.dictionary(name, record(depth - 1), { maxKeys: 4 }),
  )
})

describe('records', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(record(4), value => {
        expect(parseRecord(stringifyRecord(value))).toEqual(withoutPrototypes(value))
      }),
      { numRuns: 500 },
    )
  })

  it('give typed errors for every text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), text => {
        try {
          parseRecord(text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'corrupt-auth-state' })
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('give a typed error for text that is nested too deeply', () => {
    thrown(() => parseRecord('['.repeat(200_000) + ']'.repeat(200_000)), 'corrupt-auth-state')
    thrown(() => parseRecord('{"a":'.repeat(100_000)), 'corrupt-auth-state')
  })
})

/** fast-check makes some dictionaries without a prototype. */
function withoutPrototypes(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutPrototypes)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutPrototypes(item)]))
}
