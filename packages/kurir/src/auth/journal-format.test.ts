import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSegment, encodeHeader, encodeSet, type JournalRow, type SegmentHeader } from './journal-format.js'

const header: SegmentHeader = { version: 1, credentials: [null, 0, 4_294_967_295] }
const row: fc.Arbitrary<JournalRow> = fc.record({
  file: fc.string({ minLength: 1, unit: 'grapheme' }),
  text: fc.option(fc.string({ unit: 'grapheme' }), { nil: null }),
})
const sets = fc.array(fc.array(row, { minLength: 1, maxLength: 5 }), { maxLength: 6 })

function segmentOf(rows: readonly (readonly JournalRow[])[]): { bytes: Buffer; ends: number[] } {
  const parts = [encodeHeader(header), ...rows.map(set => encodeSet(set) ?? Buffer.alloc(0))]
  let end = 0
  return {
    bytes: Buffer.concat(parts),
    ends: parts.map(part => {
      end += part.byteLength
      return end
    }),
  }
}

describe('journal segments', () => {
  it('give back what was written', () => {
    fc.assert(
      fc.property(sets, written => {
        expect(decodeSegment(segmentOf(written).bytes)).toEqual({ header, sets: written, torn: false })
      }),
    )
  })

  it('cut off anywhere give the sets that are whole, and nothing of the next one', () => {
    fc.assert(
      fc.property(sets, fc.nat(), (written, at) => {
        const { bytes, ends } = segmentOf(written)
        const length = at % (bytes.byteLength + 1)
        const whole = ends.filter(end => end <= length).length
        const read = decodeSegment(bytes.subarray(0, length))
        expect(read.sets).toEqual(written.slice(0, Math.max(0, whole - 1)))
        expect(read.torn).toBe(length !== 0 && !ends.includes(length))
      }),
      { numRuns: 500 },
    )
  })

  it('with a changed byte end before the set that it is in', () => {
    fc.assert(
      fc.property(sets, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, change) => {
        const { bytes, ends } = segmentOf(written)
        const offset = at % bytes.byteLength
        bytes[offset] = (bytes[offset] ?? 0) ^ change
        const damaged = ends.findIndex(end => offset < end)
        const read = decodeSegment(bytes)
        expect(read.torn).toBe(true)
        expect(read.sets).toEqual(written.slice(0, Math.max(0, damaged - 1)))
      }),
      { numRuns: 500 },
    )
  })

  it('are refused quietly when they are something else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        expect(decodeSegment(Buffer.from(bytes)).sets).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })
})
