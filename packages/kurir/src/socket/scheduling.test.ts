import { describe, expect, it } from 'vitest'
import { Coalescer, KeyedQueue, makeMutex } from './scheduling.js'

const deferred = <T>() => {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

describe('KeyedQueue', () => {
  it('runs tasks of one key in order and of different keys side by side', async () => {
    const queue = new KeyedQueue()
    const gate = deferred<void>()
    const seen: string[] = []
    const first = queue.run('a', async () => {
      await gate.promise
      seen.push('a1')
    })
    const second = queue.run('a', () => seen.push('a2'))
    await queue.run('b', () => seen.push('b1'))
    expect(seen).toEqual(['b1'])
    gate.resolve()
    await Promise.all([first, second])
    expect(seen).toEqual(['b1', 'a1', 'a2'])
  })

  it('goes on after a failing task and forgets idle keys', async () => {
    const queue = new KeyedQueue()
    await expect(queue.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await queue.run('a', () => 7)).toBe(7)
    await queue.drain()
    expect(queue.size).toBe(0)
  })
})

describe('makeMutex', () => {
  it('returns what the code returns and serialises', async () => {
    const { mutex } = makeMutex()
    const gate = deferred<void>()
    const order: number[] = []
    const slow = mutex(async () => {
      await gate.promise
      order.push(1)
    })
    const fast = mutex(() => order.push(2))
    gate.resolve()
    await Promise.all([slow, fast])
    expect(order).toEqual([1, 2])
  })
})

describe('Coalescer', () => {
  it('shares one call while it runs, and calls again afterwards', async () => {
    const coalescer = new Coalescer<number>()
    let calls = 0
    const task = async () => ++calls
    expect(await Promise.all([coalescer.run('k', task), coalescer.run('k', task)])).toEqual([1, 1])
    expect(await coalescer.run('k', task)).toBe(2)
  })
})
