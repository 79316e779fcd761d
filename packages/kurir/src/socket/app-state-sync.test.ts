import { describe, expect, it } from 'vitest'
import type { WAPatchName } from '../app-state/collection-names.js'
import { makeMemoryAuthState } from '../auth/memory.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { downloadFailed } from '../media/media-http-error.js'
import { proto } from '../proto/index.js'
import { AppStateSync } from './app-state-sync.js'
import {
  AppStateServer,
  collectionNode,
  noAnswer,
  type PhoneKey,
  patchNode,
  phoneKey,
  refusedNode,
  syncAnswer,
} from './testing/app-state-server.js'
import { refusal, type TestCoreOptions, testCore } from './testing/collaborator-core.js'
import { FakeTimers } from './testing/fake-timers.js'

const ALICE = '15550002222@s.whatsapp.net'
const BOB = '15550003333@s.whatsapp.net'

interface SetUp {
  readonly server?: AppStateServer
  readonly auth?: ReturnType<typeof makeMemoryAuthState>['state']
  readonly options?: TestCoreOptions
}

/** A device that has the first key, or those of `has`. */
async function setUp({ server = new AppStateServer(), auth = makeMemoryAuthState().state, options }: SetUp = {}) {
  const core = testCore({ creds: auth.creds, store: auth.keys, answer: server.answer, ...options })
  const timers = new FakeTimers()
  const sync = new AppStateSync(core, { download: server.download, schedule: timers.schedule })
  const toPhone: proto.Message.IProtocolMessage[] = []
  core.hooks.sendToPhone = async ({ protocolMessage }) => {
    toPhone.push(protocolMessage!)
    return 'ID'
  }
  /** The phone shares keys. */
  const share = (...keys: PhoneKey[]) =>
    sync.takeKeys({ keys: keys.map(({ id, data }) => ({ id, data })), orphans: [], malformed: 0 })
  const [first] = server.keys
  if (core.creds.myAppStateKeyId === undefined) await share(first!)
  const stored = async (name: WAPatchName) => (await core.keys.get('app-state-sync-version', [name]))[name]
  const pins = () => core.named('chats.update').flatMap(updates => updates.map(({ id, pinned }) => [id, pinned]))
  /** Lets every pause pass until the work is done. */
  const patiently = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    done.catch(() => {})
    while (!isDone) {
      await new Promise(resolve => setImmediate(resolve))
      timers.ring(10_000)
    }
    return done
  }
  return { core, server, timers, sync, toPhone, share, stored, pins, patiently }
}

const PINNED = 1_700_000_000_000
const serverSync = (...collections: [name: string, version: string][]): BinaryNode => ({
  tag: 'notification',
  attrs: { id: 'N1', from: 's.whatsapp.net', type: 'server_sync' },
  content: collections.map(([name, version]) => ({ tag: 'collection', attrs: { name, version } })),
})

describe('fetching app state', () => {
  it('takes a snapshot and what came after it, and stores how far it got', async () => {
    const { server, sync, pins, stored } = await setUp()
    server.pin(ALICE)
    await sync.resync(['regular_low'])
    server.pin(BOB)
    await sync.resync(['regular_low', 'regular'])
    await sync.settled()
    expect(server.asked).toEqual(['regular_low snapshot', 'regular_low 1, regular snapshot'])
    expect(pins()).toEqual([
      [ALICE, PINNED],
      [BOB, PINNED],
    ])
    expect(await stored('regular_low')).toEqual(server.state('regular_low'))
    expect(await stored('regular')).toMatchObject({ version: 0 })
  })

  it('goes on page by page, and tells what an index came to in the end', async () => {
    const { core, server, sync, pins } = await setUp()
    server.pin(ALICE)
    await sync.resync(['regular_low'])
    for (const jid of [BOB, '1@g.us', BOB]) server.pin(jid)
    server.slice = 1
    await sync.resync(['regular_low'])
    expect(server.asked).toEqual(['regular_low snapshot', 'regular_low 1', 'regular_low 2', 'regular_low 3'])
    expect(pins().slice(1)).toEqual([
      [BOB, PINNED],
      ['1@g.us', PINNED],
    ])
    expect(core.named('chats.update')).toHaveLength(2)
  })

  it('fetches mutations that are in a file', async () => {
    const { server, sync, pins, stored } = await setUp()
    server.pin(ALICE)
    await sync.resync(['regular_low'])
    server.asFile(server.pin(BOB))
    await sync.resync(['regular_low'])
    await sync.settled()
    expect(pins()).toContainEqual([BOB, PINNED])
    expect(await stored('regular_low')).toEqual(server.state('regular_low'))
  })

  it('is stored only when the program has handled what it was told', async () => {
    const { core, server, sync, stored } = await setUp()
    let handled: () => void = () => {}
    core.ev.process(batch => (batch['chats.update'] ? new Promise<void>(resolve => (handled = resolve)) : undefined))
    server.pin(ALICE)
    await sync.resync(['regular_low'])
    await sync.settled()
    expect(await stored('regular_low')).toBeNull()
    server.pin(BOB)
    await sync.resync(['regular_low'])
    expect(server.asked).toEqual(['regular_low snapshot', 'regular_low 1'])
    handled()
    await new Promise(resolve => setImmediate(resolve))
    handled()
    await sync.settled()
    expect(await stored('regular_low')).toEqual(server.state('regular_low'))
  })

  it('is stored only when what it waits for is over, later changes included', async () => {
    const { server, sync, stored } = await setUp()
    let release: () => void = () => {}
    sync.collections.storeAfter(new Promise(resolve => (release = resolve)))
    server.pin(ALICE)
    await sync.resync(['regular_low'], true)
    server.pin(BOB)
    await sync.resync(['regular_low'])
    await sync.settled()
    expect(server.asked).toEqual(['regular_low snapshot', 'regular_low 1'])
    expect(await stored('regular_low')).toBeNull()
    release()
    await sync.settled()
    expect(await stored('regular_low')).toEqual(server.state('regular_low'))
  })

  it('keeps both names of a person, the salt and the end of old keys', async () => {
    const { core, server, sync } = await setUp()
    server.change('critical_unblock_low', [
      {
        operation: 'set',
        index: ['contact', ALICE],
        value: { contactAction: { fullName: 'Alice', lidJid: '2@lid' } },
        version: 2,
      },
    ])
    server.change('regular_high', [
      {
        operation: 'set',
        index: ['nct_salt_sync'],
        value: { nctSaltSyncAction: { salt: Buffer.from('salt') } },
        version: 1,
      },
    ])
    server.change('regular_low', [
      { operation: 'set', index: ['sentinel'], value: { keyExpiration: { expiredKeyEpoch: 1 } }, version: 3 },
    ])
    await sync.resync(['critical_unblock_low', 'regular_high', 'regular_low'])
    expect(await core.repository.lidMapping.getLIDForPN(ALICE)).toBe('2@lid')
    expect(core.creds.nctSalt).toEqual(Buffer.from('salt'))
    await expect(sync.keys.forWriting()).rejects.toMatchObject({ code: 'app-state-key-missing' })
  })
})

describe('damaged app state', () => {
  const corrupt = (patch: proto.ISyncdPatch) => patchNode({ ...patch, patchMac: Buffer.alloc(32) })
  const instead = (server: AppStateServer, ...nodes: BinaryNode[]) =>
    server.faults.push(() => syncAnswer(collectionNode('regular_low', 2, nodes)))

  async function synced() {
    const scene = await setUp()
    scene.server.pin(ALICE)
    await scene.sync.resync(['regular_low'])
    scene.server.asked.length = 0
    return { ...scene, patch: scene.server.pin(BOB) }
  }

  it('a wrong MAC: the collection is fetched as a whole, once', async () => {
    const { server, sync, patch, pins, stored, toPhone } = await synced()
    instead(server, corrupt(patch))
    await sync.resync(['regular_low'])
    await sync.settled()
    expect(server.asked).toEqual(['regular_low 1', 'regular_low snapshot'])
    expect(await stored('regular_low')).toEqual(server.state('regular_low'))
    expect(pins()).toContainEqual([BOB, PINNED])
    expect(toPhone).toEqual([])
  })

  it.each([
    ['bytes that are no patch', (): BinaryNode => ({ tag: 'patch', attrs: {}, content: Buffer.from([0xff, 0xff]) })],
    ['a version jump', (patch: proto.ISyncdPatch) => patchNode({ ...patch, version: { version: 9 } })],
    [
      'a value that was changed',
      (patch: proto.ISyncdPatch) => {
        const [{ record, operation }] = patch.mutations as [proto.ISyncdMutation]
        const blob = Buffer.from(record!.value!.blob!)
        blob[20]! ^= 1
        return patchNode({ ...patch, mutations: [{ operation, record: { ...record, value: { blob } } }] })
      },
    ],
  ])('%s: likewise', async (_, damaged) => {
    const { server, sync, patch, stored } = await synced()
    instead(server, damaged(patch))
    await sync.resync(['regular_low'])
    await sync.settled()
    expect(server.asked).toEqual(['regular_low 1', 'regular_low snapshot'])
    expect(await stored('regular_low')).toEqual(server.state('regular_low'))
  })

  it('a hash that has diverged: what is authentic is told, the whole is fetched once', async () => {
    const { core, server, sync, stored } = await synced()
    const known = (await stored('regular_low'))!
    await core.keys.set({ 'app-state-sync-version': { regular_low: { ...known, hash: Buffer.alloc(128, 7) } } })
    await sync.resync(['regular_low'])
    await sync.settled()
    expect(server.asked).toEqual(['regular_low 1', 'regular_low snapshot'])
    expect(await stored('regular_low')).toEqual(server.state('regular_low'))
  })

  it('damaged as a whole too: nothing is stored, the phone is asked for a copy, once a day', async () => {
    const { core, server, sync, patch, stored, toPhone } = await synced()
    const before = await stored('regular_low')
    for (let time = 0; time < 2; time += 1) {
      instead(server, corrupt(patch))
      server.damages.push(bytes => bytes.subarray(0, -1))
      await expect(sync.resync(['regular_low'])).rejects.toMatchObject({ code: expect.stringContaining('app-state') })
    }
    expect(server.asked).toEqual(['regular_low 1', 'regular_low snapshot', 'regular_low 1'])
    expect(await stored('regular_low')).toEqual(before)
    expect(toPhone).toMatchObject([
      {
        peerDataOperationRequestMessage: {
          peerDataOperationRequestType: 8,
          syncdCollectionFatalRecoveryRequest: { collectionName: 'regular_low' },
        },
      },
    ])
    expect(core.log.map(({ message }) => message)).toContain('a collection could not be synced')
  })

  it('a snapshot that has gone from the media host is asked for once more', async () => {
    const { server, sync, pins } = await setUp()
    server.pin(ALICE)
    server.damages.push(() => downloadFailed(404, new URL('https://mmg.whatsapp.net/')))
    await sync.resync(['regular_low'])
    expect(server.asked).toEqual(['regular_low snapshot', 'regular_low snapshot'])
    expect(pins()).toEqual([[ALICE, PINNED]])
  })

  it('a collection that another device has ended is left alone', async () => {
    const { server, sync, patch, stored } = await synced()
    const before = await stored('regular_low')
    instead(server, patchNode({ ...patch, exitCode: { code: 4, text: 'over' } }))
    await expect(sync.resync(['regular_low'])).rejects.toMatchObject({ code: 'app-state-terminated' })
    expect(server.asked).toEqual(['regular_low 1'])
    expect(await stored('regular_low')).toEqual(before)
  })
})

describe('a copy of the phone', () => {
  it('is taken in when it was asked for; what was changed since is fetched', async () => {
    const { server, sync, pins, stored } = await setUp()
    server.pin(ALICE)
    const copy = plainCopy(server)
    server.damages.push(...[0, 0].map(() => (bytes: Uint8Array) => bytes.subarray(1)))
    await expect(sync.resync(['regular_low'])).rejects.toMatchObject({ code: 'invalid-app-state' })
    await sync.takeRecovery({ collectionSnapshot: copy, isCompressed: false })
    server.pin(BOB)
    sync.ready()
    await sync.settled()
    expect(server.asked.slice(2)).toEqual([expect.stringContaining('regular_low 1')])
    expect(pins()).toEqual([
      [ALICE, PINNED],
      [BOB, PINNED],
    ])
    expect(await stored('regular_low')).toEqual(server.state('regular_low'))
  })

  it('that nobody asked for is left out', async () => {
    const { core, server, sync, stored } = await setUp()
    server.pin(ALICE)
    await sync.takeRecovery({ collectionSnapshot: plainCopy(server), isCompressed: false })
    expect(await stored('regular_low')).toBeNull()
    expect(core.log.map(({ message }) => message)).toContain('ignored a copy of a collection')
  })

  it.each([
    ['without content', {}],
    ['that does not inflate', { collectionSnapshot: Buffer.from('x'), isCompressed: true }],
    ['that is no copy', { collectionSnapshot: Buffer.from([0xff]), isCompressed: false }],
  ])('%s is refused', async (_, answer) => {
    const { sync } = await setUp()
    await expect(sync.takeRecovery(answer)).rejects.toMatchObject({ code: 'invalid-app-state' })
  })

  /** The collection with the pinned chat as the phone sends it. */
  function plainCopy(server: AppStateServer): Buffer {
    const [key] = server.keys
    const { version, hash, indexValueMap } = server.state('regular_low')
    const [{ valueMac }] = Object.values(indexValueMap) as [{ valueMac: Uint8Array }]
    const index = Buffer.from(JSON.stringify(['pin_v1', ALICE]))
    const value = { index, value: { timestamp: PINNED, pinAction: { pinned: true } }, version: 5 }
    return proto.SyncdSnapshotRecovery.encode({
      version: { version },
      collectionName: 'regular_low',
      collectionLthash: hash,
      mutationRecords: [{ value, keyId: key!.keyId, mac: valueMac }],
    }).finish()
  }
})

describe('a server that does not give', () => {
  it.each([
    [503, 3],
    [429, 3],
    [406, 3],
    [400, 1],
    [404, 1],
  ])('a collection refused with %i is asked for %i times; the others are taken in', async (code, times) => {
    const { server, sync, patiently, pins } = await setUp()
    server.pin(ALICE)
    const faulty = (request: BinaryNode): BinaryNode => {
      const [syncNode] = server.respond(request).content as [BinaryNode]
      const content = (syncNode.content as BinaryNode[]).map(each =>
        each.attrs['name'] === 'regular' ? refusedNode('regular', code, 'no') : each,
      )
      return syncAnswer(...content)
    }
    for (let time = 0; time < times; time += 1) server.faults.push(faulty)
    await expect(patiently(sync.resync(['regular_low', 'regular']))).rejects.toMatchObject({
      code: 'app-state-refused',
      data: { collection: 'regular', code },
    })
    expect(server.asked).toEqual([
      'regular_low snapshot, regular snapshot',
      ...Array.from({ length: times - 1 }, () => 'regular snapshot'),
    ])
    expect(pins()).toEqual([[ALICE, PINNED]])
  })

  it('a conflict without an own change is no failure; with more to come it is asked again', async () => {
    const { server, sync } = await setUp()
    server.faults.push(() => syncAnswer({ ...refusedNode('regular', 409), attrs: { name: 'regular', type: 'error' } }))
    await sync.resync(['regular'])
    expect(server.asked).toHaveLength(1)
  })

  it('a request without answer is not repeated: the call fails, what is behind is fetched later', async () => {
    const { server, sync, timers, pins } = await setUp()
    server.pin(ALICE)
    server.faults.push(noAnswer, noAnswer)
    await expect(sync.resync(['regular_low'])).rejects.toMatchObject({ code: 'timed-out' })
    expect(server.asked).toHaveLength(1)
    sync.ready()
    await new Promise(resolve => setImmediate(resolve))
    expect(server.asked).toHaveLength(2)
    timers.ring(30_000)
    await sync.settled()
    expect(server.asked).toHaveLength(3)
    expect(pins()).toEqual([[ALICE, PINNED]])
  })

  it('that never answers is asked four times in the background on one connection', async () => {
    const { server, sync, timers } = await setUp()
    for (let time = 0; time < 50; time += 1) server.faults.push(noAnswer)
    sync.ready()
    for (let time = 0; time < 50; time += 1) {
      await new Promise(resolve => setImmediate(resolve))
      timers.ring(1_000_000)
    }
    expect(server.asked).toHaveLength(4)
  })

  it('an error to the whole request is told', async () => {
    const { server, sync } = await setUp()
    server.faults.push(() => refusal(500))
    await expect(sync.resync(['regular'])).rejects.toMatchObject({ code: 'server-refused', data: 500 })
  })

  it('that always has more, but nothing new, is believed three times', async () => {
    const { server, sync, patiently } = await setUp()
    for (let time = 0; time < 50; time += 1) {
      server.faults.push(() => syncAnswer(collectionNode('regular', 0, [], { has_more_patches: 'true' })))
    }
    await expect(patiently(sync.resync(['regular']))).rejects.toMatchObject({ code: 'app-state-endless' })
    expect(server.asked).toHaveLength(3)
  })

  it('that says nothing of a collection is asked three times', async () => {
    const { server, sync, patiently } = await setUp()
    for (let time = 0; time < 5; time += 1) server.faults.push(() => syncAnswer())
    await expect(patiently(sync.resync(['regular']))).rejects.toMatchObject({ code: 'app-state-refused' })
    expect(server.asked).toHaveLength(3)
  })

  it('ends with the connection', async () => {
    const { core, server, sync } = await setUp()
    server.faults.push(() => syncAnswer(refusedNode('regular', 503)))
    const resync = sync.resync(['regular'])
    await new Promise(resolve => setImmediate(resolve))
    server.faults.push(() => new KurirError('connection-closed', 'Connection Closed', { statusCode: 428 }))
    await core.connection.end(undefined)
    await expect(resync).rejects.toMatchObject({ code: 'connection-closed' })
  })
})

describe('keys that are missing', () => {
  const second = phoneKey(2)

  async function blocked() {
    const server = new AppStateServer([phoneKey(1), second])
    const scene = await setUp({ server })
    server.pin(ALICE, server.keys[0])
    server.pin(BOB, second)
    await scene.sync.resync(['regular_low'])
    return { ...scene, auth: { creds: scene.core.creds, keys: scene.core.config.auth.keys } }
  }

  it('block the collection without an error; the phone is asked for them, once a day and over restarts', async () => {
    const { core, server, sync, toPhone, stored } = await blocked()
    await sync.resync(['regular_low'])
    expect(toPhone).toMatchObject([{ type: 7, appStateSyncKeyRequest: { keyIds: [{ keyId: second.keyId }] } }])
    expect(await stored('regular_low')).toBeNull()
    const again = await setUp({ server, options: { creds: core.creds, store: core.keys } })
    await again.sync.resync(['regular_low'])
    expect(again.toPhone).toEqual([])
  })

  it('let the collection go on when they come, and are used from then on', async () => {
    const { core, server, sync, share, pins } = await blocked()
    sync.ready()
    await sync.settled()
    server.asked.length = 0
    await share(second)
    expect(core.creds.myAppStateKeyId).toBe(second.id)
    await sync.settled()
    expect(server.asked).toEqual(['regular_low snapshot'])
    expect(pins()).toEqual([
      [ALICE, PINNED],
      [BOB, PINNED],
    ])
  })

  it('are asked for again when the request could not be sent', async () => {
    const server = new AppStateServer([phoneKey(1), second])
    const { core, sync, toPhone } = await setUp({ server })
    server.pin(ALICE, second)
    const { sendToPhone } = core.hooks
    core.hooks.sendToPhone = () => Promise.reject(new Error('no session'))
    await sync.resync(['regular_low'])
    core.hooks.sendToPhone = sendToPhone
    await sync.resync(['regular_low'])
    expect(toPhone).toHaveLength(1)
  })

  it('a share never leads back to an older key, and leaves the older ones in place', async () => {
    const { core, share } = await setUp()
    await share(phoneKey(5))
    await share(phoneKey(3), phoneKey(5, 2))
    expect(core.creds.myAppStateKeyId).toBe(phoneKey(5).id)
    const kept = [1, 3, 5].map(epoch => phoneKey(epoch).id)
    expect(Object.values(await core.keys.get('app-state-sync-key', kept)).every(key => key?.keyData)).toBe(true)
  })

  it('the phone does not have either leave the collection as it is', async () => {
    const { core, server, sync, stored } = await blocked()
    server.asked.length = 0
    await sync.takeKeys({ keys: [], orphans: [second.id], malformed: 1 })
    expect(server.asked).toEqual([])
    expect(await stored('regular_low')).toBeNull()
    expect(core.log.map(({ message }) => message)).toContain('the phone does not have keys of the app state either')
  })
})

describe('news of the server', () => {
  it('are noted before they are confirmed, and fetched in one request: all that are named', async () => {
    const { core, server, sync } = await setUp()
    for (const name of ['regular', 'regular_high'] as const) {
      server.change(name, [
        { operation: 'set', index: ['label_edit', '1'], value: { labelEditAction: { name: 'A' } }, version: 3 },
      ])
    }
    await sync.resync(['regular', 'regular_high', 'regular_low', 'critical_block', 'critical_unblock_low'])
    await sync.settled()
    sync.ready()
    await sync.settled()
    server.asked.length = 0
    for (const name of ['regular', 'regular_high'] as const) {
      server.change(name, [
        { operation: 'set', index: ['label_edit', '2'], value: { labelEditAction: { name: 'B' } }, version: 3 },
      ])
    }
    const told = core.notifications.handle(serverSync(['regular', '2'], ['regular_high', '2'], ['unheard_of', '7']))
    await told
    expect((await core.keys.get('app-state-ledger', ['ledger']))['ledger']?.behind).toEqual({
      regular: 2,
      regular_high: 2,
    })
    await sync.settled()
    expect(server.asked).toEqual(['regular_high 1, regular 1'])
    expect((await core.keys.get('app-state-ledger', ['ledger']))['ledger']?.behind).toEqual({})
  })

  it('stay noted until the program has handled them: a process that dies before fetches them again', async () => {
    const { core, server, sync, pins } = await setUp()
    server.pin(ALICE)
    await sync.resync(['regular_low', 'regular', 'regular_high', 'critical_block', 'critical_unblock_low'])
    await sync.settled()
    sync.ready()
    await sync.settled()
    core.ev.process(batch => (batch['chats.update'] ? new Promise<void>(() => {}) : undefined))
    server.pin(BOB)
    await core.notifications.handle(serverSync(['regular_low', '2']))
    await sync.settled()
    expect(pins()).toContainEqual([BOB, PINNED])
    const again = await setUp({ server, options: { creds: core.creds, store: core.keys } })
    again.sync.ready()
    await again.sync.settled()
    expect(again.pins()).toEqual([[BOB, PINNED]])
    expect((await again.core.keys.get('app-state-ledger', ['ledger'])).ledger?.behind).toEqual({})
  })

  it('that are known already need no request', async () => {
    const { core, server, sync } = await setUp()
    server.pin(ALICE)
    await sync.resync(['regular_low', 'regular', 'regular_high', 'critical_block', 'critical_unblock_low'])
    await sync.settled()
    sync.ready()
    await sync.settled()
    await core.notifications.handle(serverSync(['regular_low', '1']))
    await sync.settled()
    expect(server.asked).toHaveLength(1)
  })

  it('wait for the first sync, over a restart too', async () => {
    const { core, server } = await setUp()
    server.pin(ALICE)
    await core.notifications.handle(serverSync(['regular_low', '1']))
    expect(server.asked).toEqual([])
    const again = await setUp({ server, options: { creds: core.creds, store: core.keys } })
    again.sync.ready()
    await again.sync.settled()
    expect(again.pins()).toEqual([[ALICE, PINNED]])
  })

  it('by a dirty bit mean all collections', async () => {
    const { core, server, sync } = await setUp()
    sync.ready()
    await sync.settled()
    server.asked.length = 0
    await core.dirtyBits.handle({ type: 'syncd_app_state', timestamp: '1', concerns: () => true })
    expect(server.asked.map(text => text.split(', ').length)).toEqual([5])
  })
})
