import { describe, expect, it } from 'vitest'
import { newLTHashState, readCollectionState } from './collection-state.js'

const stored = { version: 3, hash: Buffer.alloc(128, 1), indexValueMap: { 'AA==': { valueMac: Buffer.alloc(32, 2) } } }

describe('the stored state of a collection (docs/protocol/04, 1.2)', () => {
  it('begins with nothing', () => {
    expect(newLTHashState()).toEqual({ version: 0, hash: Buffer.alloc(128), indexValueMap: {} })
  })

  it('is taken as it was stored', () => {
    expect(readCollectionState(stored)).toEqual(stored)
  })

  it.each([
    ['no record', undefined],
    ['a text', 'state'],
    ['no version', { ...stored, version: undefined }],
    ['a version that is no number', { ...stored, version: Number.NaN }],
    ['a text for a version', { ...stored, version: '3' }],
    ['a version below zero', { ...stored, version: -1 }],
    ['a hash of another length', { ...stored, hash: Buffer.alloc(127) }],
    ['no hash', { ...stored, hash: null }],
    ['no map', { ...stored, indexValueMap: undefined }],
    ['a map without value MAC', { ...stored, indexValueMap: { 'AA==': {} } }],
    ['a value MAC of another length', { ...stored, indexValueMap: { 'AA==': { valueMac: Buffer.alloc(3) } } }],
  ])('counts as none: %s', (_, value) => {
    expect(readCollectionState(value)).toEqual(newLTHashState())
  })
})
