import { describe, expect, it } from 'vitest'
import { xeddsaVerify } from '../crypto/xeddsa.js'
import { decryptFromGroup, distributionOf, encryptForGroup, withDistribution } from './group-cipher.js'
import { decodeSenderKeyDistribution, decodeSenderKeyMessage } from './sender-key-message.js'
import {
  decodeSenderKeyRecord,
  emptySenderKeyRecord,
  encodeSenderKeyRecord,
  publicSigningKey,
  type SenderKeyRecord,
} from './sender-key-record.js'
import { skippedKeyCount } from './skipped-keys.js'
import { hex, readVectors } from './testing/vectors.js'

interface SenderKeyVectors {
  readonly keyId: number
  readonly signingKey: { readonly private: string; readonly public: string }
  readonly initialChainKey: string
  readonly chain: readonly { readonly iteration: number; readonly chainKey: string }[]
  readonly distributionMessage: string
  readonly distributionMessageAtIteration2: string
  readonly plaintexts: readonly string[]
  readonly standard: readonly { readonly iteration: number; readonly message: string }[]
  readonly baileys: readonly { readonly iteration: number; readonly message: string }[]
  readonly baileysDistributionAfterThreeSends: string
  readonly receive: readonly {
    readonly messages: 'standard' | 'baileys'
    readonly order: readonly number[]
    readonly corrupt?: string
    readonly expect: readonly ('ok' | 'duplicate' | 'bad signature')[]
  }[]
}

const vectors = readVectors<SenderKeyVectors>('02-sender-key.json')

/** What the sender of the vectors has before its first message. */
const ownRecord: SenderKeyRecord = {
  states: [
    {
      keyId: vectors.keyId,
      signingKey: {
        kind: 'own',
        pair: { private: hex(vectors.signingKey.private), public: hex(vectors.signingKey.public) },
      },
      chain: { key: hex(vectors.initialChainKey), next: 0, skipped: new Uint8Array(0) },
      knownFrom: 0,
    },
  ],
}

const received = (): SenderKeyRecord =>
  withDistribution(emptySenderKeyRecord, decodeSenderKeyDistribution(hex(vectors.distributionMessage)))

function newest(record: SenderKeyRecord): SenderKeyRecord['states'][number] {
  const [state] = record.states
  if (state === undefined) throw new Error('no state')
  return state
}

describe('sender key vectors', () => {
  it('02 §3.3: sends on iterations 0, 1, 2, …; everything but the random signature matches byte by byte', () => {
    let record = ownRecord
    expect(distributionOf(newest(record)).toString('hex')).toBe(vectors.distributionMessage)
    vectors.plaintexts.forEach((plaintext, index) => {
      const sent = encryptForGroup(record, hex(plaintext))
      const expected = decodeSenderKeyMessage(hex(vectors.standard[index]?.message ?? ''))
      const message = decodeSenderKeyMessage(sent.ciphertext)
      expect(Buffer.from(message.signed)).toEqual(Buffer.from(expected.signed))
      expect(xeddsaVerify(hex(vectors.signingKey.public), message.signed, message.signature)).toBe(true)
      record = sent.record
      expect(Buffer.from(newest(record).chain.key).toString('hex')).toBe(vectors.chain[index + 1]?.chainKey)
      if (index === 1)
        expect(distributionOf(newest(record)).toString('hex')).toBe(vectors.distributionMessageAtIteration2)
    })
    expect(skippedKeyCount(newest(record).chain.skipped)).toBe(0)
  })

  it.each(vectors.receive.map(given => ({ ...given, title: `${given.messages} ${given.order.join()}` })))(
    '$title $corrupt: $expect',
    given => {
      // 02 §3.3: skipped seeds survive a round trip through the store between any two messages.
      let record = received()
      given.order.forEach((index, position) => {
        const message = hex(vectors[given.messages][index]?.message ?? '')
        if (given.corrupt !== undefined)
          message.writeUInt8(message.readUInt8(message.length - 1) ^ 1, message.length - 1)
        const read = () => decryptFromGroup(record, decodeSenderKeyMessage(message))
        const outcome = given.expect[position]
        if (outcome === 'ok') {
          const { record: after, plaintext } = read()
          expect(plaintext.toString('hex')).toBe(vectors.plaintexts[index])
          record = decodeSenderKeyRecord(encodeSenderKeyRecord(after))
        } else {
          const code = outcome === 'duplicate' ? 'duplicate-message' : 'invalid-sender-key-signature'
          expect(read).toThrow(expect.objectContaining({ code }))
        }
      })
    },
  )

  it('reads on from the distribution that Baileys makes after three sends', () => {
    const distribution = decodeSenderKeyDistribution(hex(vectors.baileysDistributionAfterThreeSends))
    expect(distribution).toMatchObject({ keyId: vectors.keyId, iteration: 5 })
    expect(Buffer.from(distribution.chainKey).toString('hex')).toBe(vectors.chain[5]?.chainKey)
  })
})

type StoredStates = readonly {
  readonly senderKeyId: number
  readonly senderChainKey: { readonly iteration: number; readonly seed: unknown }
  readonly senderMessageKeys: readonly unknown[]
}[]

interface RecordVectors {
  readonly exactString: string
  readonly senderRecords: readonly StoredStates[]
  readonly receiverRecords: Record<'afterDistribution' | 'afterInOrder' | 'afterThirdOnly', StoredStates>
  readonly otherForms: { readonly base64Form: StoredStates; readonly uint8ArrayForm: StoredStates }
  readonly multiFile: { readonly content: string }
}

const records = readVectors<RecordVectors>('02-sender-key-record.json')
const stored = (states: StoredStates): Uint8Array => Buffer.from(JSON.stringify(states))

describe('sender key record vectors', () => {
  it('02 §3.3: the own record of Baileys is read without the seeds that it collects and goes on where it stands', () => {
    records.senderRecords.forEach((states, sends) => {
      const record = decodeSenderKeyRecord(stored(states))
      const state = newest(record)
      const iteration = states[0]?.senderChainKey.iteration ?? -1
      expect(state).toMatchObject({ keyId: vectors.keyId, signingKey: { kind: 'own' }, chain: { next: iteration } })
      expect(skippedKeyCount(state.chain.skipped)).toBe(0)
      const sent = decodeSenderKeyMessage(encryptForGroup(record, Buffer.from('next')).ciphertext)
      expect(sent.iteration).toBe(iteration)
      // A member who has read all that Baileys sent before reads this one, too.
      let member = received()
      for (const { message } of vectors.baileys.slice(0, sends)) {
        member = decryptFromGroup(member, decodeSenderKeyMessage(hex(message))).record
      }
      expect(decryptFromGroup(member, sent).plaintext.toString()).toBe('next')
    })
  })

  it('reads the exact string, and the same wrapped once more by the multi-file store', () => {
    const record = decodeSenderKeyRecord(Buffer.from(records.exactString))
    expect(newest(record).keyId).toBe(vectors.keyId)
    const wrapped = JSON.parse(records.multiFile.content) as { data: string }
    expect(decodeSenderKeyRecord(Buffer.from(wrapped.data, 'base64'))).toEqual(record)
    expect(decodeSenderKeyRecord(wrapped)).toEqual(record)
  })

  it('receiver records go on: nothing read, all read, the third alone', () => {
    const message = (index: number) => decodeSenderKeyMessage(hex(vectors.standard[index]?.message ?? ''))
    const fresh = decodeSenderKeyRecord(stored(records.receiverRecords.afterDistribution))
    expect(newest(fresh).signingKey.kind).toBe('remote')
    expect(decryptFromGroup(fresh, message(0)).plaintext.toString('hex')).toBe(vectors.plaintexts[0])
    const done = decodeSenderKeyRecord(stored(records.receiverRecords.afterInOrder))
    expect(() => decryptFromGroup(done, message(2))).toThrow(expect.objectContaining({ code: 'duplicate-message' }))
    const third = decodeSenderKeyRecord(stored(records.receiverRecords.afterThirdOnly))
    expect(decryptFromGroup(third, message(0)).plaintext.toString('hex')).toBe(vectors.plaintexts[0])
    expect(decryptFromGroup(third, message(1)).plaintext.toString('hex')).toBe(vectors.plaintexts[1])
  })

  it('all spellings of bytes mean the same', () => {
    const base64 = decodeSenderKeyRecord(stored(records.otherForms.base64Form))
    const map = decodeSenderKeyRecord(stored(records.otherForms.uint8ArrayForm))
    expect(map).toEqual(base64)
    expect(newest(base64).chain.next).toBe(1)
  })

  it('a key of 32 bytes is taken as it is', () => {
    const [state] = structuredClone(records.receiverRecords.afterDistribution) as unknown as {
      senderSigningKey: { public: { data: number[] } }
    }[]
    state?.senderSigningKey.public.data.shift()
    const record = decodeSenderKeyRecord(Buffer.from(JSON.stringify([state])))
    expect(Buffer.from(publicSigningKey(newest(record).signingKey)).toString('hex')).toBe(vectors.signingKey.public)
  })

  it('an empty array is an empty record', () => {
    expect(decodeSenderKeyRecord(Buffer.from('[]'))).toEqual(emptySenderKeyRecord)
  })

  it('survives the compact form', () => {
    for (const states of [...records.senderRecords, ...Object.values(records.receiverRecords)]) {
      const encoded = encodeSenderKeyRecord(decodeSenderKeyRecord(stored(states)))
      expect(encodeSenderKeyRecord(decodeSenderKeyRecord(encoded))).toEqual(encoded)
    }
  })

  describe('version 1 of the compact form', () => {
    const ofVersion1 = (states: StoredStates) => {
      const bytes = encodeSenderKeyRecord(decodeSenderKeyRecord(stored(states)))
      bytes.writeUInt8(1, 1)
      return bytes
    }
    const withoutKnownFrom = (states: StoredStates) => {
      const bytes = ofVersion1(states)
      const { signingKey } = newest(decodeSenderKeyRecord(bytes))
      const position = 3 + 1 + 4 + (signingKey.kind === 'own' ? 64 : 32)
      return Buffer.concat([bytes.subarray(0, position), bytes.subarray(position + 4)])
    }

    it('is read with the field that came later, and without it', () => {
      for (const states of [...records.senderRecords, ...Object.values(records.receiverRecords)]) {
        if (states.length === 0) continue
        const expected = decodeSenderKeyRecord(encodeSenderKeyRecord(decodeSenderKeyRecord(stored(states))))
        expect(decodeSenderKeyRecord(ofVersion1(states))).toEqual(expected)
        expect(decodeSenderKeyRecord(withoutKnownFrom(states))).toEqual(expected)
      }
    })

    it.each([0, 3, 255])('another version is refused: %i', version => {
      const bytes = ofVersion1(records.receiverRecords.afterInOrder)
      bytes.writeUInt8(version, 1)
      expect(() => decodeSenderKeyRecord(bytes)).toThrow(expect.objectContaining({ code: 'invalid-sender-key-record' }))
    })
  })

  it.each(['{}', 'null', '[{}]', '[1]', 'x', ''])('refuses %j', text => {
    expect(() => decodeSenderKeyRecord(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'invalid-sender-key-record' }),
    )
  })
})

interface TranscriptState {
  readonly senderKeyId: number
  readonly senderChainKey: { readonly iteration: number; readonly seed: string }
  readonly senderSigningKey: { readonly public: string; readonly private?: string }
  readonly senderMessageKeys: readonly { readonly iteration: number; readonly seed: string }[]
}

interface TranscriptNode {
  readonly attrs: Record<string, string>
  readonly content?: readonly TranscriptNode[] | { readonly hex: string }
  readonly e2e?: {
    readonly padded: string
    readonly skdm?: string
    readonly sender_key_before: readonly TranscriptState[] | null
    readonly sender_key_after?: readonly TranscriptState[]
    readonly receiver_sender_key_before?: readonly TranscriptState[]
  }
}

describe('recorded group messages of Baileys', () => {
  const transcripts = readVectors<{ transcripts: { name: string; steps: { node: TranscriptNode }[] }[] }>(
    '02-transcripts.json',
  )
  const group = transcripts.transcripts.flatMap(({ name, steps }) =>
    steps.flatMap(({ node }) => encsOf(node)).map((enc, index) => ({ title: `${name} ${index + 1}`, enc })),
  )

  it.each(group)('$title: read with the announced or the stored key', ({ enc: { e2e, content } }) => {
    if (e2e === undefined || content === undefined || !('hex' in content)) throw new Error('no content')
    const message = decodeSenderKeyMessage(hex(content.hex))
    const known = e2e.receiver_sender_key_before ?? (e2e.skdm === undefined ? [] : undefined)
    const record =
      known === undefined
        ? withDistribution(emptySenderKeyRecord, decodeSenderKeyDistribution(hex(e2e.skdm ?? '')))
        : recordOf(known)
    expect(decryptFromGroup(record, message).plaintext.toString('hex')).toBe(e2e.padded)
    // 02 §3.3: where Baileys left out an iteration, a message on it would still be readable once.
    if (e2e.sender_key_before === null || known !== undefined) return
    const sent = decodeSenderKeyMessage(encryptForGroup(recordOf(e2e.sender_key_before), hex(e2e.padded)).ciphertext)
    expect(sent.iteration).toBe(e2e.sender_key_before[0]?.senderChainKey.iteration)
  })

  it('covers every group ciphertext of the recording', () => {
    expect(group.length).toBeGreaterThanOrEqual(6)
  })
})

function recordOf(states: readonly TranscriptState[]): SenderKeyRecord {
  const bytes = (text: string) => ({ type: 'Buffer', data: [...hex(text)] })
  const json = states.map(state => ({
    senderKeyId: state.senderKeyId,
    senderChainKey: { iteration: state.senderChainKey.iteration, seed: bytes(state.senderChainKey.seed) },
    senderSigningKey: {
      public: bytes(state.senderSigningKey.public),
      private: bytes(state.senderSigningKey.private ?? ''),
    },
    senderMessageKeys: state.senderMessageKeys.map(({ iteration, seed }) => ({ iteration, seed: bytes(seed) })),
  }))
  return decodeSenderKeyRecord(Buffer.from(JSON.stringify(json)))
}

function encsOf(node: TranscriptNode): TranscriptNode[] {
  const children = Array.isArray(node.content) ? (node.content as readonly TranscriptNode[]).flatMap(encsOf) : []
  return node.e2e !== undefined && node.attrs.type === 'skmsg' ? [node, ...children] : children
}
