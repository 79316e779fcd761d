import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import { makeEventBuffer } from './event-buffer.js'
import type { EventBatch } from './event-map.js'
import { manualSchedule } from './testing/manual-schedule.js'
import { recordingLogger } from './testing/recording-logger.js'
import { ana, keyOf } from './testing/samples.js'

/** The twelve recorded runtime cases; the scripts are words, so each is played by hand and compared with its result. */
const file = new URL('../../../../tests/fixtures/vectors/04-event-buffer.json', import.meta.url)
const vectors: {
  readonly runtime: readonly { readonly id: string; readonly result: never; readonly recommended?: never }[]
} = JSON.parse(readFileSync(file, 'utf8'))

const recorded = (id: string): never => {
  const found = vectors.runtime.find(entry => entry.id === id)
  if (!found) throw new Error(`no runtime case ${id}`)
  return found.recommended ?? found.result
}

const archived: EventBatch = { 'chats.update': [{ id: ana, archived: true }] }

const setUp = () => {
  const clock = manualSchedule()
  const { logger, lines } = recordingLogger()
  const ev = makeEventBuffer(logger, { schedule: clock.schedule })
  const start = { at: 0 }
  const batches: { atMs: number; batch: EventBatch }[] = []
  ev.process(batch => {
    batches.push({ atMs: start.at, batch: structuredClone(batch) })
  })
  /** Advances the clock in small steps, so that each batch gets the time of its delivery. */
  const wait = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 50) {
      start.at += 50
      clock.advance(50)
    }
  }
  const archive = async () => {
    ev.emit('chats.update', [{ id: ana, archived: true }])
  }
  return { clock, ev, lines, batches, wait, archive, only: () => batches.map(({ batch }) => batch) }
}

/** A promise that the test settles. */
const gate = () => {
  let open: () => void = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { open, opened }
}

describe('event buffer, recorded runtime cases', () => {
  it('plays every case of the file', () => {
    expect(vectors.runtime.map(({ id }) => id)).toEqual([
      'wrapper-alone',
      'wrapper-parallel',
      'wrapper-in-manual-buffer',
      'wrapper-throws',
      'wrapper-stale-timer',
      'dispatch-order',
      'nested-emission',
      'throw-in-flush',
      'buffer-inside-flush-loses',
      'type-change-inside-flush-duplicates',
      'destroy',
      'unsubscribe',
    ])
  })

  it('wrapper-alone: one wrapped call flushes 100 ms after it ends', async () => {
    const { ev, batches, wait, archive } = setUp()
    await ev.createBufferedFunction(archive)()
    const bufferingRightAfter = ev.isBuffering()
    wait(300)
    expect({ bufferingRightAfter, batches, bufferingAtEnd: ev.isBuffering() }).toEqual(recorded('wrapper-alone'))
  })

  it('wrapper-parallel: overlapping calls give one batch, 100 ms after the last ends', async () => {
    const { ev, batches, wait } = setUp()
    const [first, second] = [gate(), gate()]
    const wrapped = ev.createBufferedFunction(async (ended: Promise<void>, pinned: number | undefined) => {
      await ended
      ev.emit('chats.update', [pinned === undefined ? { id: ana, archived: true } : { id: ana, pinned }])
    })
    const running = [wrapped(first.opened, undefined), wrapped(second.opened, 5)]
    wait(50)
    first.open()
    await running[0]
    wait(150)
    second.open()
    await running[1]
    wait(300)
    expect({ batches, bufferingAtEnd: ev.isBuffering() }).toEqual(recorded('wrapper-parallel'))
  })

  it('wrapper-in-manual-buffer: the wrapper does not flush a manual buffer', async () => {
    const { ev, batches, only, wait, archive } = setUp()
    ev.buffer()
    await ev.createBufferedFunction(archive)()
    wait(300)
    const before = { batchesBeforeFlush: batches.length, bufferingBeforeFlush: ev.isBuffering() }
    const flushReturns = ev.flush()
    expect({ ...before, flushReturns, batches: only() }).toEqual(recorded('wrapper-in-manual-buffer'))
  })

  it('wrapper-throws: rethrows, and what was emitted before is still flushed', async () => {
    const { ev, batches, wait, archive } = setUp()
    const failing = ev.createBufferedFunction(async () => {
      await archive()
      throw new Error('boom')
    })
    const rejectsWith = await failing().catch((error: Error) => error.message)
    wait(300)
    expect({ rejectsWith, batches, bufferingAtEnd: ev.isBuffering() }).toEqual(recorded('wrapper-throws'))
  })

  it('wrapper-stale-timer, as docs/protocol/04 7.4 recommends: a foreign flush does not stop later wrapped calls', async () => {
    const { ev, batches, only, wait, archive } = setUp()
    const first = gate()
    const running = ev.createBufferedFunction(async () => {
      await archive()
      await first.opened
    })()
    expect(ev.flush()).toBe(true)
    wait(50)
    first.open()
    await running
    wait(300)
    expect(only()).toEqual([archived])
    const startOfB = 350
    await ev.createBufferedFunction(async () => {
      ev.emit('chats.update', [{ id: ana, pinned: 7 }])
    })()
    wait(600)
    const expected: { bufferingAtEnd: boolean; batches: unknown[] } = recorded('wrapper-stale-timer')
    expect(only()).toEqual([expected.batches[0], { 'chats.update': [{ id: ana, pinned: 7 }] }])
    expect(batches[1]?.atMs).toBe(startOfB + 100)
    expect(ev.isBuffering()).toBe(expected.bufferingAtEnd)
  })

  it('dispatch-order: named listeners first, keys in map order', () => {
    const ev = makeEventBuffer(silentLogger)
    const order: string[] = []
    const note = (name: string) => (batch: EventBatch) => {
      order.push(`${name}:${Object.keys(batch).join('+')}`)
    }
    ev.process(note('process1'))
    ev.on('chats.update', () => order.push('named:chats.update'))
    ev.on('messages.upsert', () => order.push('named:messages.upsert'))
    ev.process(note('process2'))
    ev.buffer()
    ev.emit('messages.upsert', { messages: [{ key: keyOf('1') }], type: 'notify' })
    ev.emit('chats.update', [{ id: ana }])
    ev.flush()
    expect({ order }).toEqual(recorded('dispatch-order'))
  })

  it('nested-emission: what a listener emits reaches the process handlers first', () => {
    const { ev, only } = setUp()
    ev.on('connection.update', ({ connection }) => {
      if (connection === 'open') ev.emit('connection.update', { isOnline: true })
    })
    ev.emit('connection.update', { connection: 'open' })
    expect({ processOrder: only() }).toEqual(recorded('nested-emission'))
  })

  it('throw-in-flush, as docs/protocol/04 7.2 recommends: the failure is logged and nothing comes twice', () => {
    const { ev, only, lines } = setUp()
    let calls = 0
    ev.on('chats.update', () => {
      calls += 1
      if (calls === 1) throw new Error('boom')
    })
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true }])
    ev.flush()
    const afterFirstFlush = { flushThrows: null, buffering: ev.isBuffering(), processBatches: only().length }
    ev.buffer()
    ev.emit('chats.delete', ['x@g.us'])
    const secondFlushReturns = ev.flush()
    expect({ afterFirstFlush, secondFlushReturns, processBatches: only() }).toEqual(recorded('throw-in-flush'))
    expect(calls).toBe(1)
    expect(lines).toMatchObject([{ level: 'error', fields: { event: 'chats.update', error: { message: 'boom' } } }])
  })

  it('buffer-inside-flush, as docs/protocol/04 7.2 recommends: what a handler buffers is kept for the next flush', () => {
    const { ev, only } = setUp()
    let first = true
    ev.process(() => {
      if (!first) return
      first = false
      ev.buffer()
      ev.emit('chats.update', [{ id: ana, pinned: 3 }])
    })
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true }])
    ev.flush()
    const bufferingAfterFirst = ev.isBuffering()
    const secondFlushReturns = ev.flush()
    const expected: { batches: unknown[] } = recorded('buffer-inside-flush-loses')
    expect({ bufferingAfterFirst, secondFlushReturns, batches: only() }).toEqual({
      ...expected,
      batches: [expected.batches[0], { 'chats.update': [{ id: ana, pinned: 3 }] }],
    })
  })

  it('type-change-inside-flush, as docs/protocol/04 7.2 recommends: messages are delivered once', () => {
    const { ev } = setUp()
    const delivered: unknown[] = []
    ev.on('messages.upsert', upsert => {
      delivered.push(structuredClone(upsert))
      if (delivered.length === 1) ev.emit('messages.upsert', { messages: [{ key: keyOf('2') }], type: 'append' })
    })
    ev.buffer()
    ev.emit('messages.upsert', { messages: [{ key: keyOf('1') }], type: 'notify' })
    ev.flush()
    expect({ delivered }).toEqual(recorded('type-change-inside-flush-duplicates'))
  })

  it('destroy: emits nothing more and drops what is pending', () => {
    const { ev, only, clock } = setUp()
    const emitBefore = ev.emit('chats.update', [{ id: ana }])
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true }])
    ev.destroy()
    const emitAfterDestroy = ev.emit('chats.update', [{ id: ana }])
    const bufferingAfterDestroy = ev.isBuffering()
    const flushAfterDestroy = ev.flush()
    expect({ emitBefore, emitAfterDestroy, bufferingAfterDestroy, flushAfterDestroy }).toEqual(recorded('destroy'))
    expect(only()).toEqual([{ 'chats.update': [{ id: ana }] }])
    expect(clock.pending()).toBe(0)
  })

  it('unsubscribe: process returns a function that takes the handler off', () => {
    const { ev } = setUp()
    let calls = 0
    const unsubscribe = ev.process(() => {
      calls += 1
    })
    ev.emit('chats.update', [{ id: ana }])
    unsubscribe()
    ev.emit('chats.update', [{ id: ana }])
    expect({ calls }).toEqual(recorded('unsubscribe'))
  })
})
