import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KeepAlive } from './keep-alive.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const make = () => {
  const ping = vi.fn()
  const onLost = vi.fn()
  const keepAlive = new KeepAlive({ intervalMs: 30_000, graceMs: 5_000, clock: Date.now, ping, onLost })
  keepAlive.start()
  return { keepAlive, ping, onLost }
}

describe('KeepAlive', () => {
  it('notices a connection that never says anything after interval + grace (docs/protocol/01, keep-alive)', () => {
    const { ping, onLost } = make()
    vi.advanceTimersByTime(30_000)
    expect(ping).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(4_999)
    expect(onLost).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(onLost).toHaveBeenCalledExactlyOnceWith(35_000)
  })

  it('does not ping while frames keep coming, and forgives after an answer', () => {
    const { keepAlive, ping, onLost } = make()
    for (let second = 0; second < 120; second += 10) {
      vi.advanceTimersByTime(10_000)
      keepAlive.received()
    }
    expect(ping).not.toHaveBeenCalled()
    vi.advanceTimersByTime(31_000)
    expect(ping).toHaveBeenCalledTimes(1)
    keepAlive.received()
    vi.advanceTimersByTime(20_000)
    expect(onLost).not.toHaveBeenCalled()
  })

  it('gives a connection that was asleep the time to answer', () => {
    const { keepAlive, ping, onLost } = make()
    vi.setSystemTime(Date.now() + 3_600_000)
    vi.advanceTimersByTime(30_000)
    expect(ping).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(4_999)
    expect(onLost).not.toHaveBeenCalled()
    keepAlive.received()
    vi.advanceTimersByTime(20_000)
    expect(onLost).not.toHaveBeenCalled()
  })

  it('does nothing after stop', () => {
    const { keepAlive, ping, onLost } = make()
    keepAlive.stop()
    vi.advanceTimersByTime(200_000)
    expect(ping).not.toHaveBeenCalled()
    expect(onLost).not.toHaveBeenCalled()
  })
})
