import type { LibsignalSessionRecord } from './key-store.js'
import { readLibsignalRecord } from './libsignal-record.js'
import { RecordReader, RecordWriter, recordTime } from './record-bytes.js'
import {
  finishedChainLimit,
  finishedChainMarkLength,
  type PendingPreKey,
  type RatchetChain,
  receivingChainLimit,
  type Session,
} from './session.js'
import { allSessions, archivedSessionLimit, boundRecord, type SessionRecord } from './session-record.js'
import { SignalError } from './signal-error.js'
import { areSkippedKeysSorted, skippedKeyCount, skippedKeyLength, skippedKeyLimit } from './skipped-keys.js'

/*
 * The stored form (numbers big-endian):
 *
 *   'K' version(1) flags(1: bit 0 = the first session is current) sessions(1) session*
 *   session: flags(1) baseKey(32) remoteIdentity(32) remoteRegistrationId(4) rootKey(32) ownPrivate(32) ownPublic(32)
 *            remoteRatchet(32) previousCounter(4) created(6) used(6)
 *            [sendingKey(32) sendingNext(4)] [signedPreKeyId(4) [preKeyId(4)]]
 *            marks(1) mark(8)* chains(1) chain*
 *   chain:   flags(1: bit 0 = has a key) ratchetKey(32) [key(32)] next(4) skipped(2) (counter(4) seed(32))*
 *
 * A steady conversation keeps the record under a kilobyte.
 */
const magic = 0x4b
const formatVersion = 1
const keyLength = 32
const hasCurrent = 1
const weInitiated = 1
const canSend = 2
const isPending = 4
const hasPreKeyId = 8

/** Encodes a record in Kurir's stored form. */
export function encodeSessionRecord(record: SessionRecord): Buffer {
  const sessions = allSessions(record)
  const writer = new RecordWriter(sessions.reduce((total, session) => total + sessionLength(session), 4))
  writer.uint8(magic)
  writer.uint8(formatVersion)
  writer.uint8(record.current === undefined ? 0 : hasCurrent)
  writer.uint8(sessions.length)
  for (const session of sessions) writeSession(writer, session)
  return writer.finish()
}

/**
 * Reads a stored session record: Kurir's bytes, libsignal-node's JSON object as Baileys stores it, or that JSON as
 * text.
 *
 * @throws SignalError `invalid-session-record`
 */
export function decodeSessionRecord(stored: Uint8Array | LibsignalSessionRecord): SessionRecord {
  try {
    if (!(stored instanceof Uint8Array)) return readLibsignalRecord(stored)
    if (stored[0] === magic) return readRecord(new RecordReader(stored))
    return readLibsignalRecord(JSON.parse(Buffer.from(stored).toString('utf8')))
  } catch (cause) {
    if (cause instanceof SignalError) throw cause
    throw new SignalError('invalid-session-record', {}, cause)
  }
}

function sessionLength(session: Session): number {
  const { sending, pendingPreKey, receiving, finished } = session
  let length = 1 + 6 * keyLength + 4 + 4 + 12 + 1 + finished.byteLength + 1
  if (sending !== undefined) length += keyLength + 4
  if (pendingPreKey !== undefined) length += pendingPreKey.preKeyId === undefined ? 4 : 8
  for (const chain of receiving) {
    length += 1 + keyLength + (chain.key === undefined ? 0 : keyLength) + 4 + 2 + chain.skipped.byteLength
  }
  return length
}

function writeSession(writer: RecordWriter, session: Session): void {
  const { sending, pendingPreKey, ownRatchet } = session
  writer.uint8(
    (session.initiator === 'us' ? weInitiated : 0) |
      (sending === undefined ? 0 : canSend) |
      (pendingPreKey === undefined ? 0 : isPending) |
      (pendingPreKey?.preKeyId === undefined ? 0 : hasPreKeyId),
  )
  writer.bytes(session.baseKey)
  writer.bytes(session.remoteIdentity)
  writer.uint32(session.remoteRegistrationId)
  writer.bytes(session.rootKey)
  writer.bytes(ownRatchet.private)
  writer.bytes(ownRatchet.public)
  writer.bytes(session.remoteRatchet)
  writer.uint32(session.previousCounter)
  writer.time(recordTime(session.createdAt))
  writer.time(recordTime(session.usedAt))
  if (sending !== undefined) {
    writer.bytes(sending.key)
    writer.uint32(sending.next)
  }
  if (pendingPreKey !== undefined) {
    writer.uint32(pendingPreKey.signedPreKeyId)
    if (pendingPreKey.preKeyId !== undefined) writer.uint32(pendingPreKey.preKeyId)
  }
  writer.uint8(session.finished.byteLength / finishedChainMarkLength)
  writer.bytes(session.finished)
  writer.uint8(session.receiving.length)
  for (const chain of session.receiving) writeChain(writer, chain)
}

function writeChain(writer: RecordWriter, chain: RatchetChain): void {
  writer.uint8(chain.key === undefined ? 0 : 1)
  writer.bytes(chain.ratchetKey)
  if (chain.key !== undefined) writer.bytes(chain.key)
  writer.uint32(chain.next)
  writer.uint16(skippedKeyCount(chain.skipped))
  writer.bytes(chain.skipped)
}

function readRecord(reader: RecordReader): SessionRecord {
  reader.uint8()
  if (reader.uint8() !== formatVersion) throw damaged('version')
  const flags = reader.uint8()
  const count = checked(reader.uint8(), archivedSessionLimit + 1, 'sessions')
  const sessions = Array.from({ length: count }, () => readSession(reader))
  if (!reader.isAtEnd) throw damaged('trailing bytes')
  if ((flags & hasCurrent) === 0) return boundRecord({ current: undefined, archived: sessions })
  const [current, ...archived] = sessions
  if (current === undefined) throw damaged('no current session')
  return boundRecord({ current, archived })
}

function readSession(reader: RecordReader): Session {
  const flags = reader.uint8()
  return {
    initiator: (flags & weInitiated) === 0 ? 'them' : 'us',
    baseKey: reader.bytes(keyLength),
    remoteIdentity: reader.bytes(keyLength),
    remoteRegistrationId: reader.uint32(),
    rootKey: reader.bytes(keyLength),
    ownRatchet: { private: reader.bytes(keyLength), public: reader.bytes(keyLength) },
    remoteRatchet: reader.bytes(keyLength),
    previousCounter: reader.uint32(),
    createdAt: reader.time(),
    usedAt: reader.time(),
    sending: (flags & canSend) === 0 ? undefined : { key: reader.bytes(keyLength), next: reader.uint32() },
    pendingPreKey: readPending(reader, flags),
    finished: reader.bytes(checked(reader.uint8(), finishedChainLimit, 'marks') * finishedChainMarkLength),
    receiving: Array.from({ length: checked(reader.uint8(), receivingChainLimit, 'chains') }, () => readChain(reader)),
  }
}

function readPending(reader: RecordReader, flags: number): PendingPreKey | undefined {
  if ((flags & isPending) === 0) return undefined
  const signedPreKeyId = reader.uint32()
  return { signedPreKeyId, preKeyId: (flags & hasPreKeyId) === 0 ? undefined : reader.uint32() }
}

function readChain(reader: RecordReader): RatchetChain {
  const hasKey = (reader.uint8() & 1) === 1
  const ratchetKey = reader.bytes(keyLength)
  const key = hasKey ? reader.bytes(keyLength) : undefined
  const next = reader.uint32()
  const skipped = reader.bytes(checked(reader.uint16(), skippedKeyLimit, 'skipped keys') * skippedKeyLength)
  if (!areSkippedKeysSorted(skipped)) throw damaged('order of skipped keys')
  return { ratchetKey, key, next, skipped }
}

function checked(count: number, limit: number, what: string): number {
  if (count > limit) throw damaged(what)
  return count
}

function damaged(detail: string): SignalError {
  return new SignalError('invalid-session-record', { detail })
}
