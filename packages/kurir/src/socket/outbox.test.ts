import { describe, expect, it } from 'vitest'
import { makeMemoryKeyStore } from '../auth/memory.js'
import { silentLogger } from '../logger/logger.js'
import type { SignalKeyStore } from '../signal/key-store.js'
import { OUTBOX_AGE_MS, Outbox } from './outbox.js'

const NOW = 1_763_700_000_000

/** A store that outlives the process. */
function lastingStore(): SignalKeyStore {
  const { get, set } = makeMemoryKeyStore()
  return { get, set }
}

async function outboxOver(store: SignalKeyStore, now = NOW): Promise<Outbox> {
  const outbox = new Outbox()
  outbox.attach(store, silentLogger)
  await outbox.load(now)
  return outbox
}

async function send(outbox: Outbox, id: string): Promise<void> {
  await outbox.add({ id, jid: '1@s.whatsapp.net', options: '', message: { conversation: id }, sentAt: NOW })
  outbox.sent(id)
}

const idsOf = (outbox: Outbox) => outbox.unanswered().map(({ id }) => id)

describe('the outbox', () => {
  it('tells the next process what is unanswered, in the order of sending', async () => {
    const store = lastingStore()
    const outbox = await outboxOver(store)
    for (const id of ['a', 'b', 'c', 'd']) await send(outbox, id)
    outbox.answered('b', true)
    outbox.remove('c')
    outbox.tried('d', NOW)
    await outbox.settled()
    const next = await outboxOver(store)
    expect(idsOf(next)).toEqual(['a', 'd'])
    expect(next.get('d')).toMatchObject({ attempts: 1 })
    expect(next.get('b')).toMatchObject({ state: 'answered' })
    expect(next.get('c')).toBeUndefined()
  })

  it('counts what was being sent when the process died', async () => {
    const store = lastingStore()
    const outbox = await outboxOver(store)
    await outbox.add({ id: 'a', jid: '1@lid', options: '', message: { conversation: 'a' }, sentAt: NOW })
    expect(idsOf(outbox)).toEqual([])
    expect(idsOf(await outboxOver(store))).toEqual(['a'])
  })

  it('keeps the last answered ones for retry requests, for a day', async () => {
    const store = lastingStore()
    const outbox = await outboxOver(store)
    for (let index = 0; index < 400; index += 1) {
      await send(outbox, `m${index}`)
      outbox.answered(`m${index}`, true)
    }
    await outbox.settled()
    const next = await outboxOver(store)
    expect(next.get('m0')).toBeUndefined()
    expect(next.get('m399')).toMatchObject({ state: 'answered' })
    expect((await outboxOver(store, NOW + OUTBOX_AGE_MS + 1)).get('m399')).toBeUndefined()
  })

  it('writes an answer later that the store would not take', async () => {
    const store = lastingStore()
    let isBroken = false
    const outbox = await outboxOver({
      get: store.get,
      set: async data => {
        if (isBroken) throw new Error('the disk is full')
        await store.set(data)
      },
    })
    await send(outbox, 'a')
    isBroken = true
    outbox.answered('a', true)
    await outbox.settled()
    isBroken = false
    await send(outbox, 'b')
    outbox.answered('b', true)
    await outbox.settled()
    expect((await outboxOver(store)).get('a')).toMatchObject({ state: 'answered' })
  })

  it('forgets answered ones when nobody wants them', async () => {
    const store = lastingStore()
    const outbox = await outboxOver(store)
    await send(outbox, 'a')
    outbox.answered('a', false)
    await outbox.settled()
    expect((await outboxOver(store)).get('a')).toBeUndefined()
  })

  it('is bounded: the oldest unanswered one goes', async () => {
    const outbox = await outboxOver(makeMemoryKeyStore())
    for (let index = 0; index < 2100; index += 1) await send(outbox, `m${index}`)
    expect(outbox.unanswered()).toHaveLength(2000)
    expect(outbox.get('m0')).toBeUndefined()
    expect(outbox.get('m2099')).toBeDefined()
  })

  it.each([
    ['that does not keep such records', { get: () => ({}), set: () => {} }],
    ['that ends with the process', makeMemoryKeyStore()],
  ] satisfies [string, SignalKeyStore][])('goes on in memory over a store %s', async (_, store) => {
    const outbox = await outboxOver(store)
    await send(outbox, 'a')
    expect(idsOf(outbox)).toEqual(['a'])
    outbox.answered('a', true)
    await outbox.settled()
    expect(outbox.get('a')).toMatchObject({ state: 'answered' })
  })
})
