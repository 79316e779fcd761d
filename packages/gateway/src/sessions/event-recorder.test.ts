import { KurirError } from 'kurir/errors'
import type { EventBatch } from 'kurir/events'
import { silentLogger } from 'kurir/logger'
import { describe, expect, it } from 'vitest'
import { EventRecorder } from './event-recorder.js'

const batch = (id: string): EventBatch => ({ 'chats.delete': [id] })

/** A recorder whose writes fail as long as `failures` has errors, and whose pauses are over when the test says so. */
function scene(failures: Error[]) {
  const written: unknown[] = []
  const pauses: (() => void)[] = []
  const recorder = new EventRecorder({
    record: async given => {
      const failure = failures.shift()
      if (failure) throw failure
      written.push(given['chats.delete']?.[0])
    },
    logger: silentLogger,
    random: () => 0,
    schedule: task => {
      pauses.push(task)
      return () => {}
    },
  })
  return { recorder, written, pauses }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('EventRecorder', () => {
  it('tries until a batch is written, and lets nothing overtake it', async () => {
    const { recorder, written, pauses } = scene([new Error('no room'), new Error('no room')])
    const both = Promise.all([recorder.take(batch('first')), recorder.take(batch('second'))])
    await turn()
    expect([written, pauses.length]).toEqual([[], 1])
    pauses.shift()?.()
    await turn()
    pauses.shift()?.()
    await both
    expect(written).toEqual(['first', 'second'])
  })

  it('goes on without what can never be written', async () => {
    const { recorder, written } = scene([new KurirError('invalid-store-value', 'It contains itself')])
    await Promise.all([recorder.take(batch('first')), recorder.take(batch('second'))])
    expect(written).toEqual(['second'])
  })

  it('does not call a batch handled that it had to give up', async () => {
    const { recorder, written } = scene(Array.from({ length: 10 }, () => new Error('no room')))
    let isHandled = false
    void recorder.take(batch('first')).then(() => {
      isHandled = true
    })
    await turn()
    await recorder.close()
    await turn()
    expect([written, isHandled]).toEqual([[], false])
  })
})
