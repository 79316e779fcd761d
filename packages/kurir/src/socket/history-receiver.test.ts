import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { makeMemoryAuthState } from '../auth/memory.js'
import { KurirError } from '../errors/kurir-error.js'
import type { HistoryDownload } from '../history/open-history.js'
import { hex, plain, readFixture, revive, withoutEmptyLists } from '../messages/testing/fixtures.js'
import { proto } from '../proto/index.js'
import { HISTORY_SYNC_PAUSED_TIMEOUT_MS } from './config.js'
import { HistoryReceiver } from './history-receiver.js'
import { MessageSecretStore } from './message-secret-store.js'
import { NOW, type TestCoreOptions, testCore } from './testing/collaborator-core.js'
import { FakeTimers } from './testing/fake-timers.js'

const { HistorySyncType } = proto.HistorySync

interface SetUp {
  readonly auth?: ReturnType<typeof makeMemoryAuthState>['state']
  readonly download?: HistoryDownload
  readonly config?: TestCoreOptions['config']
}

function setUp({ auth = makeMemoryAuthState().state, download, config }: SetUp = {}) {
  const core = testCore({
    creds: Object.assign(auth.creds, { me: { id: '15550001111:7@s.whatsapp.net', lid: '100000000000001:7@lid' } }),
    store: auth.keys,
    ...(config && { config }),
  })
  const secrets = new MessageSecretStore(core.keys, () => NOW * 1000)
  const timers = new FakeTimers()
  const history = new HistoryReceiver(core, {
    secrets,
    schedule: timers.schedule,
    download: download ?? (() => Promise.reject(new Error('nothing to download'))),
  })
  return { core, secrets, timers, history }
}

const announce = (notification: proto.Message.IHistorySyncNotification, id = 'H1') => ({
  kind: 'history-sync' as const,
  notification,
  key: { remoteJid: '15550001111@s.whatsapp.net', fromMe: true, id },
  timestamp: 1_700_000_000,
})

const inline = (history: proto.IHistorySync, more: proto.Message.IHistorySyncNotification = {}) => {
  const initialHistBootstrapInlinePayload = deflateSync(proto.HistorySync.encode(history).finish())
  return { syncType: Number(history.syncType ?? 0), initialHistBootstrapInlinePayload, ...more }
}

describe('history that the phone sends', () => {
  it('the vector: noted, taken in, confirmed (docs/protocol/03, 9.3)', async () => {
    const { cases } = readFixture<{ cases: { name: string; input: { messageProtoHex: string }; events: unknown[] }[] }>(
      'vectors/03-process-message.json',
    )
    const vector = cases.find(({ name }) => name === 'history_inline')!
    const message = proto.Message.decode(hex(vector.input.messageProtoHex))
    const { core, history } = setUp()
    await history.take(announce(message.protocolMessage!.historySyncNotification!, 'SELF1'))
    await history.settled()
    const seen = core.events.map(({ name, data }) => ({ event: name, data }))
    expect(withoutEmptyLists(plain(seen))).toEqual(withoutEmptyLists(plain(revive(vector.events))))
    expect(core.sent).toMatchObject([
      { tag: 'receipt', attrs: { id: 'SELF1', type: 'hist_sync', to: '15550001111@s.whatsapp.net' } },
    ])
  })

  it('comes as events of one order; only the very first may be the latest', async () => {
    const conversations = Array.from({ length: 3_000 }, (_, index) => ({ id: `${index}@s.whatsapp.net` }))
    const { core, history } = setUp()
    const piece = inline({ syncType: HistorySyncType.RECENT, conversations }, { chunkOrder: 3, progress: 50 })
    await history.take(announce(piece))
    await history.take(announce(inline({ syncType: HistorySyncType.PUSH_NAME }), 'H2'))
    await history.settled()
    const sets = core.named('messaging-history.set')
    expect(sets.length).toBeGreaterThan(2)
    expect(sets.map(({ isLatest }) => isLatest)).toEqual(sets.map((_, index) => index === 0))
    expect(sets.slice(0, -1)).toEqual(
      sets.slice(0, -1).map(() => expect.objectContaining({ chunkOrder: 3, progress: 50 })),
    )
    expect(sets.flatMap(({ chats }) => chats.map(({ id }) => id))).toEqual(conversations.map(({ id }) => id))
    expect(core.creds.processedHistoryMessages.map(({ key }) => key.id)).toEqual(['H1', 'H2'])
  })

  it('waits for slow handlers: no more than one batch is on its way', async () => {
    const { core, history } = setUp()
    let handling = 0
    let most = 0
    core.ev.process(async batch => {
      if (!batch['messaging-history.set']) return
      handling += 1
      most = Math.max(most, handling)
      await new Promise(resolve => setImmediate(resolve))
      handling -= 1
    })
    const conversations = Array.from({ length: 9_000 }, (_, index) => ({ id: `${index}@s.whatsapp.net` }))
    await history.take(announce(inline({ syncType: HistorySyncType.FULL, conversations }, { syncType: 3 })))
    await history.settled()
    expect(core.named('messaging-history.set').length).toBeGreaterThan(3)
    expect(most).toBe(1)
    expect(core.ev.backlog()).toBe(0)
  })

  it('brings names, tokens, the salt, and the secrets of polls', async () => {
    const { core, history, secrets } = setUp()
    const poll = {
      key: { remoteJid: '9@g.us', id: 'POLL', participant: '8@lid' },
      message: { pollCreationMessageV3: { name: 'Q', options: [{ optionName: 'A' }] } },
      messageSecret: Buffer.alloc(32, 3),
    }
    const known = { token: Buffer.from('newer'), timestamp: '900' }
    await core.keys.set({ tctoken: { '4@lid': known } })
    const conversations = [
      {
        id: '1@s.whatsapp.net',
        lidJid: '2@lid',
        tcToken: Buffer.from('token'),
        tcTokenTimestamp: 500,
        tcTokenSenderTimestamp: 600,
      },
      { id: '4@lid', tcToken: Buffer.from('older'), tcTokenTimestamp: 800 },
      { id: '9@g.us', messages: [{ message: poll }] },
    ]
    const nctSalt = Buffer.from('salt')
    await history.take(announce(inline({ syncType: HistorySyncType.RECENT, conversations, nctSalt })))
    await history.settled()
    expect(await core.repository.lidMapping.getLIDForPN('1@s.whatsapp.net')).toBe('2@lid')
    expect(await core.keys.get('tctoken', ['2@lid', '4@lid'])).toEqual({
      '2@lid': { token: Buffer.from('token'), timestamp: '500', senderTimestamp: 600 },
      '4@lid': known,
    })
    expect(core.creds.nctSalt).toEqual(nctSalt)
    expect(await secrets.find({ remoteJid: '9@g.us', id: 'POLL' })).toMatchObject([{ author: { lid: '8@lid' } }])
  })

  it('on demand is never the latest and is not counted', async () => {
    const { core, history } = setUp()
    const piece = inline({ syncType: HistorySyncType.ON_DEMAND }, { peerDataRequestSessionId: 'REQUEST' })
    await history.take(announce(piece))
    await history.settled()
    expect(core.named('messaging-history.set')).toMatchObject([
      { isLatest: undefined, peerDataRequestSessionId: 'REQUEST', syncType: 6 },
    ])
    expect(core.creds.processedHistoryMessages).toEqual([])
  })

  it('of kinds that are not wanted is confirmed only', async () => {
    const { core, history } = setUp({ config: { shouldSyncHistoryMessage: ({ syncType }) => syncType !== 2 } })
    await history.take(announce(inline({ syncType: HistorySyncType.FULL })))
    await history.take(announce({ syncType: 7 }, 'H2'))
    await history.settled()
    expect(core.events).toEqual([])
    expect(core.sent.map(({ attrs }) => attrs['id'])).toEqual(['H1', 'H2'])
  })
})

describe('history that is interrupted', () => {
  const piece = inline({ syncType: HistorySyncType.RECENT, conversations: [{ id: '1@s.whatsapp.net' }] })

  it('is taken in by the next process', async () => {
    const auth = makeMemoryAuthState().state
    const first = setUp({ auth, download: () => new Promise(() => {}) })
    await first.history.take(announce({ syncType: 3, mediaKey: Buffer.alloc(32), directPath: '/x' }))
    await first.history.take(announce(piece, 'H2'))
    await first.core.connection.end(undefined)
    const content = [deflateSync(proto.HistorySync.encode({ syncType: HistorySyncType.RECENT, progress: 7 }).finish())]
    async function* download() {
      yield* content
    }
    const second = setUp({ auth, download: async () => download() })
    await second.history.resume()
    await second.history.settled()
    expect(second.core.named('messaging-history.set')).toMatchObject([
      { progress: 7 },
      { chats: [{ id: '1@s.whatsapp.net' }] },
    ])
    expect(second.core.sent.map(({ attrs }) => attrs['id'])).toEqual(['H1', 'H2'])
    const third = setUp({ auth })
    await third.history.resume()
    await third.history.settled()
    expect(third.core.events).toEqual([])
  })

  it('is tried five times when the media host fails, and once when it is damaged', async () => {
    const auth = makeMemoryAuthState().state
    let downloads = 0
    const download = async () => {
      downloads += 1
      throw new KurirError('timed-out', 'x', { statusCode: 408, retryable: true })
    }
    const announced = announce({ syncType: 3, mediaKey: Buffer.alloc(32), directPath: '/x' })
    const first = setUp({ auth, download })
    await first.history.take(announced)
    await first.history.settled()
    first.timers.ring(60_000)
    await first.history.settled()
    for (let start = 0; start < 7; start += 1) {
      const { history } = setUp({ auth, download })
      await history.resume()
      await history.settled()
    }
    expect(downloads).toBe(5)
    const { core, history } = setUp()
    await history.take(announce({ syncType: 3, initialHistBootstrapInlinePayload: Buffer.from('damaged') }, 'H9'))
    await history.settled()
    expect(core.sent).toMatchObject([{ attrs: { id: 'H9', type: 'hist_sync' } }])
    expect((await core.keys.get('history-sync', ['pending'])).pending).toBeFalsy()
  })
})

describe('how far the history has come (docs/protocol/03, 9.5)', () => {
  const recent = (progress: number, chunkOrder: number) =>
    announce(inline({ syncType: HistorySyncType.RECENT, progress }, { progress, chunkOrder }), `R${chunkOrder}`)

  it('the first piece is announced once, the recent ones when all are there', async () => {
    const { core, history } = setUp()
    await history.take(announce(inline({ syncType: HistorySyncType.INITIAL_BOOTSTRAP })))
    await history.take(announce(inline({ syncType: HistorySyncType.INITIAL_BOOTSTRAP }), 'H2'))
    await history.take(recent(50, 1))
    await history.take(recent(100, 2))
    await history.settled()
    expect(core.named('messaging-history.status')).toEqual([
      { syncType: 0, status: 'complete', explicit: true },
      { syncType: 3, status: 'complete', explicit: true },
    ])
    const names = core.events.map(({ name }) => name)
    expect(names.lastIndexOf('messaging-history.set')).toBeLessThan(names.lastIndexOf('messaging-history.status'))
  })

  it('pauses when the phone falls silent', async () => {
    const { core, history, timers } = setUp()
    await history.take(recent(10, 1))
    await history.settled()
    await history.take(recent(20, 2))
    await history.settled()
    expect(timers.waiting).toHaveLength(1)
    timers.ring(HISTORY_SYNC_PAUSED_TIMEOUT_MS - 1)
    expect(core.named('messaging-history.status')).toEqual([])
    timers.ring(HISTORY_SYNC_PAUSED_TIMEOUT_MS)
    await core.ev.whenHandled()
    expect(core.named('messaging-history.status')).toEqual([{ syncType: 3, status: 'paused', explicit: false }])
  })
})
