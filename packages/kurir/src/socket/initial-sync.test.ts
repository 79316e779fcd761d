import { describe, expect, it } from 'vitest'
import { readFixture } from '../app-state/testing/vectors.js'
import { KurirError } from '../errors/kurir-error.js'
import { SyncState } from '../events/connection-state.js'
import { InitialSync } from './initial-sync.js'
import { type TestCoreOptions, testCore } from './testing/collaborator-core.js'
import { FakeTimers } from './testing/fake-timers.js'

interface Step {
  readonly after: string
  readonly accountSyncCounter: number
  readonly requests: readonly string[]
}
const { flows } = readFixture<{ flows: { id: string; timeline?: Step[] }[] }>('vectors/04-flows.json')

function setUp(options: TestCoreOptions = {}) {
  const core = testCore(options)
  const timers = new FakeTimers()
  const keys = { hasAny: true }
  const asked: string[] = []
  let resync: () => Promise<void> = async () => {}
  let readied = 0
  let barrier: Promise<void> | undefined
  const sync = {
    keys,
    collections: {
      storeAfter: (over: Promise<void>) => {
        barrier = over
      },
    },
    resync: (collections: readonly string[], isInitial?: boolean) => {
      asked.push(`${isInitial ? '' : 'not '}initial: ${collections.join(',')}`)
      return resync()
    },
    ready: () => {
      readied += 1
    },
  }
  const initial = new InitialSync(core, { sync, schedule: timers.schedule })
  return {
    core,
    timers,
    keys,
    initial,
    asked,
    readied: () => readied,
    barrier: () => barrier,
    resyncWith: (work: () => Promise<void>) => {
      resync = work
    },
    pendingReceived: () => core.ev.emit('connection.update', { receivedPendingNotifications: true }),
  }
}

const turn = () => new Promise(resolve => setImmediate(resolve))
const all = 'initial: critical_block,critical_unblock_low,regular_high,regular_low,regular'

describe('the first sync', () => {
  /*
   * Baileys holds all events back while it waits for the history, as `isBuffering` of the vectors records; it releases
   * them with the first live stanza. Nothing is held back here (docs/protocol/04, 3.3 QUIRK).
   */
  it.each(flows.filter(({ timeline }) => timeline !== undefined))('the vector $id', async ({ id, timeline }) => {
    const isDisabled = id === 'state-history-disabled'
    const scene = setUp({
      creds: { accountSyncCounter: timeline![0]!.accountSyncCounter },
      ...(isDisabled && { config: { shouldSyncHistoryMessage: () => false } }),
    })
    const steps: Record<string, () => void> = {
      'ib offline': scene.pendingReceived,
      'INITIAL_BOOTSTRAP history notification': () => scene.initial.historyAnnounced(true),
      'refused history notification': () => scene.initial.historyAnnounced(false),
      '20.5 s later': () => scene.timers.ring(20_500),
    }
    let asked = 0
    for (const { after, accountSyncCounter, requests } of timeline!) {
      steps[after]?.()
      await turn()
      expect(scene.core.creds.accountSyncCounter, after).toBe(accountSyncCounter)
      asked += requests.length
      expect(scene.asked, after).toHaveLength(asked)
      expect(scene.core.ev.isBuffering(), after).toBe(false)
    }
    expect(scene.initial.state).toBe(SyncState.Online)
    expect(scene.readied()).toBe(1)
  })

  it('goes through its states: history, then all collections, then online', async () => {
    const { core, initial, asked, resyncWith, pendingReceived, readied } = setUp()
    let finish: () => void = () => {}
    resyncWith(() => new Promise(resolve => (finish = resolve)))
    expect(initial.state).toBe(SyncState.Connecting)
    pendingReceived()
    expect(initial.state).toBe(SyncState.AwaitingInitialSync)
    initial.historyAnnounced(true)
    await turn()
    expect(initial.state).toBe(SyncState.Syncing)
    initial.historyAnnounced(true)
    initial.historyAnnounced(false)
    finish()
    await turn()
    expect(initial.state).toBe(SyncState.Online)
    expect(asked).toEqual([all])
    expect(core.creds.accountSyncCounter).toBe(1)
    expect(readied()).toBe(1)
  })

  it('starts at once with history that waited on the server', async () => {
    const { initial, asked, pendingReceived } = setUp()
    initial.historyAnnounced(true)
    expect(asked).toEqual([])
    pendingReceived()
    await turn()
    expect(asked).toEqual([all])
    expect(initial.state).toBe(SyncState.Online)
  })

  it('is stored when the recent history is over: before that, what waits for its chat would get lost', async () => {
    const { core, initial, barrier, pendingReceived } = setUp()
    pendingReceived()
    expect(barrier()).toBeUndefined()
    initial.historyAnnounced(true)
    let isOver = false
    void barrier()!.then(() => {
      isOver = true
    })
    core.ev.emit('messaging-history.status', { syncType: 0, status: 'complete', explicit: true })
    await turn()
    expect(isOver).toBe(false)
    core.ev.emit('messaging-history.status', { syncType: 3, status: 'paused', explicit: false })
    await turn()
    expect(isOver).toBe(true)
  })

  it('waits for the keys of the phone, but not for ever', async () => {
    const { timers, keys, initial, asked, pendingReceived } = setUp()
    keys.hasAny = false
    pendingReceived()
    initial.historyAnnounced(true)
    await turn()
    expect(asked).toEqual([])
    initial.keysArrived()
    await turn()
    expect(asked).toEqual([all])
    expect(timers.waiting).toEqual([])

    const other = setUp()
    other.keys.hasAny = false
    other.pendingReceived()
    other.initial.historyAnnounced(true)
    other.timers.ring(10_000)
    await turn()
    expect(other.asked).toEqual([all])
  })

  it('that fails is logged, and the device goes online: the rest is fetched later', async () => {
    const { core, initial, resyncWith, pendingReceived, readied } = setUp()
    resyncWith(() => Promise.reject(new KurirError('timed-out', 'Timed Out', { statusCode: 408, retryable: true })))
    pendingReceived()
    initial.historyAnnounced(true)
    await turn()
    expect(initial.state).toBe(SyncState.Online)
    expect(core.creds.accountSyncCounter).toBe(1)
    expect(readied()).toBe(1)
    expect(core.log.map(({ message }) => message)).toEqual(['the first sync of the app state is not complete'])
  })

  it('that the end of the connection breaks begins anew with the next one', async () => {
    const { core, timers, keys, initial, pendingReceived, readied } = setUp()
    keys.hasAny = false
    pendingReceived()
    initial.historyAnnounced(true)
    await core.connection.end(undefined)
    await turn()
    expect(core.creds.accountSyncCounter).toBe(0)
    expect(readied()).toBe(0)
    expect(timers.waiting).toEqual([])

    const waiting = setUp()
    waiting.pendingReceived()
    await waiting.core.connection.end(undefined)
    expect(waiting.timers.waiting).toEqual([])
  })
})
