import type { AppStateFaultRule, Phone } from '@kurir/simulator'
import type { BaileysEventMap, BinaryNode, WASocket } from 'kurir'
import { describe, expect, it } from 'vitest'
import { CrashingState, killAndRestart } from './support/crashing-state.js'
import type { KurirClient } from './support/kurir-client.js'
import { type World, worldForEachTest } from './support/world.js'

const world = worldForEachTest()
const CHAT = '6281119999@s.whatsapp.net'
const OTHER = '6281118888@s.whatsapp.net'
/** Without history to wait for, the device is online at once. */
const config = { shouldSyncHistoryMessage: () => false }

/** A phone that has something in each collection, and a program that has read them. */
async function scene(at: World = world()) {
  // Snapshots are as new as the collection: then none of them has patches to be asked for.
  at.service.appState.snapshotLag = 0
  const alice = await at.phone('Alice')
  await alice.appState.change(
    { action: 'locale', locale: 'id_ID' },
    { action: 'contact', jid: OTHER, contact: { fullName: 'Dave' } },
    { action: 'mute', chat: OTHER, until: -1 },
    { action: 'pin', chat: OTHER, on: true },
    { action: 'label', id: '1', label: { name: 'New' } },
  )
  const bot = await at.linked(alice, { config })
  await bot.waitFor(() => bot.auth.creds.myAppStateKeyId, 'a key')
  await synced(alice, bot)
  return { alice, bot, requests: requestsOf(at, bot) }
}

const NAMES = ['critical_block', 'critical_unblock_low', 'regular_high', 'regular_low', 'regular'] as const

/** Resolves when the program has stored what the phone has. */
async function synced(alice: Phone, bot: KurirClient): Promise<void> {
  let known: readonly (number | undefined)[] = []
  const look = async () => {
    const stored = await bot.auth.keys.get('app-state-sync-version', [...NAMES])
    known = NAMES.map(name => stored[name]?.version)
  }
  await bot.waitFor(() => {
    void look()
    return NAMES.every((name, position) => known[position] === alice.appState.version(name))
  }, 'all collections')
}

/** What the program asks of app state from now on: `regular_low`, `regular_low snapshot`, `regular_low upload`. */
function requestsOf(at: World, bot: KurirClient): string[] {
  const requests: string[] = []
  at.service.onStanza(({ direction, device, node }) => {
    if (direction !== 'from-client' || device !== bot.jid || node.attrs['xmlns'] !== 'w:sync:app:state') return
    const [sync] = node.content as BinaryNode[]
    for (const { attrs, content } of (sync?.content ?? []) as BinaryNode[]) {
      const isUpload = Array.isArray(content) && content.length > 0
      const what = isUpload ? ' upload' : attrs['return_snapshot'] === 'true' ? ' snapshot' : ''
      requests.push(`${attrs['name']}${what}`)
    }
  })
  return requests
}

function told<Name extends keyof BaileysEventMap>(bot: KurirClient, name: Name): BaileysEventMap[Name][] {
  return bot.events.flatMap(event => (event.name === name ? [event.data as BaileysEventMap[Name]] : []))
}

const updatesOf = (bot: KurirClient, jid: string) =>
  told(bot, 'chats.update').flatMap(updates => updates.filter(({ id }) => id === jid))

/** One fault, for the program only. */
function fault(at: World, rule: AppStateFaultRule): void {
  at.service.appState.faults.add({ times: 1, ...rule })
}

const message = { key: { remoteJid: CHAT, id: 'M1', fromMe: false }, messageTimestamp: 1_700_000_000 }
const lastMessages = [message]

interface Change {
  readonly name: string
  readonly collection: string
  readonly make: (socket: WASocket) => Promise<void>
  /** What the phone then shows. */
  readonly seen: (phone: Phone) => unknown
  readonly expected: unknown
  readonly event: keyof BaileysEventMap
}

const changes: readonly Change[] = [
  {
    name: 'chatModify mute',
    collection: 'regular_high',
    make: sock => sock.chatModify({ mute: -1 }, CHAT),
    seen: phone => phone.appState.chat(CHAT).mutedUntil,
    expected: -1,
    event: 'chats.update',
  },
  {
    name: 'chatModify archive',
    collection: 'regular_low',
    make: sock => sock.chatModify({ archive: true, lastMessages }, CHAT),
    seen: phone => phone.appState.chat(CHAT).archived,
    expected: true,
    event: 'chats.update',
  },
  {
    name: 'chatModify pin',
    collection: 'regular_low',
    make: sock => sock.chatModify({ pin: true }, CHAT),
    seen: phone => phone.appState.chat(CHAT).pinnedAt !== undefined,
    expected: true,
    event: 'chats.update',
  },
  {
    name: 'chatModify markRead',
    collection: 'regular_low',
    make: sock => sock.chatModify({ markRead: false, lastMessages }, CHAT),
    seen: phone => phone.appState.chat(CHAT).read,
    expected: false,
    event: 'chats.update',
  },
  {
    name: 'chatModify clear',
    collection: 'regular_high',
    make: sock => sock.chatModify({ clear: true, lastMessages }, CHAT),
    seen: phone => phone.appState.chat(CHAT).cleared,
    expected: true,
    event: 'app-state.action',
  },
  {
    name: 'chatModify delete',
    collection: 'regular_high',
    make: sock => sock.chatModify({ delete: true, lastMessages }, CHAT),
    seen: phone => phone.appState.chat(CHAT).deleted,
    expected: true,
    event: 'chats.delete',
  },
  {
    name: 'chatModify deleteForMe',
    collection: 'regular_high',
    make: sock =>
      sock.chatModify({ deleteForMe: { deleteMedia: false, key: message.key, timestamp: 1_700_000_000 } }, CHAT),
    seen: phone => phone.appState.model.deletedForMe.map(({ id }) => id),
    expected: ['M1'],
    event: 'messages.delete',
  },
  {
    name: 'star',
    collection: 'regular_high',
    make: sock => sock.star(CHAT, [{ id: 'M1' }, { id: 'M2', fromMe: true }], true),
    seen: phone => phone.appState.model.starred.map(({ id, fromMe }) => [id, fromMe]),
    expected: [
      ['M1', false],
      ['M2', true],
    ],
    event: 'messages.update',
  },
  {
    name: 'addOrEditContact',
    collection: 'critical_unblock_low',
    make: sock => sock.addOrEditContact(CHAT, { fullName: 'Carol' }),
    seen: phone => phone.appState.model.contact(CHAT)?.fullName,
    expected: 'Carol',
    event: 'contacts.upsert',
  },
  {
    name: 'addLabel',
    collection: 'regular',
    make: sock => sock.addLabel(CHAT, { id: '7', name: 'VIP', color: 3 }),
    seen: phone => phone.appState.model.labels.get('7')?.name,
    expected: 'VIP',
    event: 'labels.edit',
  },
  {
    name: 'addChatLabel',
    collection: 'regular',
    make: sock => sock.addChatLabel(CHAT, '7'),
    seen: phone => phone.appState.chat(CHAT).labels,
    expected: ['7'],
    event: 'labels.association',
  },
  {
    name: 'addMessageLabel',
    collection: 'regular',
    make: sock => sock.addMessageLabel(CHAT, 'M1', '7'),
    seen: phone => phone.appState.model.labelled('7').map(({ id }) => id),
    expected: ['M1'],
    event: 'labels.association',
  },
  {
    name: 'addOrEditQuickReply',
    collection: 'regular',
    make: sock => sock.addOrEditQuickReply({ timestamp: '5', shortcut: '/hi', message: 'Hello' }),
    seen: phone => phone.appState.model.quickReplies.get('5')?.message,
    expected: 'Hello',
    event: 'app-state.action',
  },
  {
    name: 'updateProfileName',
    collection: 'critical_block',
    make: sock => sock.updateProfileName('Alicia'),
    seen: phone => phone.appState.model.value('setting_pushName')?.pushNameSetting?.name,
    expected: 'Alicia',
    event: 'creds.update',
  },
  {
    name: 'updateDisableLinkPreviewsPrivacy',
    collection: 'regular',
    make: sock => sock.updateDisableLinkPreviewsPrivacy(true),
    seen: phone =>
      phone.appState.model.value('setting_disableLinkPreviews')?.privacySettingDisableLinkPreviewsAction
        ?.isPreviewsDisabled,
    expected: true,
    event: 'settings.update',
  },
]

/** Pairs of a change and what takes it back. */
const reversals: readonly (Pick<Change, 'name' | 'seen' | 'expected'> & {
  readonly steps: readonly ((socket: WASocket) => Promise<void>)[]
})[] = [
  {
    name: 'removeContact',
    steps: [sock => sock.addOrEditContact(CHAT, { fullName: 'Carol' }), sock => sock.removeContact(CHAT)],
    seen: phone => phone.appState.model.contact(CHAT),
    expected: undefined,
  },
  {
    name: 'removeChatLabel',
    steps: [sock => sock.addChatLabel(CHAT, '7'), sock => sock.removeChatLabel(CHAT, '7')],
    seen: phone => phone.appState.chat(CHAT).labels,
    expected: [],
  },
  {
    name: 'removeMessageLabel',
    steps: [sock => sock.addMessageLabel(CHAT, 'M1', '7'), sock => sock.removeMessageLabel(CHAT, 'M1', '7')],
    seen: phone => phone.appState.model.labelled('7'),
    expected: [],
  },
  {
    name: 'removeQuickReply',
    steps: [sock => sock.addOrEditQuickReply({ timestamp: '5', shortcut: '/hi' }), sock => sock.removeQuickReply('5')],
    seen: phone => [...phone.appState.model.quickReplies.keys()],
    expected: [],
  },
  {
    name: 'appPatch',
    steps: [
      sock =>
        sock.appPatch({
          type: 'regular_low',
          index: ['pin_v1', CHAT],
          syncAction: { timestamp: 1_700_000_000_000, pinAction: { pinned: true } },
          apiVersion: 5,
          operation: 0,
        }),
    ],
    seen: phone => phone.appState.chat(CHAT).pinnedAt,
    expected: 1_700_000_000_000,
  },
]

describe('a change by the program', () => {
  it('each of them reaches the phone, comes as an event, and fails when the server refuses it', async () => {
    const { alice, bot } = await scene()
    for (const { name, collection, make, seen, expected, event } of changes) {
      const before = seen(alice)
      fault(world(), {
        operation: 'upload',
        match: { collection: collection as (typeof NAMES)[number], device: bot.jid },
        action: { kind: 'error', code: 400 },
      })
      await expect(make(bot.socket), name).rejects.toMatchObject({ code: 'app-state-refused', data: { code: 400 } })
      expect(seen(alice), `${name}, refused`).toEqual(before)
      const count = told(bot, event).length
      await make(bot.socket)
      expect(seen(alice), name).toEqual(expected)
      await bot.waitFor(() => told(bot, event).length > count, `${event} after ${name}`)
    }
    expect(bot.auth.creds.me?.name).toBe('Alicia')
  })

  it('can be taken back', async () => {
    const { alice, bot } = await scene()
    for (const { name, steps, seen, expected } of reversals) {
      for (const step of steps) await step(bot.socket)
      expect(seen(alice), name).toEqual(expected)
    }
    await bot.waitFor(
      () => told(bot, 'contacts.update').some(updates => updates.some(({ id, name }) => id === CHAT && !name)),
      'the contact without its name',
    )
  })

  it('reaches the other companion of the account', async () => {
    const { alice, bot } = await scene()
    const other = await world().linked(alice, { config })
    await other.waitFor(() => other.auth.creds.myAppStateKeyId, 'a key')
    await bot.socket.chatModify({ mute: 5_000_000_000_000 }, CHAT)
    await other.waitFor(
      () => updatesOf(other, CHAT).some(({ muteEndTime }) => muteEndTime === 5_000_000_000_000),
      'mute',
    )
    await other.socket.chatModify({ mute: null }, CHAT)
    await bot.waitFor(() => updatesOf(bot, CHAT).some(({ muteEndTime }) => muteEndTime === null), 'no mute')
    expect(alice.appState.chat(CHAT).mutedUntil).toBeUndefined()
  })

  it('is made on what another device has changed meanwhile: one fetch and one upload more', async () => {
    const { alice, bot, requests } = await scene()
    fault(world(), {
      operation: 'upload',
      match: { device: bot.jid },
      action: { kind: 'error', code: 409 },
    })
    await bot.socket.chatModify({ pin: true }, CHAT)
    expect(requests).toEqual(['regular_low', 'regular_low upload', 'regular_low', 'regular_low upload'])
    expect(alice.appState.chat(CHAT).pinnedAt).toBeDefined()
    await synced(alice, bot)
  })

  it('whose answer gets lost is found on the server', async () => {
    const { alice, bot, requests } = await scene()
    await bot.end()
    await bot.reconnect({ ...config, defaultQueryTimeoutMs: 300 })
    requests.length = 0
    fault(world(), { operation: 'upload', match: { device: bot.jid }, action: { kind: 'silence' } })
    await bot.socket.chatModify({ pin: true }, CHAT)
    expect(requests).toEqual(['regular_low', 'regular_low upload', 'regular_low'])
    await synced(alice, bot)
  })

  it('is not possible while the phone has shared no key', async () => {
    const alice = await world().phone('Alice', { shareAppStateKey: false })
    const bot = await world().linked(alice, { config })
    await expect(bot.socket.chatModify({ pin: true }, CHAT)).rejects.toMatchObject({
      code: 'app-state-key-missing',
      output: { statusCode: 400 },
    })
  })
})

describe('a change by the phone', () => {
  it('comes as an event, also when the program was away', async () => {
    const { alice, bot, requests } = await scene()
    await alice.appState.change({ action: 'archive', chat: CHAT, on: true }, { action: 'push-name', name: 'Alicia' })
    await bot.waitFor(() => updatesOf(bot, CHAT).some(({ archived }) => archived === true), 'archive')
    await bot.waitFor(() => bot.auth.creds.me?.name === 'Alicia', 'name')
    await bot.end()
    await alice.appState.change({ action: 'mute', chat: CHAT, until: -1 })
    requests.length = 0
    await bot.reconnect()
    await bot.waitFor(() => updatesOf(bot, CHAT).some(({ muteEndTime }) => muteEndTime === -1), 'mute')
    expect(requests).toContain('regular_high')
    await synced(alice, bot)
  })

  it('of many at a time comes in slices and files', async () => {
    const { alice, bot } = await scene()
    const chats = Array.from({ length: 150 }, (_, index) => `${628_000_000 + index}@s.whatsapp.net`)
    world().service.appState.patchesPerAnswer = 2
    await alice.appState.change(...chats.map(chat => ({ action: 'pin', chat, on: true }) as const))
    for (const chat of chats.slice(0, 5)) await alice.appState.change({ action: 'pin', chat, on: false })
    await synced(alice, bot)
    const pinned = new Map(told(bot, 'chats.update').flatMap(list => list.map(({ id, pinned }) => [id, pinned])))
    const isPinned = (chat: string) => typeof pinned.get(chat) === 'number'
    expect(chats.filter(isPinned)).toEqual(chats.slice(5))
  })

  it('is told again when the process dies before its handlers are through, and not after that', async () => {
    const alice = await world().phone('Alice')
    const state = new CrashingState()
    const bot = await world().linked(alice, { auth: state.state, config })
    await bot.waitFor(() => bot.auth.creds.myAppStateKeyId, 'a key')
    await synced(alice, bot)
    const never = bot.socket.ev.process(events => (events['chats.update'] ? new Promise(() => {}) : undefined))
    await alice.appState.change({ action: 'pin', chat: CHAT, on: true })
    await bot.waitFor(() => updatesOf(bot, CHAT).length > 0, 'pin')
    const next = await killAndRestart(world(), { state, bot }, { config })
    never()
    await next.again.waitFor(() => updatesOf(next.again, CHAT).some(({ pinned }) => pinned), 'the pin again')
    await synced(alice, next.again)
    const third = await killAndRestart(world(), { state: next.state, bot: next.again }, { config })
    await alice.appState.change({ action: 'mute', chat: CHAT, until: -1 })
    await third.again.waitFor(() => updatesOf(third.again, CHAT).length > 0, 'mute')
    expect(updatesOf(third.again, CHAT)).toEqual([{ id: CHAT, muteEndTime: -1 }])
  })
})

describe('the first sync', () => {
  it('comes with the history: all collections, then online', async () => {
    const alice = await world().phone('Alice', { history: { invented: { chats: 3, messagesPerChat: 2 } } })
    await alice.appState.change({ action: 'contact', jid: CHAT, contact: { fullName: 'Carol' } })
    const bot = await world().linked(alice)
    await bot.waitFor(() => bot.auth.creds.accountSyncCounter === 1, 'the end of the first sync')
    await bot.waitFor(
      () => told(bot, 'contacts.upsert').some(list => list.some(({ name }) => name === 'Carol')),
      'the contact',
    )
    await synced(alice, bot)
    expect(bot.socket.ev.isBuffering()).toBe(false)
  })

  it('marks the chats of the history', async () => {
    const alice = await world().phone('Alice', { history: { invented: { chats: 3, messagesPerChat: 2 } } })
    const first = await world().linked(alice)
    const chat = await first.waitFor(() => told(first, 'messaging-history.set')[0]?.chats[0]?.id, 'a chat')
    await alice.appState.change({ action: 'pin', chat, on: true })
    const bot = await world().linked(alice)
    const marks = () => updatesOf(bot, chat).some(({ pinned }) => typeof pinned === 'number')
    const inHistory = () =>
      told(bot, 'messaging-history.set').some(({ chats }) =>
        chats.some(({ id, pinned }) => id === chat && Number(pinned)),
      )
    await bot.waitFor(() => marks() || inHistory(), 'the pin')
  })
})

describe('faults (docs/app-state.md)', () => {
  const pin = (alice: Phone) => alice.appState.change({ action: 'pin', chat: CHAT, on: true })

  it.each([
    ['a wrong patch MAC', { kind: 'corrupt', part: 'patch-mac' }],
    ['a wrong hash', { kind: 'corrupt', part: 'snapshot-mac' }],
    ['a changed value', { kind: 'corrupt', part: 'value' }],
    ['a wrong index', { kind: 'corrupt', part: 'index' }],
    ['bytes that are no patch', { kind: 'corrupt', part: 'bytes' }],
    ['a patch of a far version', { kind: 'version', by: 5 }],
  ] as const)('%s: the collection is fetched as a whole, once', async (_, action) => {
    const { alice, bot, requests } = await scene()
    fault(world(), { operation: 'fetch', match: { device: bot.jid, answer: 'patches' }, action })
    await pin(alice)
    await synced(alice, bot)
    expect(requests).toEqual(['regular_low', 'regular_low snapshot'])
    expect(updatesOf(bot, CHAT).at(-1)).toMatchObject({ pinned: expect.any(Number) })
  })

  it('a gap between patches: likewise', async () => {
    const { alice, bot, requests } = await scene()
    fault(world(), { operation: 'fetch', match: { device: bot.jid, answer: 'patches' }, action: { kind: 'gap' } })
    await bot.end()
    await pin(alice)
    await alice.appState.change({ action: 'pin', chat: CHAT, on: false })
    await bot.reconnect()
    await synced(alice, bot)
    expect(requests).toEqual(['regular_low', 'regular_low snapshot'])
  })

  it('a file that has gone from the media host is asked for anew', async () => {
    const { alice, bot, requests } = await scene()
    const chats = Array.from({ length: 120 }, (_, index) => `${628_000_000 + index}@s.whatsapp.net`)
    world().service.media.faults.add({
      operation: 'download',
      match: { type: 'md-app-state' },
      times: 1,
      action: { kind: 'status', code: 404 },
    })
    await alice.appState.change(...chats.map(chat => ({ action: 'pin', chat, on: true }) as const))
    await synced(alice, bot)
    expect(requests).toEqual(['regular_low', 'regular_low snapshot'])
  })

  it.each([
    [503, ['regular_low', 'regular_low']],
    [409, ['regular_low']],
  ])('a collection that is answered with %i', async (code, expected) => {
    const { alice, bot, requests } = await scene()
    fault(world(), { operation: 'fetch', match: { device: bot.jid }, action: { kind: 'error', code } })
    await pin(alice)
    await bot.waitFor(() => requests.length === expected.length, 'requests')
    if (code !== 409) await synced(alice, bot)
    expect(requests).toEqual(expected)
  })

  it('a collection that another device has ended is left alone', async () => {
    const { alice, bot, requests } = await scene()
    fault(world(), { operation: 'fetch', match: { device: bot.jid }, action: { kind: 'exit', code: 1 } })
    await pin(alice)
    await bot.logged('app-state-terminated')
    expect(requests).toEqual(['regular_low'])
  })

  it('a key that was not shared is asked for, and the collection goes on with it', async () => {
    const { alice, bot, requests } = await scene()
    const [first] = alice.appState.keys
    await alice.appState.rotateKey({ share: false, announce: false })
    await pin(alice)
    await synced(alice, bot)
    expect(requests).toEqual(['regular_low', 'regular_low'])
    const newest = Buffer.from(alice.appState.keys.at(-1)!.id).toString('base64')
    expect(bot.auth.creds.myAppStateKeyId).toBe(newest)
    expect(newest).not.toBe(Buffer.from(first!.id).toString('base64'))
    await bot.socket.chatModify({ pin: false }, CHAT)
    expect(alice.appState.chat(CHAT).pinnedAt).toBeUndefined()
  })

  it('a key that the phone withholds: the collection waits, and goes on when it is shared', async () => {
    const { alice, bot, requests } = await scene()
    alice.appState.withholdKeys = true
    await alice.appState.rotateKey({ share: false, announce: false })
    await pin(alice)
    await bot.waitFor(
      () => bot.log.entries.some(entry => entry.message === 'the phone does not have keys of the app state either'),
      'the answer of the phone',
    )
    await expect(bot.socket.chatModify({ pin: false }, CHAT)).rejects.toMatchObject({ code: 'app-state-key-missing' })
    alice.appState.withholdKeys = false
    await alice.appState.shareKeys(bot.jid)
    await synced(alice, bot)
    expect(requests.filter(request => request.includes('snapshot'))).toEqual([])
  })

  it('an announced rotation: nothing is written with the old key any more', async () => {
    const { alice, bot } = await scene()
    const before = bot.auth.creds.myAppStateKeyId
    await alice.appState.rotateKey()
    await synced(alice, bot)
    expect(bot.auth.creds.myAppStateKeyId).not.toBe(before)
    await bot.socket.chatModify({ mute: -1 }, CHAT)
    expect(alice.appState.chat(CHAT).mutedUntil).toBe(-1)
  })

  it('a collection that is damaged as a whole is copied from the phone', async () => {
    const { alice, bot, requests } = await scene()
    const damaged = { kind: 'corrupt', part: 'value' } as const
    fault(world(), { operation: 'fetch', match: { device: bot.jid, answer: 'patches' }, action: damaged })
    fault(world(), { operation: 'fetch', match: { device: bot.jid, answer: 'snapshot' }, action: damaged })
    await pin(alice)
    await bot.logged('app-state-mac-mismatch')
    await synced(alice, bot)
    expect(requests.slice(0, 2)).toEqual(['regular_low', 'regular_low snapshot'])
    expect(updatesOf(bot, CHAT).at(-1)).toMatchObject({ pinned: expect.any(Number) })
    await bot.socket.chatModify({ pin: false }, CHAT)
    expect(alice.appState.chat(CHAT).pinnedAt).toBeUndefined()
  })
})
