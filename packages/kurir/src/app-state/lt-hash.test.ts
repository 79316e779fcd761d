import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hkdf } from '../crypto/hkdf.js'
import { expandItem, ltHashLength, updateLtHash } from './lt-hash.js'
import { LtHashLanes } from './lt-hash-lanes.js'
import { hex, readFixture } from './testing/vectors.js'

const { expansions, cases } = readFixture<{
  expansions: { value: string; expanded: string }[]
  cases: { id: string; base: string; subtract: string[]; add: string[]; result: string }[]
}>('vectors/04-lthash.json')

const zero = Buffer.alloc(ltHashLength)
const item = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('LTHash (docs/protocol/04, 1.10)', () => {
  it.each(expansions)('expands $value', ({ value, expanded }) => {
    expect(Buffer.from(expandItem(hex(value))).toString('hex')).toBe(expanded)
  })

  it.each(cases)('$id', ({ base, subtract, add, result }) => {
    expect(updateLtHash(hex(base), subtract.map(hex), add.map(hex)).toString('hex')).toBe(result)
  })

  it('expands as HKDF says, for items of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), value => {
        expect(Buffer.from(expandItem(value))).toEqual(hkdf(value, 128, { info: 'WhatsApp Patch Integrity' }))
      }),
    )
  })

  it('depends on what is in the sum, not on the order or on what has left', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), fc.array(item, { maxLength: 12 }), (stay, leave) => {
        const all = updateLtHash(zero, [], [...stay, ...leave])
        expect(updateLtHash(all, leave, [])).toEqual(updateLtHash(zero, [], stay.toReversed()))
      }),
    )
  })

  it('is the same for many items at once as for each by itself', () => {
    // Fewer than sixteen are expanded singly.
    const singly = (values: readonly Uint8Array[], negative: boolean) => {
      let hash = zero
      for (const value of values) hash = negative ? updateLtHash(hash, [value], []) : updateLtHash(hash, [], [value])
      return hash
    }
    fc.assert(
      fc.property(fc.array(item, { minLength: 16, maxLength: 40 }), fc.boolean(), (values, negative) => {
        const together = negative ? updateLtHash(zero, values, []) : updateLtHash(zero, [], values)
        expect(together).toEqual(singly(values, negative))
      }),
    )
    expect(LtHashLanes.make()).toBeDefined()
  })

  it('takes many items of any length', () => {
    const values = Array.from({ length: 20 }, (_, length) => Buffer.alloc(20 + length, length))
    const [first, ...others] = values
    expect(updateLtHash(updateLtHash(zero, [], values), others, [])).toEqual(updateLtHash(zero, [], [first!]))
  })

  it('leaves the hash that it starts from as it is, wherever that lies in memory', () => {
    const memory = Buffer.alloc(ltHashLength + 3, 7)
    const base = memory.subarray(3)
    const value = Buffer.alloc(32, 1)
    expect(updateLtHash(updateLtHash(base, [], [value]), [value], [])).toEqual(base)
    expect(memory).toEqual(Buffer.alloc(ltHashLength + 3, 7))
  })
})
