import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { migrate } from '../migrations/migrate.js'
import { onEachDatabase, storesOn } from '../testing/stores.js'
import { boundedWork } from './bounded-work.js'
import { openSqlite } from './sqlite.js'

onEachDatabase('transactions', stores => {
  it('commit everything or nothing', async () => {
    const store = await stores.open()
    const failure = store.transaction(async tx => {
      await tx.sessions.save({ id: 'a' })
      await tx.events.append('a', [{ event: 'x', payload: 1 }])
      await tx.events.append('unknown session', [{ event: 'x', payload: 1 }])
    })
    await expect(failure).rejects.toMatchObject({ code: 'session-not-found', output: { statusCode: 404 } })
    expect(await store.sessions.list()).toEqual([])
    const result = await store.transaction(async tx => {
      await tx.sessions.save({ id: 'a' })
      return await tx.sessions.load('a')
    })
    expect(result).toMatchObject({ id: 'a' })
    expect(await store.sessions.load('a')).toEqual(result)
  })

  it('fail alone where they share a commit', async () => {
    const store = await stores.open()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        store.transaction(async tx => {
          await tx.sessions.save({ id: `s${index}` })
          if (index % 3 === 0) throw new Error(`no ${index}`)
          return index
        }),
      ),
    )
    const ids = (await store.sessions.list()).map(({ id }) => id)
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome).toMatchObject(
        index % 3 === 0 ? { reason: { message: `no ${index}` } } : { status: 'fulfilled', value: index },
      )
      expect(ids.includes(`s${index}`)).toBe(index % 3 !== 0)
    }
  })

  it('are not seen before their commit', async () => {
    const store = await stores.open()
    await store.transaction(async tx => {
      await tx.sessions.save({ id: 'a' })
      expect(await store.sessions.load('a')).toBeUndefined()
      expect(await tx.sessions.load('a')).toBeDefined()
    })
    expect(await store.sessions.load('a')).toBeDefined()
  })

  it('refuse parts that are used after the end', async () => {
    const store = await stores.open()
    let late: Promise<unknown> = Promise.resolve()
    await store.transaction(async tx => {
      late = delay(5).then(() => tx.sessions.save({ id: 'late' }))
      late.catch(() => {})
    })
    await expect(late).rejects.toMatchObject({ code: 'store-transaction-ended' })
    expect(await store.sessions.list()).toEqual([])
  })

  it('take texts with zero characters, which neither database keeps', async () => {
    const store = await stores.open()
    await store.sessions.save({ id: 'a' })
    await store.contacts.save('a', [{ id: 'x\0y', name: 'a\0b' }])
    expect(await store.contacts.get('a', 'x\0y')).toEqual({ id: 'x\0y', name: 'a\0b' })
    await store.contacts.update('a', [{ id: 'x\0y', notify: 'z' }])
    expect((await store.contacts.list('a')).rows).toEqual([{ id: 'x\0y', name: 'a\0b', notify: 'z' }])
    const { state } = await store.auth('a')
    await state.keys.set({ session: { 'x\0y': Buffer.from('z') } })
    expect(await state.keys.get('session', ['x\0y'])).toEqual({ 'x\0y': Buffer.from('z') })
  })

  it('are refused after the store was closed, which waits for those that have begun', async () => {
    const store = await stores.open()
    const begun = store.sessions.save({ id: 'a' })
    const [first, second] = [store.close(), store.close()]
    await Promise.all([begun, first, second])
    for (const call of [
      () => store.sessions.list(),
      () => store.sessions.save({ id: 'b' }),
      () => store.ping(),
      () => store.auth('a'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'store-closed' })
    }
  })
})

describe('a full disk', () => {
  const stores = storesOn('sqlite')

  it('fails what does not fit, keeps what was committed, and is no obstacle once there is room', async () => {
    const { file = '' } = await stores.place()
    const database = await openSqlite({ file, durability: 'process-crash' })
    await migrate(database, { now: 1 })
    const pages = async (count: number) => {
      await database.transaction(sql => sql.all(`PRAGMA max_page_count = ${count}`))
    }
    const save = (name: string, size: number) =>
      database.transaction(sql =>
        sql.run('INSERT INTO store_facts (name, value) VALUES (?, ?)', name, Buffer.alloc(size)),
      )
    await save('before', 10)
    await pages(1)
    const [large, ...others] = await Promise.allSettled([save('large', 5_000_000), save('a', 10), save('b', 10)])
    expect(large).toMatchObject({ reason: { code: 'store-unavailable', retryable: true } })
    const names = async () =>
      (await database.read(sql => sql.all('SELECT name FROM store_facts ORDER BY name'))).map(row => row['name'])
    // The others share its commit: each of them is there, or was told that it is not.
    const kept = ['a', 'b'].filter((_, index) => others[index]?.status === 'fulfilled')
    expect(await names()).toEqual([...kept, 'before'])
    await pages(1_000_000)
    await save('large', 5_000_000)
    expect(await names()).toEqual([...kept, 'before', 'large'])
    await database.close()
  })
})

describe('work with a deadline', () => {
  it('is given up, and what it still wants is refused', async () => {
    const work = boundedWork(5)
    await expect(work.run(() => new Promise(() => {}))).rejects.toMatchObject({ code: 'store-transaction-timeout' })
    expect(() => work.check()).toThrowError(expect.objectContaining({ code: 'store-transaction-timeout' }))
  })

  it('gives what it makes', async () => {
    const work = boundedWork()
    expect(await work.run(async () => work.check())).toBeUndefined()
    expect(() => work.check()).toThrowError(expect.objectContaining({ code: 'store-transaction-ended' }))
  })
})
