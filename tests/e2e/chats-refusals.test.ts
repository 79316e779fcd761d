import { type FaultRule, type Phone, Simulator } from '@kurir/simulator'
import type { BaileysEventMap, WAMessage, WAPatchName, WASocket } from 'kurir'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { png } from '../kinds/files.js'
import { type KurirClient, rejection } from './support/kurir-client.js'
import { World } from './support/world.js'

let world: World
let owner: Phone
let friend: Phone
let client: KurirClient
/** What the client has asked or told the service, but for what it does by itself. */
let asked: string[] = []
const UNASKED = ['ack', 'receipt', 'w:p']

beforeAll(async () => {
  world = new World(await Simulator.start({ seed: 'refused requests' }))
  owner = await world.phone('Owner')
  friend = await world.phone('Friend')
  await friend.people.setPicture(Buffer.of(0xff, 0xd8, 0xff, 1))
  friend.business.open('Bakery')
  await owner.people.exclude('profile', [friend.lid])
  client = await world.linked(owner, { config: { shouldSyncHistoryMessage: () => false } })
  await client.waitFor(() => client.auth.creds.myAppStateKeyId, 'a key')
  // All that the login asks for has been answered.
  await client.waitFor(() => client.events.some(({ name }) => name === 'blocklist.set'), 'the blocklist')
  await client.socket.resyncAppState(COLLECTIONS, false)
  world.service.onStanza(({ direction, device, node }) => {
    if (direction !== 'from-client' || device !== client.jid) return
    const what = node.attrs['xmlns'] ?? node.tag
    if (!UNASKED.includes(what)) asked.push(what)
  })
})

afterEach(() => {
  world.service.faults.clear()
  world.service.appState.faults.clear()
  asked = []
  expect(world.violations).toEqual([])
})

afterAll(() => world.end())

const CHAT = '6281119999@s.whatsapp.net'
const COLLECTIONS: readonly WAPatchName[] = [
  'critical_block',
  'critical_unblock_low',
  'regular_high',
  'regular_low',
  'regular',
]
const FRIENDS_ABOUT = 'Hey there! I am using WhatsApp.'
const message = { key: { remoteJid: CHAT, id: 'M1', fromMe: false }, messageTimestamp: 1_700_000_000 }
const lastMessages = [message]

/** What the service and the phone keep of the account. */
const kept = () => ({
  settings: [...owner.account.privacy],
  exceptions: [...owner.account.exceptions].map(([name, { hash }]) => [name, hash]),
  blocked: [...owner.account.blocked],
  about: owner.account.about,
  picture: owner.account.picture,
  timer: owner.account.disappearingMode,
  collections: COLLECTIONS.map(name => owner.appState.version(name)),
})

const told = <Name extends keyof BaileysEventMap>(name: Name): BaileysEventMap[Name][] =>
  client.events.flatMap(event => (event.name === name ? [event.data as BaileysEventMap[Name]] : []))

interface Request {
  readonly member: string
  readonly match: FaultRule['match'] & object
  readonly ask: (socket: WASocket) => Promise<unknown>
  /** For changes: what the service keeps then. Questions are judged by their answer. */
  readonly seen?: () => unknown
  readonly expected: unknown
}

const change = (xmlns: string) => ({ xmlns, type: 'set' })
const question = (xmlns: string) => ({ xmlns, type: 'get' })
const setting = (member: string, ask: Request['ask'], name: string, expected: string): Request => ({
  member,
  match: change('privacy'),
  ask,
  seen: () => owner.account.privacy.get(name),
  expected,
})

const requests: readonly Request[] = [
  setting('updateLastSeenPrivacy', sock => sock.updateLastSeenPrivacy('contacts'), 'last', 'contacts'),
  setting('updateOnlinePrivacy', sock => sock.updateOnlinePrivacy('match_last_seen'), 'online', 'match_last_seen'),
  setting('updateProfilePicturePrivacy', sock => sock.updateProfilePicturePrivacy('none'), 'profile', 'none'),
  setting('updateStatusPrivacy', sock => sock.updateStatusPrivacy('contacts'), 'status', 'contacts'),
  setting('updateReadReceiptsPrivacy', sock => sock.updateReadReceiptsPrivacy('none'), 'readreceipts', 'none'),
  setting('updateGroupsAddPrivacy', sock => sock.updateGroupsAddPrivacy('contacts'), 'groupadd', 'contacts'),
  setting('updateCallPrivacy', sock => sock.updateCallPrivacy('known'), 'calladd', 'known'),
  setting('updateMessagesPrivacy', sock => sock.updateMessagesPrivacy('contacts'), 'messages', 'contacts'),
  {
    member: 'fetchPrivacySettings',
    match: question('privacy'),
    ask: sock => sock.fetchPrivacySettings(true),
    expected: expect.objectContaining({ messages: 'contacts', calladd: 'known' }),
  },
  {
    member: 'updatePrivacyExceptions',
    match: change('privacy'),
    ask: sock => sock.updatePrivacyExceptions('last', { add: [friend.jid] }),
    seen: () => [...(owner.account.exceptions.get('last')?.users ?? [])].map(({ lid }) => lid === friend.lid),
    expected: [true],
  },
  {
    member: 'fetchPrivacyExceptions',
    match: question('privacy'),
    ask: sock => sock.fetchPrivacyExceptions('last').then(([first]) => first?.jid === friend.lid),
    expected: true,
  },
  {
    member: 'fetchStatusAudience',
    match: question('status'),
    ask: sock => sock.fetchStatusAudience(),
    expected: { type: 'contacts', users: [] },
  },
  {
    member: 'updateDefaultDisappearingMode',
    match: change('disappearing_mode'),
    ask: sock => sock.updateDefaultDisappearingMode(86_400),
    seen: () => owner.account.disappearingMode.duration,
    expected: 86_400,
  },
  {
    member: 'updateBlockStatus, block',
    match: change('blocklist'),
    ask: sock => sock.updateBlockStatus(friend.jid, 'block'),
    seen: () => [...owner.account.blocked].map(({ pn }) => pn === friend.jid),
    expected: [true],
  },
  {
    member: 'fetchBlocklist',
    match: question('blocklist'),
    ask: sock => sock.fetchBlocklist().then(([first]) => first === friend.lid),
    expected: true,
  },
  {
    member: 'updateBlockStatus, unblock',
    match: change('blocklist'),
    ask: sock => sock.updateBlockStatus(friend.lid, 'unblock'),
    seen: () => owner.account.blocked.size,
    expected: 0,
  },
  {
    member: 'updateProfileStatus',
    match: change('status'),
    ask: sock => sock.updateProfileStatus('busy'),
    seen: () => owner.account.about.text,
    expected: 'busy',
  },
  {
    member: 'updateProfilePicture',
    match: change('w:profile:picture'),
    ask: sock => sock.updateProfilePicture(client.jid, png(8, 8)),
    seen: () => owner.account.picture !== undefined,
    expected: true,
  },
  {
    member: 'removeProfilePicture',
    match: change('w:profile:picture'),
    ask: sock => sock.removeProfilePicture(client.jid),
    seen: () => owner.account.picture !== undefined,
    expected: false,
  },
  {
    member: 'profilePictureUrl',
    match: question('w:profile:picture'),
    ask: sock => sock.profilePictureUrl(friend.jid),
    expected: expect.stringMatching(/^https?:/),
  },
  {
    member: 'fetchStatus',
    match: question('usync'),
    ask: sock => sock.fetchStatus(friend.jid),
    expected: [expect.objectContaining({ status: expect.objectContaining({ status: FRIENDS_ABOUT }) })],
  },
  {
    member: 'fetchDisappearingDuration',
    match: question('usync'),
    ask: sock => sock.fetchDisappearingDuration(friend.jid),
    expected: [expect.objectContaining({ disappearing_mode: { duration: 0, setAt: expect.any(Date) } })],
  },
  {
    member: 'getBusinessProfile',
    match: question('w:biz'),
    ask: sock => sock.getBusinessProfile(friend.jid).then(profile => profile?.wid === friend.jid),
    expected: true,
  },
  {
    member: 'getBotListV2',
    match: question('bot'),
    ask: sock => sock.getBotListV2(),
    expected: expect.arrayContaining([{ jid: expect.stringMatching(/@bot$/), personaId: expect.any(String) }]),
  },
  {
    member: 'createCallLink',
    match: { tag: 'call', child: 'link_create' },
    ask: sock => sock.createCallLink('audio'),
    expected: expect.stringMatching(/^[\w-]{22}$/),
  },
]

describe('what the service refuses fails with its number and changes nothing, and goes when asked again', () => {
  it.each(requests)('$member', async ({ match, ask, seen, expected }) => {
    const [before, all] = [seen?.(), kept()]
    const rule = world.service.faults.add({
      direction: 'from-client',
      match: { device: client.jid, ...match },
      action: { kind: 'nack', code: 403 },
    })
    expect(await rejection(ask(client.socket))).toMatchObject({
      code: 'server-refused',
      data: 403,
      output: { statusCode: 403 },
    })
    expect(rule.hits).toBeGreaterThan(0)
    rule.remove()
    expect(seen?.()).toEqual(before)
    expect(kept()).toEqual(all)
    const answer = await ask(client.socket)
    if (seen) expect(before).not.toEqual(expected)
    expect(seen ? seen() : answer).toEqual(expected)
  })
})

interface Change {
  readonly member: string
  readonly collection: WAPatchName
  readonly prepare: (socket: WASocket) => Promise<void>
  readonly make: (socket: WASocket) => Promise<void>
  /** What the phone shows. */
  readonly seen: (phone: Phone) => unknown
  readonly before: unknown
  readonly after: unknown
}

const pinOf = (phone: Phone) => phone.appState.chat(CHAT).pinnedAt
const appPatch = (operation: 0 | 1) => (socket: WASocket) =>
  socket.appPatch({
    type: 'regular_low',
    index: ['pin_v1', CHAT],
    syncAction: { timestamp: 1_700_000_000_000, pinAction: { pinned: true } },
    apiVersion: 5,
    operation,
  })

/** What takes something back; what is made first is in app-state.test.ts. */
const changes: readonly Change[] = [
  {
    member: 'removeContact',
    collection: 'critical_unblock_low',
    prepare: sock => sock.addOrEditContact(CHAT, { fullName: 'Carol' }),
    make: sock => sock.removeContact(CHAT),
    seen: phone => phone.appState.model.contact(CHAT)?.fullName,
    before: 'Carol',
    after: undefined,
  },
  {
    member: 'removeChatLabel',
    collection: 'regular',
    prepare: sock => sock.addChatLabel(CHAT, '7'),
    make: sock => sock.removeChatLabel(CHAT, '7'),
    seen: phone => phone.appState.chat(CHAT).labels,
    before: ['7'],
    after: [],
  },
  {
    member: 'removeMessageLabel',
    collection: 'regular',
    prepare: sock => sock.addMessageLabel(CHAT, 'M1', '7'),
    make: sock => sock.removeMessageLabel(CHAT, 'M1', '7'),
    seen: phone => phone.appState.model.labelled('7').map(({ id }) => id),
    before: ['M1'],
    after: [],
  },
  {
    member: 'addLabel that is deleted',
    collection: 'regular',
    prepare: sock => sock.addLabel('', { id: '7', name: 'VIP', color: 3 }),
    make: sock => sock.addLabel('', { id: '7', name: 'VIP', color: 3, deleted: true }),
    seen: phone => phone.appState.model.labels.has('7'),
    before: true,
    after: false,
  },
  {
    member: 'removeQuickReply',
    collection: 'regular',
    prepare: sock => sock.addOrEditQuickReply({ timestamp: '5', shortcut: '/hi', message: 'Hello' }),
    make: sock => sock.removeQuickReply('5'),
    seen: phone => [...phone.appState.model.quickReplies.keys()],
    before: ['5'],
    after: [],
  },
  {
    member: 'star, taken off',
    collection: 'regular_high',
    prepare: sock => sock.star(CHAT, [{ id: 'M1' }], true),
    make: sock => sock.star(CHAT, [{ id: 'M1' }], false),
    seen: phone => phone.appState.model.starred.map(({ id }) => id),
    before: ['M1'],
    after: [],
  },
  {
    member: 'chatModify unmute',
    collection: 'regular_high',
    prepare: sock => sock.chatModify({ mute: -1 }, CHAT),
    make: sock => sock.chatModify({ mute: null }, CHAT),
    seen: phone => phone.appState.chat(CHAT).mutedUntil,
    before: -1,
    after: undefined,
  },
  {
    member: 'chatModify unarchive',
    collection: 'regular_low',
    prepare: sock => sock.chatModify({ archive: true, lastMessages }, CHAT),
    make: sock => sock.chatModify({ archive: false, lastMessages }, CHAT),
    seen: phone => phone.appState.chat(CHAT).archived,
    before: true,
    after: false,
  },
  {
    member: 'chatModify read',
    collection: 'regular_low',
    prepare: sock => sock.chatModify({ markRead: false, lastMessages }, CHAT),
    make: sock => sock.chatModify({ markRead: true, lastMessages }, CHAT),
    seen: phone => phone.appState.chat(CHAT).read,
    before: false,
    after: true,
  },
  {
    member: 'chatModify unpin',
    collection: 'regular_low',
    prepare: sock => sock.chatModify({ pin: true }, CHAT),
    make: sock => sock.chatModify({ pin: false }, CHAT),
    seen: phone => pinOf(phone) !== undefined,
    before: true,
    after: false,
  },
  {
    member: 'appPatch',
    collection: 'regular_low',
    prepare: sock => sock.chatModify({ pin: false }, CHAT),
    make: appPatch(0),
    seen: pinOf,
    before: undefined,
    after: 1_700_000_000_000,
  },
  {
    member: 'appPatch that removes',
    collection: 'regular_low',
    prepare: appPatch(0),
    make: appPatch(1),
    seen: pinOf,
    before: 1_700_000_000_000,
    after: undefined,
  },
]

describe('a change of the app state that the service refuses stays undone, and goes when made again', () => {
  it.each(changes)('$member', async ({ collection, prepare, make, seen, before, after }) => {
    await prepare(client.socket)
    expect(seen(owner)).toEqual(before)
    const all = kept()
    world.service.appState.faults.add({
      operation: 'upload',
      match: { collection, device: client.jid },
      times: 1,
      action: { kind: 'error', code: 405 },
    })
    expect(await rejection(make(client.socket))).toMatchObject({
      code: 'app-state-refused',
      data: { collection, code: 405 },
      output: { statusCode: 405 },
      retryable: false,
    })
    expect(seen(owner)).toEqual(before)
    expect(kept()).toEqual(all)
    await make(client.socket)
    expect(seen(owner)).toEqual(after)
  })
})

describe('resyncAppState', () => {
  it('fails with the collection that was refused, and brings what the phone has changed when it is not', async () => {
    const match = { collection: 'regular_low', device: client.jid } as const
    world.service.appState.faults.add({ operation: 'fetch', match, action: { kind: 'error', code: 405 } })
    const pinned = () => told('chats.update').some(list => list.some(({ id, pinned }) => id === friend.jid && pinned))
    await owner.appState.change({ action: 'pin', chat: friend.jid, on: true })
    expect(await rejection(client.socket.resyncAppState(['regular', 'regular_low'], false))).toMatchObject({
      code: 'app-state-refused',
      data: { collection: 'regular_low', code: 405 },
    })
    expect(pinned()).toBe(false)
    world.service.appState.faults.clear()
    await client.socket.resyncAppState(['regular_low'], false)
    await client.waitFor(pinned, 'the pin')
  })
})

describe('cleanDirtyBits', () => {
  it('cleans what the service has marked; what it refuses stays marked', async () => {
    const dirty = () => world.service.dirty(client.jid)
    const rule = world.service.faults.add({
      direction: 'from-client',
      match: { xmlns: 'urn:xmpp:whatsapp:dirty', device: client.jid },
      action: { kind: 'nack', code: 403 },
    })
    world.service.markDirty(client.jid, 'groups')
    await client.waitFor(() => rule.hits === 1, 'the cleaning after the fetch')
    await client.socket.cleanDirtyBits('groups')
    await client.waitFor(() => rule.hits === 2, 'the cleaning by the program')
    expect(dirty()).toEqual(['groups'])
    rule.remove()
    await client.socket.cleanDirtyBits('groups')
    await expect.poll(dirty).toEqual([])
  })
})

describe('sendPresenceUpdate', () => {
  it('shows others whether we are there and what we do', async () => {
    const { socket } = client
    for (const name of ['last', 'online']) await owner.people.setPrivacy(name, 'all')
    // Then the program alone decides whether the account is there.
    owner.people.setAvailable(false)
    friend.people.subscribe(owner.lid)
    const seen = (state: string) => expect.poll(() => friend.people.presences.at(-1)).toMatchObject({ state })
    await socket.sendPresenceUpdate('unavailable')
    await seen('unavailable')
    await socket.sendPresenceUpdate('available')
    await seen('available')
    await socket.sendPresenceUpdate('composing', friend.jid)
    await seen('composing')
    await socket.sendPresenceUpdate('paused', friend.jid)
    await seen('paused')
  })
})

describe('upsertMessage', () => {
  it('hands a message over', async () => {
    const upserted = { ...message, message: { conversation: 'handed over' } } as WAMessage
    await client.socket.upsertMessage(upserted, 'append')
    await client.text('handed over')
    expect(told('messages.upsert').at(-1)).toMatchObject({ type: 'append', messages: [{ key: message.key }] })
  })
})

describe('what cannot be meant is refused before anything is sent', () => {
  const unnamed = { code: 'invalid-chat-modification', data: { what: expect.any(String) } }
  const noJid = (jid: string | undefined) => ({ code: 'invalid-jid', data: { jid } })
  const noContent = (field: string) => ({ code: 'invalid-content', data: expect.objectContaining({ field }) })
  const calls: readonly [string, (socket: WASocket) => Promise<unknown>, object][] = [
    ['star', sock => sock.star('nobody', [{ id: 'M1' }], true), unnamed],
    ['addOrEditContact', sock => sock.addOrEditContact('nobody', { fullName: 'N' }), unnamed],
    ['removeContact', sock => sock.removeContact('nobody'), unnamed],
    ['addLabel', sock => sock.addLabel(CHAT, { id: '' }), unnamed],
    ['addChatLabel', sock => sock.addChatLabel('nobody', '7'), unnamed],
    ['removeChatLabel', sock => sock.removeChatLabel(CHAT, ''), unnamed],
    ['addMessageLabel', sock => sock.addMessageLabel(CHAT, '', '7'), unnamed],
    ['removeMessageLabel', sock => sock.removeMessageLabel(CHAT, 'M1', ''), unnamed],
    ['removeQuickReply', sock => sock.removeQuickReply(''), unnamed],
    ['chatModify', sock => sock.chatModify({} as never, CHAT), unnamed],
    ['sendPresenceUpdate', sock => sock.sendPresenceUpdate('composing', 'nobody'), noJid('nobody')],
    ['presenceSubscribe', sock => sock.presenceSubscribe('nobody'), noJid('nobody')],
    ['updateBlockStatus', sock => sock.updateBlockStatus('nobody', 'block'), noJid('nobody')],
    ['updateProfilePicture', sock => sock.updateProfilePicture('nobody', png(4, 4)), noJid('nobody')],
    ['removeProfilePicture', sock => sock.removeProfilePicture('nobody'), noJid('nobody')],
    ['fetchStatus', sock => sock.fetchStatus('nobody'), { code: 'invalid-usync-query', data: { jid: 'nobody' } }],
    ['cleanDirtyBits', sock => sock.cleanDirtyBits('' as 'groups'), noContent('type')],
    ['cleanDirtyBits of no time', sock => sock.cleanDirtyBits('groups', 'today'), noContent('fromTimestamp')],
    ['createCallLink', sock => sock.createCallLink('none' as 'audio'), noContent('type')],
    ['getBusinessProfile', sock => sock.getBusinessProfile('1@g.us'), noContent('jid')],
    ['upsertMessage', sock => sock.upsertMessage({} as WAMessage, 'append'), noContent('key')],
  ]

  it.each(calls)('%s', async (_, call, error) => {
    const [all, events] = [kept(), told('messages.upsert').length]
    expect(await rejection(call(client.socket))).toMatchObject(error)
    expect(asked).toEqual([])
    expect(kept()).toEqual(all)
    expect(told('messages.upsert')).toHaveLength(events)
  })
})

describe('the mutexes', () => {
  it.each(['messageMutex', 'receiptMutex', 'notificationMutex', 'appStatePatchMutex'] as const)(
    '%s: one at a time, and an error is the business of who made it',
    async name => {
      const { mutex } = client.socket[name]
      const order: string[] = []
      const failing = mutex(async () => {
        await new Promise(resolve => setImmediate(resolve))
        order.push('first')
        throw new Error('refused')
      })
      const next = mutex(() => order.push('second'))
      await expect(failing).rejects.toThrow('refused')
      await next
      expect(order).toEqual(['first', 'second'])
    },
  )
})
