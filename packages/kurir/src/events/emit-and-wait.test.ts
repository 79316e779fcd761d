import { describe, expect, it } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import { type EventBufferOptions, makeEventBuffer } from './event-buffer.js'
import { manualSchedule } from './testing/manual-schedule.js'
import { ana, keyOf, textMessage } from './testing/samples.js'

const notify = (...ids: string[]) => ({ messages: ids.map(id => textMessage(id)), type: 'notify' as const })

/** Whether the promise has settled, after everything that can happen now has happened. */
const state = async (promise: Promise<unknown>): Promise<'open' | 'resolved' | 'rejected'> => {
  let result: 'open' | 'resolved' | 'rejected' = 'open'
  promise.then(
    () => (result = 'resolved'),
    () => (result = 'rejected'),
  )
  await new Promise(resolve => setImmediate(resolve))
  return result
}

const setUp = (options: EventBufferOptions = {}) => {
  const clock = manualSchedule()
  const ev = makeEventBuffer(silentLogger, { schedule: clock.schedule, ...options })
  const releases: ((error?: Error) => void)[] = []
  const handled: string[] = []
  ev.process(
    batch =>
      new Promise<void>((resolve, reject) => {
        releases.push(error => {
          handled.push(Object.keys(batch).join('+'))
          if (error) reject(error)
          else resolve()
        })
      }),
  )
  return { ev, clock, releases, handled }
}

describe('emitAndWait', () => {
  it('resolves at once when only named listeners are there', async () => {
    const ev = makeEventBuffer(silentLogger)
    let calls = 0
    ev.on('messages.upsert', () => {
      calls += 1
    })
    await expect(ev.emitAndWait('messages.upsert', notify('1'))).resolves.toEqual({ failures: [] })
    expect(calls).toBe(1)
  })

  it('resolves when every process handler has finished with the event', async () => {
    const { ev, releases } = setUp()
    const seen: string[] = []
    ev.process(async () => {
      seen.push('other')
    })
    const waiting = ev.emitAndWait('messages.upsert', notify('1'))
    expect(await state(waiting)).toBe('open')
    expect(seen).toEqual(['other'])
    releases[0]?.()
    expect(await state(waiting)).toBe('resolved')
  })

  it('waits for the handler to get to the event', async () => {
    const { ev, releases } = setUp()
    const first = ev.emitAndWait('connection.update', { connection: 'open' })
    const second = ev.emitAndWait('messages.upsert', notify('1'))
    releases[0]?.()
    expect([await state(first), await state(second)]).toEqual(['resolved', 'open'])
    releases[1]?.()
    expect(await state(second)).toBe('resolved')
  })

  it('resolves for a buffered event only after its flush has been handled', async () => {
    const { ev, releases } = setUp()
    ev.buffer()
    const waiting = ev.emitAndWait('messages.upsert', notify('1'))
    const merged = ev.emitAndWait('messages.update', [{ key: keyOf('1'), update: { status: 3 } }])
    expect(await state(waiting)).toBe('open')
    expect(releases).toHaveLength(0)
    ev.flush()
    expect([await state(waiting), await state(merged)]).toEqual(['open', 'open'])
    releases[0]?.()
    expect([await state(waiting), await state(merged)]).toEqual(['resolved', 'resolved'])
  })

  it('covers batches that leave ahead of the flush', async () => {
    const { ev, releases } = setUp()
    ev.buffer()
    const waiting = ev.emitAndWait('messages.upsert', notify('1'))
    ev.emit('messages.upsert', { messages: [textMessage('2')], type: 'append' })
    ev.flush()
    releases[0]?.()
    expect(await state(waiting)).toBe('open')
    releases[1]?.()
    expect(await state(waiting)).toBe('resolved')
  })

  it('covers an event that fills the buffer', async () => {
    const { ev, releases } = setUp({ maxBufferedItems: 1 })
    ev.buffer()
    const waiting = ev.emitAndWait('messages.upsert', notify('1', '2'))
    expect(releases).toHaveLength(1)
    expect(await state(waiting)).toBe('open')
    releases[0]?.()
    expect(await state(waiting)).toBe('resolved')
    expect(ev.isBuffering()).toBe(true)
  })

  it('covers the deadline of the buffer', async () => {
    const { ev, clock, releases } = setUp()
    ev.buffer()
    const waiting = ev.emitAndWait('messages.upsert', notify('1'))
    clock.advance(30_000)
    releases[0]?.()
    expect(await state(waiting)).toBe('resolved')
  })

  it('tells what handlers threw: the event has been handled all the same', async () => {
    const { ev, releases } = setUp()
    const thrown = new Error('thrown')
    ev.process(() => {
      throw thrown
    })
    const waiting = ev.emitAndWait('messages.upsert', notify('1'))
    const rejected = new Error('rejected')
    releases[0]?.(rejected)
    await expect(waiting).resolves.toEqual({ failures: [thrown, rejected] })
  })

  it('does not count a call left behind as handled', async () => {
    const { ev, clock, releases } = setUp({ handlerTimeoutMs: 10 })
    const stuck = ev.emitAndWait('messages.upsert', notify('1'))
    const next = ev.emitAndWait('messages.upsert', notify('2'))
    clock.advance(10)
    releases[1]?.()
    expect([await state(stuck), await state(next)]).toEqual(['open', 'resolved'])
    releases[0]?.()
    expect(await state(stuck)).toBe('resolved')
  })

  it('rejects when the emitter is destroyed before delivery', async () => {
    const { ev } = setUp()
    ev.buffer()
    const waiting = ev.emitAndWait('messages.upsert', notify('1'))
    ev.destroy()
    await expect(waiting).rejects.toMatchObject({ code: 'events-destroyed', output: { statusCode: 428 } })
    await expect(ev.emitAndWait('messages.upsert', notify('2'))).rejects.toMatchObject({ code: 'events-destroyed' })
    await expect(ev.whenHandled()).rejects.toMatchObject({ code: 'events-destroyed' })
  })

  it('rejects when a listener destroys the emitter while others make way for the event', async () => {
    const ev = makeEventBuffer(silentLogger)
    ev.on('messages.upsert', () => ev.destroy())
    ev.buffer()
    ev.emit('messages.upsert', notify('1'))
    const waiting = ev.emitAndWait('messages.upsert', { messages: [textMessage('2')], type: 'append' })
    await expect(waiting).rejects.toMatchObject({ code: 'events-destroyed' })
  })

  it('may be ignored: a rejection nobody waits for harms nobody', async () => {
    const { ev } = setUp()
    const unhandled: unknown[] = []
    const listener = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', listener)
    ev.buffer()
    ev.emitAndWait('messages.upsert', notify('1'))
    ev.destroy()
    await new Promise(resolve => setImmediate(resolve))
    process.off('unhandledRejection', listener)
    expect(unhandled).toEqual([])
  })

  it('stops waiting for a handler that was taken off before its turn', async () => {
    const ev = makeEventBuffer(silentLogger)
    const unsubscribe = ev.process(() => new Promise<void>(() => {}))
    ev.emit('connection.update', {})
    const waiting = ev.emitAndWait('messages.upsert', notify('1'))
    expect(await state(waiting)).toBe('open')
    unsubscribe()
    expect(await state(waiting)).toBe('resolved')
  })
})

describe('whenHandled', () => {
  it('resolves when all that was emitted before has been handled, buffered or not', async () => {
    const { ev, releases, handled } = setUp()
    ev.emit('connection.update', { connection: 'open' })
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true }])
    const waiting = ev.whenHandled()
    releases[0]?.()
    expect(await state(waiting)).toBe('open')
    ev.flush()
    expect(await state(waiting)).toBe('open')
    releases[1]?.()
    expect(await state(waiting)).toBe('resolved')
    expect(handled).toEqual(['connection.update', 'chats.update'])
  })

  it('resolves at once when nothing is on its way', async () => {
    const { ev } = setUp()
    ev.buffer()
    expect(await state(ev.whenHandled())).toBe('resolved')
  })
})
