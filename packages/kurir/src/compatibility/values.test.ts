import { describe, expect, it } from 'vitest'
import { isStringNullOrEmpty, trimUndefined } from './values.js'

describe('isStringNullOrEmpty', () => {
  it.each([null, undefined, ''])('is true for %j', value => {
    expect(isStringNullOrEmpty(value)).toBe(true)
  })

  it.each([' ', '0', 'text'])('is false for %j', value => {
    expect(isStringNullOrEmpty(value)).toBe(false)
  })
})

describe('trimUndefined', () => {
  it('removes undefined members of the object itself and leaves every other value', () => {
    const object = { gone: undefined, none: null, empty: '', zero: 0, no: false, deep: { kept: undefined } }
    expect(trimUndefined(object)).toBe(object)
    expect(Object.keys(object)).toEqual(['none', 'empty', 'zero', 'no', 'deep'])
    expect(Object.keys(object.deep)).toEqual(['kept'])
  })
})
