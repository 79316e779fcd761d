import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { isRealMessage } from './clean.js'
import type { MessageEffect } from './message-effects.js'
import { decodeLidMigration } from './protocol-effects.js'
import { messageSideEffects } from './side-effects.js'
import { hex, plain, readFixture } from './testing/fixtures.js'

interface Case {
  name: string
  input: Omit<WAMessage, 'message'> & { messageProtoHex?: string }
  credentials?: { accountSettings: { unarchiveChats: boolean } }
  realMessage: boolean
  events: { event: string; data: unknown }[]
  storeWrites: Record<string, unknown>[]
}
const { cases } = readFixture<{ cases: Case[] }>('vectors/03-process-message.json')

/** Group lines and history are turned into events elsewhere; here they are handed over or left alone. */
const elsewhere = /^stub_|^history_/

function messageOf({ messageProtoHex, ...rest }: Case['input']): WAMessage {
  return messageProtoHex === undefined ? rest : { ...rest, message: proto.Message.decode(hex(messageProtoHex)) }
}

/** The events of the vector files: JSON forms, without empty lists that a decoded message has. */
function eventsOf(effects: readonly MessageEffect[]): unknown[] {
  return effects.flatMap(effect => {
    if (effect.kind === 'event') return [{ event: effect.event, data: comparable(effect.data) }]
    if (effect.kind !== 'resent-by-phone') return []
    const data = { messages: [effect.message], type: 'notify', requestId: effect.requestId }
    return [{ event: 'messages.upsert', data: comparable(data) }]
  })
}

function comparable(value: unknown): unknown {
  return withoutEmptyLists(plain(value))
}

function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, member]) => !Array.isArray(member) || member.length > 0)
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutEmptyLists(member)]))
}

describe('effects of a message', () => {
  for (const { name, input, credentials, realMessage, events, storeWrites } of cases) {
    const message = messageOf(input)
    const effects = messageSideEffects(message, {
      unarchiveChats: credentials?.accountSettings.unarchiveChats ?? false,
    })

    it(`${name}: real or not`, () => expect(isRealMessage(message)).toBe(realMessage))
    if (elsewhere.test(name)) continue

    it(`${name}: events`, () => expect(eventsOf(effects)).toEqual(withoutEmptyLists(events)))

    for (const write of storeWrites) {
      it(`${name}: ${Object.keys(write)[0]}`, () => {
        const keys = effects.flatMap(effect => (effect.kind === 'app-state-keys' ? effect.keys : []))
        const pairs = effects.flatMap(effect => (effect.kind === 'lid-migration' ? effect.mappings : []))
        if (write['keys'] !== undefined) {
          const stored = Object.fromEntries(keys.map(key => [key.id, comparable(key.data)]))
          expect({ 'app-state-sync-key': stored }).toEqual(write['keys'])
        } else if (write['lidPn'] !== undefined) expect(pairs).toEqual(write['lidPn'])
        else expect(pairs.map(({ pn, lid }) => [pn, lid])).toContainEqual(write['migrateSession'])
      })
    }
  }

  it('hands history over with its notification', () => {
    const vector = cases.find(({ name }) => name === 'history_inline')!
    const effects = messageSideEffects(messageOf(vector.input), { unarchiveChats: false })
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
      { unarchiveChats: false },
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

it('keeps the secret of a real message for its add-ons', () => {
  const messageSecret = Buffer.alloc(32, 1)
  const message: WAMessage = {
    key: { remoteJid: '2@lid', fromMe: false, id: 'M' },
    message: { conversation: 'x', messageContextInfo: { messageSecret } },
  }
  expect(messageSideEffects(message, { unarchiveChats: false })[0]).toEqual({
    kind: 'message-secret',
    key: message.key,
    secret: messageSecret,
  })
})
