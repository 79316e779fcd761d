import { describe, expect, it } from 'vitest'
import { makeMemoryKeyStore } from '../auth/memory.js'
import { makeEventBuffer } from '../events/event-buffer.js'
import type { WAMessage } from '../events/message-types.js'
import { silentLogger } from '../logger/logger.js'
import { type IncomingMessage, parseIncomingMessage } from '../messages/incoming.js'
import type { SignalKeyStore } from '../signal/key-store.js'
import { INBOX_LIMIT, Inbox } from './inbox.js'
import { MessageMemory } from './message-memory.js'

const me = { id: '628111:1@s.whatsapp.net', lid: '111:1@lid' }

/** A store that outlives the process. */
function lastingStore(): SignalKeyStore {
  const { get, set } = makeMemoryKeyStore()
  return { get, set }
}

function inboxOver(store: SignalKeyStore): { inbox: Inbox; memory: MessageMemory } {
  const memory = new MessageMemory()
  const inbox = new Inbox(memory)
  inbox.attach(store, silentLogger)
  return { inbox, memory }
}

function incomingOf(id: string): IncomingMessage {
  return parseIncomingMessage(
    { tag: 'message', attrs: { id, from: '628222@s.whatsapp.net', type: 'text', t: '1763700000' } },
    me,
  )
}

const messageOf = ({ fullMessage }: IncomingMessage): WAMessage => ({
  ...fullMessage,
  message: { conversation: fullMessage.key.id ?? '' },
})

async function take(inbox: Inbox, store: SignalKeyStore, id: string) {
  const incoming = incomingOf(id)
  await inbox.store(incoming, messageOf(incoming), store)
  const entry = inbox.committed(incoming)
  if (!entry) throw new Error('no entry')
  return entry
}

const idsOf = (entries: readonly { message: WAMessage }[]) => entries.map(({ message }) => message.key.id)

describe('the inbox', () => {
  it('gives the next process what was not handled, in order and marked, and nothing else', async () => {
    const store = lastingStore()
    const { inbox } = inboxOver(store)
    await inbox.takeUndelivered()
    const entries = []
    for (const id of ['A1', 'A2', 'A3', 'A4']) entries.push(await take(inbox, store, id))
    const ev = makeEventBuffer(silentLogger)
    inbox.watch(
      entries.filter(({ message }) => message.key.id === 'A2'),
      ev,
    )
    await ev.whenHandled()
    await inbox.settled()
    const next = inboxOver(store)
    const found = await next.inbox.takeUndelivered()
    expect(idsOf(found)).toEqual(['A1', 'A3', 'A4'])
    expect(found.map(({ message }) => message.redelivered)).toEqual([1, 1, 1])
    expect(next.memory.progressOf('628222@s.whatsapp.net A2')).toBe('handed-over')
    expect(await next.inbox.takeUndelivered()).toEqual([])
    expect((await inboxOver(store).inbox.takeUndelivered()).map(({ message }) => message.redelivered)).toEqual([
      2, 2, 2,
    ])
  })

  it('drops a message whose transaction failed, and takes it when it comes again', async () => {
    const store = lastingStore()
    const { inbox } = inboxOver(store)
    await inbox.takeUndelivered()
    const incoming = incomingOf('A1')
    await inbox.store(incoming, messageOf(incoming), store)
    inbox.discard(incoming)
    await inbox.settled()
    const next = inboxOver(store)
    expect(await next.inbox.takeUndelivered()).toEqual([])
    expect(next.memory.progressOf('628222@s.whatsapp.net A1')).toBeUndefined()
  })

  it('does not store a message that was handed over before', async () => {
    const store = lastingStore()
    const { inbox, memory } = inboxOver(store)
    await inbox.takeUndelivered()
    memory.note('628222@s.whatsapp.net A1', 'handed-over')
    const incoming = incomingOf('A1')
    await inbox.store(incoming, messageOf(incoming), store)
    expect(inbox.committed(incoming)).toBeUndefined()
  })

  it.each([lastingStore(), makeMemoryKeyStore()])(
    'keeps what could not be handed over for the next connection',
    async store => {
      const { inbox } = inboxOver(store)
      await inbox.takeUndelivered()
      const entries = [await take(inbox, store, 'A1'), await take(inbox, store, 'A2')]
      const ev = makeEventBuffer(silentLogger)
      ev.destroy()
      inbox.watch(entries, ev)
      await new Promise(setImmediate)
      expect(idsOf(await inbox.takeUndelivered())).toEqual(['A1', 'A2'])
    },
  )

  it('drops damaged records', async () => {
    const store = lastingStore()
    const { inbox } = inboxOver(store)
    await inbox.takeUndelivered()
    const { slot } = await take(inbox, store, 'A1')
    await take(inbox, store, 'A2')
    await store.set({ inbox: { [slot ?? '']: Buffer.from('nonsense') } })
    expect(idsOf(await inboxOver(store).inbox.takeUndelivered())).toEqual(['A2'])
  })

  it('makes what comes wait when too much is unhandled', async () => {
    const store = makeMemoryKeyStore()
    const { inbox } = inboxOver(store)
    await inbox.takeUndelivered()
    const entries = []
    for (let index = 0; index < INBOX_LIMIT; index += 1) entries.push(await take(inbox, store, `A${index}`))
    let hasRoom = false
    const waiting = inbox.room()?.then(() => {
      hasRoom = true
    })
    await new Promise(setImmediate)
    expect(hasRoom).toBe(false)
    inbox.watch(entries.slice(0, 1), makeEventBuffer(silentLogger))
    await waiting
    expect(inbox.room()).toBeUndefined()
  })
})
