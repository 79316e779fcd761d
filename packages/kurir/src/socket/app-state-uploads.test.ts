import { describe, expect, it } from 'vitest'
import { applyPatch } from '../app-state/apply.js'
import type { WAPatchName } from '../app-state/collection-names.js'
import { newLTHashState } from '../app-state/collection-state.js'
import { readFixture } from '../app-state/testing/vectors.js'
import { getBinaryNodeChild, getBinaryNodeChildBuffer } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { proto } from '../proto/index.js'
import { appStateMembers } from './app-state-members.js'
import { AppStateSync } from './app-state-sync.js'
import { AppStateUploads } from './app-state-uploads.js'
import {
  AppStateServer,
  collectionNode,
  noAnswer,
  phoneKey,
  refusedNode,
  syncAnswer,
} from './testing/app-state-server.js'
import { refusal, type TestCoreOptions, testCore } from './testing/collaborator-core.js'

const ALICE = '15550002222@s.whatsapp.net'
const BOB = '15550003333@s.whatsapp.net'

async function setUp({
  server = new AppStateServer(),
  ...options
}: TestCoreOptions & { server?: AppStateServer } = {}) {
  const core = testCore({ answer: server.answer, ...options })
  const sync = new AppStateSync(core, { download: server.download })
  const uploads = new AppStateUploads(core, sync)
  const members = appStateMembers(core, { sync, uploads })
  await sync.takeKeys({ keys: server.keys.map(({ id, data }) => ({ id, data })), orphans: [], malformed: 0 })
  const stored = async () => {
    await sync.settled()
    return (await core.keys.get('app-state-sync-version', ['regular_low']))['regular_low'] ?? newLTHashState()
  }
  return { core, server, sync, uploads, members, stored }
}

/** Another device is faster than the next upload. */
const overtake = (server: AppStateServer, jid: string) => {
  server.faults.push(
    () => undefined,
    request => {
      server.pin(jid)
      return server.respond(request)
    },
  )
}
const patchIn = (request: BinaryNode) => {
  const collection = getBinaryNodeChild(getBinaryNodeChild(request, 'sync'), 'collection')
  return proto.SyncdPatch.decode(getBinaryNodeChildBuffer(collection, 'patch')!)
}

/** What the phone reads in an upload to a collection that was empty. */
const mutationsIn = (request: BinaryNode, { newest }: AppStateServer) => {
  const collection = getBinaryNodeChild(getBinaryNodeChild(request, 'sync'), 'collection')
  const applied = applyPatch(
    collection?.attrs['name'] as WAPatchName,
    newLTHashState(),
    { ...patchIn(request), version: { version: 1 } },
    () => newest.expanded,
  )
  return applied.kind === 'applied' ? applied.mutations : []
}

describe('own changes', () => {
  it('are made on the newest version, accepted, told and stored (docs/protocol/04, 1.16)', async () => {
    const { core, server, members, stored } = await setUp()
    server.pin(BOB)
    await members.chatModify({ mute: -1 }, ALICE)
    await members.chatModify({ pin: false }, BOB)
    expect(server.asked).toEqual([
      'regular_high snapshot',
      'regular_high upload 0',
      'regular_low snapshot',
      'regular_low upload 1',
    ])
    expect(core.named('chats.update').flat()).toEqual([
      { id: ALICE, muteEndTime: -1 },
      { id: BOB, pinned: expect.any(Number) },
      { id: BOB, pinned: null },
    ])
    expect(await stored()).toEqual(server.state('regular_low'))
  })

  it('the vector: the requests of a change (docs/protocol/04, 1.16)', async () => {
    const { flows } = readFixture<{ flows: { id: string; requests: BinaryNode[] }[] }>('vectors/04-flows.json')
    const { requests } = flows.find(({ id }) => id === 'chat-modify')!
    const { core, server, members } = await setUp()
    server.pin(ALICE)
    server.pin(BOB)
    await members.resyncAppState(['regular_low'], false)
    await members.chatModify({ pin: false }, BOB)
    const plain = ({ tag, attrs: { id: _, to: __, ...attrs }, content }: BinaryNode): unknown => ({
      tag,
      attrs,
      ...(Array.isArray(content) && { content: content.map(plain) }),
    })
    expect(core.sent.slice(-2).map(plain)).toEqual(requests.map(plain))
  })

  it('of several at a time are one patch', async () => {
    const { server, members, stored } = await setUp()
    await Promise.all(['1@g.us', '2@g.us', '3@g.us'].map(jid => members.chatModify({ pin: false }, jid)))
    expect(server.asked).toEqual(['regular_low snapshot', 'regular_low upload 0'])
    expect(Object.keys((await stored()).indexValueMap)).toHaveLength(3)
  })

  it('beyond a hundred go into patches of their own', async () => {
    const { core, server, members, stored } = await setUp()
    const jids = Array.from({ length: 130 }, (_, index) => `${index}@g.us`)
    await Promise.all(jids.map(jid => members.chatModify({ pin: false }, jid)))
    const messages = Array.from({ length: 101 }, (_, index) => ({ id: `M${index}` }))
    await members.star(ALICE, messages, true)
    const uploads = core.sent.filter((_, index) => server.asked[index]?.includes('upload'))
    expect(uploads.map(request => patchIn(request).mutations?.length)).toEqual([100, 30, 100, 1])
    expect(Object.keys((await stored()).indexValueMap)).toHaveLength(130)
  })

  it('that went together are made one by one when the server refuses them', async () => {
    const { server, members } = await setUp()
    const refuse = () => syncAnswer(refusedNode('regular_low', 400))
    // Together, and then the second alone.
    server.faults.push(
      () => undefined,
      refuse,
      () => undefined,
      () => undefined,
      () => undefined,
      refuse,
    )
    const [first, second, third] = await Promise.allSettled(
      ['1@g.us', '2@g.us', '3@g.us'].map(jid => members.chatModify({ pin: false }, jid)),
    )
    expect([first, third].map(outcome => outcome?.status)).toEqual(['fulfilled', 'fulfilled'])
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'app-state-refused' } })
    expect(server.state('regular_low').version).toBe(2)
  })

  it('are not told to a program that does not want to hear of them, but count here', async () => {
    const { core, server, members, stored } = await setUp({
      config: { emitOwnEvents: false },
      creds: { me: { id: ALICE, name: 'old' } },
    })
    await members.chatModify({ pin: false }, BOB)
    await members.updateProfileName('new')
    expect(core.events.map(({ name }) => name).filter(name => name !== 'creds.update')).toEqual([])
    expect(core.creds.me).toEqual({ id: ALICE, name: 'new' })
    expect(await stored()).toEqual(server.state('regular_low'))
  })

  it('are made anew when another device was faster (docs/protocol/04, 1.17)', async () => {
    const { core, server, members, stored } = await setUp()
    server.pin('1@g.us')
    overtake(server, '2@g.us')
    overtake(server, '3@g.us')
    await members.chatModify({ pin: false }, ALICE)
    expect(server.asked).toEqual([
      'regular_low snapshot',
      'regular_low upload 1',
      'regular_low 1',
      'regular_low upload 2',
      'regular_low 2',
      'regular_low upload 3',
    ])
    expect(
      core
        .named('chats.update')
        .flat()
        .map(({ id }) => id),
    ).toEqual(['1@g.us', '2@g.us', '3@g.us', ALICE])
    expect(await stored()).toEqual(server.state('regular_low'))
  })

  it('that are overtaken five times are given up, with nothing stored of them', async () => {
    const { core, server, members, stored } = await setUp()
    for (let time = 0; time < 9; time += 1) overtake(server, `${time}@g.us`)
    await expect(members.chatModify({ pin: false }, ALICE)).rejects.toMatchObject({
      code: 'app-state-conflict',
      output: { statusCode: 409 },
    })
    expect(server.asked.filter(text => text.includes('upload'))).toHaveLength(5)
    expect(core.named('chats.update').flat()).not.toContainEqual(expect.objectContaining({ id: ALICE }))
    expect((await stored()).version).toBe(4)
  })

  it.each([
    [400, false],
    [503, true],
  ])('that the server refuses with %i are not made', async (code, retryable) => {
    const { core, server, members, stored } = await setUp()
    server.faults.push(
      () => undefined,
      () => syncAnswer(refusedNode('regular_low', code, 'no')),
    )
    await expect(members.chatModify({ pin: true }, ALICE)).rejects.toMatchObject({
      code: 'app-state-refused',
      message: 'no',
      retryable,
      data: { collection: 'regular_low', code },
    })
    expect(core.named('chats.update')).toEqual([])
    expect((await stored()).version).toBe(0)
    expect(server.asked).toHaveLength(2)
  })

  it('are not taken for made when the server says nothing of them, or refuses the request', async () => {
    const { server, members } = await setUp()
    server.faults.push(
      () => undefined,
      () => syncAnswer(),
      () => undefined,
      () => refusal(401),
    )
    await expect(members.chatModify({ pin: true }, ALICE)).rejects.toMatchObject({ code: 'app-state-refused' })
    await expect(members.chatModify({ pin: true }, ALICE)).rejects.toMatchObject({ code: 'server-refused', data: 401 })
  })

  it('without answer: the server is asked what has become of them', async () => {
    const { core, server, members, stored } = await setUp()
    const arrives = (request: BinaryNode) => {
      server.respond(request)
      return noAnswer()
    }
    server.faults.push(() => undefined, arrives)
    await members.chatModify({ pin: false }, ALICE)
    expect(server.asked).toEqual(['regular_low snapshot', 'regular_low upload 0', 'regular_low snapshot'])
    server.faults.push(() => undefined, noAnswer)
    await expect(members.chatModify({ pin: false }, BOB)).rejects.toMatchObject({ code: 'timed-out' })
    expect(server.asked).toHaveLength(6)
    expect(
      core
        .named('chats.update')
        .flat()
        .map(({ id }) => id),
    ).toEqual([ALICE])
    expect(await stored()).toEqual(server.state('regular_low'))
  })

  it('that were accepted as another version come back from the server', async () => {
    const { core, server, members, stored } = await setUp()
    server.faults.push(
      () => undefined,
      request => {
        server.respond(request)
        return syncAnswer(collectionNode('regular_low', 7))
      },
    )
    await members.chatModify({ pin: false }, ALICE)
    expect(server.asked).toEqual(['regular_low snapshot', 'regular_low upload 0', 'regular_low snapshot'])
    expect(
      core
        .named('chats.update')
        .flat()
        .map(({ id }) => id),
    ).toEqual([ALICE])
    expect(await stored()).toEqual(server.state('regular_low'))
  })

  it('one that fails does not stop the next', async () => {
    const { server, members } = await setUp()
    server.faults.push(() => new KurirError('connection-closed', 'Connection Closed', { statusCode: 428 }))
    await expect(members.chatModify({ pin: false }, ALICE)).rejects.toMatchObject({ code: 'connection-closed' })
    await members.chatModify({ pin: false }, BOB)
    expect(server.state('regular_low').version).toBe(1)
  })

  it('go through the mutex', async () => {
    const { server, members } = await setUp()
    const change = members.appStatePatchMutex.mutex(async () => {
      const waiting = members.chatModify({ pin: false }, ALICE)
      await new Promise(resolve => setImmediate(resolve))
      expect(server.asked).toEqual([])
      return { waiting }
    })
    await (await change).waiting
    expect(server.asked).toHaveLength(2)
  })
})

describe('cleanDirtyBits', () => {
  const { cases } = readFixture<{ cases: { id: string; sent: BinaryNode[]; call: { args: ['groups', number?] } }[] }>(
    'vectors/04-stanzas.json',
  )

  it.each(cases.filter(({ id }) => id.startsWith('cleanDirtyBits')))('the vector $id', async ({ sent, call }) => {
    const { core, members } = await setUp()
    await members.cleanDirtyBits(...call.args)
    const [{ attrs, content }] = core.sent as [BinaryNode]
    expect(content).toEqual(sent[0]!.content)
    expect(attrs).toEqual({ ...sent[0]!.attrs, to: S_WHATSAPP_NET, id: expect.any(String) })
  })
})

describe('without a key for writing', () => {
  it('nothing is asked of the server: the vector chatModify-no-key', async () => {
    const { core, server, members } = await setUp({ server: new AppStateServer([]) })
    await expect(members.chatModify({ pin: true }, ALICE)).rejects.toMatchObject({
      message: 'App state key not present!',
      code: 'app-state-key-missing',
      output: { statusCode: 400 },
    })
    expect(core.sent).toEqual([])
    expect(server.asked).toEqual([])
  })

  it('of an epoch that still counts nothing is written; the next key is used', async () => {
    const { server, sync, members } = await setUp()
    server.change('regular_low', [
      { operation: 'set', index: ['sentinel'], value: { keyExpiration: { expiredKeyEpoch: 1 } }, version: 3 },
    ])
    await sync.resync(['regular_low'])
    await expect(members.chatModify({ pin: false }, ALICE)).rejects.toMatchObject({ code: 'app-state-key-missing' })
    const second = phoneKey(2)
    server.keys.push(second)
    await sync.takeKeys({ keys: [second], orphans: [], malformed: 0 })
    await members.chatModify({ pin: false }, ALICE)
    expect(server.asked.at(-1)).toBe('regular_low upload 1')
  })

  it('that the collection needs, the change fails: what is on the server is not known', async () => {
    const server = new AppStateServer([phoneKey(1)])
    const { sync, members } = await setUp({ server })
    const second = phoneKey(2)
    server.keys.push(second)
    server.pin(BOB, second)
    await expect(members.chatModify({ pin: false }, ALICE)).rejects.toMatchObject({
      code: 'app-state-key-missing',
      data: { collection: 'regular_low', keyIds: [second.id] },
    })
    await sync.settled()
    expect(server.asked).toEqual(['regular_low snapshot'])
  })
})

describe('the members', () => {
  const changes: readonly [string, (members: ReturnType<typeof appStateMembers>) => Promise<void>, string[][]][] = [
    [
      'star',
      m => m.star(ALICE, [{ id: 'M1' }, { id: 'M2', fromMe: true }], true),
      [
        ['star', ALICE, 'M1', '0', '0'],
        ['star', ALICE, 'M2', '1', '0'],
      ],
    ],
    ['addOrEditContact', m => m.addOrEditContact(ALICE, { fullName: 'Alice' }), [['contact', ALICE]]],
    ['removeContact', m => m.removeContact(ALICE), [['contact', ALICE]]],
    ['addLabel', m => m.addLabel(ALICE, { id: '7', name: 'VIP' }), [['label_edit', '7']]],
    ['addChatLabel', m => m.addChatLabel(ALICE, '7'), [['label_jid', '7', ALICE]]],
    ['removeChatLabel', m => m.removeChatLabel(ALICE, '7'), [['label_jid', '7', ALICE]]],
    ['addMessageLabel', m => m.addMessageLabel(ALICE, 'M1', '7'), [['label_message', '7', ALICE, 'M1', '0', '0']]],
    [
      'removeMessageLabel',
      m => m.removeMessageLabel(ALICE, 'M1', '7'),
      [['label_message', '7', ALICE, 'M1', '0', '0']],
    ],
    ['addOrEditQuickReply', m => m.addOrEditQuickReply({ timestamp: '5', shortcut: '/a' }), [['quick_reply', '5']]],
    ['removeQuickReply', m => m.removeQuickReply('5'), [['quick_reply', '5']]],
    ['updateProfileName', m => m.updateProfileName('New'), [['setting_pushName']]],
    [
      'updateDisableLinkPreviewsPrivacy',
      m => m.updateDisableLinkPreviewsPrivacy(true),
      [['setting_disableLinkPreviews']],
    ],
    [
      'appPatch',
      m => m.appPatch({ type: 'regular', index: ['x', '1'], syncAction: {}, apiVersion: 1, operation: 0 }),
      [['x', '1']],
    ],
  ]

  it.each(changes)('%s writes its index, and fails when the server refuses', async (_, change, indexes) => {
    const { core, server, members } = await setUp()
    await change(members)
    expect(mutationsIn(core.sent.at(-1)!, server).map(({ index }) => index)).toEqual(indexes)
    server.faults.push(
      () => undefined,
      () => refusal(403),
    )
    await expect(change(members)).rejects.toMatchObject({ code: 'server-refused', data: 403 })
  })
})
