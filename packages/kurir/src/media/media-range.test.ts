import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MediaEncryptor } from './media-encryptor.js'
import { expandMediaKey } from './media-keys.js'
import { planRange, RangeDecryptor, rangeHeader } from './media-range.js'
import { mediaVectors, plaintextOf, vectorMediaKey } from './testing/media-vectors.js'

const keys = expandMediaKey(vectorMediaKey, 'video')
const file = Buffer.from(mediaVectors.rangeReads.encryptedFileHex, 'hex')

/** What a server sends, and what becomes of it. */
function readRange(
  encrypted: Buffer,
  startByte: number | undefined,
  endByte: number | undefined,
  { total, pieces = [] }: { total?: number | undefined; pieces?: readonly number[] } = {},
): Buffer {
  const range = planRange(startByte, endByte)
  const body = encrypted.subarray(range.from, range.to === undefined ? undefined : range.to + 1)
  const decryptor = new RangeDecryptor(keys, range, total)
  const content: Buffer[] = []
  let start = 0
  for (const length of [...pieces, body.byteLength]) {
    content.push(...decryptor.update(body.subarray(start, start + length)))
    start += length
  }
  return Buffer.concat([...content, decryptor.finish()])
}

function encrypt(plaintext: Buffer): Buffer {
  const encryptor = new MediaEncryptor(keys)
  return Buffer.concat([encryptor.update(plaintext), encryptor.finish().rest])
}

describe('ranges of media (docs/protocol/03, 7.8)', () => {
  // Where `baileysResultMatches` is false, Baileys drops the end of the data; the vector has what is right.
  it.each(mediaVectors.rangeReads.cases)('from $startByte to $endByte', vector => {
    const { startByte, endByte, httpRangeHeaderSentByBaileys, plaintextHex } = vector
    expect(rangeHeader(planRange(startByte, endByte ?? undefined))).toBe(httpRangeHeaderSentByBaileys)
    for (const total of [undefined, file.byteLength]) {
      expect(readRange(file, startByte, endByte ?? undefined, { total }).toString('hex')).toBe(plaintextHex)
    }
  })

  it('give the same bytes as a slice of the plaintext, at every edge and however the answer is cut', () => {
    const files = [0, 1, 15, 16, 17, 100, 512, 1000].map(length => {
      const plaintext = plaintextOf(length)
      return { plaintext, encrypted: encrypt(plaintext) }
    })
    const numbers = fc.integer({ min: 0, max: 1100 })
    const pieces = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 30 })
    const choice = fc.constantFrom(...files)
    fc.assert(
      fc.property(choice, numbers, fc.option(numbers), fc.boolean(), pieces, (chosen, start, length, known, cuts) => {
        const { plaintext, encrypted } = chosen
        if (start > plaintext.byteLength) return
        const end = length === null ? undefined : start + length + 1
        // A range that ends in the padding cannot be told from one that ends before it, unless the length is known.
        const isKnown = known || (end ?? 0) > plaintext.byteLength
        const options = { total: isKnown ? encrypted.byteLength : undefined, pieces: cuts }
        expect(readRange(encrypted, start, end, options).equals(plaintext.subarray(start, end))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    [5, 5],
    [6, 5],
    [-1, 5],
    [0.5, 5],
    [0, Number.NaN],
  ])('are not read from %d to %d', (start, end) => {
    expect(() => planRange(start, end)).toThrow(expect.objectContaining({ code: 'invalid-media-range' }))
  })

  it('that end with a length that no file has are refused', () => {
    const range = planRange(100)
    const decryptor = new RangeDecryptor(keys, range, undefined)
    decryptor.update(file.subarray(range.from, -3))
    expect(() => decryptor.finish()).toThrow(expect.objectContaining({ code: 'media-integrity-failed' }))
  })
})
