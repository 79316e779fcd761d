import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { generateKeyPair } from '../crypto/curve.js'
import { constantTimeEqual } from '../crypto/random.js'
import { LoginSequence } from './login-sequence.js'
import type { PreKeyKeeper } from './prekey-keeper.js'
import { NOW, refusal, result, type TestCoreOptions, testCore } from './testing/collaborator-core.js'

const success: BinaryNode = { tag: 'success', attrs: { t: String(NOW + 60), lid: '77:3@lid' } }
const account = {
  details: Buffer.of(1),
  accountSignatureKey: generateKeyPair().public,
  accountSignature: Buffer.alloc(64),
  deviceSignature: Buffer.alloc(64),
}
const creds = { me: { id: '15550001111:3@s.whatsapp.net' }, account }

function login(options: TestCoreOptions = {}, preKeys: Partial<PreKeyKeeper> = {}) {
  const core = testCore({ creds, ...options })
  core.enter('authenticating')
  const asked: string[] = []
  const keeper: Pick<PreKeyKeeper, 'uploadIfRequired' | 'checkDigest'> = {
    uploadIfRequired: async () => void asked.push('stock'),
    checkDigest: async () => void asked.push('digest'),
    ...preKeys,
  }
  const updates = (): object[] =>
    core.events.flatMap(({ name, data }) => (name === 'connection.update' ? [data as object] : []))
  return { core, asked, updates, sequence: new LoginSequence(core, keeper as unknown as PreKeyKeeper) }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('LoginSequence', () => {
  it('starts the delivery, looks after the keys, and is open', async () => {
    const { core, asked, updates, sequence } = login()
    await sequence.accepted(success)
    expect(core.sent.map(({ attrs, content }) => [attrs['xmlns'], (content as BinaryNode[])[0]?.tag])).toEqual([
      ['passive', 'active'],
    ])
    expect(asked).toEqual(['stock', 'digest'])
    expect(updates()).toEqual([{ connection: 'open' }])
    expect([core.clock.offsetMs, core.creds.me?.lid]).toEqual([60_000, '77:3@lid'])
  })

  it('has on record who signs for the own devices before it is open', async () => {
    const { core, sequence } = login()
    const known: boolean[] = []
    core.ev.on('connection.update', () => {
      void core.repository
        .getIdentityKey('15550001111@s.whatsapp.net')
        .then(key => known.push(Boolean(key && constantTimeEqual(key, account.accountSignatureKey))))
    })
    await sequence.accepted(success)
    await vi.waitFor(() => expect(known).toEqual([true]))
  })

  it('happens once', async () => {
    const { core, updates, sequence } = login()
    await sequence.accepted(success)
    await sequence.accepted({ ...success, attrs: { lid: '88@lid' } })
    expect([updates().length, core.creds.me?.lid, core.log.at(-1)?.level]).toEqual([1, '77:3@lid', 'warn'])
  })

  it('ends when the server does not start the delivery: it would be deaf', async () => {
    const { core, sequence } = login({ answer: () => refusal(500) })
    await sequence.accepted(success)
    expect(core.endedWith()).toMatchObject({ code: 'activation-failed', retryable: true })
  })

  it('does not mind that the keys cannot be checked', async () => {
    const { core, sequence } = login({}, { checkDigest: () => Promise.reject(new Error('503')) })
    await sequence.accepted(success)
    expect([core.endedWith(), core.log.at(-1)?.level]).toEqual([undefined, 'warn'])
  })

  it('asks for the queue, and says when everything of it has been handled', async () => {
    const { core, updates, sequence } = login()
    let settle = () => {}
    core.hooks.incomingSettled = () =>
      new Promise(resolve => {
        settle = resolve
      })
    await sequence.accepted(success)
    sequence.offlineQueueAnnounced()
    expect(core.sent.at(-1)).toEqual({
      tag: 'ib',
      attrs: {},
      content: [{ tag: 'offline_batch', attrs: { count: '100' } }],
    })
    sequence.offlineQueueDelivered()
    sequence.offlineQueueDelivered()
    expect(updates()).toHaveLength(1)
    settle()
    await vi.waitFor(() => expect(updates().at(-1)).toEqual({ receivedPendingNotifications: true }))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(updates()).toHaveLength(2)
  })

  it('does not wait for ever for a server that does not say that the queue is empty', async () => {
    const { updates, sequence } = login()
    await sequence.accepted(success)
    await vi.advanceTimersByTimeAsync(20_000)
    await vi.waitFor(() => expect(updates().at(-1)).toEqual({ receivedPendingNotifications: true }))
  })

  it('leaves no timer behind', async () => {
    const { core, sequence } = login({ answer: () => result() })
    await sequence.accepted(success)
    await core.connection.end(undefined)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends with what the server says', () => {
    const ends: [(sequence: LoginSequence) => void, string][] = [
      [sequence => sequence.refused({ tag: 'failure', attrs: { reason: '403' } }), 'account-locked'],
      [sequence => sequence.streamFailed({ tag: 'stream:error', attrs: { code: '515' } }), 'restart-required'],
      [sequence => sequence.streamEnded(), 'connection-closed'],
      [sequence => sequence.downgraded(), 'multi-device-mismatch'],
    ]
    for (const [end, code] of ends) {
      const { core, sequence } = login()
      end(sequence)
      expect(core.endedWith()).toMatchObject({ code })
    }
  })
})
