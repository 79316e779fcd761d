import { describe, expect, it } from 'vitest'
import { onEachDatabase, type TestStores } from '../testing/stores.js'

const open = async (stores: TestStores) => {
  const store = await stores.open()
  for (const id of ['one', 'two']) await store.sessions.save({ id })
  return store
}

const event = (payload: unknown, more: { chat?: string; key?: string; event?: string } = {}) => ({
  event: 'x',
  payload,
  ...more,
})

onEachDatabase('the event log', stores => {
  it('counts from 1 in every session, and reads on behind a cursor', async () => {
    const { events } = await open(stores)
    expect(await events.head('one')).toBe(0)
    expect(await events.tail('one')).toBe(1)
    expect(await events.append('one', [event('a', { chat: 'c' }), event(Buffer.from('b'))])).toEqual([
      { cursor: 1, isNew: true },
      { cursor: 2, isNew: true },
    ])
    await events.append('two', [event('other')])
    await events.append('one', [event({ c: [1] })])
    const page = await events.read('one', { after: 1 })
    expect(page).toMatchObject({
      events: [
        { session: 'one', cursor: 2, event: 'x', payload: Buffer.from('b'), chat: undefined },
        { cursor: 3, payload: { c: [1] } },
      ],
      next: 3,
      head: 3,
      isTruncated: false,
    })
    expect(await events.read('one', { limit: 1 })).toMatchObject({ events: [{ chat: 'c' }], next: 1, head: 3 })
    expect(await events.read('one', { after: 3 })).toEqual({ events: [], next: 3, head: 3, isTruncated: false })
  })

  it('reads events of some names, and goes on behind what it left out', async () => {
    const { events } = await open(stores)
    await events.append('one', [event(1, { event: 'a' }), event(2, { event: 'b' }), event(3, { event: 'a' }), event(4)])
    expect(await events.read('one', { events: ['a'] })).toMatchObject({
      events: [{ cursor: 1 }, { cursor: 3 }],
      next: 4,
    })
    expect(await events.read('one', { events: ['a'], limit: 1 })).toMatchObject({ events: [{ cursor: 1 }], next: 1 })
    expect(await events.read('one', { events: [] })).toMatchObject({ events: [], next: 4 })
    for (const limit of [0, 5001, Number.NaN]) {
      await expect(events.read('one', { limit })).rejects.toMatchObject({ code: 'invalid-page' })
    }
  })

  it('appends what has the same key once', async () => {
    const { events } = await open(stores)
    await events.append('one', [event('a', { key: 'k1' })])
    expect(
      await events.append('one', [event('a', { key: 'k1' }), event('b', { key: 'k2' }), event('b', { key: 'k2' })]),
    ).toEqual([
      { cursor: 1, isNew: false },
      { cursor: 2, isNew: true },
      { cursor: 2, isNew: false },
    ])
    expect(await events.append('two', [event('a', { key: 'k1' })])).toEqual([{ cursor: 1, isNew: true }])
    expect(await events.head('one')).toBe(2)
  })

  it('has neither gaps nor changes of order when many append at once', async () => {
    const { events } = await open(stores)
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 10; round += 1) {
        await events.append(round % 2 === 0 ? 'one' : 'two', [event([writer, round]), event([writer, round])])
      }
    })
    const seen: number[] = []
    for (let after = 0; after < 80; ) {
      const page = await events.read('one', { after })
      seen.push(...page.events.map(({ cursor }) => cursor))
      after = page.next
      await new Promise(resolve => setImmediate(resolve))
    }
    await Promise.all(writers)
    // A reader never passed a cursor that was committed later.
    expect(seen).toEqual(Array.from({ length: 80 }, (_, index) => index + 1))
    const rounds = (await events.read('one')).events.map(({ payload }) => payload as [number, number])
    for (let writer = 0; writer < 8; writer += 1) {
      const own = rounds.filter(([name]) => name === writer).map(([, round]) => round)
      expect(own).toEqual([...own].sort((left, right) => left - right))
    }
  })

  it('leaves no trace of a transaction that fails, and tells of it to nobody', async () => {
    const store = await open(stores)
    const heads: number[] = []
    const stop = store.events.onAppend('one', head => heads.push(head))
    const failure = store.transaction(async tx => {
      await tx.events.append('one', [event('lost')])
      expect(await tx.events.head('one')).toBe(1)
      throw new Error('no')
    })
    await expect(failure).rejects.toThrow('no')
    await store.events.append('one', [event('kept')])
    stop()
    await store.events.append('one', [event('unheard')])
    expect(heads).toEqual([1])
    expect((await store.events.read('one')).events.map(({ payload }) => payload)).toEqual(['kept', 'unheard'])
    await expect(store.events.append('none', [event('x')])).rejects.toMatchObject({ code: 'session-not-found' })
  })

  describe('followed', () => {
    it('gives what there is and what comes, until it is aborted', async () => {
      const { events } = await open(stores)
      await events.append('one', [event(1), event(2)])
      const end = new AbortController()
      const seen: unknown[] = []
      for await (const { payload, cursor } of events.follow('one', { after: 1, signal: end.signal, pollMs: 60_000 })) {
        seen.push(payload)
        if (cursor < 5) await events.append('one', [event(cursor + 1)])
        else end.abort()
      }
      expect(seen).toEqual([2, 3, 4, 5])
    })

    it('sees what another process appends', async () => {
      const place = await stores.place()
      const [store, other] = [await stores.open(place), await stores.open(place)]
      await store.sessions.save({ id: 'one' })
      const end = new AbortController()
      const follower = (async () => {
        for await (const { payload } of store.events.follow('one', { signal: end.signal, pollMs: 5 })) return payload
        return undefined
      })()
      await other.events.append('one', [event('from afar')])
      expect(await follower).toBe('from afar')
    })

    it('ends at once when it is aborted while it waits', async () => {
      const { events } = await open(stores)
      const end = new AbortController()
      const follower = events.follow('one', { signal: end.signal, pollMs: 60_000 }).next()
      setImmediate(() => end.abort())
      expect(await follower).toEqual({ done: true, value: undefined })
    })
  })
})
