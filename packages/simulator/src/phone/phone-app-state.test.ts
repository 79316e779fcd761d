import { gunzipSync } from 'node:zlib'
import { proto } from 'kurir/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changedHash } from '../app-state/lattice-hash.js'
import { Simulator } from '../simulator.js'
import { Companion } from '../testing/companion.js'
import type { Phone } from './phone.js'
import type { PhoneAppStateChange } from './phone-app-state-changes.js'
import type { PhoneAppStateModel } from './phone-app-state-model.js'

let wa: Simulator
let alice: Phone
let bob: Phone

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'phone app state' })
  alice = await wa.phone('6281110001', { pushName: 'Alice' })
  bob = await wa.phone('6281110002', { pushName: 'Bob' })
})

afterEach(() => wa.stop())

const CHAT = '6281110002@s.whatsapp.net'
const GROUP = '1234567@g.us'
const message = { chat: GROUP, id: '3EB0', participant: CHAT }
const mark = { chat: GROUP, id: '3EB0', fromMe: false, participant: CHAT }

describe('what the owner of a phone changes', () => {
  it.each<[PhoneAppStateChange, (model: PhoneAppStateModel) => unknown, unknown]>([
    [{ action: 'archive', chat: CHAT, on: true }, model => model.chat(CHAT).archived, true],
    [{ action: 'pin', chat: CHAT, on: true }, model => typeof model.chat(CHAT).pinnedAt, 'number'],
    [{ action: 'mute', chat: CHAT, until: -1 }, model => model.chat(CHAT).mutedUntil, -1],
    [{ action: 'mute', chat: CHAT, until: null }, model => model.chat(CHAT).mutedUntil, undefined],
    [{ action: 'read', chat: CHAT, on: false }, model => model.chat(CHAT).read, false],
    [{ action: 'lock', chat: CHAT, on: true }, model => model.chat(CHAT).locked, true],
    [{ action: 'clear', chat: CHAT, media: true }, model => model.chat(CHAT).cleared, true],
    [{ action: 'delete-chat', chat: CHAT }, model => model.chat(CHAT).deleted, true],
    [{ action: 'star', message, on: true }, model => model.starred, [mark]],
    [{ action: 'star', message, on: false }, model => model.starred, []],
    [{ action: 'delete-for-me', message }, model => model.deletedForMe, [mark]],
    [{ action: 'contact', jid: CHAT, contact: { fullName: 'B' } }, model => model.contact(CHAT)?.fullName, 'B'],
    [{ action: 'contact', jid: CHAT, contact: null }, model => model.contact(CHAT), undefined],
    [{ action: 'push-name', name: 'A' }, model => model.value('setting_pushName')?.pushNameSetting?.name, 'A'],
    [{ action: 'locale', locale: 'pt_BR' }, model => model.value('setting_locale')?.localeSetting?.locale, 'pt_BR'],
    [
      { action: 'time-format', twentyFourHours: true },
      model => model.value('time_format')?.timeFormatAction?.isTwentyFourHourFormatEnabled,
      true,
    ],
    [
      { action: 'unarchive-chats', on: true },
      model => model.value('setting_unarchiveChats')?.unarchiveChatsSetting?.unarchiveChats,
      true,
    ],
    [
      { action: 'link-previews', disabled: true },
      model => model.value('setting_disableLinkPreviews')?.privacySettingDisableLinkPreviewsAction?.isPreviewsDisabled,
      true,
    ],
    [
      { action: 'relay-calls', on: true },
      model => model.value('setting_relayAllCalls')?.privacySettingRelayAllCalls?.isEnabled,
      true,
    ],
    [{ action: 'label', id: '7', label: { name: 'Paid', color: 3 } }, model => model.labels.get('7')?.name, 'Paid'],
    [{ action: 'label', id: '7', label: { deleted: true } }, model => model.labels.get('7'), undefined],
    [{ action: 'label-chat', label: '7', chat: CHAT, on: true }, model => model.chat(CHAT).labels, ['7']],
    [
      { action: 'label-message', label: '7', message, on: true },
      model => model.labelled('7').map(({ id }) => id),
      ['3EB0'],
    ],
    [
      { action: 'quick-reply', id: '1800000000', reply: { shortcut: 'hi', message: 'Hello', keywords: ['x'] } },
      model => model.quickReplies.get('1800000000')?.message,
      'Hello',
    ],
    [
      { action: 'raw', index: ['userStatusMute', CHAT], value: { userStatusMuteAction: { muted: true } } },
      model => model.value('userStatusMute', CHAT)?.userStatusMuteAction?.muted,
      true,
    ],
  ])('%j', async (change, read, expected) => {
    await alice.appState.change(change)
    expect(read(alice.appState.model)).toEqual(expected)
    expect(wa.violations).toEqual([])
  })

  it('takes a pin away with archiving, and brings a chat out of the archive with pinning', async () => {
    await alice.appState.change({ action: 'pin', chat: bob.jid, on: true })
    await alice.appState.change({ action: 'archive', chat: bob.lid, on: true })
    expect(alice.appState.chat(bob.jid)).toMatchObject({ archived: true })
    await alice.appState.change({ action: 'pin', chat: bob.lid, on: true })
    expect(alice.appState.chat(bob.jid)).toMatchObject({ archived: false })
    expect(alice.appState.version('regular_low')).toBe(3)
  })

  it('says up to where the chat was seen', async () => {
    const id = await bob.send(alice.jid, { text: 'hello' })
    const { timestamp } = await alice.waitForMessage(each => each.id === id)
    await alice.appState.change({ action: 'archive', chat: bob.jid, on: true })
    const { messageRange } = alice.appState.model.value('archive', bob.jid)?.archiveChatAction ?? {}
    expect(Number(messageRange?.lastMessageTimestamp)).toBe(timestamp)
    expect(messageRange?.messages?.map(({ key }) => key?.id)).toEqual([id])
  })

  it('is refused offline, and for actions that nobody knows', async () => {
    await expect(alice.appState.change({ action: 'raw', index: ['shout'], value: {} })).rejects.toMatchObject({
      code: 'unknown-app-state-action',
    })
    alice.goOffline()
    await expect(alice.appState.change({ action: 'pin', chat: CHAT, on: true })).rejects.toMatchObject({
      code: 'phone-offline',
    })
  })

  it('is written on the version that another change has left behind', async () => {
    const chats = Array.from({ length: 30 }, (_, number) => `${1_000_000 + number}@g.us`)
    await Promise.all(chats.map(chat => alice.appState.change({ action: 'lock', chat, on: true })))
    expect(alice.appState.version('regular_low')).toBe(30)
    const valueMacs = [...alice.appState.valueMacs('regular_low').values()]
    expect(alice.appState.hash('regular_low')).toEqual(changedHash(Buffer.alloc(128), [], valueMacs))
  })
})

describe('a companion that finds collections beyond repair', () => {
  it('makes the phone empty them, and log everybody out', async () => {
    const companion = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, alice)
    await alice.appState.change({ action: 'lock', chat: CHAT, on: true }, { action: 'push-name', name: 'A' })
    const type = proto.Message.ProtocolMessage.Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION
    const appStateFatalExceptionNotification = { collectionNames: ['regular_low'], timestamp: 1_800_000_000_000 }
    await alice.peer.answer(companion.jid, 'FATAL', { protocolMessage: { type, appStateFatalExceptionNotification } })
    await companion.closed()
    expect(alice.linkedDevices).toEqual([])
    expect(alice.appState.version('regular_low')).toBe(0)
    expect(alice.appState.chat(CHAT).locked).toBe(false)
    expect(alice.appState.version('critical_block')).toBe(1)
  })
})

describe('the plain text of a collection for a companion that cannot mend its own', () => {
  it('holds every record with its MAC, under all keys', async () => {
    await alice.appState.change({ action: 'lock', chat: CHAT, on: true })
    await alice.appState.rotateKey()
    await alice.appState.change({ action: 'pin', chat: CHAT, on: true })
    const { collectionSnapshot, isCompressed } = alice.appState.recovery('regular_low')
    expect(isCompressed).toBe(true)
    const recovery = proto.SyncdSnapshotRecovery.decode(gunzipSync(collectionSnapshot ?? Buffer.alloc(0)))
    expect(Number(recovery.version?.version)).toBe(3)
    const records = recovery.mutationRecords.map(({ value, keyId }) => [
      Buffer.from(value?.index ?? []).toString(),
      Buffer.from(keyId ?? []).readUInt32BE(2) - (alice.appState.keys[0]?.epoch ?? 0),
    ])
    expect(records).toEqual([
      [JSON.stringify(['lock', CHAT]), 0],
      ['["sentinel"]', 1],
      [JSON.stringify(['pin_v1', CHAT]), 1],
    ])
    const hash = changedHash(
      Buffer.alloc(128),
      [],
      recovery.mutationRecords.map(({ mac }) => mac ?? Buffer.of()),
    )
    expect(hash).toEqual(Buffer.from(recovery.collectionLthash ?? []))
    expect(alice.appState.recovery('secrets')).toEqual({})
  })
})
