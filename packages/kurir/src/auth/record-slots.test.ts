import { describe, expect, it } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import type { SignalDataSet, SignalKeyStore } from '../signal/key-store.js'
import { makeMemoryKeyStore } from './memory.js'
import { RecordSlots } from './record-slots.js'

/** A store that outlives the process. */
function lastingStore(): SignalKeyStore {
  const { get, set } = makeMemoryKeyStore()
  return { get, set }
}

const bytes = (text: string) => Buffer.from(text)

async function slotsOver(store: SignalKeyStore): Promise<RecordSlots> {
  const slots = new RecordSlots('inbox')
  slots.attach(store, silentLogger)
  await slots.load([])
  return slots
}

async function put(slots: RecordSlots, store: SignalKeyStore, text: string): Promise<number> {
  const slot = await slots.take()
  if (slot === undefined) throw new Error('no slot')
  await store.set({ inbox: { [slot]: bytes(text) } })
  return slot
}

async function found(store: SignalKeyStore, furtherIds: string[] = []): Promise<string[]> {
  const slots = new RecordSlots('inbox')
  slots.attach(store, silentLogger)
  const { slots: records, further } = await slots.load(furtherIds)
  return [...records.map(({ record }) => Buffer.from(record).toString()), ...[...further.keys()]].toSorted()
}

describe('records in slots', () => {
  it('are found by the next process, however many there are', async () => {
    const store = lastingStore()
    const slots = await slotsOver(store)
    const texts = Array.from({ length: 700 }, (_, index) => `record ${index}`)
    await Promise.all(texts.map(text => put(slots, store, text)))
    expect(await found(store)).toEqual(texts.toSorted())
  })

  it('use the slots of removed ones again', async () => {
    const store = lastingStore()
    const slots = await slotsOver(store)
    const used = new Set<number>()
    for (let round = 0; round < 300; round += 1) {
      const slot = await put(slots, store, `record ${round}`)
      used.add(slot)
      await slots.clear([slot])
    }
    expect(used.size).toBe(1)
    expect(await found(store)).toEqual([])
  })

  it('do not overwrite what an earlier process has left', async () => {
    const store = lastingStore()
    const before = await slotsOver(store)
    const [first] = [await put(before, store, 'a'), await put(before, store, 'b'), await put(before, store, 'c')]
    await before.clear([first])
    const after = await slotsOver(store)
    for (const text of ['d', 'e', 'f']) await put(after, store, text)
    expect(await found(store)).toEqual(['b', 'c', 'd', 'e', 'f'])
  })

  it('write further rows with a removal, and find them', async () => {
    const store = lastingStore()
    const slots = await slotsOver(store)
    await slots.clear([await put(slots, store, 'a')], { summary: bytes('1') })
    expect(await found(store, ['summary'])).toEqual(['summary'])
  })

  it('store their number before a slot is used', async () => {
    const inner = lastingStore()
    let release: () => void = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const store: SignalKeyStore = {
      get: (type, ids) => inner.get(type, ids),
      set: async data => {
        await held
        return inner.set(data)
      },
    }
    const slots = await slotsOver(store)
    let taken = false
    const taking = Promise.resolve(slots.take()).then(() => {
      taken = true
    })
    await new Promise(setImmediate)
    expect(taken).toBe(false)
    release()
    await taking
  })

  it('are given up over a store that drops the type, or that does not know it', async () => {
    const forgetful: SignalKeyStore = { get: () => ({}), set: () => {} }
    const strict: SignalKeyStore = {
      get: () => ({}),
      set: (data: SignalDataSet) => {
        if (data.inbox) throw new Error('no such table')
      },
    }
    for (const store of [forgetful, strict]) {
      const slots = await slotsOver(store)
      expect(await slots.take()).toBeUndefined()
      expect(slots.isUsable).toBe(false)
      expect(slots.take()).toBeUndefined()
    }
  })

  it('are not written to a store that ends with the process', async () => {
    const slots = await slotsOver(makeMemoryKeyStore())
    expect(slots.take()).toBeUndefined()
  })
})
