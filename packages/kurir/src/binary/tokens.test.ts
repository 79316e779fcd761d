import { DOUBLE_BYTE_TOKENS, SINGLE_BYTE_TOKENS } from 'baileys/lib/WABinary/constants.js'
import { describe, expect, it } from 'vitest'
import { LONGEST_NUMERIC_TOKEN, LONGEST_TOKEN, tokenCodes, tokenWords } from './tokens.js'

describe('token tables', () => {
  const words = tokenWords()

  it('are those of dictionary version 3', () => {
    expect(words.slice(1, 236)).toEqual(SINGLE_BYTE_TOKENS.slice(1, 236))
    expect(words.slice(236, 256)).toEqual(new Array(20).fill(''))
    expect(words.slice(256)).toEqual(DOUBLE_BYTE_TOKENS.flat())
    expect(words.length).toBe(256 * 5)
  })

  it('find every word and nothing else', () => {
    const codes = tokenCodes()
    expect(codes.size).toBe(235 + 4 * 256)
    for (const [word, code] of codes) expect(words[code]).toBe(word)
    expect(codes.has('')).toBe(false)
  })

  it('are described by the limits that spare look-ups', () => {
    expect(Math.max(...words.map(word => word.length))).toBe(LONGEST_TOKEN)
    const numeric = words.filter(word => /^[0-9.-]+$/.test(word))
    expect(Math.max(...numeric.map(word => word.length))).toBe(LONGEST_NUMERIC_TOKEN)
  })
})
