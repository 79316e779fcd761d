import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeMemoryKeyStore } from '../auth/memory.js'
import type { BaileysEventMap } from '../events/event-map.js'
import { silentLogger } from '../logger/logger.js'
import { parseMessageAck } from '../messages/acks.js'
import type { SocketCore } from './core.js'
import { DeviceMemory } from './device-memory.js'
import { DurableSender } from './durable-sender.js'
import type { MessageRelayOptions } from './message-sender.js'

const BOB = '628222@s.whatsapp.net'

/** A connection of a program, as far as the sender sees it. */
class Connection {
  readonly sent: { readonly id: string | undefined; readonly options: MessageRelayOptions }[] = []
  readonly updates: BaileysEventMap['messages.update'] = []
  readonly durable: DurableSender
  phase = 'open'
  #end: (() => void | Promise<void>) | undefined

  constructor(memory: DeviceMemory) {
    const core = {
      memory,
      logger: silentLogger,
      config: { clock: Date.now, enableRecentMessageCache: true },
      creds: { me: { id: '628111:1@s.whatsapp.net' } },
      connection: this,
      ev: { emit: (_: string, updates: BaileysEventMap['messages.update']) => this.updates.push(...updates) },
    }
    const sender = {
      relay: async (_jid: string, _message: unknown, options: MessageRelayOptions) => {
        if (this.phase !== 'open') throw new Error('no connection')
        this.sent.push({ id: options.messageId, options })
        return options.messageId ?? ''
      },
    }
    this.durable = new DurableSender(
      core as unknown as SocketCore,
      { sender, devices: { forget: () => {} } } as unknown as ConstructorParameters<typeof DurableSender>[1],
    )
    this.durable.resume()
  }

  onEnd(handler: () => void): void {
    this.#end = handler
  }

  async end(): Promise<void> {
    this.phase = 'ended'
    await this.#end?.()
  }

  ack(id: string, attrs: Record<string, string> = {}): void {
    this.durable.acknowledged(parseMessageAck({ tag: 'ack', attrs: { class: 'message', id, from: BOB, ...attrs } }))
  }

  get ids(): (string | undefined)[] {
    return this.sent.map(({ id }) => id)
  }
}

const text = (words: string) => ({ conversation: words })

describe('bringing messages through', () => {
  let memory: DeviceMemory

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
    memory = new DeviceMemory()
    memory.attach(makeMemoryKeyStore(), silentLogger)
  })
  afterEach(() => vi.useRealTimers())

  it('sends a message again that the server does not answer, five times, and gives up', async () => {
    const connection = new Connection(memory)
    await connection.durable.relay(BOB, text('one'), { messageId: 'A1' })
    await vi.advanceTimersByTimeAsync(29_000)
    expect(connection.ids).toEqual(['A1'])
    await vi.advanceTimersByTimeAsync(12_000)
    expect(connection.ids).toEqual(['A1', 'A1'])
    await vi.advanceTimersByTimeAsync(600_000)
    expect(connection.ids).toHaveLength(6)
    expect(connection.updates).toEqual([
      {
        key: { remoteJid: BOB, fromMe: true, id: 'A1' },
        update: { status: 0, messageStubParameters: ['408', expect.stringContaining('6 times')] },
      },
    ])
    await connection.end()
  })

  it('is content with an answer', async () => {
    const connection = new Connection(memory)
    await connection.durable.relay(BOB, text('one'), { messageId: 'A1' })
    connection.ack('A1')
    await vi.advanceTimersByTimeAsync(600_000)
    expect(connection.ids).toEqual(['A1'])
    expect(connection.updates.map(({ update }) => update.status)).toEqual([2])
  })

  it('sends what is unanswered on the next connection before anything new, and not what is a day old', async () => {
    const first = new Connection(memory)
    await first.durable.relay(BOB, text('old'), { messageId: 'A0' })
    await first.end()
    await vi.advanceTimersByTimeAsync(24 * 3_600_000 + 1)
    const second = new Connection(memory)
    await second.durable.relay(BOB, text('one'), { messageId: 'A1', statusJidList: ['1@lid'] })
    expect(second.ids).toEqual(['A1'])
    expect(second.updates.map(({ key }) => key.id)).toEqual(['A0'])
    await second.end()
    const third = new Connection(memory)
    await third.durable.relay(BOB, text('two'), { messageId: 'A2' })
    expect(third.ids).toEqual(['A1', 'A2'])
    expect(third.sent[0]?.options).toEqual({ messageId: 'A1', statusJidList: ['1@lid'] })
  })

  it('waits as long as the server says', async () => {
    const connection = new Connection(memory)
    await connection.durable.relay(BOB, text('one'), { messageId: 'A1' })
    connection.ack('A1', { error: '429', backoff: '90' })
    await vi.advanceTimersByTimeAsync(89_000)
    expect(connection.ids).toEqual(['A1'])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(connection.ids).toEqual(['A1', 'A1'])
    connection.ack('A1')
    expect(connection.updates.map(({ update }) => update.status)).toEqual([2])
  })

  it('gives up a message that is refused for now again and again', async () => {
    const connection = new Connection(memory)
    await connection.durable.relay(BOB, text('one'), { messageId: 'A1' })
    for (let attempt = 0; attempt < 6; attempt += 1) {
      connection.ack('A1', { error: '503' })
      await vi.advanceTimersByTimeAsync(2000 * 2 ** attempt)
    }
    expect(connection.ids).toHaveLength(6)
    expect(connection.updates.map(({ update }) => update.messageStubParameters?.[0])).toEqual(['503'])
  })

  it('takes a message back whose sending failed', async () => {
    const connection = new Connection(memory)
    connection.phase = 'connecting'
    await expect(connection.durable.relay(BOB, text('one'), { messageId: 'A1' })).rejects.toThrow('no connection')
    await connection.end()
    await expect(connection.durable.relay(BOB, text('one'), { messageId: 'A1' })).rejects.toMatchObject({
      code: 'connection-closed',
    })
    const next = new Connection(memory)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(next.ids).toEqual([])
  })

  it('leaves copies for single devices to whoever asked for them', async () => {
    const connection = new Connection(memory)
    await connection.durable.relay(BOB, text('one'), { messageId: 'A1', participant: { jid: BOB, count: 1 } })
    await vi.advanceTimersByTimeAsync(600_000)
    expect(connection.ids).toEqual(['A1'])
  })
})

describe('what outlives a connection', () => {
  it('makes the next one wait until this one has written', async () => {
    const memory = new DeviceMemory()
    let written: () => void = () => {}
    await memory.succeed(() => new Promise(resolve => (written = resolve)), 1000)
    let begun = false
    const next = memory
      .succeed(async () => {}, 1000)
      .then(() => {
        begun = true
      })
    await new Promise(setImmediate)
    expect(begun).toBe(false)
    written()
    await next
  })

  it('does not make it wait for ever', async () => {
    const memory = new DeviceMemory()
    await memory.succeed(() => new Promise(() => {}), 1000)
    await expect(memory.succeed(async () => {}, 10)).rejects.toMatchObject({ code: 'timed-out' })
  })
})
