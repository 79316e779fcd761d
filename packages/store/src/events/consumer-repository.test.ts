import { expect, it } from 'vitest'
import type { Store } from '../store.js'
import { onEachDatabase, type TestStores } from '../testing/stores.js'

const open = async (stores: TestStores, count = 0): Promise<Store> => {
  const store = await stores.open()
  await store.sessions.save({ id: 's' })
  await append(store, count)
  return store
}

const append = (store: Store, count: number, name = 'x') =>
  store.events.append(
    's',
    Array.from({ length: count }, (_, index) => ({ event: name, payload: index })),
  )

const pendingOf = async (store: Store, after?: number) => {
  const { events } = await store.consumers.pending('s', 'bot', after === undefined ? {} : { after })
  return events.map(({ cursor }) => cursor)
}

onEachDatabase('consumers', stores => {
  it('begin where they are told to, and keep their place', async () => {
    const store = await open(stores, 5)
    const { consumers } = store
    expect((await consumers.open('s', 'new')).cursor).toBe(5)
    expect((await consumers.open('s', 'old', { from: 'tail' })).cursor).toBe(0)
    expect((await consumers.open('s', 'bot', { from: 3, settings: { url: 'x' } })).cursor).toBe(3)
    expect(await pendingOf(store)).toEqual([4, 5])
    await append(store, 1)
    const again = await consumers.open('s', 'bot', { from: 'head' })
    expect(again).toMatchObject({ name: 'bot', cursor: 3, settings: { url: 'x' }, isPaused: false })
    expect(await consumers.save('s', 'bot', { isPaused: true })).toMatchObject({
      isPaused: true,
      settings: { url: 'x' },
    })
    expect((await consumers.list('s')).map(({ name }) => name)).toEqual(['bot', 'new', 'old'])
    expect((await consumers.list()).length).toBe(3)
    expect(await consumers.delete('s', 'new')).toBe(true)
    expect(await consumers.delete('s', 'new')).toBe(false)
    await expect(consumers.open('none', 'bot')).rejects.toMatchObject({ code: 'session-not-found' })
    await expect(consumers.pending('s', 'none')).rejects.toMatchObject({ code: 'consumer-not-found' })
    await expect(consumers.acknowledge('s', 'none', [1])).rejects.toMatchObject({ code: 'consumer-not-found' })
  })

  it('acknowledge in any order, and move on over what is acknowledged', async () => {
    const store = await open(stores, 6)
    await store.consumers.open('s', 'bot', { from: 'tail' })
    const cursorAfter = async (...cursors: number[]) => (await store.consumers.acknowledge('s', 'bot', cursors)).cursor
    expect(await cursorAfter(2, 5)).toBe(0)
    expect(await pendingOf(store)).toEqual([1, 3, 4, 6])
    expect(await pendingOf(store, 3)).toEqual([4, 6])
    expect(await cursorAfter(1)).toBe(2)
    expect(await cursorAfter(4, 4, 1)).toBe(2)
    expect(await cursorAfter(3)).toBe(5)
    expect(await cursorAfter(6, 99)).toBe(6)
    expect(await pendingOf(store)).toEqual([])
  })

  it('mark what they have handed out and nobody acknowledged', async () => {
    const store = await open(stores, 3)
    await store.consumers.open('s', 'bot', { from: 'tail' })
    await store.consumers.delivered('s', 'bot', 2)
    await store.consumers.delivered('s', 'bot', 1)
    await store.consumers.acknowledge('s', 'bot', [1])
    const { events } = await store.consumers.pending('s', 'bot')
    expect(events).toMatchObject([
      { cursor: 2, isRedelivered: true, attempts: 0, payload: 1 },
      { cursor: 3, isRedelivered: false },
    ])
  })

  it('leave out events of other names and do not wait for them', async () => {
    const store = await open(stores)
    await append(store, 2, 'a')
    await append(store, 1, 'b')
    await append(store, 2, 'a')
    await store.consumers.open('s', 'bot', { from: 'tail', events: ['b'] })
    expect(await pendingOf(store)).toEqual([3])
    expect(await store.consumers.acknowledge('s', 'bot', [3])).toMatchObject({ cursor: 5 })
    await append(store, 1, 'b')
    expect(await pendingOf(store)).toEqual([6])
  })

  it('give up an event that keeps failing; it can be tried again', async () => {
    const store = await open(stores, 3)
    const { consumers, deadLetters } = store
    await consumers.open('s', 'bot', { from: 'tail' })
    const fail = (cursor: number) => consumers.fail('s', 'bot', cursor, new Error('bad event'), { maxAttempts: 2 })
    expect(await fail(2)).toEqual({ attempts: 1, isDead: false })
    expect((await consumers.pending('s', 'bot')).events[1]).toMatchObject({
      cursor: 2,
      attempts: 1,
      isRedelivered: true,
    })
    expect(await fail(2)).toEqual({ attempts: 2, isDead: true })
    expect(await pendingOf(store)).toEqual([1, 3])
    expect(await consumers.acknowledge('s', 'bot', [1, 3])).toMatchObject({ cursor: 3 })
    const { letters } = await deadLetters.list('s', { consumer: 'bot' })
    expect(letters).toMatchObject([
      { consumer: 'bot', cursor: 2, payload: 1, attempts: 2, isPending: false, error: { message: 'bad event' } },
    ])
    // The log may forget it: the letter has it.
    await store.retain({ events: { maxBytes: 0 } })
    expect(await deadLetters.redeliver('s', [letters[0]?.id ?? 0])).toBe(1)
    const again = await consumers.pending('s', 'bot')
    expect(again.events).toMatchObject([{ cursor: 2, payload: 1, attempts: 0, isRedelivered: true }])
    expect(await pendingOf(store, 0)).toEqual([])
    expect(await fail(2)).toEqual({ attempts: 1, isDead: false })
    expect(await fail(2)).toEqual({ attempts: 2, isDead: true })
    await deadLetters.redeliver('s', [letters[0]?.id ?? 0])
    await consumers.acknowledge('s', 'bot', [2])
    expect((await deadLetters.list('s')).letters).toEqual([])
  })

  it('page and remove their dead letters', async () => {
    const store = await open(stores, 5)
    await store.consumers.open('s', 'bot', { from: 'tail' })
    for (const cursor of [1, 2, 3, 4, 5]) await store.consumers.fail('s', 'bot', cursor, 'no', { maxAttempts: 1 })
    expect((await store.consumers.get('s', 'bot'))?.cursor).toBe(5)
    const first = await store.deadLetters.list('s', { limit: 3 })
    const second = await store.deadLetters.list('s', { limit: 3, before: first.next ?? '' })
    expect([...first.letters, ...second.letters].map(({ cursor }) => cursor)).toEqual([5, 4, 3, 2, 1])
    expect(
      await store.deadLetters.delete(
        's',
        first.letters.map(({ id }) => id),
      ),
    ).toBe(3)
    await store.consumers.delete('s', 'bot')
    expect((await store.deadLetters.list('s')).letters).toEqual([])
  })

  it('say when retention has removed what they had not acknowledged', async () => {
    const store = await open(stores, 4)
    await store.consumers.open('s', 'bot', { from: 'tail' })
    await store.retain({ events: { maxBytes: 0 } })
    await append(store, 1)
    expect(await store.consumers.pending('s', 'bot')).toMatchObject({ events: [{ cursor: 5 }], isTruncated: true })
    expect(await store.consumers.acknowledge('s', 'bot', [5])).toMatchObject({ cursor: 5 })
    expect(await store.consumers.pending('s', 'bot')).toMatchObject({ events: [], isTruncated: false })
  })

  it('move on correctly when many acknowledge at once', async () => {
    const store = await open(stores, 60)
    await store.consumers.open('s', 'bot', { from: 'tail' })
    const cursors = Array.from({ length: 60 }, (_, index) => ((index * 37) % 60) + 1)
    await Promise.all(cursors.map(cursor => store.consumers.acknowledge('s', 'bot', [cursor])))
    expect((await store.consumers.get('s', 'bot'))?.cursor).toBe(60)
  })
})
