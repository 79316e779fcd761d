import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import { MessageRetryManager } from './message-retry-manager.js'
import { recentMessagesLimit, recentMessagesTtlMs } from './recent-messages.js'
import { RetryReason } from './retry-reasons.js'

let now = 0
const clock = () => now
const manager = () => new MessageRetryManager(silentLogger, 5, clock)
const message = { conversation: 'hi' }

beforeEach(() => {
  now = 1_700_000_000_000
})

describe('sent messages', () => {
  it('are found by chat and id, also under the other name of the chat', () => {
    const retries = manager()
    retries.addRecentMessage('2@lid', 'M1', message)
    expect(retries.getRecentMessage('2@lid', 'M1')).toEqual({ message, timestamp: now })
    expect(retries.getRecentMessage('2@s.whatsapp.net', 'M1')).toBeUndefined()
    expect(retries.getRecentMessage('2@s.whatsapp.net', 'M1', ['2@lid'])?.message).toBe(message)
  })

  it('stay for the next device that asks (docs/protocol/02, 10.5)', () => {
    const retries = manager()
    retries.addRecentMessage('1@g.us', 'M1', message)
    retries.markRetrySuccess('M1')
    expect(retries.getRecentMessage('1@g.us', 'M1')).toBeDefined()
  })

  it('are bounded in number and age', () => {
    const retries = manager()
    for (let index = 0; index <= recentMessagesLimit; index += 1)
      retries.addRecentMessage('1@lid', `M${index}`, message)
    expect(retries.getRecentMessage('1@lid', 'M0')).toBeUndefined()
    expect(retries.getRecentMessage('1@lid', 'M1')).toBeDefined()
    now += recentMessagesTtlMs + 1
    expect(retries.getRecentMessage('1@lid', `M${recentMessagesLimit}`)).toBeUndefined()
  })
})

describe('counters', () => {
  it('count up to the limit and are forgotten when the message arrives', () => {
    const retries = manager()
    expect([1, 2, 3, 4].map(() => retries.incrementRetryCount('M1'))).toEqual([1, 2, 3, 4])
    expect(retries.hasExceededMaxRetries('M1')).toBe(false)
    retries.incrementRetryCount('M1')
    expect(retries.hasExceededMaxRetries('M1')).toBe(true)
    retries.markRetrySuccess('M1')
    expect(retries.getRetryCount('M1')).toBe(0)
    expect(retries.statistics).toMatchObject({ totalRetries: 5, successfulRetries: 1, failedRetries: 0 })
    retries.markRetryFailed('M1')
    expect(retries.statistics.failedRetries).toBe(1)
  })
})

describe('recreating sessions', () => {
  it('happens without a session, after MAC errors, else at most once an hour (docs/protocol/02, 10.3)', () => {
    const retries = manager()
    expect(retries.shouldRecreateSession('2@lid', true)).toMatchObject({ recreate: true })
    expect(retries.shouldRecreateSession('2@lid', true)).toEqual({ reason: '', recreate: false })
    expect(retries.shouldRecreateSession('2@lid', true, RetryReason.SignalErrorBadMac)).toMatchObject({
      recreate: true,
    })
    expect(retries.shouldRecreateSession('2@lid', false)).toMatchObject({ recreate: true })
    now += 3_600_000
    expect(retries.sinceRecreation('2@lid')).toBe(3_600_000)
    expect(retries.shouldRecreateSession('2@lid', true)).toMatchObject({ recreate: false })
    now += 1
    expect(retries.shouldRecreateSession('2@lid', true)).toMatchObject({ recreate: true })
    expect(retries.statistics.sessionRecreations).toBe(4)
    expect(retries.sinceRecreation('3@lid')).toBeUndefined()
  })

  it('remembers base keys for a quarter of an hour', () => {
    const retries = manager()
    retries.saveBaseKey('2_1.3', 'M1', Buffer.from('key'))
    expect(retries.hasSameBaseKey('2_1.3', 'M1', Buffer.from('key'))).toBe(true)
    expect(retries.hasSameBaseKey('2_1.3', 'M1', Buffer.from('other'))).toBe(false)
    expect(retries.hasSameBaseKey('2_1.3', 'M2', Buffer.from('key'))).toBe(false)
    now += 900_001
    expect(retries.hasSameBaseKey('2_1.3', 'M1', Buffer.from('key'))).toBe(false)
    retries.saveBaseKey('2_1.3', 'M1', Buffer.from('key'))
    retries.deleteBaseKey('2_1.3', 'M1')
    expect(retries.getBaseKey('2_1.3', 'M1')).toBeUndefined()
  })

  it('reads error codes', () => {
    expect(manager().parseRetryErrorCode('7')).toBe(RetryReason.SignalErrorBadMac)
    expect(manager().isMacError(RetryReason.SignalErrorInvalidMessage)).toBe(true)
    expect(manager().isMacError(undefined)).toBe(false)
  })
})

describe('requests to the phone', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('run after their delay, once, unless the message arrives', () => {
    const retries = manager()
    const asked: string[] = []
    retries.schedulePhoneRequest('M1', () => asked.push('first'))
    retries.schedulePhoneRequest('M1', () => asked.push('second'))
    retries.schedulePhoneRequest('M2', () => asked.push('cancelled'), 10)
    retries.markRetrySuccess('M2')
    vi.advanceTimersByTime(2_999)
    expect(asked).toEqual([])
    vi.advanceTimersByTime(1)
    expect(asked).toEqual(['second'])
    expect(retries.statistics.phoneRequests).toBe(1)
  })

  it('are stopped by clear, with everything else', () => {
    const retries = manager()
    retries.schedulePhoneRequest('M1', () => expect.unreachable())
    retries.incrementRetryCount('M1')
    retries.addRecentMessage('1@lid', 'M1', message)
    retries.clear()
    expect(vi.getTimerCount()).toBe(0)
    expect(retries.getRetryCount('M1')).toBe(0)
    expect(retries.getRecentMessage('1@lid', 'M1')).toBeUndefined()
    expect(retries.statistics.totalRetries).toBe(0)
  })

  it('remembers when a session was recreated', () => {
    let now = 1_000_000
    const retries = new MessageRetryManager(silentLogger, 5, () => now)
    expect(retries.sinceRecreation('1:2@lid')).toBeUndefined()
    retries.noteRecreation('1:2@lid')
    now += 1000
    expect(retries.sinceRecreation('1:2@lid')).toBe(1000)
    expect(retries.shouldRecreateSession('1:2@lid', true).recreate).toBe(false)
    expect(retries.statistics.sessionRecreations).toBe(1)
  })
})
