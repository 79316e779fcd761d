import { rawPublicKey, typedPublicKey } from '../crypto/curve.js'
import type { LibsignalSessionRecord } from './key-store.js'
import { recordTime } from './record-bytes.js'
import { copyKey, keptChains, type PendingPreKey, type RatchetChain, type Session, sameKey } from './session.js'
import { allSessions, boundRecord, type SessionRecord } from './session-record.js'
import { SignalError } from './signal-error.js'
import { noSkippedKeys, skippedKeyEntries, skippedKeysFrom } from './skipped-keys.js'

/*
 * The JSON form of session records (docs/protocol/02 §2.7), read so that a folder written by Baileys goes on working,
 * and written for whoever wants to go back. There, chain counters name the last used message (−1: none); here, the
 * next one.
 */

const seedLength = 32
const formatVersion = 'v1'
/** Sessions beyond this are not even looked at: a real record holds 41 at most. */
const sessionReadLimit = 1000

type JsonObject = { readonly [name: string]: unknown }

/**
 * Reads a libsignal-node record. Records from before its version `v1` lack a version and keep the registration id
 * beside the sessions.
 *
 * @throws SignalError `invalid-session-record`
 */
export function readLibsignalRecord(stored: unknown): SessionRecord {
  const record = asObject(stored, 'record')
  if (record.version !== undefined && record.version !== formatVersion) throw damaged('version')
  const fallbackId = record.version === undefined ? record.registrationId : undefined
  const sessions = Object.values(asObject(record._sessions, '_sessions'))
    .slice(0, sessionReadLimit)
    .map(session => readSession(asObject(session, 'session'), fallbackId))
  // In a damaged record with two open sessions the first counts, as in libsignal-node.
  const current = sessions.find(({ closed }) => closed === -1)
  const archived = sessions
    .filter(session => session !== current)
    .sort((left, right) => right.closed - left.closed)
    .map(({ session }) => session)
  return boundRecord({ current: current?.session, archived })
}

/**
 * Writes a record as libsignal-node does: for an export to Baileys. Chains that are read to their end are left out
 * there, as they are here.
 */
export function toLibsignalRecord(record: SessionRecord): LibsignalSessionRecord {
  const sessions = allSessions(record).map((session, position) => {
    const closed = session === record.current ? -1 : Math.max(recordTime(session.usedAt) - position, 1)
    return [typedBase64(session.baseKey), writeSession(session, closed)] as const
  })
  return { _sessions: Object.fromEntries(sessions), version: formatVersion }
}

interface ReadSession {
  readonly session: Session
  /** −1 while open, else milliseconds. */
  readonly closed: number
}

function readSession(stored: JsonObject, fallbackId: unknown): ReadSession {
  const ratchet = asObject(stored.currentRatchet, 'currentRatchet')
  const pair = asObject(ratchet.ephemeralKeyPair, 'ephemeralKeyPair')
  const index = asObject(stored.indexInfo, 'indexInfo')
  const ownPublic = publicKey(pair.pubKey, 'pubKey')
  const chains = readChains(asObject(stored._chains, '_chains'), ownPublic)
  const closed = index.closed === -1 ? -1 : time(index.closed)
  const session: Session = {
    baseKey: publicKey(index.baseKey, 'baseKey'),
    initiator: index.baseKeyType === 1 ? 'us' : 'them',
    remoteIdentity: publicKey(index.remoteIdentityKey, 'remoteIdentityKey'),
    remoteRegistrationId: uint32(stored.registrationId ?? fallbackId ?? 0, 'registrationId'),
    rootKey: secret(ratchet.rootKey, 'rootKey'),
    ownRatchet: { public: ownPublic, private: secret(pair.privKey, 'privKey') },
    remoteRatchet: publicKey(ratchet.lastRemoteEphemeralKey, 'lastRemoteEphemeralKey'),
    // An unused chain counts as −1 there.
    previousCounter: uint32(Math.max(integer(ratchet.previousCounter ?? 0, 'previousCounter'), 0), 'previousCounter'),
    sending: chains.sending,
    receiving: [],
    finished: new Uint8Array(0),
    pendingPreKey: stored.pendingPreKey === undefined ? undefined : readPending(stored.pendingPreKey),
    createdAt: time(index.created),
    usedAt: time(index.used),
  }
  const current = chains.receiving.filter(chain => sameKey(chain.ratchetKey, session.remoteRatchet))
  const earlier = chains.receiving.filter(chain => !current.includes(chain))
  return { session: { ...session, ...keptChains(session, [...earlier, ...current]) }, closed }
}

function readPending(stored: unknown): PendingPreKey {
  const pending = asObject(stored, 'pendingPreKey')
  const preKeyId = pending.preKeyId ?? undefined
  return {
    signedPreKeyId: uint32(pending.signedKeyId, 'signedKeyId'),
    // libsignal-node leaves id 0 out of its messages, too.
    preKeyId: preKeyId === undefined || preKeyId === 0 ? undefined : uint32(preKeyId, 'preKeyId'),
  }
}

function readChains(
  stored: JsonObject,
  ownRatchetKey: Uint8Array,
): { readonly sending: Session['sending']; readonly receiving: readonly RatchetChain[] } {
  const receiving: RatchetChain[] = []
  let sending: Session['sending']
  for (const [name, value] of Object.entries(stored)) {
    const ratchetKey = publicKey(name, 'chain')
    const { key, next, skipped } = readChain(asObject(value, 'chain'))
    if (sameKey(ratchetKey, ownRatchetKey)) sending = key === undefined ? undefined : { key, next }
    else receiving.push({ ratchetKey, key, next, skipped })
  }
  return { sending, receiving }
}

function readChain(stored: JsonObject): Omit<RatchetChain, 'ratchetKey'> {
  const chainKey = asObject(stored.chainKey, 'chainKey')
  const messageKeys = Object.entries(asObject(stored.messageKeys ?? {}, 'messageKeys'))
  const entries = messageKeys.map(([counter, seed]) => ({
    counter: uint32(Number(counter), 'message key counter'),
    seed: secret(seed, 'message key'),
  }))
  return {
    key: chainKey.key === undefined || chainKey.key === null ? undefined : secret(chainKey.key, 'chain key'),
    next: uint32(integer(chainKey.counter, 'chain counter') + 1, 'chain counter'),
    skipped: entries.length === 0 ? noSkippedKeys : skippedKeysFrom(entries),
  }
}

function writeSession(session: Session, closed: number): JsonObject {
  const { ownRatchet, sending, pendingPreKey } = session
  const chains = session.receiving.map(chain => [
    typedBase64(chain.ratchetKey),
    {
      chainKey: { counter: chain.next - 1, ...(chain.key === undefined ? {} : { key: base64(chain.key) }) },
      chainType: 2,
      messageKeys: Object.fromEntries(
        skippedKeyEntries(chain.skipped).map(({ counter, seed }) => [counter, base64(seed)]),
      ),
    },
  ])
  if (sending !== undefined) {
    const chainKey = { counter: sending.next - 1, key: base64(sending.key) }
    chains.push([typedBase64(ownRatchet.public), { chainKey, chainType: 1, messageKeys: {} }])
  }
  const baseKey = typedBase64(session.baseKey)
  const pending = pendingPreKey && {
    signedKeyId: pendingPreKey.signedPreKeyId,
    baseKey,
    ...(pendingPreKey.preKeyId === undefined ? {} : { preKeyId: pendingPreKey.preKeyId }),
  }
  return {
    registrationId: session.remoteRegistrationId,
    currentRatchet: {
      ephemeralKeyPair: { pubKey: typedBase64(ownRatchet.public), privKey: base64(ownRatchet.private) },
      lastRemoteEphemeralKey: typedBase64(session.remoteRatchet),
      previousCounter: session.previousCounter,
      rootKey: base64(session.rootKey),
    },
    indexInfo: {
      baseKey,
      baseKeyType: session.initiator === 'us' ? 1 : 2,
      closed,
      used: session.usedAt,
      created: session.createdAt,
      remoteIdentityKey: typedBase64(session.remoteIdentity),
    },
    _chains: Object.fromEntries(chains),
    ...(pending === undefined ? {} : { pendingPreKey: pending }),
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function typedBase64(publicKey: Uint8Array): string {
  return base64(typedPublicKey(publicKey))
}

function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(what)
  return value as JsonObject
}

/** Base64 text, or bytes where a store has revived them. */
function bytes(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'string') throw damaged(what)
  return Buffer.from(value, 'base64')
}

function publicKey(value: unknown, what: string): Uint8Array {
  const key = bytes(value, what)
  try {
    return copyKey(rawPublicKey(key))
  } catch {
    throw damaged(what)
  }
}

function secret(value: unknown, what: string): Uint8Array {
  const key = bytes(value, what)
  if (key.byteLength !== seedLength) throw damaged(what)
  return copyKey(key)
}

function integer(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw damaged(what)
  return value
}

function uint32(value: unknown, what: string): number {
  const number = integer(value, what)
  if (number < 0 || number > 0xffffffff) throw damaged(what)
  return number
}

function time(value: unknown): number {
  return typeof value === 'number' ? recordTime(value) : 0
}

function damaged(detail: string): SignalError {
  return new SignalError('invalid-session-record', { detail })
}
