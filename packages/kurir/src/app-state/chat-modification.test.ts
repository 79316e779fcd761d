import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { buildPatch } from './build-patch.js'
import { type ChatModification, modificationMutations } from './chat-modification.js'
import { keyOfVector, plain, readFixture, type StateVector, stateOf } from './testing/vectors.js'

interface Expected {
  readonly collection: string
  readonly index: string[]
  readonly value: object
}
interface ModificationVector extends Expected {
  readonly id: string
  readonly modification: ChatModification
  readonly jid: string
  readonly actionVersion: number
  readonly operation: 'SET' | 'REMOVE'
  readonly quirk?: string
  readonly recommended?: Partial<Expected> & { readonly indexes?: string[][] }
}

const { cases, errors } = readFixture<{
  cases: ModificationVector[]
  errors: { id: string; modification: ChatModification; jid: string; errorStatus: number; error: string }[]
}>('vectors/04-chat-modify.json')

const now = 1_700_000_000_123
const chat = '5511999990000@s.whatsapp.net'
const group = '120363000000000001@g.us'
const wireValue = (value: object) => plain(proto.SyncActionValue.fromObject(value))

describe('chat modifications (docs/protocol/04, 2.4 and 2.5)', () => {
  it.each(cases)('$id $quirk', vector => {
    const { recommended } = vector
    const { collection, mutations } = modificationMutations(vector.modification, vector.jid, now)
    expect(collection).toBe(recommended?.collection ?? vector.collection)
    const [{ operation, index, value, version }] = mutations
    expect({ operation, index, version }).toEqual({
      operation: vector.operation === 'SET' ? 'set' : 'remove',
      index: recommended?.index ?? vector.index,
      version: vector.actionVersion,
    })
    // A recommended value leaves the time out.
    expect(wireValue(value ?? {})).toEqual(wireValue({ timestamp: now, ...(recommended?.value ?? vector.value) }))
    if (recommended?.indexes) expect(mutations.map(mutation => mutation.index)).toEqual(recommended.indexes)
  })

  it.each(errors)('refused: $id', ({ modification, jid, errorStatus, error }) => {
    expect(() => modificationMutations(modification, jid, now)).toThrow(
      expect.objectContaining({
        code: 'invalid-chat-modification',
        message: error,
        output: expect.objectContaining({ statusCode: errorStatus }),
      }),
    )
  })

  it('archiving takes the pin off, and pinning takes a chat out of the archive (2.9)', () => {
    const marks = (modification: ChatModification) =>
      modificationMutations(modification, chat, now).mutations.map(({ index, value }) => [
        index.join(),
        value?.pinAction?.pinned ?? value?.archiveChatAction?.archived,
      ])
    expect(marks({ archive: true, lastMessages: [] })).toEqual([
      [`archive,${chat}`, true],
      [`pin_v1,${chat}`, false],
    ])
    expect(marks({ archive: false, lastMessages: [] })).toEqual([[`archive,${chat}`, false]])
    expect(marks({ pin: true })).toEqual([
      [`pin_v1,${chat}`, true],
      [`archive,${chat}`, false],
    ])
    expect(marks({ pin: false })).toEqual([[`pin_v1,${chat}`, false]])
  })

  it('names chats and authors without their device, and leaves the keys of the caller alone', () => {
    const key = { remoteJid: group, id: 'M1', fromMe: false, participant: '1234:7@lid' }
    const { mutations } = modificationMutations(
      { archive: true, lastMessages: [{ key, messageTimestamp: 5 }] },
      group,
      now,
    )
    expect(mutations[0].value?.archiveChatAction?.messageRange?.messages?.[0]?.key?.participant).toBe('1234@lid')
    expect(key.participant).toBe('1234:7@lid')
    expect(modificationMutations({ mute: -1 }, '5511999990000:4@s.whatsapp.net', now).mutations[0].index[1]).toBe(chat)
    const star = { star: { messages: [{ id: 'M1', participant: '1234:7@lid' }], star: true } }
    expect(modificationMutations(star, group, now).mutations[0].index).toEqual(['star', group, 'M1', '0', '1234@lid'])
  })

  it('puts keys into a range as they go over the wire', () => {
    const key = { remoteJid: chat, id: 'M1', fromMe: false, remoteJidAlt: '1@lid', addressingMode: 'pn' as const }
    const { mutations } = modificationMutations(
      { clear: true, lastMessages: [{ key, messageTimestamp: 5 }] },
      chat,
      now,
    )
    expect(mutations[0].value?.clearChatAction?.messageRange).toEqual({
      lastMessageTimestamp: 5,
      messages: [{ key: { remoteJid: chat, id: 'M1', fromMe: false }, timestamp: 5 }],
    })
  })

  it('takes times of messages as protobuf has them', () => {
    const messageTimestamp = proto.WebMessageInfo.fromObject({ messageTimestamp: 1_700_000_000 }).messageTimestamp
    const lastMessages = [{ key: { remoteJid: chat, id: 'M1', fromMe: true }, messageTimestamp }]
    const { mutations } = modificationMutations({ markRead: true, lastMessages }, chat, now)
    expect(mutations[0].value?.markChatAsReadAction?.messageRange?.lastMessageTimestamp).toBe(1_700_000_000)
  })

  it.each<[string, ChatModification, string]>([
    ['a star in a group without author', { star: { messages: [{ id: 'M1' }], star: true } }, group],
    ['a star on a status without author', { star: { messages: [{ id: 'M1' }], star: true } }, 'status@broadcast'],
    ['a mute of no chat', { mute: -1 }, ''],
    ['a pin of something that is no chat', { pin: true }, 'chat'],
    ['a label without id', { addLabel: { id: '' } }, chat],
    ['a label on a message without id', { addMessageLabel: { labelId: '7', messageId: '' } }, chat],
    ['a star without id', { star: { messages: [{ id: '' }], star: true } }, chat],
    ['a star on nothing', { star: { messages: [], star: true } }, chat],
    [
      'a deletion in a group without author',
      { deleteForMe: { deleteMedia: true, key: { remoteJid: group, id: 'M1', fromMe: false }, timestamp: 1 } },
      group,
    ],
    ['a deletion without id', { deleteForMe: { deleteMedia: true, key: { remoteJid: chat }, timestamp: 1 } }, chat],
  ])('refuses %s, which other devices would not find (2.1)', (_, modification, jid) => {
    expect(() => modificationMutations(modification, jid, now)).toThrow(
      expect.objectContaining({ code: 'invalid-chat-modification' }),
    )
  })

  it('of own messages need no author', () => {
    const star = { star: { messages: [{ id: 'M1', fromMe: true }], star: true } }
    expect(modificationMutations(star, group, now).mutations[0].index).toEqual(['star', group, 'M1', '1', '0'])
  })
})

describe('patches of modifications (docs/protocol/04, 1.16)', () => {
  interface PatchVector {
    readonly id: string
    readonly chatModification: ChatModification
    readonly jid: string
    readonly keyId: string
    readonly keyData: string
    readonly iv: string
    readonly stateBefore: StateVector
    readonly patchBytes: string
  }
  const vectors = readFixture<{ cases: PatchVector[] }>('vectors/04-patch-encode.json').cases

  // 2.5: our range has the time of the message, so its bytes are others.
  it.each(vectors.filter(({ id }) => id !== 'archive-with-range'))('$id, byte for byte', vector => {
    const { collection, mutations } = modificationMutations(vector.chatModification, vector.jid, now)
    const random = () => Buffer.from(vector.iv, 'hex')
    const request = { collection, state: stateOf(vector.stateBefore), key: keyOfVector(vector), random }
    const { patch } = buildPatch({ ...request, mutations: mutations.slice(0, 1) })
    expect(patch.toString('hex')).toBe(vector.patchBytes)
  })
})
