import { type Session, sameKey } from './session.js'
import { newestSkippedKeys, skippedKeyCount, skippedKeyLimit } from './skipped-keys.js'

/** Archived sessions per record (docs/protocol/02 §2.6). */
export const archivedSessionLimit = 40
/** Skipped seeds of all sessions of a record together; sessions used longest ago lose theirs first. */
const recordSkippedKeyLimit = 5 * skippedKeyLimit

/**
 * All sessions with one device. The current one is used for sending; the archived ones, newest first, can still be
 * read from, since the other side may go on using any of them.
 */
export interface SessionRecord {
  readonly current: Session | undefined
  readonly archived: readonly Session[]
}

export const emptySessionRecord: SessionRecord = { current: undefined, archived: [] }

export function isEmptyRecord(record: SessionRecord): boolean {
  return record.current === undefined && record.archived.length === 0
}

/** Makes a new session the current one and archives the one that was. */
export function withNewSession(record: SessionRecord, session: Session): SessionRecord {
  const { current, archived } = record
  return boundRecord({ current: session, archived: current === undefined ? archived : [current, ...archived] })
}

/** Closes the current session: there is nothing to send with until a new one is made. */
export function archiveCurrent(record: SessionRecord): SessionRecord {
  const { current, archived } = record
  return current === undefined ? record : boundRecord({ current: undefined, archived: [current, ...archived] })
}

/**
 * Puts back a session after a step. An archived session that has just proved to be in use becomes the current one, so
 * that both sides end up with the same session after starting at the same time; not so when it belongs to an identity
 * that has been replaced, or when sending has been stopped on purpose.
 */
export function withStep(record: SessionRecord, before: Session, after: Session): SessionRecord {
  const { current, archived } = record
  if (current === before) return bounded(record, { current: after, archived })
  if (current === undefined || !sameKey(current.remoteIdentity, after.remoteIdentity)) {
    return bounded(record, { current, archived: archived.map(session => (session === before ? after : session)) })
  }
  return boundRecord({ current: after, archived: [current, ...archived.filter(session => session !== before)] })
}

/**
 * The sessions of another record join the archive of this one; sessions with the same base key are not doubled. Where
 * this record has nothing at all to offer, the other stands as it is.
 */
export function mergeRecords(kept: SessionRecord, joining: SessionRecord): SessionRecord {
  const known = allSessions(kept)
  if (known.length === 0) return joining
  const added = allSessions(joining).filter(session => !known.some(other => sameKey(other.baseKey, session.baseKey)))
  return boundRecord({ current: kept.current, archived: [...kept.archived, ...added] })
}

export function allSessions(record: SessionRecord): readonly Session[] {
  return record.current === undefined ? record.archived : [record.current, ...record.archived]
}

/** Applies the limits of a record. */
export function boundRecord(record: SessionRecord): SessionRecord {
  const archived = record.archived.slice(0, archivedSessionLimit)
  let room = recordSkippedKeyLimit
  const trimmed = allSessions({ current: record.current, archived }).map(session => {
    const bounded = withSkippedKeys(session, room)
    room -= countSkippedKeys(bounded)
    return bounded
  })
  return record.current === undefined
    ? { current: undefined, archived: trimmed }
    : { current: trimmed[0], archived: trimmed.slice(1) }
}

/** A step without skipped keys cannot exceed a limit that was kept before. */
function bounded(before: SessionRecord, after: SessionRecord): SessionRecord {
  return totalSkippedKeys(after) > totalSkippedKeys(before) ? boundRecord(after) : after
}

function totalSkippedKeys(record: SessionRecord): number {
  let total = record.current === undefined ? 0 : countSkippedKeys(record.current)
  for (const session of record.archived) total += countSkippedKeys(session)
  return total
}

function countSkippedKeys(session: Session): number {
  let count = 0
  for (const chain of session.receiving) count += skippedKeyCount(chain.skipped)
  return count
}

/** The session with at most `room` skipped seeds, those of its newest chains. */
function withSkippedKeys(session: Session, room: number): Session {
  if (countSkippedKeys(session) <= room) return session
  let left = room
  const receiving = session.receiving
    .toReversed()
    .map(chain => {
      const skipped = newestSkippedKeys(chain.skipped, left)
      left -= skippedKeyCount(skipped)
      return { ...chain, skipped }
    })
    .toReversed()
  return { ...session, receiving }
}
