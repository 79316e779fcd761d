import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { buildPairDevice } from '../pairing/stanzas.js'
import { PairingSession } from './pairing-session.js'
import { testCore } from './testing/collaborator-core.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const offer = buildPairDevice('1', ['ref-1', 'ref-2', 'ref-3'])
const refresh: BinaryNode = {
  tag: 'notification',
  attrs: { id: '2', from: '@s.whatsapp.net', type: 'companion_reg_refresh' },
}

function session(linked = false) {
  const core = testCore(linked ? { creds: { me: { id: '15550001111:3@s.whatsapp.net' } } } : {})
  core.enter('authenticating')
  const shown = (): string[] =>
    core.events.flatMap(({ data }) => {
      const { qr } = data as { qr?: string }
      return qr === undefined ? [] : [/ref-\d/.exec(qr)?.[0] ?? qr]
    })
  return { core, shown, pairing: new PairingSession(core) }
}

describe('PairingSession: the QR', () => {
  it('shows one reference after another, the first for a minute, and ends with the last', async () => {
    const { core, shown, pairing } = session()
    await pairing.receiveReferences(offer)
    expect(core.sent).toEqual([{ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'result', id: '1' } }])
    expect([core.connection.phase, shown()]).toEqual(['pairing', ['ref-1']])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(shown()).toEqual(['ref-1', 'ref-2'])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(shown()).toEqual(['ref-1', 'ref-2', 'ref-3'])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(core.endedWith()).toMatchObject({ code: 'qr-expired', retryable: true })
  })

  it('shows the next one at once when the service wishes (docs/protocol/01 §6.3)', async () => {
    const { shown, pairing } = session()
    await pairing.receiveReferences(offer)
    await pairing.receiveNotification(refresh)
    expect(shown()).toEqual(['ref-1', 'ref-2'])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(shown()).toEqual(['ref-1', 'ref-2', 'ref-3'])
  })

  it('stops with the connection', async () => {
    const { core, pairing } = session()
    await pairing.receiveReferences(offer)
    await core.connection.end(undefined)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('of a linked device is not shown, whatever the service offers', async () => {
    const { core, shown, pairing } = session(true)
    await pairing.receiveReferences(offer)
    await pairing.receiveNotification(refresh)
    await pairing.receiveSuccess({ tag: 'iq', attrs: { id: '3' } })
    expect([shown(), core.sent, core.log.map(({ level }) => level)]).toEqual([[], [], ['warn', 'warn', 'warn']])
  })
})

describe('PairingSession: refusals', () => {
  it('tells the service why, and ends with a typed error', async () => {
    const { core, pairing } = session()
    await pairing.receiveSuccess({ tag: 'iq', attrs: { id: '3' }, content: [{ tag: 'pair-success', attrs: {} }] })
    expect(core.sent).toMatchObject([{ tag: 'iq', attrs: { type: 'error', id: '3' } }])
    expect(core.endedWith()).toMatchObject({ code: 'pairing-incomplete' })
    expect(core.creds.account).toBeUndefined()
  })

  it('knows no code that nobody asked for', async () => {
    const { core, pairing } = session()
    await expect(
      pairing.receiveNotification({ ...refresh, attrs: { ...refresh.attrs, type: 'link_code_companion_reg' } }),
    ).rejects.toThrow()
    expect(core.sent).toEqual([])
  })
})
