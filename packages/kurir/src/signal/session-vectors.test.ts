import { describe, expect, it } from 'vitest'
import type { LibsignalSessionRecord } from './key-store.js'
import { toLibsignalRecord } from './libsignal-record.js'
import {
  decryptFirstPreKeyMessage,
  decryptMessage,
  decryptRepeatedPreKeyMessage,
  encryptWithRecord,
  findInitiatedSession,
} from './session-cipher.js'
import { emptySessionRecord, type SessionRecord } from './session-record.js'
import { decodeSessionRecord, encodeSessionRecord } from './session-record-codec.js'
import { decodePreKeySignalMessage, decodeSignalMessage } from './signal-message.js'
import {
  bundleOf,
  generatorOf,
  identityOf,
  responderKeysOf,
  type VectorBundle,
  type VectorKeyPair,
  type VectorParty,
} from './testing/vector-parties.js'
import { hex, readVectors } from './testing/vectors.js'
import { initiateSession } from './x3dh.js'

const now = 1_760_000_000_000

interface X3dhCase {
  readonly id: string
  readonly initiator: VectorParty
  readonly responder: VectorParty
  readonly responderBundle: VectorBundle
  readonly initiatorBaseKey: VectorKeyPair
  readonly initiatorFirstRatchetKey: VectorKeyPair
  readonly responderFirstRatchetKey: VectorKeyPair
  readonly rootKeyAfterFirstRatchet: string
  readonly sendingChainKey0: string
  readonly nextChainKey: string
  readonly firstPlaintext: string
  readonly firstMessage: string
}

describe('X3DH vectors', () => {
  it.each(readVectors<{ cases: X3dhCase[] }>('02-x3dh.json').cases)('$id: both sides', vector => {
    const session = initiateSession(identityOf(vector.initiator), bundleOf(vector.responderBundle), {
      now,
      generateKeyPair: generatorOf(vector.initiatorBaseKey, vector.initiatorFirstRatchetKey),
    })
    expect(Buffer.from(session.rootKey).toString('hex')).toBe(vector.rootKeyAfterFirstRatchet)
    expect(Buffer.from(session.sending?.key ?? []).toString('hex')).toBe(vector.sendingChainKey0)
    const sent = encryptWithRecord(
      { current: session, archived: [] },
      hex(vector.firstPlaintext),
      identityOf(vector.initiator),
      now,
    )
    expect(sent.type).toBe('pkmsg')
    expect(sent.ciphertext.toString('hex')).toBe(vector.firstMessage)
    expect(Buffer.from(sent.record.current?.sending?.key ?? []).toString('hex')).toBe(vector.nextChainKey)

    const message = decodePreKeySignalMessage(hex(vector.firstMessage))
    expect(message.preKeyId).toBe(vector.responderBundle.preKey?.keyId)
    const keys = responderKeysOf(vector.responder, message.preKeyId !== undefined)
    const received = decryptFirstPreKeyMessage(emptySessionRecord, message, keys, identityOf(vector.responder), {
      now,
      generateKeyPair: generatorOf(vector.responderFirstRatchetKey),
    })
    expect(received.plaintext.toString('hex')).toBe(vector.firstPlaintext)
    expect(received.session.remoteRegistrationId).toBe(vector.initiator.registrationId)
  })
})

interface ConversationStep {
  readonly op: 'encrypt' | 'decrypt' | 'note'
  readonly id: string
  readonly from: 'alice' | 'bob'
  readonly at: 'alice' | 'bob'
  readonly type: 'pkmsg' | 'msg'
  readonly plaintext: string
  readonly ciphertext: string
  readonly expect: 'ok' | 'error'
  readonly newRatchetKey?: VectorKeyPair
}

interface Conversation {
  readonly parties: { readonly alice: VectorParty; readonly bob: VectorParty }
  readonly start: {
    readonly bundle: VectorBundle
    readonly baseKey: VectorKeyPair
    readonly firstRatchetKey: VectorKeyPair
  }
  readonly steps: readonly ConversationStep[]
}

const conversation = readVectors<Conversation>('02-double-ratchet.json')
const { parties, start } = conversation
/**
 * Codes for the two messages that must fail (docs/protocol/02 §2.6: typed errors on both paths). The damaged one comes
 * after its genuine twin has used up the key, so there is nothing left that its MAC could be checked with.
 */
const expectedCodes: Record<string, string> = { m3: 'duplicate-message', bad: 'duplicate-message' }

function startOfConversation(): { alice: SessionRecord; bob: SessionRecord } {
  const session = initiateSession(identityOf(parties.alice), bundleOf(start.bundle), {
    now,
    generateKeyPair: generatorOf(start.baseKey, start.firstRatchetKey),
  })
  return { alice: { current: session, archived: [] }, bob: emptySessionRecord }
}

/** Replays recorded steps; `between` stands for what a program does to a record between two messages. */
function replay(
  records: { alice: SessionRecord; bob: SessionRecord },
  steps: readonly ConversationStep[],
  between: (record: SessionRecord) => SessionRecord = record => record,
): void {
  const messages = new Map<string, ConversationStep>()
  for (const step of conversation.steps)
    if (step.op !== 'decrypt') messages.set(step.op === 'note' ? 'bad' : step.id, step)
  for (const step of steps) {
    if (step.op === 'note') continue
    const side = step.op === 'encrypt' ? step.from : step.at
    const record = between(records[side])
    if (step.op === 'encrypt') {
      const sent = encryptWithRecord(record, hex(step.plaintext), identityOf(parties[side]), now)
      expect([step.id, sent.type, sent.ciphertext.toString('hex')]).toEqual([step.id, step.type, step.ciphertext])
      records[side] = sent.record
      continue
    }
    const message = messages.get(step.id)
    if (message === undefined) throw new Error(`no message ${step.id}`)
    const decrypt = () => read(record, message, side, step.newRatchetKey)
    if (step.expect === 'error') {
      expect(decrypt).toThrow(expect.objectContaining({ code: expectedCodes[step.id] }))
      continue
    }
    const { record: after, plaintext } = decrypt()
    expect([step.id, plaintext.toString('hex')]).toEqual([step.id, message.plaintext])
    records[side] = after
  }
}

function read(
  record: SessionRecord,
  message: ConversationStep,
  side: 'alice' | 'bob',
  newRatchetKey: VectorKeyPair | undefined,
): { record: SessionRecord; plaintext: Buffer } {
  const local = identityOf(parties[side])
  const environment = { now, generateKeyPair: generatorOf(...(newRatchetKey ? [newRatchetKey] : [])) }
  if (message.type !== 'pkmsg')
    return decryptMessage(record, decodeSignalMessage(hex(message.ciphertext)), local, environment)
  const outer = decodePreKeySignalMessage(hex(message.ciphertext))
  const repeated = findInitiatedSession(record, outer)
  return repeated === undefined
    ? decryptFirstPreKeyMessage(record, outer, responderKeysOf(parties[side]), local, environment)
    : decryptRepeatedPreKeyMessage(record, repeated, outer, local, environment)
}

describe('double ratchet vectors', () => {
  it('replays the conversation byte by byte; 02 §2.6: a duplicate and a bad MAC are told apart', () => {
    replay(startOfConversation(), conversation.steps)
  })

  it('02 §2.6: a damaged message that comes first is a bad MAC, and leaves the session as it was', () => {
    const records = startOfConversation()
    const position = conversation.steps.findIndex(step => step.op === 'decrypt' && step.id === 'm10')
    replay(records, conversation.steps.slice(0, position))
    const note = conversation.steps.find(step => step.op === 'note')
    const damaged = decodeSignalMessage(hex(note?.ciphertext ?? ''))
    expect(() => decryptMessage(records.alice, damaged, identityOf(parties.alice), { now })).toThrow(
      expect.objectContaining({ code: 'bad-mac' }),
    )
    replay(records, conversation.steps.slice(position))
  })

  it('replays it with every record stored in compact form between any two messages', () => {
    replay(startOfConversation(), conversation.steps, record => decodeSessionRecord(encodeSessionRecord(record)))
  })

  it('replays it with every record stored in the libsignal JSON form between any two messages', () => {
    const steps = conversation.steps.filter(step => !(step.expect === 'error' && step.id === 'm3'))
    replay(startOfConversation(), steps, record =>
      decodeSessionRecord(JSON.parse(JSON.stringify(toLibsignalRecord(record))) as LibsignalSessionRecord),
    )
  })
})

interface RecordVectors {
  readonly snapshots: Record<string, LibsignalSessionRecord>
  readonly preV1: LibsignalSessionRecord
  readonly simultaneous: {
    readonly records: { readonly alice: LibsignalSessionRecord; readonly bob: LibsignalSessionRecord }
    readonly messages: Record<
      'aliceToBob1' | 'bobToAlice1' | 'aliceToBob2',
      { type: 'pkmsg' | 'msg'; ciphertext: string; plaintext: string }
    > & { readonly keys: Record<string, VectorKeyPair> }
    readonly parties: { readonly alice: VectorParty; readonly bob: VectorParty }
  }
}

const recordVectors = readVectors<RecordVectors>('02-session-record.json')

describe('session record vectors', () => {
  const after = (id: string) => conversation.steps.findIndex(step => step.op === 'decrypt' && step.id === id) + 1

  it.each([
    ['aliceAfterInit', 'alice', 0],
    ['bobAfterTwo', 'bob', after('m1')],
    ['aliceWithSkipped', 'alice', after('m5')],
    ['aliceFinal', 'alice', conversation.steps.length],
    ['bobFinal', 'bob', conversation.steps.length],
  ] as const)('%s: the conversation goes on from it', (name, side, position) => {
    const records = startOfConversation()
    replay(records, conversation.steps.slice(0, position))
    records[side] = decodeSessionRecord(recordVectors.snapshots[name] as LibsignalSessionRecord)
    replay(records, conversation.steps.slice(position))
  })

  it.each(Object.entries(recordVectors.snapshots))('%s: survives the compact form', (_, stored) => {
    const encoded = encodeSessionRecord(decodeSessionRecord(stored))
    const again = decodeSessionRecord(encoded)
    expect(encodeSessionRecord(again)).toEqual(encoded)
    expect(toLibsignalRecord(again)).toEqual(toLibsignalRecord(decodeSessionRecord(stored)))
  })

  it.each(Object.entries(recordVectors.snapshots))(
    '%s: is written in the same JSON form, finished chains left out',
    (_, stored) => {
      const written = toLibsignalRecord(decodeSessionRecord(stored))
      const expected = structuredClone(stored) as unknown as { _sessions: Record<string, { _chains: object }> }
      for (const session of Object.values(expected._sessions)) session._chains = liveChains(session._chains)
      expect(written).toEqual(expected)
    },
  )

  it('pre-v1: the registration id beside the sessions is theirs', () => {
    const { current } = decodeSessionRecord(recordVectors.preV1)
    expect(current?.remoteRegistrationId).toBe(8383)
    expect(current?.initiator).toBe('us')
  })

  it.each([
    { _sessions: {}, version: 'v2' },
    { _sessions: { x: {} }, version: 'v1' },
    { _sessions: [], version: 'v1' },
    {},
  ])('refuses %j', stored => {
    expect(() => decodeSessionRecord(stored as LibsignalSessionRecord)).toThrow(
      expect.objectContaining({ code: 'invalid-session-record' }),
    )
  })
})

function liveChains(chains: object): object {
  const live = Object.entries(chains as Record<string, { chainKey: { key?: string }; messageKeys: object }>).filter(
    ([, { chainKey, messageKeys }]) => chainKey.key !== undefined || Object.keys(messageKeys).length > 0,
  )
  return Object.fromEntries(live)
}

describe('simultaneous initiation', () => {
  const { records, messages, parties: both } = recordVectors.simultaneous
  const key = (name: string) => messages.keys[name] as VectorKeyPair

  it('both sides reproduce the recorded messages and read them', () => {
    const alice = identityOf(both.alice)
    const bob = identityOf(both.bob)
    const bobBundle: VectorBundle = start.bundle
    const aliceBundle: VectorBundle = {
      registrationId: both.alice.registrationId,
      identityKey: `05${both.alice.identity.public}`,
      signedPreKey: { ...both.alice.signedPreKey, publicKey: `05${both.alice.signedPreKey.public}` },
      preKey: { keyId: both.alice.preKey.keyId, publicKey: `05${both.alice.preKey.public}` },
    }
    const aliceSession = initiateSession(alice, bundleOf(bobBundle), {
      now,
      generateKeyPair: generatorOf(key('alice-base-key'), key('alice-ratchet-1')),
    })
    const bobSession = initiateSession(bob, bundleOf(aliceBundle), {
      now,
      generateKeyPair: generatorOf(key('bob-base-key'), key('bob-ratchet-x')),
    })
    const first = encryptWithRecord({ current: aliceSession, archived: [] }, text('aliceToBob1'), alice, now)
    const second = encryptWithRecord({ current: bobSession, archived: [] }, text('bobToAlice1'), bob, now)
    expect(first.ciphertext.toString('hex')).toBe(messages.aliceToBob1.ciphertext)
    expect(second.ciphertext.toString('hex')).toBe(messages.bobToAlice1.ciphertext)

    const atBob = decryptFirstPreKeyMessage(
      second.record,
      decodePreKeySignalMessage(first.ciphertext),
      responderKeysOf(both.bob),
      bob,
      { now, generateKeyPair: generatorOf(key('bob-ratchet-y')) },
    )
    const atAlice = decryptFirstPreKeyMessage(
      first.record,
      decodePreKeySignalMessage(second.ciphertext),
      responderKeysOf(both.alice),
      alice,
      { now, generateKeyPair: generatorOf(key('alice-ratchet-y')) },
    )
    expect(atBob.plaintext).toEqual(text('aliceToBob1'))
    expect(atAlice.plaintext).toEqual(text('bobToAlice1'))

    const third = encryptWithRecord(atAlice.record, text('aliceToBob2'), alice, now)
    expect(third.ciphertext.toString('hex')).toBe(messages.aliceToBob2.ciphertext)
    const last = decryptMessage(atBob.record, decodeSignalMessage(third.ciphertext), bob, {
      now,
      generateKeyPair: generatorOf(key('bob-ratchet-z')),
    })
    expect(last.plaintext).toEqual(text('aliceToBob2'))
    // 02 §2.6: the archived session that works becomes the current one.
    expect(Buffer.from(last.record.current?.baseKey ?? [])).toEqual(hex(key('bob-base-key').public))
    expect(last.record.archived).toHaveLength(1)
  })

  it('goes on from the recorded records', () => {
    const bob = decodeSessionRecord(records.bob)
    expect(bob.archived).toHaveLength(1)
    const alice = decodeSessionRecord(records.alice)
    const sent = encryptWithRecord(alice, text('aliceToBob2'), identityOf(both.alice), now)
    expect(sent.ciphertext.toString('hex')).toBe(messages.aliceToBob2.ciphertext)
    const received = decryptMessage(bob, decodeSignalMessage(sent.ciphertext), identityOf(both.bob), { now })
    expect(received.plaintext).toEqual(text('aliceToBob2'))
  })

  function text(name: 'aliceToBob1' | 'bobToAlice1' | 'aliceToBob2'): Buffer {
    return hex(messages[name].plaintext)
  }
})
