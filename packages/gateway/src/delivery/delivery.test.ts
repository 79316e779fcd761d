import type { DeliverFrame } from '@kurir/remote/wire'
import type { PendingEvent, StoredConsumer } from '@kurir/store'
import fc from 'fast-check'
import { silentLogger } from 'kurir/logger'
import { describe, expect, it } from 'vitest'
import { type Consumer, Delivery } from './delivery.js'
import { Lanes } from './lanes.js'

type Frame = Omit<DeliverFrame, 'subscription'>

const row = (cursor: number, chat: string): PendingEvent => ({
  session: 'main',
  cursor,
  event: 'messages.upsert',
  payload: cursor,
  chat: chat === '' ? undefined : chat,
  at: 0,
  attempts: 0,
  isRedelivered: false,
})

/** The part of the store that a delivery uses, in memory. */
class Rows {
  readonly log: PendingEvent[] = []
  readonly acknowledged = new Set<number>()
  readonly attempts = new Map<number, number>()
  readonly dead: number[] = []
  marks: number[] = []
  failures = 0

  async pending(_session: string, _name: string, { after = 0, limit = 500 }: { after?: number; limit?: number } = {}) {
    const page = this.log.filter(({ cursor }) => cursor > after).slice(0, limit)
    const events = page.filter(({ cursor }) => !this.acknowledged.has(cursor))
    return { events, next: page.at(-1)?.cursor ?? after, head: this.log.length, isTruncated: false }
  }
  async delivered(_session: string, _name: string, upTo: number) {
    this.marks.push(upTo)
  }
  async acknowledge(_session: string, _name: string, cursors: readonly number[]) {
    if (this.failures > 0) {
      this.failures -= 1
      throw new Error('the store is away')
    }
    for (const cursor of cursors) this.acknowledged.add(cursor)
    return {} as StoredConsumer
  }
  async fail(
    _session: string,
    _name: string,
    cursor: number,
    _error: unknown,
    { maxAttempts }: { maxAttempts: number },
  ) {
    const attempts = (this.attempts.get(cursor) ?? 0) + 1
    this.attempts.set(cursor, attempts)
    const isDead = attempts >= maxAttempts
    if (isDead) this.dead.push(cursor)
    return { attempts, isDead }
  }
}

function scene(rows: Rows) {
  return new Delivery({
    session: 'main',
    name: 'bot',
    consumers: rows,
    logger: silentLogger,
    random: () => 0,
    schedule: task => {
      const timer = setImmediate(task)
      return () => clearImmediate(timer)
    },
  })
}

class Program implements Consumer {
  readonly frames: Frame[] = []
  constructor(readonly credit = 100) {}
  deliver(frame: Frame): void {
    this.frames.push(frame)
  }
  get cursors(): number[] {
    return this.frames.flatMap(({ events }) => events.map(({ cursor }) => cursor))
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn += 1) {
    if (isSo()) return
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new Error('it did not come about')
}

/** Handles everything that a program has been handed, and what follows. */
async function handleAll(delivery: Delivery, program: Program, count: number): Promise<void> {
  let next = 0
  await until(() => {
    for (const frame of program.frames.slice(next)) {
      delivery.handled(program, frame.run, frame.events.at(-1)?.cursor ?? 0)
      next += 1
    }
    return program.cursors.length >= count
  })
  await delivery.settled()
}

describe('a delivery', () => {
  it('hands out each chat in order, marks before it does, and remembers what was handled', async () => {
    const rows = new Rows()
    for (let cursor = 1; cursor <= 300; cursor += 1) rows.log.push(row(cursor, `chat ${cursor % 7}`))
    const delivery = scene(rows)
    const program = new Program()
    delivery.join(program)
    await handleAll(delivery, program, 300)
    expect([...rows.acknowledged].sort((a, b) => a - b)).toEqual(rows.log.map(({ cursor }) => cursor))
    for (let chat = 0; chat < 7; chat += 1) {
      const own = program.cursors.filter(cursor => cursor % 7 === chat)
      expect(own).toEqual([...own].sort((a, b) => a - b))
    }
    expect(Math.max(...rows.marks)).toBe(300)
  })

  it('keeps no more than its credit on the way to a program', async () => {
    const rows = new Rows()
    for (let cursor = 1; cursor <= 50; cursor += 1) rows.log.push(row(cursor, `chat ${cursor}`))
    const delivery = scene(rows)
    const program = new Program(5)
    delivery.join(program)
    await until(() => program.cursors.length >= 5)
    await new Promise(resolve => setTimeout(resolve, 5))
    expect(program.cursors).toHaveLength(5)
    await handleAll(delivery, program, 50)
  })

  it('gives what a program had to another one, marked, and the rest of the chat behind it', async () => {
    const rows = new Rows()
    for (let cursor = 1; cursor <= 4; cursor += 1) rows.log.push(row(cursor, 'chat'))
    const delivery = scene(rows)
    const [first, second] = [new Program(), new Program()]
    delivery.join(first)
    await until(() => first.cursors.length === 4)
    delivery.handled(first, first.frames[0]?.run ?? 0, 2)
    delivery.join(second)
    delivery.leave(first)
    await until(() => second.cursors.length === 2)
    expect(second.frames[0]?.events.map(({ cursor, redelivered }) => [cursor, redelivered])).toEqual([
      [3, 1],
      [4, 1],
    ])
    // The first one has nothing to say any more.
    delivery.handled(first, first.frames[0]?.run ?? 0, 4)
    await delivery.settled()
    expect([...rows.acknowledged]).toEqual([1, 2])
  })

  it('repeats what failed before anything else of its chat, and gives it up at last', async () => {
    const rows = new Rows()
    rows.log.push(row(1, 'chat'), row(2, 'chat'), row(3, 'other'))
    const delivery = scene(rows)
    const program = new Program()
    delivery.join(program)
    let next = 0
    await until(() => {
      for (const { run, events } of program.frames.slice(next)) {
        next += 1
        if (events[0]?.cursor === 1) delivery.failed(program, run, 1, { message: 'no' })
        else delivery.handled(program, run, events.at(-1)?.cursor ?? 0)
      }
      return rows.acknowledged.has(2)
    })
    expect(rows.dead).toEqual([1])
    const times = program.frames.flatMap(({ events }) => events.filter(({ cursor }) => cursor === 1))
    expect(times.map(({ redelivered }) => redelivered)).toEqual([0, 1, 2, 3, 4])
    expect([...rows.acknowledged].sort()).toEqual([2, 3])
  })

  it('gives an event up that ten programs have died with', async () => {
    const rows = new Rows()
    rows.log.push(row(1, 'chat'), row(2, 'chat'))
    const delivery = scene(rows)
    for (let life = 0; life < 10; life += 1) {
      const program = new Program()
      delivery.join(program)
      await until(() => program.cursors.includes(1))
      delivery.leave(program)
    }
    await until(() => rows.dead.length > 0)
    const last = new Program()
    delivery.join(last)
    await until(() => last.cursors.length > 0)
    expect(last.cursors).toEqual([2])
    expect(rows.dead).toEqual([1])
  })

  it('writes again what could not be written', async () => {
    const rows = new Rows()
    rows.log.push(row(1, 'chat'))
    rows.failures = 2
    const delivery = scene(rows)
    const program = new Program()
    delivery.join(program)
    await handleAll(delivery, program, 1)
    await until(() => rows.acknowledged.has(1))
  })

  it('hears of what comes later', async () => {
    const rows = new Rows()
    const delivery = scene(rows)
    const program = new Program()
    delivery.join(program)
    await new Promise(resolve => setImmediate(resolve))
    rows.log.push(row(1, ''))
    delivery.wake()
    await until(() => program.cursors.length === 1)
    expect(program.frames[0]).toMatchObject({ lane: '', events: [{ cursor: 1, redelivered: 0, body: '1' }] })
  })
})

describe('lanes', () => {
  it('whatever happens, each chat stays in order and nothing is lost or doubled', () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'take', 'handle', 'give back', 'block', 'unblock'),
      of: fc.nat(5),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const lanes = new Lanes<object>()
        const owner = {}
        const done = new Map<string, number[]>()
        let cursor = 0
        const handle = (count: number) => {
          const run = lanes.runsOf(owner)[0]
          const upTo = run?.events[Math.min(count, run.events.length - 1)]?.row.cursor
          if (run === undefined || upTo === undefined) return
          const handled = lanes.handled(run, upTo).map(({ row: { cursor: number } }) => number)
          done.set(run.lane, [...(done.get(run.lane) ?? []), ...handled])
        }
        for (const { what, of } of steps) {
          const name = `chat ${of}`
          if (what === 'add') {
            cursor += 1
            lanes.add([row(cursor, name)])
          } else if (what === 'take') lanes.take(owner, of + 1)
          else if (what === 'handle') handle(of)
          else if (what === 'block') lanes.block(name)
          else if (what === 'unblock') lanes.unblock(name)
          else {
            const run = lanes.runsOf(owner)[0]
            if (run) lanes.giveBack(run)
          }
        }
        for (let lane = 0; lane <= 5; lane += 1) lanes.unblock(`chat ${lane}`)
        while (lanes.size > 0) {
          lanes.take(owner, 64)
          handle(64)
        }
        const all = [...done.values()]
        for (const handled of all) expect(handled).toEqual([...handled].sort((a, b) => a - b))
        expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: cursor }, (_, index) => index + 1))
        expect(lanes.hasReady).toBe(false)
      }),
    )
  })
})
