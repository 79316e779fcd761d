import { KurirError } from 'kurir/errors'
import { describe, expect, it } from 'vitest'
import type { Session } from '../sessions/session.js'
import { type Call, CallRunner } from './call-runner.js'

/** A runner on a socket with these methods. */
function runner(socket: object): CallRunner {
  return new CallRunner({ id: 'main', openSocket: async () => socket } as unknown as Session, Date.now)
}

const call = (method: string, args: readonly unknown[], more: Partial<Call> = {}): Call => ({
  method,
  args,
  argumentText: JSON.stringify(args),
  deadlineMs: 1000,
  signal: new AbortController().signal,
  ...more,
})

describe('calls', () => {
  it('with one key are done once, and get the same answer', async () => {
    let times = 0
    const calls = runner({ fetchBlocklist: async () => (times += 1) })
    const keyed = call('fetchBlocklist', [], { key: 'k' })
    expect(await Promise.all([calls.run(keyed), calls.run(keyed)])).toEqual([1, 1])
    expect(await calls.run(keyed)).toBe(1)
    expect(await calls.run(call('fetchBlocklist', []))).toBe(2)
    await expect(calls.run(call('groupMetadata', ['x'], { key: 'k' }))).rejects.toMatchObject({
      code: 'idempotency-conflict',
    })
  })

  it('that failed may be tried again with the key', async () => {
    let times = 0
    const calls = runner({
      fetchBlocklist: async () => {
        times += 1
        if (times === 1) throw new KurirError('timed-out', 'Timed Out', { statusCode: 408 })
        return times
      },
    })
    const keyed = call('fetchBlocklist', [], { key: 'k' })
    await expect(calls.run(keyed)).rejects.toMatchObject({ code: 'timed-out' })
    expect(await calls.run(keyed)).toBe(2)
  })

  it('that send get the id of their message from the key, the same in every process', async () => {
    const ids: unknown[] = []
    const socket = {
      sendMessage: async (_jid: string, _content: object, options: { messageId?: string }) =>
        ids.push(options.messageId),
    }
    await runner(socket).run(call('sendMessage', ['jid', { text: 'x' }], { key: 'k' }))
    await runner(socket).run(call('sendMessage', ['jid', { text: 'x' }], { key: 'k' }))
    await runner(socket).run(call('sendMessage', ['jid', { text: 'x' }], { key: 'other' }))
    await runner(socket).run(call('sendMessage', ['jid', { text: 'x' }, { messageId: 'mine' }], { key: 'k' }))
    expect(ids[0]).toMatch(/^3EB0[0-9A-F]{18}$/)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
    expect(ids[3]).toBe('mine')
  })

  it('have a deadline, and can be given up', async () => {
    const calls = runner({ fetchBlocklist: () => new Promise(() => {}) })
    await expect(calls.run(call('fetchBlocklist', [], { deadlineMs: 1 }))).rejects.toMatchObject({ code: 'timed-out' })
    const controller = new AbortController()
    const waiting = calls.run(call('fetchBlocklist', [], { signal: controller.signal }))
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
  })

  it.each(['constructor', 'end', 'ev', 'ws', '__proto__', 'sendRawMessage'])('to %s are refused', async method => {
    await expect(runner({}).run(call(method, []))).rejects.toMatchObject({ code: 'unknown-method' })
  })
})
