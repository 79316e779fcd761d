import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { parseReceipt } from '../messages/incoming-receipts.js'
import { MessageRetryManager } from '../messages/message-retry-manager.js'
import type { CacheStore } from './cache-store.js'
import { RetryAnswerer, type RetryAnswererParts } from './retry-answerer.js'
import { RetryCounters } from './retry-counters.js'
import { testCore } from './testing/collaborator-core.js'

const BOB = '628222:2@s.whatsapp.net'

const request = (change: Record<string, string> = {}): BinaryNode => ({
  tag: 'receipt',
  attrs: { id: 'M1', from: BOB, type: 'retry', ...change },
  content: [{ tag: 'retry', attrs: { v: '1', count: '1', id: 'M1', t: '1' } }],
})

/** Answers requests for M1 as far as the session: `resends` are the devices that it was about to be sent to again. */
function answererOver(cache?: CacheStore) {
  const core = testCore({
    creds: { me: { id: '628111:1@s.whatsapp.net' } },
    config: { getMessage: async ({ id }) => (id === 'M1' ? { conversation: 'one' } : undefined) },
  })
  const resends: string[] = []
  const failure: { onResend?: () => Promise<never> } = {}
  const sessions = {
    assert: async ([device = '']: string[]) => {
      resends.push(device)
      await failure.onResend?.()
    },
  }
  const parts = {
    retries: new MessageRetryManager(core.logger, 5),
    counters: new RetryCounters(core.memory.retryRequests, cache, core.logger),
    sessions,
  }
  const answerer = new RetryAnswerer(core, parts as unknown as RetryAnswererParts)
  return { core, answerer, resends, failure }
}

const cacheWith = (stored: Map<string, unknown>): CacheStore => ({
  get: <T>(key: string) => stored.get(key) as T,
  set: (key, value) => void stored.set(key, value),
  del: key => void stored.delete(key),
  flushAll: () => stored.clear(),
})

describe('a request to send a message again (docs/protocol/02, 10.5)', () => {
  it('is refused to a device that has confirmed the message, and to no other', async () => {
    const { core, answerer, resends } = answererOver()
    core.memory.deliveries.note(parseReceipt({ tag: 'receipt', attrs: { id: 'M1', from: BOB } }))
    await answerer.answer(request())
    expect(resends).toEqual([])
    expect(core.sent).toMatchObject([{ tag: 'ack', attrs: { id: 'M1', class: 'receipt' } }])
    await answerer.answer(request({ from: '628222:3@s.whatsapp.net' }))
    expect(resends).toEqual(['628222:3@s.whatsapp.net'])
  })

  it('is answered as often as the counters allow, those in the cache of the program included', async () => {
    const stored = new Map<string, unknown>([[`M1:${BOB}`, 4]])
    const { answerer, resends } = answererOver(cacheWith(stored))
    await answerer.answer(request())
    await answerer.answer(request())
    expect(resends).toEqual([BOB])
    expect([...stored]).toEqual([[`M1:${BOB}`, 5]])
  })

  it('is answered also when that cache fails', async () => {
    const { answerer, resends } = answererOver({
      ...cacheWith(new Map()),
      get: () => Promise.reject(new Error('down')),
      set: () => Promise.reject(new Error('down')),
    })
    for (let asked = 0; asked < 7; asked += 1) await answerer.answer(request())
    expect(resends).toHaveLength(5)
  })

  it('does not count when the answer got lost with the connection', async () => {
    const stored = new Map<string, unknown>()
    const { core, answerer, failure } = answererOver(cacheWith(stored))
    failure.onResend = async () => {
      core.enter('ended')
      throw new Error('closed')
    }
    await answerer.answer(request())
    expect([...stored.values()]).toEqual([0])
    expect(core.sent).toEqual([])
  })
})
