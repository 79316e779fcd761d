import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateKeyPair, type KeyPair, typedPublicKey } from '../crypto/curve.js'
import { xeddsaSign } from '../crypto/xeddsa.js'
import type { LocalIdentity } from './session.js'
import {
  decryptFirstPreKeyMessage,
  decryptMessage,
  decryptRepeatedPreKeyMessage,
  encryptWithRecord,
  findInitiatedSession,
} from './session-cipher.js'
import { emptySessionRecord, type SessionRecord, withNewSession } from './session-record.js'
import { decodeSessionRecord, encodeSessionRecord } from './session-record-codec.js'
import { SignalError } from './signal-error.js'
import { decodePreKeySignalMessage, decodeSignalMessage } from './signal-message.js'
import { makeParty } from './testing/party.js'
import { type E2ESession, initiateSession } from './x3dh.js'

/** A message may be late by this many further messages of its sender; then it counts as lost. */
const reach = 4
const now = 1

interface InFlight {
  readonly type: 'pkmsg' | 'msg'
  readonly ciphertext: Uint8Array
  readonly plaintext: string
  /** Number of the message among those of its sender. */
  readonly serial: number
  arrived: boolean
}

/** One side of a conversation, without store and locks: what remains is the protocol. */
class Side {
  record: SessionRecord = emptySessionRecord
  readonly underWay: InFlight[] = []
  #sent = 0
  readonly #local: LocalIdentity
  readonly #signedPreKey = generateKeyPair()
  readonly #preKeys = new Map<number, KeyPair>()
  #nextPreKeyId = 1

  constructor() {
    this.#local = { keyPair: generateKeyPair(), registrationId: 7 }
  }

  bundle(): E2ESession {
    const preKey = generateKeyPair()
    const keyId = this.#nextPreKeyId++
    this.#preKeys.set(keyId, preKey)
    const publicKey = typedPublicKey(this.#signedPreKey.public)
    return {
      registrationId: 7,
      identityKey: this.#local.keyPair.public,
      signedPreKey: { keyId: 1, publicKey, signature: xeddsaSign(this.#local.keyPair.private, publicKey) },
      preKey: { keyId, publicKey: preKey.public },
    }
  }

  initiate(bundle: E2ESession): void {
    this.record = withNewSession(this.record, initiateSession(this.#local, bundle, { now }))
  }

  restart(): void {
    this.record = decodeSessionRecord(encodeSessionRecord(this.record))
  }

  send(bundle: () => E2ESession): void {
    if (this.record.current === undefined) this.initiate(bundle())
    const plaintext = `message ${this.#sent}`
    const { record, type, ciphertext } = encryptWithRecord(this.record, Buffer.from(plaintext), this.#local, now)
    this.record = record
    this.underWay.push({ type, ciphertext, plaintext, serial: this.#sent++, arrived: false })
    while ((this.underWay[0]?.serial ?? this.#sent) < this.#sent - reach) this.underWay.shift()
  }

  receive({ type, ciphertext }: InFlight): string {
    const environment = { now }
    if (type === 'msg') {
      return this.#keep(decryptMessage(this.record, decodeSignalMessage(ciphertext), this.#local, environment))
    }
    const message = decodePreKeySignalMessage(ciphertext)
    const repeated = findInitiatedSession(this.record, message)
    if (repeated !== undefined) {
      return this.#keep(decryptRepeatedPreKeyMessage(this.record, repeated, message, this.#local, environment))
    }
    const preKey = this.#preKeys.get(message.preKeyId ?? 0)
    if (preKey === undefined) throw new SignalError('invalid-prekey-id')
    const keys = { signedPreKey: this.#signedPreKey, preKey }
    const text = this.#keep(decryptFirstPreKeyMessage(this.record, message, keys, this.#local, environment))
    this.#preKeys.delete(message.preKeyId ?? 0)
    return text
  }

  #keep({ record, plaintext }: { record: SessionRecord; plaintext: Buffer }): string {
    this.record = record
    return plaintext.toString()
  }
}

type Action =
  | { readonly kind: 'send' | 'initiate' | 'restart'; readonly side: 0 | 1 }
  | { readonly kind: 'deliver' | 'lose'; readonly side: 0 | 1; readonly pick: number }

const side = fc.constantFrom(0 as const, 1 as const)
const pick = fc.nat({ max: reach })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ kind: fc.constant('send' as const), side }) },
  { weight: 24, arbitrary: fc.record({ kind: fc.constant('deliver' as const), side, pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), side, pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('initiate' as const), side }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), side }) },
)

function act(sides: readonly [Side, Side], step: Action): void {
  const [own, other] = step.side === 0 ? sides : [sides[1], sides[0]]
  if ('pick' in step) {
    const message = own.underWay[step.pick % Math.max(own.underWay.length, 1)]
    if (message === undefined) return
    if (step.kind === 'lose') own.underWay.splice(own.underWay.indexOf(message), 1)
    else deliver(message, other)
  } else if (step.kind === 'send') own.send(() => other.bundle())
  else if (step.kind === 'initiate') own.initiate(other.bundle())
  else own.restart()
}

/** A message that arrives for the first time is read; one that has arrived before is a duplicate, whatever else is. */
function deliver(message: InFlight, receiver: Side): void {
  if (message.arrived) {
    const before = receiver.record
    expect(() => receiver.receive(message)).toThrow(expect.objectContaining({ code: 'duplicate-message' }))
    expect(receiver.record).toBe(before)
  } else {
    expect(receiver.receive(message)).toBe(message.plaintext)
    message.arrived = true
  }
}

describe('random conversations', () => {
  it('with loss, duplication, disorder, restarts and sessions begun by both sides: all that arrives is read, once', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200, size: 'max' }), actions => {
        const sides = [new Side(), new Side()] as const
        for (const step of actions) act(sides, step)
      }),
      { numRuns: 120 },
    )
  }, 120_000)

  it('end with both sides able to talk, in one session after one exchange', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60, size: 'max' }), actions => {
        const sides = [new Side(), new Side()] as const
        for (const step of actions) act(sides, step)
        const [alice, bob] = sides
        for (const [from, to] of [
          [alice, bob],
          [bob, alice],
          [alice, bob],
        ] as const) {
          from.send(() => to.bundle())
          deliver(from.underWay.at(-1) as InFlight, to)
        }
        expect(Buffer.from(alice.record.current?.baseKey ?? [])).toEqual(
          Buffer.from(bob.record.current?.baseKey ?? [1]),
        )
        expect(alice.record.current?.pendingPreKey).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  }, 120_000)
})

describe('random traffic over one store', () => {
  it('sends and receives in any interleaving lose nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 2, maxLength: 25, size: 'max' }),
        fc.nat(),
        async (directions, seed) => {
          const alice = makeParty('1@s.whatsapp.net')
          const bob = makeParty('2@s.whatsapp.net')
          await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
          await bob.repository.injectE2ESession({ jid: alice.jid, session: alice.bundle() })
          const arrived: string[] = []
          await Promise.all(
            directions.map(async (fromAlice, index) => {
              const [from, to] = fromAlice ? [alice, bob] : [bob, alice]
              const sent = await from.repository.encryptMessage({ jid: to.jid, data: Buffer.from(`${index}`) })
              for (let wait = 0; wait < (seed + index * 7) % 5; wait++) await Promise.resolve()
              const plaintext = await to.repository.decryptMessage({ jid: from.jid, ...sent })
              arrived.push(Buffer.from(plaintext).toString())
            }),
          )
          expect(arrived.map(Number).sort((left, right) => left - right)).toEqual(directions.map((_, index) => index))
        },
      ),
      { numRuns: 25 },
    )
  }, 120_000)
})
