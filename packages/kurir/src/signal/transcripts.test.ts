import { describe, expect, it } from 'vitest'
import type { LibsignalSessionRecord } from './key-store.js'
import {
  decryptFirstPreKeyMessage,
  decryptMessage,
  decryptRepeatedPreKeyMessage,
  encryptWithRecord,
  findInitiatedSession,
} from './session-cipher.js'
import { emptySessionRecord } from './session-record.js'
import { decodeSessionRecord } from './session-record-codec.js'
import { SignalError } from './signal-error.js'
import { decodePreKeySignalMessage, decodeSignalMessage } from './signal-message.js'
import { generatorOf, type identityOf, type VectorKeyPair } from './testing/vector-parties.js'
import { hex, readVectors } from './testing/vectors.js'

const now = 1_760_000_000_000

interface Transcript {
  readonly parties: Record<string, TranscriptParty>
  readonly transcripts: readonly {
    readonly name: string
    readonly steps: readonly { readonly node: TranscriptNode }[]
  }[]
  readonly records: readonly LibsignalSessionRecord[]
}

interface TranscriptParty {
  readonly registrationId: number
  readonly identity: VectorKeyPair
  readonly signedPreKey: VectorKeyPair & { readonly id: number; readonly signature: string }
  readonly preKeys: Record<string, VectorKeyPair>
}

interface TranscriptNode {
  readonly attrs: Record<string, string>
  readonly content?: readonly TranscriptNode[] | { readonly hex: string }
  readonly e2e?: {
    readonly sender: string
    readonly receiver: string
    readonly padded: string
    readonly result?: string
    readonly sender_record_before?: number
    readonly receiver_record_before?: number | null
  }
}

const transcript = readVectors<Transcript>('02-transcripts.json')

describe('recorded conversation of Baileys', () => {
  const pairwise = transcript.transcripts.flatMap(({ name, steps }) =>
    steps
      .flatMap(({ node }) => encsOf(node))
      .filter(({ attrs, e2e }) => attrs.type !== 'skmsg' && e2e?.sender_record_before !== undefined)
      .map((enc, index) => ({ title: `${name} ${index + 1}`, enc })),
  )

  it.each(pairwise)('$title: encrypts to the recorded bytes and decrypts them', ({ enc }) => {
    const { e2e, attrs } = enc
    if (e2e === undefined || enc.content === undefined || !('hex' in enc.content)) throw new Error('no content')
    const sender = transcriptParty(e2e.sender)
    const receiver = transcriptParty(e2e.receiver)
    const isDamaged = e2e.result?.includes('No matching sessions') === true
    const senderRecord = decodeSessionRecord(
      transcript.records[e2e.sender_record_before ?? 0] as LibsignalSessionRecord,
    )
    const sent = encryptWithRecord(senderRecord, hex(e2e.padded), sender.local, now)
    expect(sent.type).toBe(attrs.type)
    const wire = hex(enc.content.hex)
    if (isDamaged) wire.writeUInt8(wire.readUInt8(wire.length - 1) ^ 1, wire.length - 1)
    expect(sent.ciphertext).toEqual(wire)

    const before = e2e.receiver_record_before ?? undefined
    const record =
      before === undefined
        ? emptySessionRecord
        : decodeSessionRecord(transcript.records[before] as LibsignalSessionRecord)
    const received = hex(enc.content.hex)
    if (isDamaged) expect(() => open()).toThrow(expect.objectContaining({ code: 'bad-mac' }))
    else if (attrs.type === 'msg' && before === undefined) {
      expect(() => open()).toThrow(expect.objectContaining({ code: 'no-session' }))
    } else expect(open().plaintext.toString('hex')).toBe(e2e.padded)

    function open(): { plaintext: Buffer } {
      const environment = { now }
      if (attrs.type === 'msg')
        return decryptMessage(record, decodeSignalMessage(received), receiver.local, environment)
      const message = decodePreKeySignalMessage(received)
      const repeated = findInitiatedSession(record, message)
      if (repeated) return decryptRepeatedPreKeyMessage(record, repeated, message, receiver.local, environment)
      expect(message.signedPreKeyId).toBe(receiver.party.signedPreKey.id)
      const preKey = receiver.party.preKeys[String(message.preKeyId)]
      if (preKey === undefined) throw new SignalError('invalid-prekey-id')
      const keys = {
        signedPreKey: generatorOf(receiver.party.signedPreKey)(),
        preKey: generatorOf(preKey)(),
      }
      return decryptFirstPreKeyMessage(record, message, keys, receiver.local, environment)
    }
  })

  it('covers every pairwise ciphertext of the recording', () => {
    expect(pairwise.length).toBeGreaterThan(30)
  })
})

function transcriptParty(name: string): { party: TranscriptParty; local: ReturnType<typeof identityOf> } {
  const party = transcript.parties[name]
  if (party === undefined) throw new Error(`no party ${name}`)
  return { party, local: { keyPair: generatorOf(party.identity)(), registrationId: party.registrationId } }
}

function encsOf(node: TranscriptNode): TranscriptNode[] {
  const children = Array.isArray(node.content) ? (node.content as readonly TranscriptNode[]).flatMap(encsOf) : []
  return node.e2e === undefined ? children : [node, ...children]
}
