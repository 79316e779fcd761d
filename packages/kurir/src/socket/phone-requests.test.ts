import { describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { PhoneRequests } from './phone-requests.js'
import { testCore } from './testing/collaborator-core.js'
import { FakeTimers } from './testing/fake-timers.js'

type Request = proto.Message.IPeerDataOperationRequestMessage

function setUp() {
  const core = testCore()
  const timers = new FakeTimers()
  const sent: Request[] = []
  const upserted: { message: WAMessage; requestId: string }[] = []
  const requests = new PhoneRequests(core, {
    schedule: timers.schedule,
    send: async request => `REQ${sent.push(request)}`,
    upsert: async (message, requestId) => void upserted.push({ message, requestId }),
  })
  /** Lets the time pass that the sender has, and the time in which requests are gathered. */
  const pass = async () => {
    for (const ms of [2_000, 200]) {
      await settle()
      timers.ring(ms)
    }
    await settle()
  }
  return { core, requests, sent, upserted, timers, pass }
}

const settle = () => new Promise(resolve => setImmediate(resolve))
const keyOf = (id: string) => ({ remoteJid: '2@lid', fromMe: false, id, participantAlt: 'not for the wire' })
const { PeerDataOperationRequestType } = proto.Message

describe('messages that the phone is asked for (docs/protocol/03, 4.10)', () => {
  it('go together, 32 at most, after the sender had its time', async () => {
    const { requests, sent, pass } = setUp()
    const ids = Array.from({ length: 40 }, (_, index) => `M${index}`)
    const asked = Promise.all(ids.map(id => requests.requestResend(keyOf(id))))
    await settle()
    expect(sent).toEqual([])
    await pass()
    expect(sent.map(({ placeholderMessageResendRequest: keys }) => keys?.length)).toEqual([32, 8])
    expect(sent[0]?.peerDataOperationRequestType).toBe(PeerDataOperationRequestType.PLACEHOLDER_MESSAGE_RESEND)
    const [first] = sent[0]?.placeholderMessageResendRequest ?? []
    expect(first).toEqual({ messageKey: { remoteJid: '2@lid', fromMe: false, id: 'M0' } })
    expect(new Set(await asked)).toEqual(new Set(['REQ1', 'REQ2']))
  })

  it('are asked for once, until the phone had its time to answer', async () => {
    const { requests, sent, timers, pass } = setUp()
    const first = requests.requestResend(keyOf('A'))
    await settle()
    expect(await requests.requestResend(keyOf('A'))).toBeUndefined()
    await pass()
    expect(await first).toBe('REQ1')
    expect(await requests.requestResend(keyOf('A'))).toBeUndefined()
    timers.ring(8_000)
    await settle()
    const again = requests.requestResend(keyOf('A'))
    await pass()
    expect(await again).toBe('REQ2')
    expect(sent).toHaveLength(2)
  })

  it('that come meanwhile are not asked for, and not handed over twice', async () => {
    const { core, requests, sent, upserted, pass } = setUp()
    const early = requests.requestResend(keyOf('A'))
    await settle()
    await requests.arrived('A')
    await pass()
    expect(await early).toBe('RESOLVED')
    const late = requests.requestResend(keyOf('B'))
    await pass()
    await late
    await requests.arrived('B')
    core.memory.messages.note('2@lid B', 'handed-over')
    await requests.resent({ key: keyOf('B'), message: { conversation: 'B' } }, 'REQ1')
    expect(sent).toHaveLength(1)
    expect(upserted).toEqual([])
  })

  it('are known by their author under the phone number too', async () => {
    const { core, requests, upserted } = setUp()
    const pn = '15550002222@s.whatsapp.net'
    await core.repository.lidMapping.storeLIDPNMappings([{ pn, lid: '2@lid' }])
    const key = { remoteJid: pn, fromMe: false, id: 'A' }
    await requests.resent({ key, message: { conversation: 'A' } }, 'REQ1')
    expect(core.memory.messages.progressOf('2@lid A')).toBe('handed-over')
    expect(upserted).toMatchObject([{ message: { key: { ...key, remoteJidAlt: '2@lid' } } }])
    core.memory.messages.note('2@lid B', 'handed-over')
    await requests.resent({ key: { ...key, id: 'B' }, message: { conversation: 'B' } }, 'REQ2')
    expect(upserted).toHaveLength(1)
    core.repository.lidMapping.getLIDForPN = () => Promise.reject(new Error('the store is away'))
    await requests.resent({ key: { ...key, id: 'C' }, message: { conversation: 'C' } }, 'REQ3')
    expect(upserted).toHaveLength(2)
  })

  it('are laid over what is known of them', async () => {
    const { requests, upserted, pass } = setUp()
    const known = { key: { ...keyOf('A'), addressingMode: 'lid' }, pushName: 'Bob', messageTimestamp: 1_699_999_000 }
    const asked = requests.requestResend(keyOf('A'), known)
    await pass()
    const requestId = (await asked) ?? ''
    const message = { conversation: 'found' }
    await requests.resent(
      { key: { remoteJid: '2@lid', fromMe: false, id: 'A' }, message, messageTimestamp: 5 },
      requestId,
    )
    await requests.resent({ key: keyOf('unknown'), message, messageTimestamp: 6 }, 'OLD')
    await requests.resent({ key: keyOf('unknown'), message, messageTimestamp: 6 }, 'OLD')
    expect(upserted).toEqual([
      { requestId: 'REQ1', message: { ...known, message, messageTimestamp: 5 } },
      { requestId: 'OLD', message: { key: keyOf('unknown'), message, messageTimestamp: 6 } },
    ])
  })

  it('are not asked for when the phone would not send them any more', async () => {
    const { requests } = setUp()
    const old = { messageTimestamp: 1_700_000_000 - 15 * 86_400 }
    expect(await requests.requestResend(keyOf('A'), old)).toBeUndefined()
    expect(await requests.requestResend({ remoteJid: '2@lid' })).toBeUndefined()
  })
})

describe('older messages (docs/protocol/03, 9.6)', () => {
  it('are asked for in seconds, fifty at most', async () => {
    const { requests, sent } = setUp()
    expect(await requests.fetchHistory(80, keyOf('OLDEST'), 1_600_000_000)).toBe('REQ1')
    expect(sent).toEqual([
      {
        peerDataOperationRequestType: PeerDataOperationRequestType.HISTORY_SYNC_ON_DEMAND,
        historySyncOnDemandRequest: {
          chatJid: '2@lid',
          oldestMsgId: 'OLDEST',
          oldestMsgFromMe: false,
          onDemandMsgCount: 50,
          oldestMsgTimestampMs: 1_600_000_000,
        },
      },
    ])
  })

  it('are not asked for without a place to begin', async () => {
    const { requests } = setUp()
    const refused = { code: 'invalid-history-request', output: { statusCode: 400 } }
    await expect(requests.fetchHistory(0, keyOf('A'), 1)).rejects.toMatchObject(refused)
    await expect(requests.fetchHistory(1.5, keyOf('A'), 1)).rejects.toMatchObject(refused)
    await expect(requests.fetchHistory(5, { remoteJid: '2@lid' }, 1)).rejects.toMatchObject(refused)
  })
})
