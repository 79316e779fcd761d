import { describe, expect, it } from 'vitest'
import { type EventBufferOptions, makeEventBuffer } from './event-buffer.js'
import type { EventBatch } from './event-map.js'
import { manualSchedule } from './testing/manual-schedule.js'
import { recordingLogger } from './testing/recording-logger.js'
import { ana, bob, keyOf, textMessage } from './testing/samples.js'

const setUp = (options: EventBufferOptions = {}) => {
  const clock = manualSchedule()
  const { logger, lines } = recordingLogger()
  const ev = makeEventBuffer(logger, { schedule: clock.schedule, ...options })
  const batches: EventBatch[] = []
  ev.process(batch => {
    batches.push(structuredClone(batch))
  })
  return { clock, ev, lines, batches }
}

const notify = (...ids: string[]) => ({ messages: ids.map(id => textMessage(id)), type: 'notify' as const })
const idsOf = (batches: readonly EventBatch[]) =>
  batches.flatMap(batch => batch['messages.upsert']?.messages.map(({ key }) => key.id) ?? [])

describe('listeners', () => {
  it('are called in order of subscription, once-listeners once, also when they emit the event again', () => {
    const { ev } = setUp()
    const calls: string[] = []
    ev.on('connection.update', ({ qr }) => calls.push(`a ${qr}`))
    ev.once('connection.update', ({ qr }) => {
      calls.push(`once ${qr}`)
      ev.emit('connection.update', { qr: '2' })
    })
    ev.on('connection.update', ({ qr }) => calls.push(`b ${qr}`))
    ev.emit('connection.update', { qr: '1' })
    expect(calls).toEqual(['a 1', 'once 1', 'a 2', 'b 2', 'b 1'])
    expect(ev.listenerCount('connection.update')).toBe(2)
  })

  it('can be taken off, one subscription at a time or all of one event', () => {
    const { ev } = setUp()
    let calls = 0
    const listener = () => {
      calls += 1
    }
    ev.on('call', listener)
    ev.on('call', listener)
    ev.once('call', listener)
    ev.off('call', listener)
    ev.emit('call', [])
    expect(calls).toBe(2)
    ev.removeAllListeners('call')
    ev.emit('call', [])
    expect(calls).toBe(2)
    expect(ev.listenerCount('call')).toBe(0)
  })

  it('removeAllListeners without an event leaves the process handlers alone', () => {
    const { ev, batches } = setUp()
    let calls = 0
    ev.on('call', () => {
      calls += 1
    })
    ev.removeAllListeners()
    expect(ev.emit('call', [])).toBe(true)
    expect({ calls, batches }).toEqual({ calls: 0, batches: [{ call: [] }] })
  })

  it('that throw or reject do not stop the others, and are logged', async () => {
    const { ev, batches, lines } = setUp()
    const reached: string[] = []
    const rejection = Promise.reject(new Error('later'))
    ev.on('call', () => {
      throw new Error('now')
    })
    ev.on('call', () => rejection)
    ev.on('call', () => reached.push('named'))
    ev.process(() => {
      throw new Error('in process')
    })
    ev.process(() => {
      reached.push('process')
    })
    ev.emit('call', [])
    await rejection.catch(() => {})
    await Promise.resolve()
    expect(reached).toEqual(['named', 'process'])
    expect(batches).toHaveLength(1)
    expect(lines.map(line => (line.fields as { error: Error }).error.message)).toEqual(['now', 'in process', 'later'])
    expect(lines.every(line => line.level === 'error')).toBe(true)
  })

  it('work when taken off the emitter', () => {
    const { on, emit } = setUp().ev
    let calls = 0
    on('call', () => {
      calls += 1
    })
    emit('call', [])
    expect(calls).toBe(1)
  })
})

describe('process handlers', () => {
  it('get batches one at a time, in order, without waiting for each other', async () => {
    const { ev } = setUp()
    const log: string[] = []
    const releases: (() => void)[] = []
    ev.process(async batch => {
      const [id] = idsOf([batch])
      log.push(`slow begins ${id}`)
      await new Promise<void>(resolve => releases.push(resolve))
      log.push(`slow ends ${id}`)
    })
    ev.process(batch => {
      log.push(`fast ${idsOf([batch])[0]}`)
    })
    for (const id of ['1', '2', '3']) ev.emit('messages.upsert', notify(id))
    expect(log).toEqual(['slow begins 1', 'fast 1', 'fast 2', 'fast 3'])
    expect(ev.backlog()).toBe(2)
    const done = ev.whenHandled()
    while (releases.length > 0) {
      releases.shift()?.()
      await Promise.resolve()
      await Promise.resolve()
    }
    await done
    expect(log.slice(4)).toEqual(['slow ends 1', 'slow begins 2', 'slow ends 2', 'slow begins 3', 'slow ends 3'])
    expect(ev.backlog()).toBe(0)
  })

  it('still get what was sent out when the emitter is destroyed', async () => {
    const { ev } = setUp()
    const seen: (string | undefined)[] = []
    let release: () => void = () => {}
    ev.process(async ({ 'connection.update': update }) => {
      seen.push(update?.connection)
      if (update?.connection === 'open') await new Promise<void>(resolve => (release = resolve))
    })
    ev.emit('connection.update', { connection: 'open' })
    ev.emit('connection.update', { connection: 'close' })
    const handled = ev.whenHandled()
    ev.destroy()
    release()
    await handled
    expect(seen).toEqual(['open', 'close'])
  })

  it('get the batch even when a named listener ends everything', () => {
    const { ev, batches } = setUp()
    ev.on('messages.upsert', () => ev.destroy())
    ev.emit('messages.upsert', notify('1'))
    expect(idsOf(batches)).toEqual(['1'])
  })
})

describe('buffering always ends', () => {
  it('at the deadline, whatever the nesting, with a warning', () => {
    const { ev, batches, clock, lines } = setUp({ bufferTimeoutMs: 1000 })
    ev.buffer()
    ev.buffer()
    ev.emit('messages.upsert', notify('1'))
    clock.advance(999)
    ev.buffer()
    expect(batches).toHaveLength(0)
    clock.advance(1)
    expect(idsOf(batches)).toEqual(['1'])
    expect(ev.isBuffering()).toBe(false)
    expect(lines).toMatchObject([{ level: 'warn', fields: { timeoutMs: 1000 } }])
  })

  it('at the deadline when a buffered function never ends', () => {
    const { ev, batches, clock } = setUp()
    void ev.createBufferedFunction(async () => {
      ev.emit('messages.upsert', notify('1'))
      await new Promise(() => {})
    })()
    clock.advance(29_999)
    expect(batches).toHaveLength(0)
    clock.advance(1)
    expect(idsOf(batches)).toEqual(['1'])
  })

  it('and a function that outlived its buffer does not shorten the next one', async () => {
    const { ev, batches, clock } = setUp()
    let endFirst: () => void = () => {}
    const first = ev.createBufferedFunction(() => new Promise<void>(resolve => (endFirst = resolve)))()
    ev.flush()
    let endSecond: () => void = () => {}
    const second = ev.createBufferedFunction(async () => {
      ev.emit('messages.upsert', notify('1'))
      await new Promise<void>(resolve => (endSecond = resolve))
    })()
    endFirst()
    await first
    clock.advance(5000)
    expect(batches).toHaveLength(0)
    endSecond()
    await second
    clock.advance(100)
    expect(idsOf(batches)).toEqual(['1'])
  })

  it('leaves no timer behind', async () => {
    const { ev, clock } = setUp()
    ev.buffer()
    await ev.createBufferedFunction(async () => {})()
    ev.flush()
    expect(clock.pending()).toBe(0)
  })

  it('with real timers that do not keep the process alive', () => {
    const { ev } = setUp()
    const before = process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const real = makeEventBuffer(recordingLogger().logger)
    real.buffer()
    expect(process.getActiveResourcesInfo().filter(name => name === 'Timeout')).toHaveLength(before)
    real.destroy()
    ev.destroy()
  })
})

describe('memory is bounded', () => {
  it('a full buffer is delivered, and buffering goes on', () => {
    const { ev, batches } = setUp({ maxBufferedItems: 10 })
    ev.buffer()
    for (let index = 0; index < 25; index += 1) ev.emit('messages.upsert', notify(String(index)))
    expect(batches.map(batch => idsOf([batch]).length)).toEqual([11, 11])
    expect(ev.isBuffering()).toBe(true)
    ev.flush()
    expect(idsOf(batches)).toEqual(Array.from({ length: 25 }, (_, index) => String(index)))
  })

  it('updates of one and the same item count too', () => {
    const { ev, batches } = setUp({ maxBufferedItems: 3 })
    ev.buffer()
    for (let count = 0; count < 8; count += 1) ev.emit('chats.update', [{ id: ana, unreadCount: 1 }])
    ev.flush()
    expect(batches).toEqual([4, 4].map(unreadCount => ({ 'chats.update': [{ id: ana, unreadCount }] })))
  })

  it('a handler that hangs holds later batches up only for its time limit', () => {
    const { ev, clock, lines } = setUp({ handlerTimeoutMs: 1000 })
    const seen: unknown[] = []
    ev.process(async batch => {
      seen.push(idsOf([batch])[0])
      if (seen.length === 1) await new Promise(() => {})
    })
    ev.emit('messages.upsert', notify('1'))
    ev.emit('messages.upsert', notify('2'))
    clock.advance(999)
    expect(seen).toEqual(['1'])
    clock.advance(1)
    expect(seen).toEqual(['1', '2'])
    expect(lines).toMatchObject([{ level: 'warn', fields: { reason: 'timeout', waiting: 1 } }])
  })

  it('a handler that hangs never has more than its backlog waiting', () => {
    const { ev, lines } = setUp({ maxHandlerBacklog: 2 })
    const seen: unknown[] = []
    ev.process(async batch => {
      seen.push(idsOf([batch])[0])
      await new Promise(() => {})
    })
    for (const id of ['1', '2', '3', '4', '5']) ev.emit('messages.upsert', notify(id))
    expect(ev.backlog()).toBe(2)
    expect(seen).toEqual(['1', '2', '3'])
    expect(lines).toMatchObject([{ fields: { reason: 'backlog' } }, { fields: { reason: 'backlog' } }])
  })
})

describe('nothing is lost or reordered within a chat', () => {
  it('messages emitted by a listener while others make way for a message of another type', () => {
    const { ev, batches } = setUp()
    ev.once('messages.upsert', () => ev.emit('messages.upsert', notify('nested')))
    ev.buffer()
    ev.emit('messages.upsert', notify('1'))
    ev.emit('messages.upsert', { messages: [textMessage('2')], type: 'append' })
    ev.flush()
    expect(idsOf(batches)).toEqual(['1', 'nested', '2'])
  })

  it('an event whose predecessors made a listener flush is delivered at once', () => {
    const { ev, batches } = setUp()
    ev.once('messages.upsert', () => ev.flush())
    ev.buffer()
    ev.emit('messages.upsert', notify('1'))
    ev.emit('messages.upsert', { messages: [textMessage('2')], type: 'append' })
    expect(idsOf(batches)).toEqual(['1', '2'])
    expect(ev.isBuffering()).toBe(false)
  })

  it('a message that comes again after its deletion follows the deletion', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('messages.upsert', notify('1'))
    ev.emit('messages.delete', { keys: [keyOf('1')] })
    ev.emit('messages.upsert', notify('1'))
    ev.flush()
    expect(batches).toEqual([{ 'messages.delete': { keys: [keyOf('1')] } }, { 'messages.upsert': notify('1') }])
  })

  it('a message after the clearing of its chat follows the clearing', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('messages.upsert', { ...notify('old'), messages: [textMessage('old'), textMessage('other', bob)] })
    ev.emit('messages.update', [{ key: keyOf('older'), update: { status: 4 } }])
    ev.emit('messages.delete', { jid: ana, all: true })
    ev.emit('messages.upsert', notify('new'))
    ev.flush()
    expect(batches).toEqual([
      { 'messages.upsert': { messages: [textMessage('other', bob)], type: 'notify' } },
      { 'messages.delete': { jid: ana, all: true } },
      { 'messages.upsert': notify('new') },
    ])
  })

  it('a chat is deleted after the messages that came before', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('messages.upsert', notify('1'))
    ev.emit('chats.delete', [ana])
    ev.flush()
    expect(batches).toEqual([{ 'messages.upsert': notify('1') }, { 'chats.delete': [ana] }])
  })

  it('a message that came after the deletion of its chat does not overtake it', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('chats.delete', [ana])
    ev.emit('messages.upsert', notify('1'))
    ev.emit('messages.upsert', { messages: [textMessage('2', bob)], type: 'append' })
    ev.flush()
    expect(batches.map(batch => Object.keys(batch))).toEqual([['chats.delete', 'messages.upsert'], ['messages.upsert']])
  })

  it('a message after a read mark does not swallow the mark', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, unreadCount: 0 }])
    ev.emit('chats.update', [{ id: ana, unreadCount: 1 }])
    ev.flush()
    expect(batches).toEqual([0, 1].map(unreadCount => ({ 'chats.update': [{ id: ana, unreadCount }] })))
  })

  it('a deletion is followed by the chat and by the history that had it, as docs/protocol/04 7.5 recommends', () => {
    const { ev, batches } = setUp()
    const history = { chats: [{ id: ana }], contacts: [], messages: [textMessage('1')], isLatest: false }
    ev.buffer()
    ev.emit('messaging-history.set', history)
    ev.emit('chats.delete', [ana])
    ev.emit('chats.upsert', [{ id: ana, name: 'again' }])
    ev.flush()
    expect(batches).toEqual([
      { 'messaging-history.set': { ...history, chats: [] }, 'chats.delete': [ana] },
      { 'chats.upsert': [{ id: ana, name: 'again' }] },
    ])
  })

  it('a held update does not cancel a deletion, as docs/protocol/04 7.5 recommends', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('chats.delete', [ana])
    ev.emit('chats.update', [{ id: ana, archived: true, conditional: () => undefined }])
    ev.flush()
    expect(batches).toEqual([{ 'chats.delete': [ana] }])
  })

  it('answers to two history requests are told apart', () => {
    const { ev, batches } = setUp()
    const answer = (peerDataRequestSessionId: string) => ({
      chats: [],
      contacts: [],
      messages: [],
      peerDataRequestSessionId,
    })
    ev.buffer()
    ev.emit('messaging-history.set', answer('a'))
    ev.emit('messaging-history.set', answer('a'))
    ev.emit('messaging-history.set', answer('b'))
    ev.flush()
    expect(batches).toEqual([{ 'messaging-history.set': answer('a') }, { 'messaging-history.set': answer('b') }])
  })

  it('messages of two requests are told apart, as docs/protocol/04 7.5 recommends', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('messages.upsert', { ...notify('1'), requestId: 'a' })
    ev.emit('messages.upsert', { ...notify('2'), requestId: 'b' })
    ev.flush()
    expect(batches).toEqual([
      { 'messages.upsert': { ...notify('1'), requestId: 'a' } },
      { 'messages.upsert': { ...notify('2'), requestId: 'b' } },
    ])
  })
})

describe('held chat updates, docs/protocol/04 7.6', () => {
  const when =
    (id: string, since = Number.POSITIVE_INFINITY) =>
    (buffered: {
      historySets: { chats: Record<string, unknown> }
      chatUpserts: Record<string, { lastMessageRecvTimestamp?: number | undefined }>
    }) => {
      const chat = buffered.chatUpserts[id]
      return chat ? since >= (chat.lastMessageRecvTimestamp ?? 0) : undefined
    }

  it('apply to a chat delivered by an earlier batch, as recommended', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('messaging-history.set', { chats: [{ id: ana }], contacts: [], messages: [], isLatest: true })
    ev.flush()
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true, conditional: when(ana) }])
    ev.flush()
    expect(batches[1]).toEqual({ 'chats.update': [{ id: ana, archived: true }] })
  })

  it('compare with the last message of a delivered chat', () => {
    const { ev, batches } = setUp()
    ev.emit('chats.upsert', [{ id: ana, lastMessageRecvTimestamp: 100 }])
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true, conditional: when(ana, 99) }])
    ev.emit('chats.update', [{ id: ana, pinned: 1, conditional: when(ana, 100) }])
    ev.flush()
    expect(batches.slice(1)).toEqual([{ 'chats.update': [{ id: ana, pinned: 1 }] }])
  })

  it('follow a chat that comes when nothing is buffered', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true, conditional: when(ana) }])
    ev.flush()
    ev.emit('chats.upsert', [{ id: ana }])
    expect(batches).toEqual([{ 'chats.upsert': [{ id: ana }] }, { 'chats.update': [{ id: ana, archived: true }] }])
  })

  it('are forgotten with their chat', () => {
    const { ev, batches } = setUp()
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true, conditional: when(ana) }])
    ev.emit('chats.delete', [ana])
    ev.emit('chats.upsert', [{ id: ana }])
    ev.flush()
    expect(batches).toEqual([{ 'chats.delete': [ana] }, { 'chats.upsert': [{ id: ana }] }])
  })

  it('are let go, oldest first, when too many wait', () => {
    const { ev, batches } = setUp({ maxHeldChatUpdates: 1 })
    ev.buffer()
    ev.emit('chats.update', [{ id: ana, archived: true, conditional: when(ana) }])
    ev.emit('chats.update', [{ id: bob, archived: true, conditional: when(bob) }])
    ev.flush()
    expect(batches).toEqual([{ 'chats.update': [{ id: ana, archived: true }] }])
  })

  it('apply when their condition fails, and the failure is logged', () => {
    const { ev, batches, lines } = setUp()
    ev.buffer()
    ev.emit('chats.update', [
      {
        id: ana,
        archived: true,
        conditional: () => {
          throw new Error('broken')
        },
      },
    ])
    ev.flush()
    expect(batches).toEqual([{ 'chats.update': [{ id: ana, archived: true }] }])
    expect(lines).toMatchObject([{ level: 'error', fields: { chatId: ana, error: { message: 'broken' } } }])
  })
})
