import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { cleanMessage, isRealMessage } from './clean.js'
import type { MessageEffect } from './message-effects.js'
import { decodeLidMigration } from './protocol-effects.js'
import { messageSideEffects } from './side-effects.js'
import { hex, me, plain, readFixture, withoutEmptyLists } from './testing/fixtures.js'

interface Case {
  name: string
  input: Omit<WAMessage, 'message'> & { messageProtoHex?: string }
  credentials?: { accountSettings: { unarchiveChats: boolean } }
  realMessage: boolean
  events: { event: string; data: unknown }[]
  storeWrites: Record<string, unknown>[]
}
const { cases } = readFixture<{ cases: Case[] }>('vectors/03-process-message.json')

/** History is taken apart elsewhere; here it is handed over. */
const elsewhere = /^history_/
/**
 * Baileys reads nothing of their inner keys but the id (03, 4.5). They are brought into our view here: as they stand in
 * the vectors they would change a message of somebody else, which 03, 12 forbids.
 */
const uncleaned = /^edit/
const inAnotherChat = /^revoke/

function messageOf({ messageProtoHex, ...rest }: Case['input']): WAMessage {
  return messageProtoHex === undefined ? rest : { ...rest, message: proto.Message.decode(hex(messageProtoHex)) }
}

/** The events of the vector files: JSON forms, without empty lists that a decoded message has. */
function eventsOf(effects: readonly MessageEffect[]): unknown[] {
  return effects.flatMap(effect => {
    if (effect.kind === 'authored-change') return eventsOf([effect.event])
    if (effect.kind === 'event') return [{ event: effect.event, data: comparable(effect.data) }]
    if (effect.kind !== 'resent-by-phone') return []
    const data = { messages: [effect.message], type: 'notify', requestId: effect.requestId }
    return [{ event: 'messages.upsert', data: comparable(data) }]
  })
}

function comparable(value: unknown): unknown {
  return withoutEmptyLists(plain(value))
}

describe('effects of a message', () => {
  for (const { name, input, credentials, realMessage, events, storeWrites } of cases) {
    const message = messageOf(input)
    if (uncleaned.test(name)) cleanMessage(message, me.id, me.lid)
    if (inAnotherChat.test(name)) message.message!.protocolMessage!.key!.remoteJid = message.key.remoteJid!
    const effects = messageSideEffects(message, {
      me,
      unarchiveChats: credentials?.accountSettings.unarchiveChats ?? false,
    })

    it(`${name}: real or not`, () => expect(isRealMessage(message)).toBe(realMessage))
    if (elsewhere.test(name)) continue

    // Which key is used is decided where all of them are known (socket/app-state-keys.ts).
    const expected = name === 'app_state_key_share' ? [] : events
    it(`${name}: events`, () => expect(eventsOf(effects)).toEqual(withoutEmptyLists(expected)))

    for (const write of storeWrites) {
      it(`${name}: ${Object.keys(write)[0]}`, () => {
        const keys = effects.flatMap(effect => (effect.kind === 'app-state-keys' ? (effect.share.keys ?? []) : []))
        const pairs = effects.flatMap(effect => (effect.kind === 'lid-migration' ? effect.mappings : []))
        if (write['keys'] !== undefined) {
          const stored = Object.fromEntries(
            keys.map(({ keyId, keyData }) => [Buffer.from(keyId!.keyId!).toString('base64'), comparable(keyData)]),
          )
          expect({ 'app-state-sync-key': stored }).toEqual(write['keys'])
        } else if (write['lidPn'] !== undefined) expect(pairs).toEqual(write['lidPn'])
        else expect(pairs.map(({ pn, lid }) => [pn, lid])).toContainEqual(write['migrateSession'])
      })
    }
  }

  it('hands history over with its notification', () => {
    const vector = cases.find(({ name }) => name === 'history_inline')!
    const effects = messageSideEffects(messageOf(vector.input), { me, unarchiveChats: false })
    expect(effects).toMatchObject([
      { kind: 'history-sync', key: { id: 'SELF1' }, timestamp: 1_700_000_000, notification: { syncType: 4 } },
    ])
  })
})

describe('protocol messages', () => {
  const { Type } = proto.Message.ProtocolMessage
  const key = { remoteJid: '15550001111@s.whatsapp.net', fromMe: true, id: 'SELF' }
  const effectsOf = (protocolMessage: proto.Message.IProtocolMessage, change: object = {}) =>
    messageSideEffects(
      { key: { ...key, ...change }, messageTimestamp: 5, message: { protocolMessage } },
      { me, unarchiveChats: false },
    )

  it.each([
    Type.HISTORY_SYNC_NOTIFICATION,
    Type.APP_STATE_SYNC_KEY_SHARE,
    Type.LID_MIGRATION_MAPPING_SYNC,
    Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
  ])('of type %s have no effect when they are not ours', type => {
    const protocol = {
      type,
      historySyncNotification: {},
      appStateSyncKeyShare: { keys: [{ keyId: { keyId: Buffer.from('id') }, keyData: { keyData: Buffer.alloc(32) } }] },
      lidMigrationMappingSyncMessage: { encodedMappingPayload: Buffer.from('0a040801100a', 'hex') },
      peerDataOperationRequestResponseMessage: { stanzaId: 'R', peerDataOperationResult: [{}] },
    }
    expect(effectsOf(protocol, { fromMe: false, remoteJid: '2@lid' })).toEqual([])
    expect(effectsOf(protocol)).not.toEqual([])
  })

  const payload = proto.LIDMigrationMappingSyncPayload.encode({
    pnToLidMappings: [
      { pn: 15550002222, assignedLid: 11, latestLid: 22 },
      { pn: 15550003333, assignedLid: 33 },
      { pn: 0, assignedLid: 44 },
      { pn: 15550004444 },
    ],
  }).finish()
  const pairs = [
    { pn: '15550002222@s.whatsapp.net', lid: '22@lid' },
    { pn: '15550003333@s.whatsapp.net', lid: '33@lid' },
  ]

  it('inflate LID migrations (docs/protocol/02, 6.3: inflate when it starts with 1f 8b)', () => {
    expect(decodeLidMigration(gzipSync(payload))).toEqual(pairs)
    expect(decodeLidMigration(payload)).toEqual(pairs)
  })

  it('report migrations that cannot be read', () => {
    const migration = (encodedMappingPayload: Uint8Array) =>
      effectsOf({ type: Type.LID_MIGRATION_MAPPING_SYNC, lidMigrationMappingSyncMessage: { encodedMappingPayload } })
    expect(migration(Buffer.from('1f8b0000', 'hex'))).toMatchObject([
      { kind: 'unreadable', error: { code: 'unreadable-payload' } },
    ])
    const bomb = gzipSync(Buffer.alloc(17 * 1_048_576))
    expect(migration(bomb)).toMatchObject([{ kind: 'unreadable', error: { code: 'unreadable-payload' } }])
    expect(migration(Buffer.from('ff', 'hex'))).toMatchObject([
      { kind: 'unreadable', error: { code: 'invalid-protobuf' } },
    ])
  })

  it('hand other answers of the phone over, and report resends that cannot be read', () => {
    const answer = (peerDataOperationResult: object[]) =>
      effectsOf({
        type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
        peerDataOperationRequestResponseMessage: { stanzaId: 'R', peerDataOperationResult },
      })
    const result = { linkPreviewResponse: { url: 'https://a.example' } }
    expect(answer([result])).toEqual([{ kind: 'phone-answer', requestId: 'R', result }])
    const damaged = { placeholderMessageResendResponse: { webMessageInfoBytes: Buffer.from('ff', 'hex') } }
    const keyless = { placeholderMessageResendResponse: { webMessageInfoBytes: Buffer.from('1801', 'hex') } }
    expect(answer([damaged, keyless])).toMatchObject([{ kind: 'unreadable' }, { kind: 'unreadable' }])
  })

  it('say that a member label was removed', () => {
    const effects = effectsOf(
      { type: Type.GROUP_MEMBER_LABEL_CHANGE, memberLabel: { label: '' } },
      { remoteJid: '1@g.us', participant: '2@lid', fromMe: false },
    )
    expect(effects).toMatchObject([{ event: 'group.member-tag.update', data: { label: '', participant: '2@lid' } }])
  })

  it('without target have no effect', () => {
    expect(effectsOf({ type: Type.REVOKE })).toEqual([])
    expect(effectsOf({ type: Type.MESSAGE_EDIT, key: { id: 'X' } })).toEqual([])
    expect(effectsOf({ type: Type.REMINDER_MESSAGE })).toEqual([])
  })
})

const group = '120363000000000001@g.us'
const contextOfMe = { me, unarchiveChats: false }

it('keeps the secret of a real message for its add-ons', () => {
  const messageSecret = Buffer.alloc(32, 1)
  const message: WAMessage = {
    key: { remoteJid: '2@lid', fromMe: false, id: 'M' },
    message: { conversation: 'x', messageContextInfo: { messageSecret } },
  }
  const parent = { key: message.key, secret: messageSecret, expectsAddOns: false, selectableOptions: 0 }
  expect(messageSideEffects(message, contextOfMe)[0]).toEqual({ kind: 'message-secret', parent })
  const poll = { pollCreationMessageV3: { selectableOptionsCount: 1 }, messageContextInfo: { messageSecret } }
  expect(messageSideEffects({ ...message, message: poll }, contextOfMe)[0]).toMatchObject({
    parent: { expectsAddOns: true, selectableOptions: 1 },
  })
  const short = { conversation: 'x', messageContextInfo: { messageSecret: Buffer.alloc(31) } }
  expect(messageSideEffects({ ...message, message: short }, contextOfMe)).toMatchObject([{ event: 'chats.update' }])
})

describe('edits and deletions (docs/protocol/03, 12: by the author or an admin only)', () => {
  const { Type } = proto.Message.ProtocolMessage
  const received = (protocolMessage: proto.Message.IProtocolMessage, key: object): MessageEffect[] => {
    const message: WAMessage = {
      key: { remoteJid: group, fromMe: false, id: 'IN', participant: '2@lid', ...key },
      messageTimestamp: 5,
      message: proto.Message.create({ protocolMessage }),
    }
    cleanMessage(message, me.id, me.lid)
    return messageSideEffects(message, contextOfMe)
  }
  const edit = (key: proto.IMessageKey, by = {}) =>
    received({ type: Type.MESSAGE_EDIT, key, editedMessage: { conversation: 'new' } }, by)
  const revoke = (key: proto.IMessageKey, by = {}) => received({ type: Type.REVOKE, key }, by)
  const inDirectChat = { remoteJid: '2@lid', participant: undefined }

  it('of the own message claim the right of its author', () => {
    expect(edit({ remoteJid: group, fromMe: true, id: 'OLD' })).toMatchObject([
      {
        right: 'author',
        change: 'edit',
        targetId: 'OLD',
        event: { data: [{ key: { participant: '2@lid', id: 'OLD' } }] },
      },
    ])
    expect(revoke({ remoteJid: group, fromMe: true, id: 'OLD' })).toMatchObject([
      { right: 'author', change: 'revoke', event: { data: [{ key: { participant: '2@lid', id: 'OLD' } }] } },
    ])
    expect(revoke({ remoteJid: me.lid, fromMe: true, id: 'OLD' }, inDirectChat)).toMatchObject([{ right: 'author' }])
  })

  it("of somebody else's message are an admin's, and name the message as it is known here", () => {
    const ours = { remoteJid: group, fromMe: false, id: 'OLD', participant: me.lid }
    expect(revoke(ours)).toMatchObject([
      { right: 'admin', event: { data: [{ key: { remoteJid: group, fromMe: true, id: 'OLD' } }] } },
    ])
    expect(revoke({ ...ours, participant: '3@lid' })).toMatchObject([
      { right: 'admin', event: { data: [{ key: { fromMe: false, participant: '3@lid' } }] } },
    ])
    expect(edit(ours)).toEqual([])
    expect(edit({ ...ours, participant: '3@lid' })).toEqual([])
  })

  it('reach no further than the own messages in a chat of two', () => {
    expect(revoke({ remoteJid: me.lid, fromMe: false, id: 'OLD' }, inDirectChat)).toEqual([])
    expect(edit({ remoteJid: me.lid, fromMe: false, id: 'OLD' }, inDirectChat)).toEqual([])
  })
})

describe('content that changes other messages', () => {
  const received = (content: proto.IMessage) =>
    messageSideEffects(
      {
        key: { remoteJid: group, fromMe: false, id: 'IN', participant: '2@lid' },
        messageTimestamp: 50,
        message: proto.Message.create(content),
      },
      contextOfMe,
    )
  const target = { remoteJid: group, fromMe: true, id: 'OLD' }

  it('pins it for a while, or takes the pin off', () => {
    const messageContextInfo = { messageAddOnDurationInSecs: 86_400 }
    const pin = { key: target, type: 1, senderTimestampMs: 49_000 }
    expect(received({ pinInChatMessage: pin, messageContextInfo })).toMatchObject([
      {
        event: 'messages.update',
        data: [
          {
            key: target,
            update: {
              pinInChat: {
                type: 1,
                key: { id: 'IN' },
                senderTimestampMs: 49_000,
                serverTimestampMs: 50_000,
                messageAddOnContextInfo: messageContextInfo,
              },
            },
          },
        ],
      },
    ])
    expect(received({ pinInChatMessage: { ...pin, type: 2 } })).toMatchObject([{ event: 'messages.update' }])
    // A pin without a time is not honoured (docs/protocol/03, 2.4).
    expect(received({ pinInChatMessage: pin })).toEqual([])
  })

  it('keeps it in a chat whose messages disappear', () => {
    expect(received({ keepInChatMessage: { key: target, keepType: 1, timestampMs: 49_000 } })).toMatchObject([
      {
        data: [{ key: target, update: { keepInChat: { keepType: 1, clientTimestampMs: 49_000, key: { id: 'IN' } } } }],
      },
    ])
  })

  it('hands sealed add-ons over, none of which makes the chat unread', () => {
    const sealed = { targetMessageKey: target, encPayload: Buffer.alloc(20), encIv: Buffer.alloc(12) }
    const handedOver = (content: proto.IMessage) =>
      received(content).map(effect => (effect.kind === 'sealed-add-on' ? effect.addOn.useCase : effect.kind))
    expect(handedOver({ encReactionMessage: sealed })).toEqual(['Enc Reaction'])
    expect(handedOver({ secretEncryptedMessage: { ...sealed, secretEncType: 2 } })).toEqual(['Message Edit'])
    expect(handedOver({ secretEncryptedMessage: { ...sealed, secretEncType: 3 } })).toEqual([])
    expect(handedOver({ encEventResponseMessage: { ...sealed, eventCreationMessageKey: target } })).toEqual([
      'Event Response',
    ])
    expect(handedOver({ pollUpdateMessage: { pollCreationMessageKey: target, vote: sealed } })).toEqual(['Poll Vote'])
    // A comment is a message that people read.
    expect(handedOver({ encCommentMessage: sealed })).toEqual(['Enc Comment', 'event'])
  })

  it('switches the privacy of its chat, and cannot change a group by a message', () => {
    const { Type } = proto.Message.ProtocolMessage
    const limitSharing = { sharingLimited: true, trigger: 1, limitSharingSettingTimestamp: 9, initiatedByMe: true }
    expect(received({ protocolMessage: { type: Type.LIMIT_SHARING, limitSharing } })).toMatchObject([
      { data: [{ limitSharing: true, limitSharingTrigger: 1, limitSharingInitiatedByMe: false }] },
    ])
    expect(received({ protocolMessage: { type: Type.EPHEMERAL_SETTING, ephemeralExpiration: 1 } })).toEqual([])
  })
})

describe('system lines of groups (docs/protocol/03, 11)', () => {
  const { StubType } = proto.WebMessageInfo
  const line = (messageStubType: proto.WebMessageInfo.StubType, messageStubParameters: string[]) =>
    messageSideEffects(
      {
        key: { remoteJid: group, fromMe: false, id: 'N', participant: '2@lid' },
        messageStubType,
        messageStubParameters,
      },
      contextOfMe,
    )
  const member = (fields: object) => JSON.stringify({ admin: null, ...fields })

  it('about us are recognised under either name', () => {
    const chatUpdate = (name: object) => line(StubType.GROUP_PARTICIPANT_REMOVE, [member(name)])[1]
    expect(chatUpdate({ id: '100000000000001@lid' })).toMatchObject({ data: [{ id: group, readOnly: true }] })
    expect(chatUpdate({ id: '9@lid', lid: '100000000000001@lid' })).toMatchObject({ data: [{ readOnly: true }] })
    expect(chatUpdate({ id: '15550001111@s.whatsapp.net' })).toMatchObject({ data: [{ readOnly: true }] })
    expect(chatUpdate({ id: '9@lid' })).toBeUndefined()
    expect(line(StubType.GROUP_PARTICIPANT_ADD, [member({ id: me.lid })])[1]).toMatchObject({
      data: [{ readOnly: false }],
    })
  })

  it.each([
    [StubType.GROUP_CHANGE_RESTRICT, 'on', { restrict: true }],
    [StubType.GROUP_CHANGE_DESCRIPTION, 'About', { desc: 'About' }],
    [StubType.GROUP_CHANGE_INVITE_LINK, 'CODE', { inviteCode: 'CODE' }],
    [StubType.GROUP_MEMBER_ADD_MODE, 'all_member_add', { memberAddMode: true }],
    [StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE, 'off', { joinApprovalMode: false }],
  ])('%s', (type, value, change) => {
    expect(line(type, [value])[0]).toMatchObject({
      event: 'groups.update',
      data: [{ id: group, author: '2@lid', ...change }],
    })
  })

  it.each([
    [StubType.GROUP_PARTICIPANT_INVITE, 'add'],
    [StubType.GROUP_PARTICIPANT_ADD_REQUEST_JOIN, 'add'],
    [StubType.GROUP_PARTICIPANT_LEAVE, 'remove'],
    [StubType.GROUP_PARTICIPANT_PROMOTE, 'promote'],
    [StubType.GROUP_PARTICIPANT_DEMOTE, 'demote'],
    [StubType.GROUP_PARTICIPANT_CHANGE_NUMBER, 'modify'],
  ])('%s is %s', (type, action) => {
    expect(line(type, [member({ id: '3@lid' })])).toMatchObject([
      { event: 'group-participants.update', data: { action } },
    ])
  })

  it('ask for admission', () => {
    const type = StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD
    const who = JSON.stringify({ lid: '3@lid', pn: '4@s.whatsapp.net' })
    expect(line(type, [who, 'created', 'invite_link'])).toMatchObject([
      {
        event: 'group.join-request',
        data: {
          id: group,
          participant: '3@lid',
          participantPn: '4@s.whatsapp.net',
          action: 'created',
          method: 'invite_link',
        },
      },
    ])
    expect(line(type, [who, 'invented'])).toMatchObject([{ kind: 'unreadable' }])
  })

  it('that cannot be read are reported', () => {
    for (const text of ['{', '1', '{"id":5}']) {
      expect(line(StubType.GROUP_PARTICIPANT_ADD, [text])).toMatchObject([
        { kind: 'unreadable', error: { code: 'unreadable-payload' } },
      ])
    }
  })
})
