import { describe, expect, it } from 'vitest'
import { generateKeyPair } from '../crypto/curve.js'
import { randomBytes } from '../crypto/random.js'
import { keptChains, type RatchetChain, type Session } from './session.js'
import {
  allSessions,
  archiveCurrent,
  boundRecord,
  emptySessionRecord,
  mergeRecords,
  type SessionRecord,
  withNewSession,
  withStep,
} from './session-record.js'
import { decodeSessionRecord, encodeSessionRecord } from './session-record-codec.js'
import { noSkippedKeys, skippedKeyCount, skippedKeyEntries, skippedKeysFrom } from './skipped-keys.js'

const identity = randomBytes(32)

function makeSession(changes: Partial<Session> = {}): Session {
  return {
    baseKey: randomBytes(32),
    initiator: 'us',
    remoteIdentity: identity,
    remoteRegistrationId: 77,
    rootKey: randomBytes(32),
    ownRatchet: generateKeyPair(),
    remoteRatchet: randomBytes(32),
    previousCounter: 3,
    sending: { key: randomBytes(32), next: 5 },
    receiving: [],
    finished: new Uint8Array(0),
    pendingPreKey: undefined,
    createdAt: 1,
    usedAt: 2,
    ...changes,
  }
}

function makeChain(skipped: number, first = 0): RatchetChain {
  const entries = Array.from({ length: skipped }, (_, index) => ({ counter: first + index, seed: randomBytes(32) }))
  return { ratchetKey: randomBytes(32), key: randomBytes(32), next: first + skipped, skipped: skippedKeysFrom(entries) }
}

const finishedChain = (): RatchetChain => ({ ...makeChain(0), key: undefined, skipped: noSkippedKeys })
const skippedIn = (record: SessionRecord) =>
  allSessions(record).map(({ receiving }) => receiving.reduce((sum, chain) => sum + skippedKeyCount(chain.skipped), 0))

describe('limits of a session', () => {
  it('keeps five chains that can still be read, the newest', () => {
    const chains = Array.from({ length: 7 }, () => makeChain(1))
    expect(keptChains(makeSession(), chains).receiving).toEqual(chains.slice(2))
  })

  it('keeps of finished chains only a mark, and 32 of those', () => {
    let session = makeSession()
    const open = makeChain(0)
    for (let count = 0; count < 50; count++) session = { ...session, ...keptChains(session, [finishedChain(), open]) }
    expect(session.receiving).toEqual([open])
    expect(session.finished.byteLength).toBe(32 * 8)
    const many = keptChains(makeSession(), Array.from({ length: 50 }, finishedChain))
    expect(many.finished.byteLength).toBe(32 * 8)
  })

  it('keeps 2,000 skipped seeds of a chain, the newest', () => {
    const { skipped } = makeChain(2500)
    expect(skippedKeyCount(skipped)).toBe(2000)
    expect(skippedKeyEntries(skipped)[0]?.counter).toBe(500)
  })
})

describe('limits of a record', () => {
  it('keeps 40 archived sessions, the newest', () => {
    const sessions = Array.from({ length: 50 }, () => makeSession())
    const record = sessions.reduce(withNewSession, emptySessionRecord)
    expect(record.current).toBe(sessions[49])
    expect(record.archived).toEqual(sessions.slice(9, 49).reverse())
  })

  it('keeps 10,000 skipped seeds altogether; sessions used longest ago lose theirs', () => {
    const full = () => makeSession({ receiving: [makeChain(2000), makeChain(2000)] })
    const record = boundRecord({ current: full(), archived: [full(), full(), full()] })
    expect(skippedIn(record)).toEqual([4000, 4000, 2000, 0])
    const third = record.archived[1]
    expect(third?.receiving.map(chain => skippedKeyCount(chain.skipped))).toEqual([0, 2000])
  })

  it('holds after every step', () => {
    const full = () => makeSession({ receiving: [makeChain(2000), makeChain(2000)] })
    const current = makeSession()
    const record: SessionRecord = boundRecord({ current, archived: [full(), full()] })
    const stepped = { ...current, receiving: [makeChain(2000), makeChain(2000)] }
    expect(skippedIn(withStep(record, current, stepped))).toEqual([4000, 4000, 2000])
  })

  it('a record at its limits fits the stored form', () => {
    const full = () =>
      makeSession({ receiving: [makeChain(2000), ...Array.from({ length: 4 }, () => makeChain(2))], initiator: 'them' })
    const record = boundRecord({ current: full(), archived: Array.from({ length: 60 }, full) })
    const encoded = encodeSessionRecord(record)
    expect(encoded.byteLength).toBeLessThan(450_000)
    expect(encodeSessionRecord(decodeSessionRecord(encoded))).toEqual(encoded)
  })
})

describe('order of sessions', () => {
  it('an archived session that works becomes the current one', () => {
    const [old, current] = [makeSession(), makeSession()]
    const stepped = { ...old, usedAt: 9 }
    expect(withStep({ current, archived: [old] }, old, stepped)).toEqual({ current: stepped, archived: [current] })
  })

  it('unless it belongs to an identity that has been replaced', () => {
    const [old, current] = [makeSession({ remoteIdentity: randomBytes(32) }), makeSession()]
    const stepped = { ...old, usedAt: 9 }
    expect(withStep({ current, archived: [old] }, old, stepped)).toEqual({ current, archived: [stepped] })
  })

  it('or there is no current session on purpose', () => {
    const old = makeSession()
    const stepped = { ...old, usedAt: 9 }
    expect(withStep({ current: undefined, archived: [old] }, old, stepped)).toEqual({
      current: undefined,
      archived: [stepped],
    })
    expect(archiveCurrent({ current: old, archived: [] })).toEqual({ current: undefined, archived: [old] })
    expect(archiveCurrent(emptySessionRecord)).toBe(emptySessionRecord)
  })

  it('joining records doubles no session and keeps the open one', () => {
    const [one, two, three] = [makeSession(), makeSession(), makeSession()]
    const merged = mergeRecords(
      { current: one, archived: [two] },
      { current: three, archived: [{ ...two, usedAt: 0 }] },
    )
    expect(merged).toEqual({ current: one, archived: [two, three] })
    expect(mergeRecords(emptySessionRecord, merged)).toBe(merged)
  })
})
