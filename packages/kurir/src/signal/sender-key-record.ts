import type { KeyPair } from '../crypto/curve.js'
import type { ReceivingChain } from './message-chain.js'
import { RecordReader, RecordWriter } from './record-bytes.js'
import { readSenderKeyJson } from './sender-key-json.js'
import { SignalError } from './signal-error.js'
import { areSkippedKeysSorted, skippedKeyCount, skippedKeyLength, skippedKeyLimit } from './skipped-keys.js'

/** Sender keys kept per group and sender; the oldest goes first (docs/protocol/02 §3.3). */
export const senderKeyStateLimit = 5

/** The signing key of a chain: a pair for our own, the public half of somebody else's. */
export type SigningKey =
  | { readonly kind: 'own'; readonly pair: KeyPair }
  /** 32 raw bytes. */
  | { readonly kind: 'remote'; readonly public: Uint8Array }

/** One sender key. For an own key `chain.next` is the iteration of the next message, and nothing is ever skipped. */
export interface SenderKeyState {
  readonly keyId: number
  readonly signingKey: SigningKey
  readonly chain: ReceivingChain & { readonly key: Uint8Array }
  /** The first iteration that this key was ever able to read: what is older has not been read, but cannot be. */
  readonly knownFrom: number
}

/** The sender keys of one device in one group, newest first. */
export interface SenderKeyRecord {
  readonly states: readonly SenderKeyState[]
}

export const emptySenderKeyRecord: SenderKeyRecord = { states: [] }

export function publicSigningKey(signingKey: SigningKey): Uint8Array {
  return signingKey.kind === 'own' ? signingKey.pair.public : signingKey.public
}

/*
 * The stored form (numbers big-endian):
 *
 *   'G' version(1) states(1) state*
 *   state: flags(1) keyId(4) signingPublic(32) [private(32)] [seed(32)] knownFrom(4) iteration(4) chainKey(32)
 *          skipped(2) (iteration(4) seed(32))*
 *
 * Version 1 was written without knownFrom at first, later with it under the same number; it is read in both forms.
 */
const magic = 0x47
const formatVersion = 2
const firstVersion = 1
const keyLength = 32
const isOwn = 1
const hasSeed = 2

/** Encodes a record in Kurir's stored form. */
export function encodeSenderKeyRecord(record: SenderKeyRecord): Buffer {
  const writer = new RecordWriter(record.states.reduce((total, state) => total + stateLength(state), 3))
  writer.uint8(magic)
  writer.uint8(formatVersion)
  writer.uint8(record.states.length)
  for (const state of record.states) writeState(writer, state)
  return writer.finish()
}

/**
 * Reads a stored sender-key record: Kurir's bytes or any of the forms that Baileys has written.
 *
 * @throws SignalError `invalid-sender-key-record`
 */
export function decodeSenderKeyRecord(stored: unknown): SenderKeyRecord {
  try {
    if (stored instanceof Uint8Array && stored[0] === magic) return readRecord(stored)
    return { states: readSenderKeyJson(stored).slice(0, senderKeyStateLimit) }
  } catch (cause) {
    if (cause instanceof SignalError) throw cause
    throw new SignalError('invalid-sender-key-record', {}, cause)
  }
}

function stateLength({ signingKey, chain }: SenderKeyState): number {
  const own = signingKey.kind === 'own' ? keyLength * (signingKey.pair.seed === undefined ? 1 : 2) : 0
  return 1 + 4 + keyLength + own + 4 + 4 + keyLength + 2 + chain.skipped.byteLength
}

function writeState(writer: RecordWriter, { keyId, signingKey, chain, knownFrom }: SenderKeyState): void {
  const pair = signingKey.kind === 'own' ? signingKey.pair : undefined
  writer.uint8(pair === undefined ? 0 : isOwn | (pair.seed === undefined ? 0 : hasSeed))
  writer.uint32(keyId)
  writer.bytes(publicSigningKey(signingKey))
  if (pair !== undefined) writer.bytes(pair.private)
  if (pair?.seed !== undefined) writer.bytes(pair.seed)
  writer.uint32(knownFrom)
  writer.uint32(chain.next)
  writer.bytes(chain.key)
  writer.uint16(skippedKeyCount(chain.skipped))
  writer.bytes(chain.skipped)
}

function readRecord(stored: Uint8Array): SenderKeyRecord {
  switch (stored[1]) {
    case formatVersion:
      return readStates(stored, { hasKnownFrom: true })
    case firstVersion:
      try {
        return readStates(stored, { hasKnownFrom: true })
      } catch {
        // All fields have fixed lengths: no record fits both forms to its end but by chance.
        return readStates(stored, { hasKnownFrom: false })
      }
    default:
      throw damaged('version')
  }
}

interface StateLayout {
  readonly hasKnownFrom: boolean
}

function readStates(stored: Uint8Array, layout: StateLayout): SenderKeyRecord {
  const reader = new RecordReader(stored)
  // Magic and version.
  reader.bytes(2)
  const count = reader.uint8()
  if (count > senderKeyStateLimit) throw damaged('states')
  const states = Array.from({ length: count }, () => readState(reader, layout))
  if (!reader.isAtEnd) throw damaged('trailing bytes')
  return { states }
}

function readState(reader: RecordReader, { hasKnownFrom }: StateLayout): SenderKeyState {
  const flags = reader.uint8()
  const keyId = reader.uint32()
  const signingKey = readSigningKey(reader, flags)
  const knownFrom = hasKnownFrom ? reader.uint32() : 0
  const next = reader.uint32()
  const key = reader.bytes(keyLength)
  const count = reader.uint16()
  if (count > skippedKeyLimit) throw damaged('skipped keys')
  const skipped = reader.bytes(count * skippedKeyLength)
  if (!areSkippedKeysSorted(skipped)) throw damaged('order of skipped keys')
  return { keyId, signingKey, chain: { key, next, skipped }, knownFrom }
}

function readSigningKey(reader: RecordReader, flags: number): SigningKey {
  const publicKey = reader.bytes(keyLength)
  if ((flags & isOwn) === 0) return { kind: 'remote', public: publicKey }
  const pair = { public: publicKey, private: reader.bytes(keyLength) }
  return { kind: 'own', pair: (flags & hasSeed) === 0 ? pair : { ...pair, seed: reader.bytes(keyLength) } }
}

function damaged(detail: string): SignalError {
  return new SignalError('invalid-sender-key-record', { detail })
}
