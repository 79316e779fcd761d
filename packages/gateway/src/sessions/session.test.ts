import { EventEmitter } from 'node:events'
import { makeMemoryAuthState, type WASocket } from 'kurir'
import { KurirError } from 'kurir/errors'
import { type EventBatch, makeEventBuffer } from 'kurir/events'
import { silentLogger } from 'kurir/logger'
import { describe, expect, it } from 'vitest'
import { Session } from './session.js'
import { explain, pauseBefore, type SessionState, verdictOn } from './session-state.js'

const failure = (code: string, retryable: boolean) => new KurirError(code, `It was ${code}`, { retryable })

/** A session on sockets that do what the test says, with a clock of its own. */
function scene() {
  const timers: { at: number; task: () => void }[] = []
  const sockets: ReturnType<typeof fakeSocket>[] = []
  const states: SessionState[] = []
  const taken: EventBatch[] = []
  let now = 1000
  const { state } = makeMemoryAuthState()
  const session = new Session({
    id: 'main',
    logger: silentLogger,
    makeSocket: () => {
      const socket = fakeSocket()
      sockets.push(socket)
      return socket as unknown as WASocket
    },
    config: {},
    auth: { ...state, saveCreds: async () => {} },
    takeEvents: async batch => {
      taken.push(batch)
    },
    changed: entered => states.push(entered),
    live: () => {},
    clock: () => now,
    random: () => 1,
    schedule: (task, milliseconds) => {
      const timer = { at: now + milliseconds, task }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0)
    },
  })
  const pass = (milliseconds: number) => {
    now += milliseconds
    for (const timer of timers.filter(({ at }) => at <= now)) {
      timers.splice(timers.indexOf(timer), 1)
      timer.task()
    }
  }
  return { session, sockets, states, taken, pass, kinds: () => states.map(({ kind }) => kind) }
}

function fakeSocket() {
  const ev = makeEventBuffer(silentLogger)
  const calls = new EventEmitter()
  return {
    ev,
    calls,
    open: () => ev.emit('connection.update', { connection: 'open' }),
    close: (error: Error | undefined) =>
      ev.emit('connection.update', { connection: 'close', lastDisconnect: { error, date: new Date() } }),
    qr: (qr: string) => ev.emit('connection.update', { qr }),
    end: async () => void calls.emit('end'),
    logout: async () => void calls.emit('logout'),
    requestPairingCode: async (number: string) => `code for ${number}`,
  }
}

describe('a session', () => {
  it('links, restarts at once, and stays connected with growing pauses', () => {
    const { session, sockets, kinds, pass } = scene()
    session.start()
    sockets[0]?.qr('the qr')
    expect(session.state).toMatchObject({ kind: 'pairing', qr: 'the qr' })
    sockets[0]?.close(failure('restart-required', true))
    sockets[1]?.open()
    expect(kinds()).toEqual(['connecting', 'pairing', 'connecting', 'open'])
    expect(session.explain()).toBe('')
    const pauses: number[] = []
    for (let attempt = 2; attempt < 9; attempt += 1) {
      sockets.at(-1)?.close(failure('connection-lost', true))
      if (session.state.kind !== 'waiting') throw new Error('not waiting')
      pauses.push(session.state.until - session.state.since)
      pass(session.state.until - session.state.since)
      expect(session.state.kind).toBe('connecting')
    }
    expect(pauses).toEqual([2000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    sockets.at(-1)?.open()
    sockets.at(-1)?.close(failure('connection-lost', true))
    expect(session.state).toMatchObject({ kind: 'waiting', until: expect.any(Number) })
    if (session.state.kind === 'waiting') expect(session.state.until - session.state.since).toBe(2000)
  })

  it.each([
    ['logged-out', 'logged-out'],
    ['connection-replaced', 'replaced'],
    ['qr-expired', 'pairing-expired'],
    ['client-outdated', 'refused'],
    ['corrupt-auth-state', 'unusable'],
  ])('never connects again by itself after %s', (code, reason) => {
    const { session, sockets, pass } = scene()
    session.start()
    sockets[0]?.close(failure(code, code === 'qr-expired'))
    expect(session.state).toMatchObject({ kind: 'ended', reason })
    expect(session.explain()).toContain(`[${code}]`)
    pass(1_000_000)
    expect(sockets).toHaveLength(1)
    session.start()
    expect(sockets).toHaveLength(2)
  })

  it('is never stuck: what does not connect in two minutes is given up', () => {
    const { session, sockets, pass } = scene()
    session.start()
    pass(120_000)
    expect(session.state).toMatchObject({ kind: 'waiting', error: { code: 'timed-out' } })
    // What the socket says afterwards is nobody's business.
    sockets[0]?.open()
    expect(session.state.kind).toBe('waiting')
  })

  it('stops in order, and stays stopped', async () => {
    const { session, sockets, pass } = scene()
    session.start()
    const [socket] = sockets
    socket?.open()
    const ended: string[] = []
    socket?.calls.on('end', () => ended.push('end'))
    await session.stop()
    expect([session.state.kind, ended]).toEqual(['stopped', ['end']])
    socket?.close(undefined)
    pass(1_000_000)
    expect([session.state.kind, sockets.length]).toEqual(['stopped', 1])
  })

  it('gives its socket to callers when it is connected, and tells them when it will not be', async () => {
    const { session, sockets, pass } = scene()
    await expect(session.openSocket(1000)).rejects.toMatchObject({ code: 'session-not-open', retryable: false })
    session.start()
    const waiting = session.openSocket(1000)
    sockets[0]?.open()
    expect(await waiting).toBe(sockets[0])
    sockets[0]?.close(failure('connection-lost', true))
    const late = session.openSocket(1000)
    pass(1000)
    await expect(late).rejects.toMatchObject({ code: 'session-not-open', retryable: true })
  })

  it('asks for a pairing code as soon as there is something to pair', async () => {
    const { session, sockets } = scene()
    const code = session.requestPairingCode('6281110001')
    sockets[0]?.qr('the qr')
    expect(await code).toBe('code for 6281110001')
    sockets[0]?.open()
    await expect(session.requestPairingCode('6281110001')).rejects.toMatchObject({ code: 'already-linked' })
  })

  it('hands on what the socket reports', async () => {
    const { session, sockets, taken } = scene()
    session.start()
    await sockets[0]?.ev.emitAndWait('messages.delete', { jid: 'a', all: true })
    expect(taken).toEqual([{ 'messages.delete': { jid: 'a', all: true } }])
  })
})

describe('what follows from an end', () => {
  it('an end without a reason, or one of another kind, may pass', () => {
    expect(verdictOn(undefined)).toEqual({ kind: 'later' })
    expect(verdictOn(new Error('socket hang up'))).toEqual({ kind: 'later' })
  })

  it('pauses lie between 1 and 30 seconds, and not all at the same place', () => {
    for (let attempt = 1; attempt < 100; attempt += 1) {
      const [shortest, longest] = [pauseBefore(attempt, 0), pauseBefore(attempt, 1)]
      expect(shortest).toBeGreaterThanOrEqual(1000)
      expect(longest).toBeLessThanOrEqual(30_000)
      expect(longest).toBeGreaterThan(shortest)
    }
  })

  it('says when the next attempt follows', () => {
    const state: SessionState = {
      kind: 'waiting',
      since: 0,
      attempt: 1,
      until: 5000,
      error: failure('connection-lost', true),
    }
    expect(explain(state, 2000)).toBe(
      'The last connection ended: It was connection-lost [connection-lost]. The next attempt follows in 3 s.',
    )
  })
})
