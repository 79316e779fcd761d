import { describe, expect, it } from 'vitest'
import { itemsOf, membersOf, numberOf, oneOf, textOf } from './answer-values.js'

describe('what a GraphQL answer holds', () => {
  it.each([null, undefined, 'text', 7, true, [1]])('%j has no members', value => {
    expect(membersOf(value)).toEqual({})
  })

  it('lists, texts, quantities and names are read where they are such', () => {
    expect([itemsOf([1]), itemsOf({ 0: 1 }), itemsOf(null)]).toEqual([[1], [], []])
    expect([textOf('a'), textOf(7), textOf({}), textOf(null)]).toEqual(['a', '7', undefined, undefined])
    expect([numberOf('12'), numberOf(3), numberOf(''), numberOf('x'), numberOf([4])]).toEqual([
      12,
      3,
      undefined,
      undefined,
      undefined,
    ])
    expect([oneOf(['ON', 'OFF'], 'ON'), oneOf(['ON', 'OFF'], 'on')]).toEqual(['ON', undefined])
  })
})
