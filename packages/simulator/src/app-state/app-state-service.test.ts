import { type BinaryNode, getBinaryNodeChildren } from 'kurir/binary'
import { proto } from 'kurir/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Phone } from '../phone/phone.js'
import { SeededRandom } from '../random.js'
import { element } from '../router/stanzas.js'
import { Simulator } from '../simulator.js'
import { AppStateWriter, answeredCollection, type WrittenMutation } from '../testing/app-state-writer.js'
import { Companion } from '../testing/companion.js'
import { expandKey } from './app-state-keys.js'
import { readStateBlob, writeStateBlob } from './external-blob.js'
import { sealMutation } from './sealed-mutation.js'

let wa: Simulator
let alice: Phone
const open: Companion[] = []

const CHAT = '6281110002@s.whatsapp.net'
const pin = (on: boolean, chat = CHAT): WrittenMutation => ({
  index: ['pin_v1', chat],
  value: { pinAction: { pinned: on } },
  version: 5,
})

const linked = async (phone = alice): Promise<Companion> => {
  const companion = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, phone)
  open.push(companion)
  return companion
}
const violations = () => wa.violations.map(({ kind, message }) => `${kind}: ${message}`)
const isSync = ({ tag, attrs }: BinaryNode) => tag === 'notification' && attrs['type'] === 'server_sync'
const announced = (node: BinaryNode) =>
  getBinaryNodeChildren(node, 'collection').map(({ attrs }) => `${attrs['name']} ${attrs['version']}`)
const acknowledge = (companion: Companion, { attrs }: BinaryNode) =>
  companion.send(element('ack', { id: attrs['id'], to: attrs['from'], class: 'notification', type: attrs['type'] }))

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'app state' })
  alice = await wa.phone('6281110001', { sendHistory: false, shareAppStateKey: false })
})

afterEach(async () => {
  await Promise.all(open.splice(0).map(companion => companion.close()))
  await wa.stop()
})

describe('uploads', () => {
  it('are stored, told to the other devices, and read by the phone', async () => {
    const [author, other] = [await linked(), await linked()]
    const writer = new AppStateWriter(author, alice, 'regular_low')
    expect(await writer.upload([pin(true)])).toMatchObject({ version: 1, error: undefined })
    expect(announced(await other.next(isSync))).toEqual(['regular_low 1'])
    expect(alice.appState.chat(CHAT).pinnedAt).toBe(1_800_000_000_000)
    expect(alice.appState.hash('regular_low')).toEqual(writer.hash)
    expect(await writer.upload([pin(false), pin(true, '1234567@g.us')])).toMatchObject({ version: 2 })
    expect(alice.appState.chat(CHAT).pinnedAt).toBeUndefined()
    expect(alice.appState.changes.map(({ device, version, operation }) => [device, version, operation])).toEqual([
      [author.jid, 1, 'set'],
      [author.jid, 2, 'set'],
      [author.jid, 2, 'set'],
    ])
    expect(author.received.filter(isSync)).toEqual([])
    expect(violations()).toEqual([])
  })

  it('on an old version are a conflict, and bring the patches that are missing', async () => {
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    await alice.appState.change({ action: 'pin', chat: CHAT, on: true })
    await alice.appState.change({ action: 'lock', chat: CHAT, on: true })
    const conflict = await writer.upload([pin(false)])
    expect(conflict).toMatchObject({ error: '409', version: 2, hasMore: false })
    expect(conflict.patches.map(({ version }) => Number(version?.version))).toEqual([1, 2])
    writer.apply(conflict)
    expect(await writer.upload([pin(false)])).toMatchObject({ error: undefined, version: 3 })
    expect(alice.appState.hash('regular_low')).toEqual(writer.hash)
    expect(violations()).toEqual([])
  })

  it('take a record away by REMOVE, and bring it back', async () => {
    const writer = new AppStateWriter(await linked(), alice, 'critical_unblock_low')
    const contact = { index: ['contact', CHAT], value: { contactAction: { fullName: 'Bob' } }, version: 2 }
    await writer.upload([contact])
    expect(alice.appState.model.contact(CHAT)?.fullName).toBe('Bob')
    await writer.upload([{ ...contact, operation: 'remove' }])
    expect(alice.appState.model.contact(CHAT)).toBeUndefined()
    expect(alice.appState.hash('critical_unblock_low')).toEqual(Buffer.alloc(128))
    await writer.upload([contact, { ...contact, operation: 'remove' }, contact])
    expect(alice.appState.hash('critical_unblock_low')).toEqual(writer.hash)
    expect(violations()).toEqual([])
  })

  it('may hold their mutations on the media host', async () => {
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    const { key } = writer
    const content = { operation: 'set' as const, indexText: JSON.stringify(['pin_v1', CHAT]), version: 5 }
    const value = { timestamp: 1_800_000_000_000, pinAction: { pinned: true } }
    const blob = proto.SyncdMutations.encode({
      mutations: [sealMutation({ ...content, value }, key, Buffer.alloc(16, 7))],
    })
    const externalMutations = await writeStateBlob(wa.media, new SeededRandom('blob'), blob.finish())
    const answer = await writer.upload([pin(true)], {
      patch: patch => ({ ...patch, mutations: [], externalMutations }),
    })
    expect(answer).toMatchObject({ error: undefined, version: 1 })
    expect(alice.appState.chat(CHAT).pinnedAt).toBe(1_800_000_000_000)
    wa.media.expire(externalMutations.directPath ?? '')
    const gone = await writer.upload([pin(true)], { patch: patch => ({ ...patch, mutations: [], externalMutations }) })
    expect(gone.error).toBe('400')
    expect(violations()).toEqual(['invalid-app-state: regular_low: The patch is not valid: a readable patch'])
  })
})

describe('what does not hold is refused', () => {
  const damaged = (bytes: Uint8Array | null | undefined) =>
    Buffer.from(bytes ?? []).map((byte, at) => (at === 0 ? byte ^ 1 : byte))
  const record = (change: (record: proto.ISyncdRecord) => proto.ISyncdRecord) => (patch: proto.ISyncdPatch) => ({
    ...patch,
    mutations: patch.mutations?.map(each => ({ ...each, record: change(each.record ?? {}) })) ?? [],
  })
  const strange = Buffer.alloc(32, 9)
  const star = (chat: string, fromMe: string, participant: string): WrittenMutation => ({
    index: ['star', chat, '3EB0', fromMe, participant],
    value: { starAction: { starred: true } },
    version: 2,
  })

  it.each([
    ['patch MAC', { patch: (patch: proto.ISyncdPatch) => ({ ...patch, patchMac: damaged(patch.patchMac) }) }],
    ['snapshot MAC', { hash: Buffer.alloc(128, 3) }],
    ['value MAC', { patch: record(each => ({ ...each, value: { blob: damaged(each.value?.blob) } })) }],
    ['index MAC', { patch: record(each => ({ ...each, index: { blob: damaged(each.index?.blob) } })) }],
    [
      'value length',
      { patch: record(each => ({ ...each, value: { blob: each.value?.blob?.subarray(-40) ?? null } })) },
    ],
    [
      'a key that the phone has shared',
      { key: { id: Buffer.alloc(6, 1), epoch: 1, data: strange, timestamp: 0, ...expandKey(strange) } },
    ],
    ['no version of its own', { patch: (patch: proto.ISyncdPatch) => ({ ...patch, version: { version: 1 } }) }],
    ['at least one mutation', { patch: (patch: proto.ISyncdPatch) => ({ ...patch, mutations: [] }) }],
    [
      'operation',
      {
        patch: (patch: proto.ISyncdPatch) => ({ ...patch, mutations: [{ ...patch.mutations?.[0], operation: null }] }),
      },
    ],
  ])('%s', async (check, flaws) => {
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    expect(await writer.upload([pin(true)], flaws)).toMatchObject({ error: '400' })
    expect(violations()).toEqual([`invalid-app-state: regular_low: The patch is not valid: ${check}`])
    expect(alice.appState.version('regular_low')).toBe(0)
    expect(await writer.upload([pin(true)])).toMatchObject({ error: undefined, version: 1 })
  })

  it.each<[string, string, WrittenMutation]>([
    ['an unknown action', 'no client knows the action shout', { index: ['shout'] }],
    ['the wrong collection', 'star belongs to regular_high, not to regular_low', star(CHAT, '1', '0')],
    ['another version', 'pin_v1 has version 5, not 1', { ...pin(true), version: 1 }],
    [
      'spaces in the index',
      'the index of pin_v1 is compact JSON',
      { ...pin(true), indexText: `["pin_v1", "${CHAT}"]` },
    ],
    ['a part too many', 'the index of pin_v1 has 2 parts, not 3', { ...pin(true), index: ['pin_v1', CHAT, '0'] }],
    ['a device JID', 'part 1 of the index of pin_v1 is no jid: 1:2@lid', pin(true, '1:2@lid')],
    ['no value', 'pin_v1 carries pinAction, not nothing', { ...pin(true), value: {} }],
    [
      'another value',
      'pin_v1 carries pinAction, not muteAction',
      { ...pin(true), value: { muteAction: { muted: true } } },
    ],
    [
      'seconds',
      'pin_v1 has its time in milliseconds',
      { ...pin(true), value: { timestamp: 1_800_000_000, pinAction: {} } },
    ],
  ])('%s', async (_, message, mutation) => {
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    expect(await writer.upload([mutation])).toMatchObject({ error: '400' })
    expect(violations()).toEqual([`invalid-app-state: regular_low: The patch is not valid: ${message}`])
  })

  it.each([
    ['messages of others in groups without author', ['1@g.us', '0', '0'], false],
    ['messages of others in groups with author', ['1@g.us', '0', '12@lid'], true],
    ['own messages with author', ['1@g.us', '1', '12@lid'], false],
    ['own messages', ['1@g.us', '1', '0'], true],
    ['messages of a user with author', [CHAT, '0', CHAT], false],
  ] as const)('stars of %s: %s', async (_, [chat, fromMe, participant], accepted) => {
    const writer = new AppStateWriter(await linked(), alice, 'regular_high')
    expect((await writer.upload([star(chat, fromMe, participant)])).error).toBe(accepted ? undefined : '400')
    expect(violations()).toHaveLength(accepted ? 0 : 1)
  })

  it.each([
    ['in milliseconds', { lastMessageTimestamp: 1_800_000_000_000 }, 'the range of archive is in seconds'],
    [
      'without times',
      { messages: [{ key: { remoteJid: CHAT, id: 'A' } }] },
      'each message in the range of archive has its time',
    ],
    ['without keys', { messages: [{ timestamp: 1_800_000_000 }] }, 'each message in the range of archive has its key'],
  ])('a range %s', async (_, messageRange, message) => {
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    const value = { archiveChatAction: { archived: true, messageRange } }
    await writer.upload([{ index: ['archive', CHAT], value, version: 3 }])
    expect(violations()).toEqual([`invalid-app-state: regular_low: The patch is not valid: ${message}`])
  })

  it('more than a hundred mutations inline', async () => {
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    const many = Array.from({ length: 101 }, (_, number) => pin(true, `${1_000_000 + number}@g.us`))
    expect(await writer.upload(many)).toMatchObject({ error: '400' })
    expect(await writer.upload(many.slice(1))).toMatchObject({ error: undefined })
  })

  it('a version that does not exist, and a collection that is named twice', async () => {
    const companion = await linked()
    const writer = new AppStateWriter(companion, alice, 'regular_low')
    writer.version = 4
    expect(await writer.upload([pin(true)])).toMatchObject({ error: '400' })
    await writer.fetch()
    const twice = element('collection', { name: 'regular', version: '0', return_snapshot: 'false' })
    const answer = await companion.query({ xmlns: 'w:sync:app:state', type: 'set' }, [
      element('sync', {}, [twice, twice]),
    ])
    expect(answer.attrs['type']).toBe('error')
    expect(violations()).toEqual([
      'invalid-app-state: regular_low: The patch is not valid: the base version 4 does not exist',
      'invalid-app-state: regular_low has no version 4 yet',
      'invalid-app-state: a request names each collection once',
    ])
  })

  it('but lenient mode takes what other clients are known to write', async () => {
    const lenient = await wa.phone('6281110009', { validation: 'lenient', sendHistory: false, shareAppStateKey: false })
    const writer = new AppStateWriter(await linked(lenient), lenient, 'regular_low')
    expect(await writer.upload([star('1@g.us', '0', '0')])).toMatchObject({ error: undefined })
    expect(await writer.upload([pin(true)], { hash: Buffer.alloc(128, 3) })).toMatchObject({ error: '400' })
    expect(violations()).toEqual(['invalid-app-state: regular_low: The patch is not valid: snapshot MAC'])
  })
})

describe('fetches', () => {
  it('bring the patches after a version in slices', async () => {
    wa.appState.patchesPerAnswer = 2
    for (const on of [true, false, true]) await alice.appState.change({ action: 'pin', chat: CHAT, on })
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    const first = await writer.fetch()
    expect(first).toMatchObject({ version: 2, hasMore: true, snapshot: undefined })
    writer.apply(first)
    const second = await writer.fetch()
    expect(second).toMatchObject({ version: 3, hasMore: false })
    writer.apply(second)
    expect(writer.hash).toEqual(alice.appState.hash('regular_low'))
    expect((await writer.fetch()).patches).toEqual([])
  })

  it('bring a snapshot from the media host, and what was written since', async () => {
    wa.appState.snapshotLag = 1
    await alice.appState.change({ action: 'pin', chat: CHAT, on: true })
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    const first = await writer.fetch(true)
    await alice.appState.change({ action: 'lock', chat: CHAT, on: true })
    const second = await writer.fetch(true)
    expect(Buffer.from(second.snapshot ?? [])).toEqual(Buffer.from(first.snapshot ?? []))
    expect(second.patches).toHaveLength(1)
    await alice.appState.change({ action: 'read', chat: CHAT, on: true })
    const third = await writer.fetch(true)
    expect(third).toMatchObject({ version: 3, patches: [] })
    wa.media.expire(proto.ExternalBlobReference.decode(third.snapshot ?? Buffer.alloc(0)).directPath ?? '')
    expect((await writer.fetch(true)).snapshot).not.toEqual(third.snapshot)
  })

  it('of an empty collection bring version 0', async () => {
    const answer = await new AppStateWriter(await linked(), alice, 'regular').fetch(true)
    expect(answer).toMatchObject({ version: 0, patches: [], snapshot: undefined, hasMore: false })
  })

  it('bring large patches as a reference to the media host', async () => {
    const many = Array.from(
      { length: 150 },
      (_, number) => ({ action: 'lock', chat: `${1_000_000 + number}@g.us`, on: true }) as const,
    )
    await alice.appState.change(...many)
    const { patches } = await new AppStateWriter(await linked(), alice, 'regular_low').fetch()
    expect(patches[0]?.mutations).toEqual([])
    const blob = await readStateBlob(wa.media, patches[0]?.externalMutations ?? {})
    expect(proto.SyncdMutations.decode(blob).mutations).toHaveLength(150)
  })

  it('of several collections are answered together', async () => {
    await alice.appState.change({ action: 'push-name', name: 'Alicia' }, { action: 'locale', locale: 'id_ID' })
    const asked = ['critical_block', 'regular'].map(name =>
      element('collection', { name, version: '0', return_snapshot: 'true' }),
    )
    const answer = await (await linked()).query({ xmlns: 'w:sync:app:state', type: 'set' }, [
      element('sync', {}, asked),
    ])
    expect(answeredCollection(answer, 'critical_block').snapshot).toBeDefined()
    expect(answeredCollection(answer, 'regular')).toMatchObject({ version: 0, snapshot: undefined })
    expect(alice.account.pushName).toBe('Alicia')
  })
})

describe('devices that were offline', () => {
  it('hear of the newest versions once, and that the state is dirty until they have cleaned it', async () => {
    const former = await linked()
    await former.close()
    await expect.poll(() => alice.linkedDevices[0]?.online).toBe(false)
    await alice.appState.change({ action: 'pin', chat: CHAT, on: true })
    await alice.appState.change({ action: 'push-name', name: 'A' })
    await alice.appState.change({ action: 'pin', chat: CHAT, on: false })
    const again = async () => {
      const companion = await Companion.connect({ url: wa.url, root: wa.noiseRoot, creds: former.creds })
      open.push(companion)
      await companion.next(({ tag }) => tag === 'success')
      await companion.query({ xmlns: 'passive', type: 'set' }, [element('active')])
      await companion.next(
        ({ tag, content }) => tag === 'ib' && Array.isArray(content) && content[0]?.tag === 'offline',
      )
      return companion
    }
    const dirtyOf = (companion: Companion) =>
      companion.received.flatMap(node => (node.tag === 'ib' ? getBinaryNodeChildren(node, 'dirty') : []))
    const companion = await again()
    const news = await companion.next(isSync)
    expect(announced(news)).toEqual(['regular_low 2', 'critical_block 1'])
    expect(news.attrs['offline']).toBe('0')
    acknowledge(companion, news)
    const [bit] = dirtyOf(companion)
    expect(bit?.attrs['type']).toBe('syncd_app_state')
    await companion.close()
    const later = await again()
    expect(later.received.filter(isSync)).toEqual([])
    expect(dirtyOf(later)).toEqual([bit])
    const clean = (timestamp: string) =>
      later.query({ xmlns: 'urn:xmpp:whatsapp:dirty', type: 'set' }, [
        element('clean', { type: 'syncd_app_state', timestamp }),
      ])
    await clean('1')
    expect(wa.dirty(later.jid)).toEqual(['syncd_app_state'])
    await clean(bit?.attrs['timestamp'] ?? '')
    expect(wa.dirty(later.jid)).toEqual([])
    expect(violations()).toEqual(['unexpected-answer: syncd_app_state was never dirty at 1'])
  })

  it('are told what else is dirty, with its parts', async () => {
    const companion = await linked()
    wa.markDirty(companion.jid, 'account_sync', ['devices', 'blocklist'])
    const node = await companion.next(
      ({ tag, content }) => tag === 'ib' && Array.isArray(content) && content[0]?.tag === 'dirty',
    )
    expect(node.content).toMatchObject([
      { attrs: { type: 'account_sync' }, content: [{ tag: 'devices' }, { tag: 'blocklist' }] },
    ])
  })
})

describe('keys', () => {
  it('that were replaced must not be used once a device knows it', async () => {
    let now = Date.now()
    await wa.stop()
    wa = await Simulator.start({ seed: 'expiry', clock: { now: () => now, schedule: () => () => {} } })
    alice = await wa.phone('6281110001', { sendHistory: false, shareAppStateKey: false })
    const writer = new AppStateWriter(await linked(), alice, 'regular_low')
    const { key } = writer
    await alice.appState.rotateKey()
    expect(alice.appState.keys).toHaveLength(2)
    expect(writer.key.epoch).toBe(key.epoch + 1)
    expect(alice.appState.model.value('sentinel')?.keyExpiration?.expiredKeyEpoch).toBe(key.epoch)
    writer.apply(await writer.fetch())
    now += 2000
    expect(await writer.upload([pin(true)], { key })).toMatchObject({ error: undefined })
    now += 2000
    expect(await writer.upload([pin(false)], { key })).toMatchObject({ error: '400' })
    expect(await writer.upload([pin(false)])).toMatchObject({ error: undefined })
    expect(violations()).toEqual(['invalid-app-state: regular_low: The patch is not valid: a key that has not expired'])
    expect(alice.appState.hash('regular_low')).toEqual(writer.hash)
  })

  it('and collections begin anew with a new installation', async () => {
    await alice.appState.change({ action: 'pin', chat: CHAT, on: true })
    const [before] = alice.appState.keys
    await alice.reinstall()
    expect(alice.appState.version('regular_low')).toBe(0)
    expect(alice.appState.keys[0]?.data).not.toEqual(before?.data)
  })
})
