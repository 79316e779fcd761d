import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { debouncedTimeout } from './debounced-timeout.js'
import { delay, delayCancellable, promiseTimeout } from './delay.js'
import { TimeMs, unixTimestampSeconds } from './time-ms.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** How a promise ended so far. */
function watch(promise: Promise<unknown>): { state: 'pending' | 'resolved' | 'rejected'; value: unknown } {
  const watched: { state: 'pending' | 'resolved' | 'rejected'; value: unknown } = { state: 'pending', value: undefined }
  promise.then(
    value => Object.assign(watched, { state: 'resolved', value }),
    error => Object.assign(watched, { state: 'rejected', value: error }),
  )
  return watched
}

describe('lengths of time', () => {
  it('are milliseconds', () => {
    expect(TimeMs).toEqual({ Minute: 60_000, Hour: 3_600_000, Day: 86_400_000, Week: 604_800_000 })
  })

  it('unixTimestampSeconds rounds down and takes now by default', () => {
    vi.setSystemTime(1_700_000_000_999)
    expect(unixTimestampSeconds()).toBe(1_700_000_000)
    expect(unixTimestampSeconds(new Date(1999))).toBe(1)
  })
})

describe('delay', () => {
  it('resolves when its time is over, not before', async () => {
    const waiting = watch(delay(100))
    await vi.advanceTimersByTimeAsync(99)
    expect(waiting.state).toBe('pending')
    await vi.advanceTimersByTimeAsync(1)
    expect(waiting.state).toBe('resolved')
  })

  it('rejects with cancelled (500) when it is given up, and stops its timer', async () => {
    const { delay: promise, cancel } = delayCancellable(100)
    const waiting = watch(promise)
    cancel()
    await vi.advanceTimersByTimeAsync(0)
    expect(waiting).toMatchObject({
      state: 'rejected',
      value: { code: 'cancelled', message: 'Cancelled', output: { statusCode: 500 } },
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not mind being cancelled after its time', async () => {
    const { delay: promise, cancel } = delayCancellable(5)
    const waiting = watch(promise)
    await vi.advanceTimersByTimeAsync(5)
    cancel()
    await vi.advanceTimersByTimeAsync(0)
    expect(waiting.state).toBe('resolved')
  })
})

describe('promiseTimeout', () => {
  it('gives the result and stops its timer', async () => {
    await expect(promiseTimeout<string>(100, resolve => resolve('done'))).resolves.toBe('done')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('passes on the rejection and stops its timer', async () => {
    const failure = new Error('no')
    await expect(promiseTimeout(100, (_, reject) => reject(failure))).rejects.toBe(failure)
    await expect(
      promiseTimeout(100, () => {
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rejects with timed-out (408) and the stack of who waited', async () => {
    const waiting = watch(promiseTimeout(50, () => {}))
    await vi.advanceTimersByTimeAsync(50)
    expect(waiting).toMatchObject({
      state: 'rejected',
      value: { code: 'timed-out', retryable: true, output: { statusCode: 408 }, data: { milliseconds: 50 } },
    })
    expect((waiting.value as { data: { stack: string } }).data.stack).toContain('time.test.ts')
  })

  it('has no deadline without milliseconds', async () => {
    const waiting = watch(promiseTimeout(undefined, () => {}))
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(TimeMs.Week)
    expect(waiting.state).toBe('pending')
  })
})

describe('debouncedTimeout', () => {
  it('runs the task once, an interval after the last start', () => {
    const task = vi.fn()
    const timer = debouncedTimeout(100, task)
    timer.start()
    vi.advanceTimersByTime(99)
    timer.start()
    vi.advanceTimersByTime(99)
    expect(task).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(task).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1000)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('waits a second by default and runs nothing without a task', () => {
    const timer = debouncedTimeout()
    timer.start()
    const task = vi.fn()
    timer.setTask(task)
    vi.advanceTimersByTime(1000)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('takes a new interval and a new task, and keeps them', () => {
    const first = vi.fn()
    const second = vi.fn()
    const timer = debouncedTimeout(100, first)
    expect(timer.setInterval(10)).toBe(10)
    timer.start(undefined, second)
    vi.advanceTimersByTime(10)
    timer.start(20)
    vi.advanceTimersByTime(19)
    expect(second).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1)
    expect(second).toHaveBeenCalledTimes(2)
    expect(first).not.toHaveBeenCalled()
  })

  it('does nothing once cancelled', () => {
    const task = vi.fn()
    const timer = debouncedTimeout(10, task)
    timer.start()
    timer.cancel()
    vi.advanceTimersByTime(100)
    expect(task).not.toHaveBeenCalled()
  })
})
