import { expect, it } from 'vitest'
import { onEachDatabase } from '../testing/stores.js'

const DAY = 86_400_000

onEachDatabase('retention', stores => {
  const open = async () => {
    let now = 100 * DAY
    const store = await stores.open({ ...(await stores.place()), clock: () => now })
    for (const id of ['s', 't']) await store.sessions.save({ id })
    return { store, setTime: (time: number) => (now = time) }
  }
  const message = (id: number, second: number) => ({
    key: { remoteJid: '1@s.whatsapp.net', id: `M${id}`, fromMe: false },
    messageTimestamp: second,
    message: { conversation: 'x'.repeat(100) },
  })

  it('removes messages by age, of one session or of all', async () => {
    const { store } = await open()
    for (const session of ['s', 't']) {
      await store.messages.save(session, [message(1, 10 * 86_400), message(2, 95 * 86_400)])
    }
    expect((await store.retain({ messages: { maxAgeMs: 30 * DAY } }, 's')).messages).toBe(1)
    expect((await store.messages.find('t')).messages.length).toBe(2)
    expect(await store.retain({ messages: { maxAgeMs: 30 * DAY } })).toEqual({
      messages: 1,
      events: 0,
      outbox: 0,
      deadLetters: 0,
    })
    expect((await store.retain({})).messages).toBe(0)
  })

  it('removes the oldest messages by size, in as many steps as it takes', async () => {
    const { store } = await open()
    const many = Array.from({ length: 2100 }, (_, index) => message(index, index))
    for (let start = 0; start < many.length; start += 700)
      await store.messages.save('s', many.slice(start, start + 700))
    await store.retain({ messages: { maxBytes: 3000 } })
    const left = (await store.messages.find('s')).messages.map(({ key }) => key.id)
    expect(left.length).toBeGreaterThan(3)
    expect(left.length).toBeLessThan(20)
    expect(left).toEqual(left.map((_, index) => `M${2099 - index}`))
  })

  it('removes old events that everybody has acknowledged, and by size whatever is oldest', async () => {
    const { store, setTime } = await open()
    await store.events.append(
      's',
      Array.from({ length: 10 }, (_, index) => ({ event: 'x', payload: index })),
    )
    await store.events.append('t', [{ event: 'x', payload: 'other' }])
    await store.consumers.open('s', 'quick', { from: 'head' })
    await store.consumers.open('s', 'slow', { from: 4 })
    setTime(200 * DAY)
    expect((await store.retain({ events: { maxAgeMs: DAY } }, 's')).events).toBe(4)
    expect(await store.events.read('s')).toMatchObject({
      isTruncated: true,
      head: 10,
      events: [{ cursor: 5 }, {}, {}, {}, {}, {}],
    })
    expect(await store.events.tail('s')).toBe(5)
    expect((await store.retain({ events: { maxBytes: 150 } }, 's')).events).toBeGreaterThan(0)
    const left = (await store.events.read('s')).events
    expect(left.at(-1)?.cursor).toBe(10)
    expect(left.length).toBeLessThan(4)
    await store.retain({ events: { maxBytes: 0 } })
    expect(await store.events.tail('s')).toBe(11)
    expect(await store.events.append('s', [{ event: 'x', payload: 1 }])).toEqual([{ cursor: 11, isNew: true }])
    expect(await store.events.head('t')).toBe(1)
  })

  it('removes what is finished in the outbox, and dead letters', async () => {
    const { store, setTime } = await open()
    const add = async () => (await store.outbox.enqueue('s', { chat: 'c', content: 1 })).job.id
    const [cancelled, queued] = [await add(), await add()]
    await store.outbox.cancel(cancelled)
    await store.events.append('s', [{ event: 'x', payload: 1 }])
    await store.consumers.open('s', 'bot', { from: 'tail' })
    await store.consumers.fail('s', 'bot', 1, 'no', { maxAttempts: 1 })
    setTime(101 * DAY + 1)
    const policy = { outbox: { maxAgeMs: DAY }, deadLetters: { maxAgeMs: DAY } }
    expect(await store.retain(policy)).toMatchObject({ outbox: 1, deadLetters: 1 })
    expect((await store.outbox.find('s')).jobs.map(({ id }) => id)).toEqual([queued])
  })
})
