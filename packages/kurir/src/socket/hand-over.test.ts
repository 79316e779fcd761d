import { describe, expect, it } from 'vitest'
import { makeMemoryKeyStore } from '../auth/memory.js'
import type { WAMessage } from '../events/message-types.js'
import { silentLogger } from '../logger/logger.js'
import { parseIncomingMessage } from '../messages/incoming.js'
import type { SignalKeyStore } from '../signal/key-store.js'
import { HandOver, type Upsert } from './hand-over.js'
import { Inbox } from './inbox.js'
import { MessageMemory } from './message-memory.js'
import { testCore } from './testing/collaborator-core.js'

const me = { id: '628111:1@s.whatsapp.net', lid: '111:1@lid' }

/** A store that outlives the process, with these messages in its inbox. */
async function storeWith(ids: readonly string[]): Promise<SignalKeyStore> {
  const { get, set } = makeMemoryKeyStore()
  const store = { get, set }
  const inbox = inboxOver(store)
  await inbox.takeUndelivered()
  for (const id of ids) {
    const attrs = { id, from: '628222@s.whatsapp.net', type: 'text', t: '1763700000' }
    const incoming = parseIncomingMessage({ tag: 'message', attrs }, me)
    await inbox.store(incoming, { ...incoming.fullMessage, message: { conversation: id } }, store)
  }
  return store
}

function inboxOver(store: SignalKeyStore): Inbox {
  const inbox = new Inbox(new MessageMemory())
  inbox.attach(store, silentLogger)
  return inbox
}

/** Another process goes on with the store: whom it hands over, and how it fails. */
async function nextProcess(store: SignalKeyStore, upsert: Upsert): Promise<readonly string[]> {
  const core = testCore({ creds: { me } })
  core.memory.attach(store, silentLogger)
  const seen: string[] = []
  const handOver = new HandOver(core, async (message: WAMessage, type) => {
    seen.push(message.key.id ?? '')
    await upsert(message, type)
  })
  await handOver.recover()
  await handOver.close()
  return seen
}

const failsFor =
  (id: string): Upsert =>
  async ({ key }) => {
    if (key.id === id) throw new Error('the disk is full')
  }

describe('handing over', () => {
  it('goes on behind a message whose consequences cannot be stored, and hands it over again', async () => {
    const store = await storeWith(['A1', 'A2', 'A3'])
    expect(await nextProcess(store, failsFor('A1'))).toEqual(['A1', 'A2', 'A3'])
    expect(await nextProcess(store, async () => {})).toEqual(['A1'])
    expect(await nextProcess(store, async () => {})).toEqual([])
  })

  it('gives such a message up after ten times, and never what is behind it', async () => {
    const store = await storeWith(['A1', 'A2'])
    for (let process = 1; process <= 10; process += 1) {
      expect(await nextProcess(store, failsFor('A1'))).toEqual(process === 1 ? ['A1', 'A2'] : ['A1'])
    }
    expect(await nextProcess(store, async () => {})).toEqual([])
  })

  it('tells the caller when a message that is in no inbox fails', async () => {
    const core = testCore({ creds: { me } })
    const handOver = new HandOver(core, failsFor('A1'))
    const message: WAMessage = { key: { remoteJid: '628222@s.whatsapp.net', id: 'A1', fromMe: false } }
    await expect(handOver.handOver(message, 'notify', undefined)).rejects.toThrow('the disk is full')
  })
})
