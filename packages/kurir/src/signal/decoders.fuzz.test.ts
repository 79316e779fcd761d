import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/index.js'
import type { LibsignalSessionRecord } from './key-store.js'
import { decodeSenderKeyDistribution, decodeSenderKeyMessage } from './sender-key-message.js'
import { decodeSenderKeyRecord, encodeSenderKeyRecord } from './sender-key-record.js'
import { decodeSessionRecord, encodeSessionRecord } from './session-record-codec.js'
import { decodePreKeySignalMessage, decodeSignalMessage } from './signal-message.js'
import { makeParty, type Party } from './testing/party.js'
import { hex, readVectors } from './testing/vectors.js'

/** Runs a decoder on hostile input: it may answer or refuse, but only with an error of ours. */
function refusesPolitely(decode: (input: Uint8Array) => unknown, input: Uint8Array): void {
  try {
    decode(input)
  } catch (error) {
    if (!KurirError.is(error)) throw error
  }
}

/** Genuine bytes with some of them changed, cut out or doubled. */
function mutationsOf(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(),
    value: fc.nat({ max: 255 }),
    kind: fc.constantFrom('set', 'cut', 'double', 'end'),
  })
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 6 }))
    .map(([sample, edits]) => {
      let bytes = Buffer.from(sample)
      for (const { at, value, kind } of edits) {
        const position = bytes.length === 0 ? 0 : at % bytes.length
        if (kind === 'set' && bytes.length > 0) bytes.writeUInt8(value, position)
        else if (kind === 'cut')
          bytes = Buffer.concat([bytes.subarray(0, position), bytes.subarray(position + (value % 9))])
        else if (kind === 'double') bytes = Buffer.concat([bytes.subarray(0, position), bytes])
        else if (kind === 'end') bytes = bytes.subarray(0, position)
      }
      return bytes
    })
}

const doubleRatchet = readVectors<{ steps: { op: string; type: string; ciphertext: string }[] }>(
  '02-double-ratchet.json',
)
const messages = (type: string) =>
  doubleRatchet.steps.filter(step => step.op === 'encrypt' && step.type === type).map(step => hex(step.ciphertext))
const senderKey = readVectors<{ distributionMessage: string; standard: { message: string }[] }>('02-sender-key.json')
const sessions = readVectors<{ snapshots: Record<string, LibsignalSessionRecord> }>('02-session-record.json').snapshots
const senderKeys = readVectors<{ exactString: string; receiverRecords: Record<string, unknown> }>(
  '02-sender-key-record.json',
)

const sessionSamples = Object.values(sessions).flatMap(stored => [
  Buffer.from(JSON.stringify(stored)),
  encodeSessionRecord(decodeSessionRecord(stored)),
])
const senderKeySamples = [
  senderKeys.exactString,
  ...Object.values(senderKeys.receiverRecords).map(states => JSON.stringify(states)),
]
  .map(json => Buffer.from(json))
  .flatMap(json => [json, encodeSenderKeyRecord(decodeSenderKeyRecord(json))])

describe('hostile input', () => {
  it.each([
    ['msg', decodeSignalMessage, messages('msg')],
    ['pkmsg', decodePreKeySignalMessage, messages('pkmsg')],
    ['skmsg', decodeSenderKeyMessage, senderKey.standard.map(({ message }) => hex(message))],
    ['sender key distribution', decodeSenderKeyDistribution, [hex(senderKey.distributionMessage)]],
    ['session record', (bytes: Uint8Array) => encodeSessionRecord(decodeSessionRecord(bytes)), sessionSamples],
    ['sender key record', (bytes: Uint8Array) => encodeSenderKeyRecord(decodeSenderKeyRecord(bytes)), senderKeySamples],
  ] as const)('%s: random bytes and mutated ones end in an answer or a typed error', (_, decode, samples) => {
    fc.assert(
      fc.property(fc.oneof(mutationsOf(samples), fc.uint8Array({ maxLength: 400 })), bytes =>
        refusesPolitely(decode, bytes),
      ),
      { numRuns: 3000 },
    )
  })

  it('records in JSON form: any value anywhere', () => {
    const [sample = {}] = Object.values(sessions)
    const paths = leavesOf(sample)
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.anything(), (path, value) => {
        const stored = structuredClone(sample) as LibsignalSessionRecord
        replaceAt(stored, path, value)
        refusesPolitely(() => encodeSessionRecord(decodeSessionRecord(stored)), new Uint8Array(0))
      }),
      { numRuns: 3000 },
    )
  })

  it('decrypting mutated messages: a typed error or the text, and the session survives', async () => {
    const alice = makeParty('1@s.whatsapp.net')
    const bob = makeParty('2@s.whatsapp.net')
    await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    const pkmsg = await alice.repository.encryptMessage({ jid: bob.jid, data: Buffer.from('first') })
    await bob.repository.decryptMessage({ jid: alice.jid, ...pkmsg })
    await converse(alice, bob)
    const msg = await alice.repository.encryptMessage({ jid: bob.jid, data: Buffer.from('genuine') })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('pkmsg' as const, 'msg' as const),
        mutationsOf([pkmsg.ciphertext, msg.ciphertext]),
        async (type, ciphertext) => {
          if (Buffer.compare(ciphertext, msg.ciphertext) === 0) return
          const outcome = await bob.repository
            .decryptMessage({ jid: alice.jid, type, ciphertext })
            .catch((error: unknown) => error)
          expect(KurirError.is(outcome)).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
    const plaintext = await bob.repository.decryptMessage({ jid: alice.jid, ...msg })
    expect(Buffer.from(plaintext).toString()).toBe('genuine')
    await converse(alice, bob)
  })
})

async function converse(alice: Party, bob: Party): Promise<void> {
  for (const [from, to] of [
    [bob, alice],
    [alice, bob],
  ] as const) {
    const sent = await from.repository.encryptMessage({ jid: to.jid, data: Buffer.from('text') })
    await to.repository.decryptMessage({ jid: from.jid, ...sent })
  }
}

function leavesOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]]
  return [[...path], ...Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))].filter(
    found => found.length > 0,
  )
}

function replaceAt(target: object, path: readonly string[], value: unknown): void {
  const [last = '', ...others] = path.toReversed()
  let owner = target as Record<string, unknown>
  for (const key of others.reverse()) owner = owner[key] as Record<string, unknown>
  owner[last] = value
}
