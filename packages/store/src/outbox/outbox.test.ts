import { expect, it } from 'vitest'
import { onEachDatabase, type TestStores } from '../testing/stores.js'

onEachDatabase('the outbox', stores => {
  const open = async (from: TestStores = stores) => {
    let now = 1000
    const store = await from.open({ ...(await from.place()), clock: () => now })
    await store.sessions.save({ id: 's' })
    const { outbox } = store
    const add = async (chat: string, sendAt?: number) =>
      (await outbox.enqueue('s', { chat, content: { text: chat }, ...(sendAt !== undefined && { sendAt }) })).job
    const claim = async (limit = 10) => (await outbox.claim('s', { limit, leaseMs: 500 })).map(({ id }) => id)
    return { store, outbox, add, claim, setTime: (time: number) => (now = time) }
  }

  it('makes one job of one key, and refuses the key for something else', async () => {
    const { outbox } = await open()
    const ask = (text: string) =>
      outbox.enqueue('s', { chat: 'a', content: { text, picture: Buffer.from(text) }, idempotencyKey: 'k' })
    const [first, ...others] = await Promise.all([ask('hi'), ask('hi'), ask('hi')])
    expect([first, ...others].filter(each => each?.isNew).length).toBe(1)
    for (const { job } of others) expect(job).toEqual(first?.job)
    expect(first?.job).toMatchObject({
      status: 'queued',
      content: { text: 'hi', picture: Buffer.from('hi') },
      attempts: 0,
    })
    expect(first?.job.messageId).toMatch(/^3EB0[0-9A-F]+$/)
    await expect(ask('other')).rejects.toMatchObject({ code: 'idempotency-conflict' })
    await expect(outbox.enqueue('none', { chat: 'a', content: 1 })).rejects.toMatchObject({ code: 'session-not-found' })
    const free = await Promise.all([1, 2].map(() => outbox.enqueue('s', { chat: 'a', content: 1 })))
    expect(new Set(free.map(({ job }) => job.id)).size).toBe(2)
  })

  it('hands out the oldest job of each chat, once', async () => {
    const { outbox, add, claim } = await open()
    const [a1, b1, a2, c1] = [await add('a'), await add('b'), await add('a'), await add('c')]
    expect(await claim(2)).toEqual([a1.id, b1.id])
    expect(await claim()).toEqual([c1.id])
    expect(await claim()).toEqual([])
    await outbox.sent(a1.id)
    expect(await claim()).toEqual([a2.id])
    expect(await outbox.get(a2.id)).toMatchObject({ status: 'sending', attempts: 1 })
  })

  it('hands a job out again when its lease has run out or it is given back', async () => {
    const { outbox, add, claim, setTime } = await open()
    const [job, next] = [await add('a'), await add('a')]
    expect(await claim()).toEqual([job.id])
    setTime(1499)
    expect(await claim()).toEqual([])
    setTime(1500)
    expect(await claim()).toEqual([job.id])
    await outbox.retry(job.id, { at: 1800, error: new Error('offline') })
    expect(await outbox.get(job.id)).toMatchObject({ status: 'queued', attempts: 2, error: { message: 'offline' } })
    expect(await outbox.nextDue('s')).toBe(1000)
    // What waits for its time does not hold up the chat.
    expect(await claim()).toEqual([next.id])
    setTime(1800)
    expect(await claim()).toEqual([])
    await outbox.sent(next.id)
    expect(await claim()).toEqual([job.id])
  })

  it('waits for the time that was asked for', async () => {
    const { outbox, add, claim, setTime } = await open()
    const later = await add('a', 5000)
    const now = await add('a')
    expect(await claim()).toEqual([now.id])
    await outbox.sent(now.id)
    expect(await outbox.nextDue('s')).toBe(5000)
    setTime(5000)
    expect(await claim()).toEqual([later.id])
  })

  it('lets a message only ever come further', async () => {
    const { outbox, add, claim } = await open()
    const { id, messageId } = await add('a')
    const tell = (status: 'sent' | 'delivered' | 'read' | 'played' | 'failed') => outbox.status('s', messageId, status)
    expect(await tell('delivered')).toBe(false)
    await claim()
    expect(await tell('sent')).toBe(true)
    expect(await tell('sent')).toBe(false)
    expect(await tell('read')).toBe(true)
    expect(await tell('delivered')).toBe(false)
    expect(await tell('failed')).toBe(false)
    expect(await outbox.get(id)).toMatchObject({ status: 'read' })
    expect(await outbox.cancel(id)).toBe(false)
    expect(await outbox.status('s', 'unknown', 'read')).toBe(false)
  })

  it('cancels what has not left, and fails what cannot', async () => {
    const { outbox, add, claim } = await open()
    const [one, two] = [await add('a'), await add('a')]
    expect(await outbox.cancel(one.id)).toBe(true)
    expect(await claim()).toEqual([two.id])
    expect(await outbox.cancel(two.id)).toBe(false)
    await outbox.fail(two.id, { code: 'not-on-whatsapp' })
    expect(await outbox.get(two.id)).toMatchObject({ status: 'failed', error: { code: 'not-on-whatsapp' } })
    expect(await outbox.nextDue('s')).toBeUndefined()
    expect((await outbox.find('s', { status: 'failed' })).jobs.map(({ id }) => id)).toEqual([two.id])
    const first = await outbox.find('s', { limit: 1, chat: 'a' })
    expect((await outbox.find('s', { before: first.next ?? '' })).jobs.map(({ id }) => id)).toEqual([one.id])
  })

  it('gives each job to one of many who ask at once', async () => {
    const { add, claim } = await open()
    for (let chat = 0; chat < 20; chat += 1) await add(`chat ${chat}`)
    const claimed = (await Promise.all(Array.from({ length: 10 }, () => claim(5)))).flat()
    expect(new Set(claimed).size).toBe(claimed.length)
    expect([...claimed, ...(await claim(20))].length).toBe(20)
  })
})
