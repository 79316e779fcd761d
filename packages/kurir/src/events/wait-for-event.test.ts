import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/kurir-error.js'
import { silentLogger } from '../logger/logger.js'
import { makeEventBuffer } from './event-buffer.js'
import { manualSchedule } from './testing/manual-schedule.js'
import { keyOf } from './testing/samples.js'
import { bindWaitForConnectionUpdate, bindWaitForEvent } from './wait-for-event.js'

const setUp = () => {
  const clock = manualSchedule()
  const ev = makeEventBuffer(silentLogger)
  return {
    ev,
    clock,
    waitForConnection: bindWaitForConnectionUpdate(ev, clock.schedule),
    waitForMedia: bindWaitForEvent(ev, 'messages.media-update', clock.schedule),
    listeners: () => ev.listenerCount('connection.update') + ev.listenerCount('messages.media-update'),
  }
}

describe('waiting for an event', () => {
  it('resolves when the check accepts a payload, and leaves nothing behind', async () => {
    const { ev, clock, waitForMedia, listeners } = setUp()
    const seen: unknown[] = []
    const waiting = waitForMedia(async ([update]) => {
      seen.push(update?.key.id)
      return update?.key.id === '2'
    }, 1000)
    ev.emit('messages.media-update', [{ key: keyOf('1') }])
    ev.emit('messages.media-update', [{ key: keyOf('2') }])
    await waiting
    expect(seen).toEqual(['1', '2'])
    expect([listeners(), clock.pending()]).toEqual([0, 0])
  })

  it('takes a check that answers at once', async () => {
    const { ev, waitForConnection } = setUp()
    const waiting = waitForConnection(({ qr }) => Boolean(qr))
    ev.emit('connection.update', { qr: 'text' })
    await expect(waiting).resolves.toBeUndefined()
  })

  it('rejects with what closed the connection', async () => {
    const { ev, waitForMedia, waitForConnection, listeners } = setUp()
    const waits = [waitForMedia(() => true), waitForConnection(({ connection }) => connection === 'open')]
    const error = new KurirError('logged-out', 'gone', { statusCode: 401 })
    ev.emit('connection.update', { connection: 'close', lastDisconnect: { error, date: new Date(0) } })
    expect(await Promise.allSettled(waits)).toEqual(waits.map(() => ({ status: 'rejected', reason: error })))
    expect(listeners()).toBe(0)
  })

  it('rejects with connection-closed when the connection closed without an error', async () => {
    const { ev, waitForMedia } = setUp()
    const waiting = waitForMedia(() => true)
    ev.emit('connection.update', { connection: 'close' })
    await expect(waiting).rejects.toMatchObject({ code: 'connection-closed', output: { statusCode: 428 } })
  })

  it('rejects when time runs out', async () => {
    const { clock, waitForMedia, listeners } = setUp()
    const waiting = waitForMedia(() => true, 1000)
    clock.advance(1000)
    await expect(waiting).rejects.toMatchObject({
      code: 'timed-out',
      output: { statusCode: 408 },
      data: { event: 'messages.media-update', timeoutMs: 1000 },
    })
    expect(listeners()).toBe(0)
  })

  it('rejects when the check fails, at once or later, as docs/protocol/04 7.7 asks for', async () => {
    const { ev, waitForConnection } = setUp()
    const error = new Error('check')
    const waits = [
      waitForConnection(() => {
        throw error
      }),
      waitForConnection(() => Promise.reject(error)),
    ]
    ev.emit('connection.update', {})
    expect(await Promise.allSettled(waits)).toEqual(waits.map(() => ({ status: 'rejected', reason: error })))
  })

  it('rejects when aborted, before or while waiting', async () => {
    const { waitForMedia, listeners } = setUp()
    const controller = new AbortController()
    const waiting = waitForMedia(() => true, undefined, controller.signal)
    controller.abort('enough')
    await expect(waiting).rejects.toMatchObject({ code: 'aborted', cause: 'enough' })
    await expect(waitForMedia(() => true, undefined, controller.signal)).rejects.toMatchObject({ code: 'aborted' })
    expect(listeners()).toBe(0)
  })
})
