import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { PendingChats } from '../chats/chat-types.js'
import { silentLogger } from '../logger/logger.js'
import { makeEventBuffer } from './event-buffer.js'
import type { BaileysEvent, BaileysEventMap, EventBatch } from './event-map.js'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

interface Case {
  readonly id: string
  readonly description: string
  readonly steps: readonly (
    | { readonly op: 'buffer' | 'flush' }
    | { readonly emit: BaileysEvent; readonly data: Json }
  )[]
  readonly batches: Json
  readonly returns: Json
  readonly isBufferingAfter: boolean
  readonly quirk?: string
  readonly recommended?: { readonly batches?: Json }
}

const file = new URL('../../../../tests/fixtures/vectors/04-event-buffer.json', import.meta.url)
const vectors: { readonly cases: readonly Case[]; readonly bufferTimeoutMs: number } = JSON.parse(
  readFileSync(file, 'utf8'),
)

/** Turns the file's descriptions of conditions into functions. */
const revive = (value: Json): unknown => {
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== 'object' || value === null) return value
  if (typeof value['$when'] === 'string') return condition(value as { $when: string; id?: string; ts?: number })
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revive(member)]))
}

const condition =
  ({ $when, id = '', ts = 0 }: { $when: string; id?: string; ts?: number }) =>
  (buffered: PendingChats): boolean | undefined => {
    if ($when === 'never' || $when === 'always') return $when === 'always'
    const chat = buffered.historySets.chats[id] ?? buffered.chatUpserts[id]
    if (!chat) return undefined
    return $when === 'chatKnown' ? true : ts >= (chat.lastMessageRecvTimestamp ?? 0)
  }

/** What the batch looks like in the file: undefined members are left out, functions are named. */
const describeBatch = (batch: EventBatch): unknown =>
  JSON.parse(JSON.stringify(batch, (_, value) => (typeof value === 'function' ? '[function]' : value)))

const run = ({ steps }: Case) => {
  const ev = makeEventBuffer(silentLogger)
  const batches: unknown[] = []
  const keys: string[][] = []
  ev.process(batch => {
    batches.push(describeBatch(batch))
    keys.push(Object.keys(batch))
  })
  const emit = (event: BaileysEvent, data: Json) => ev.emit(event, revive(data) as BaileysEventMap[typeof event])
  const returns = steps.map(step => {
    if ('emit' in step) return emit(step.emit, step.data)
    return step.op === 'flush' ? ev.flush() : (ev.buffer() ?? null)
  })
  return { batches, keys, returns, buffering: ev.isBuffering() }
}

describe('event buffer, recorded sequences', () => {
  it('covers the whole file', () => {
    expect(vectors.cases).toHaveLength(54)
    expect(vectors.bufferTimeoutMs).toBe(30_000)
  })

  for (const recorded of vectors.cases) {
    const name = recorded.quirk ? `${recorded.id}, as docs/protocol/04 ${recorded.quirk} recommends` : recorded.id
    it(`${name}: ${recorded.description.replace(/^QUIRK: /, 'instead of: ')}`, () => {
      const { batches, keys, returns, buffering } = run(recorded)
      const expected = recorded.recommended?.batches ?? recorded.batches
      expect(batches).toEqual(expected)
      expect(keys).toEqual((expected as { [name: string]: Json }[]).map(batch => Object.keys(batch)))
      expect(returns).toEqual(recorded.returns)
      expect(buffering).toBe(recorded.isBufferingAfter)
    })
  }

  it('has a recommendation for every case that records a quirk', () => {
    for (const { id, quirk, recommended } of vectors.cases) {
      expect(Boolean(recommended?.batches), id).toBe(Boolean(quirk))
    }
  })
})
