import { describe, expect, it } from 'vitest'
import { makeEventBuffer } from './event-buffer.js'
import { EventManager } from './event-manager.js'
import type { WAMessage } from './message-types.js'
import { recordingLogger } from './testing/recording-logger.js'
import { ana, bob, group, keyOf, textMessage } from './testing/samples.js'

const setUp = () => {
  const { logger, lines } = recordingLogger()
  const ev = makeEventBuffer(logger)
  const manager = new EventManager(ev, { logger })
  const receive = (messages: WAMessage[], type: 'notify' | 'append' = 'notify') =>
    ev.emitAndWait('messages.upsert', { messages, type })
  return { ev, manager, lines, receive }
}

describe('EventManager', () => {
  it('gives handlers what their filter selects', async () => {
    const { ev, manager, receive } = setUp()
    const seen: unknown[] = []
    manager.add('texts', 'message:text', ({ text, chat, author }) => seen.push({ text, chat, author }))
    manager.add('images', 'message:image', ({ content }) => seen.push(content.caption))
    manager.add('all', 'message', ({ message }) => seen.push(message.key.id))
    manager.add('presence', 'presence.update', ({ id }) => seen.push(id))
    await receive([
      { key: { ...keyOf('1', group), participant: bob }, message: { extendedTextMessage: { text: 'hi' } } },
      { key: keyOf('2'), message: { viewOnceMessageV2: { message: { imageMessage: { caption: 'look' } } } } },
      { key: keyOf('3'), message: { protocolMessage: {} } },
    ])
    await ev.emitAndWait('presence.update', { id: ana, presences: {} })
    expect(seen).toHaveLength(5)
    expect(seen).toEqual(expect.arrayContaining([{ text: 'hi', chat: group, author: bob }, 'look', '1', '2', ana]))
  })

  it('leaves out own and appended messages unless asked for them', async () => {
    const { manager, receive } = setUp()
    const seen: string[] = []
    manager.add('live', 'message:text', ({ text }) => seen.push(`live ${text}`))
    manager.add('everything', 'message:text', ({ text }) => seen.push(`every ${text}`), { own: true, appended: true })
    await receive([textMessage('1'), { ...textMessage('2'), key: keyOf('2', ana, true) }])
    await receive([textMessage('3')], 'append')
    expect(seen.sort()).toEqual(['every text 1', 'every text 2', 'every text 3', 'live text 1'])
  })

  it('goes on after a failing payload, counts, and logs the name', async () => {
    const { manager, lines, receive } = setUp()
    const seen: string[] = []
    manager.add('picky', 'message:text', async ({ text }) => {
      if (text === 'bad') throw new Error('no')
      seen.push(text)
    })
    manager.add('other', 'message:text', ({ text }) => seen.push(`other ${text}`))
    await receive([textMessage('1', ana, 'bad'), textMessage('2', ana, 'good')])
    expect(seen.sort()).toEqual(['good', 'other bad', 'other good'])
    expect(manager.list()).toEqual([
      { name: 'picky', filter: 'message:text', handled: 1, failed: 1 },
      { name: 'other', filter: 'message:text', handled: 2, failed: 0 },
    ])
    expect(lines).toMatchObject([{ level: 'error', fields: { handler: 'picky' } }])
  })

  it('asks the predicate of the handler', async () => {
    const { manager, receive } = setUp()
    const seen: string[] = []
    manager.add('pings', 'message:text', ({ text }) => seen.push(text), { where: ({ text }) => text === 'ping' })
    await receive([textMessage('1', ana, 'ping'), textMessage('2', ana, 'pong')])
    expect(seen).toEqual(['ping'])
    expect(manager.list()).toMatchObject([{ handled: 1, failed: 0 }])
  })

  it('handles one payload at a time', async () => {
    const { manager, receive } = setUp()
    let running = 0
    let most = 0
    manager.add('slow', 'message:text', async () => {
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
    })
    await Promise.all([receive([textMessage('1'), textMessage('2')]), receive([textMessage('3')])])
    expect(most).toBe(1)
  })

  it('takes handlers off, also between two payloads of a batch', async () => {
    const { manager, receive } = setUp()
    const seen: string[] = []
    manager.add('once', 'message:text', ({ text }) => {
      seen.push(text)
      manager.remove('once')
    })
    await receive([textMessage('1'), textMessage('2')])
    await receive([textMessage('3')])
    expect(seen).toEqual(['text 1'])
    expect(manager.remove('once')).toBe(false)
    manager.add('a', 'call', () => {})
    manager.add('b', 'call', () => {})
    manager.clear()
    expect(manager.list()).toEqual([])
  })

  it('refuses a name that is taken', () => {
    const { manager } = setUp()
    manager.add('a', 'call', () => {})
    expect(() => manager.add('a', 'call', () => {})).toThrow(expect.objectContaining({ code: 'handler-exists' }))
  })
})
