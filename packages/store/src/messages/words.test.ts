import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { searchTerms, wordsOf } from './words.js'

describe('words', () => {
  it.each([
    ['Hello, World! 42', 'hello world 42'],
    ['Crème BRÛLÉE', 'creme brulee'],
    ['Straße STRASSE', 'strasse strasse'],
    ['ΣΊΣΥΦΟΣ σίσυφος', 'σισυφοσ σισυφοσ'],
    ['Привет, Ёлка', 'привет елка'],
    ['İstanbul ISPARTA', 'istanbul isparta'],
    ['ﬁne ①②', 'fine 12'],
    ['مُحَمَّد', 'محمد'],
    ['שָׁלוֹם', 'שלום'],
    ['नमस्ते', 'नमस्ते'],
    ['안녕하세요', '안녕하세요'],
    ['今天 weather好', '今 天 weather 好'],
    ['ラーメン', 'ラ ー メ ン'.normalize('NFC')],
    ['ok👍🏽 ❤️', 'ok 👍 ❤'],
    ["it's a-b_c@d.e", 'it s a b c d e'],
    ['', ''],
    ['\0 \u200d ---', ''],
  ])('of %j', (text, words) => {
    expect(wordsOf(text).join(' ')).toBe(words)
  })

  it('have neither blanks nor quotes in them, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => {
        expect(wordsOf(text).filter(word => !/^[^\s'"\\:&|!()<>*\0]+$/u.test(word))).toEqual([])
      }),
    )
  })

  it('do not change when they are taken apart again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), text => {
        const words = wordsOf(text)
        expect(wordsOf(words.join(' '))).toEqual(words)
      }),
    )
  })

  it('are bounded in length and number', () => {
    expect(wordsOf('a'.repeat(1000))).toEqual(['a'.repeat(64)])
    expect(wordsOf('a '.repeat(100_000)).length).toBe(10_000)
  })
})

describe('a question', () => {
  it('has words, phrases and beginnings', () => {
    expect(searchTerms('Foo "Bar baz" qu*')).toEqual([
      { words: ['foo'], isPrefix: false },
      { words: ['bar', 'baz'], isPrefix: false },
      { words: ['qu'], isPrefix: true },
    ])
  })

  it('takes what looks like the language of a database for text', () => {
    expect(searchTerms('a" OR NEAR(b) -c !d:e|f').map(({ words }) => words.join(' '))).toEqual([
      'a',
      'or',
      'near b',
      'c',
      'd e f',
    ])
    expect(searchTerms('"" * ---')).toEqual([])
  })

  it('is bounded', () => {
    expect(searchTerms('a '.repeat(1000)).length).toBe(32)
  })
})
