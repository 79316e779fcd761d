import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameAt } from './name-cache.js'

const read = (name: string): string => {
  const bytes = Buffer.from(`<${name}>`)
  return nameAt(bytes, 1, bytes.length - 2)
}

describe('names read from bytes', () => {
  it('are what the bytes say, first time and again, many more of them than are kept', () => {
    const many = Array.from({ length: 3000 }, (_, index) => `name_${index}`)
    for (const name of [...many, ...many.reverse(), 'name_7', 'name_7']) expect(read(name)).toBe(name)
  })

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), name => {
        const text = Buffer.from(name).toString()
        expect([read(name), read(name)]).toEqual([text, text])
      }),
      { numRuns: 1000 },
    )
  })

  it('are not mixed up when text and bytes of different names look alike', () => {
    const latin = Buffer.of(0xe9, 0x62)
    const garbled = latin.toString('utf8')
    expect([nameAt(latin, 0, 2), read('éb'), nameAt(latin, 0, 2)]).toEqual([garbled, 'éb', garbled])
  })
})
