import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectionClosed } from './connection-errors.js'
import { QueryTable } from './query-table.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('QueryTable', () => {
  it('hands an answer to its waiter, once, and stops the timer', async () => {
    const table = new QueryTable()
    const waiting = table.wait('1', 1000)
    const answer = { tag: 'iq', attrs: { id: '1' } }
    expect([table.settle(answer), table.settle(answer), table.size]).toEqual([true, false, 0])
    expect(await waiting).toBe(answer)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets pass what nobody waits for', () => {
    const table = new QueryTable()
    void table.wait('1', undefined)
    expect([table.settle({ tag: 'iq', attrs: {} }), table.settle({ tag: 'iq', attrs: { id: '2' } })]).toEqual([
      false,
      false,
    ])
  })

  it('rejects with a typed error when the time is over', async () => {
    const table = new QueryTable()
    const waiting = expect(table.wait('1', 1000)).rejects.toMatchObject({
      code: 'timed-out',
      data: { stage: 'query', milliseconds: 1000, id: '1' },
    })
    await vi.advanceTimersByTimeAsync(1000)
    await waiting
    expect([table.size, table.settle({ tag: 'iq', attrs: { id: '1' } })]).toEqual([0, false])
  })

  it('waits without end where no time is given, but for the end of the connection', async () => {
    const table = new QueryTable()
    const both = [table.wait('1', undefined), table.wait('2', 5)].map(waiting =>
      expect(waiting).rejects.toMatchObject({ code: 'connection-closed' }),
    )
    expect(vi.getTimerCount()).toBe(1)
    table.rejectAll(connectionClosed())
    await Promise.all(both)
    expect([table.size, vi.getTimerCount()]).toEqual([0, 0])
  })

  it('withdraws one wait', async () => {
    const table = new QueryTable()
    const waiting = expect(table.wait('1', 5)).rejects.toThrow('not written')
    table.reject('1', new Error('not written'))
    table.reject('1', new Error('again'))
    await waiting
  })
})
