import { describe, expect, it } from 'vitest'
import { PreKeyStore } from './prekey-store.js'

const key = (id: number, value = id) => ({ id, public: Buffer.alloc(32, value) })

describe('prekey store', () => {
  it('hands each key out once, in the order of the upload', () => {
    const store = new PreKeyStore()
    store.add([key(3), key(1)])
    expect([store.take()?.id, store.take()?.id, store.take()]).toEqual([3, 1, undefined])
  })

  it('does not bring a key back that was handed out', () => {
    const store = new PreKeyStore()
    store.add([key(1)])
    store.take()
    expect(store.add([key(1)])).toEqual({ added: 0, conflicting: [] })
    expect(store.count).toBe(0)
  })

  it('names keys that come again with another value', () => {
    const store = new PreKeyStore()
    store.add([key(1)])
    expect(store.add([key(1, 9), key(2)])).toEqual({ added: 1, conflicting: [1] })
  })

  it('tells a repeated first message from a reused key', () => {
    const store = new PreKeyStore()
    store.add([key(1)])
    store.take()
    expect(store.noteUse(1, Buffer.from('base a'))).toBe('first')
    expect(store.noteUse(1, Buffer.from('base a'))).toBe('repeated')
    expect(store.noteUse(1, Buffer.from('base b'))).toBe('reused')
  })
})
