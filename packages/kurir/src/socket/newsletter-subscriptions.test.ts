import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { NewsletterSubscriptions } from './newsletter-subscriptions.js'
import { testCore } from './testing/collaborator-core.js'

const jid = '120363000000000009@newsletter'
const granted = (duration?: string): BinaryNode => ({
  tag: 'iq',
  attrs: { type: 'result' },
  content: [{ tag: 'live_updates', attrs: duration === undefined ? {} : { duration } }],
})

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('live updates (docs/protocol/05 §4.5: the subscription ends after its duration)', () => {
  it('are renewed before they end, each time by what the service grants then', async () => {
    const grants = ['300', '60', '300']
    const core = testCore({ answer: () => granted(grants.shift()) })
    const subscriptions = new NewsletterSubscriptions(core)
    expect(await subscriptions.subscribe(jid)).toEqual({ duration: '300' })
    await vi.advanceTimersByTimeAsync(269_000)
    expect(core.sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(core.sent).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(54_000)
    expect(core.sent).toHaveLength(3)
    expect(core.sent.map(({ attrs }) => attrs['to'])).toEqual([jid, jid, jid])
  })

  it('end when they are taken back, and with the connection', async () => {
    const core = testCore({ answer: () => granted('300') })
    const subscriptions = new NewsletterSubscriptions(core)
    await subscriptions.subscribe(jid)
    subscriptions.unsubscribe(jid)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(core.sent).toHaveLength(1)
    await subscriptions.subscribe(jid)
    await core.connection.end(undefined)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(core.sent).toHaveLength(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('end, with a warning, when the service refuses to renew them', async () => {
    const answers = [granted('300'), { tag: 'iq', attrs: { type: 'error' }, content: [] }]
    const core = testCore({ answer: () => answers.shift() ?? granted('300') })
    await new NewsletterSubscriptions(core).subscribe(jid)
    await vi.advanceTimersByTimeAsync(900_000)
    expect(core.sent).toHaveLength(2)
    expect(core.log.map(({ message }) => message)).toContain('live updates of a channel could not be renewed')
  })

  it('are none when the service grants no time', async () => {
    const core = testCore({ answer: () => granted() })
    expect(await new NewsletterSubscriptions(core).subscribe(jid)).toBeNull()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('believe no absurd time', async () => {
    const core = testCore({ answer: () => granted('0') })
    await new NewsletterSubscriptions(core).subscribe(jid)
    await vi.advanceTimersByTimeAsync(26_000)
    expect(core.sent).toHaveLength(1)
  })
})
