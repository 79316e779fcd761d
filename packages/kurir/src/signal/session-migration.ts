import { isLidAddress, lidAddress, type SignalAddress, signalAddress, withDevice } from './address.js'
import type { SignalDataSet, SignalKeyStoreWithTransaction } from './key-store.js'
import { sessionScope, underScopes } from './scopes.js'
import { mergeRecords, type SessionRecord } from './session-record.js'
import { decodeSessionRecord, encodeSessionRecord } from './session-record-codec.js'

/** One device whose session is filed under its phone number and belongs under its LID. */
export interface SessionMove {
  readonly from: string
  readonly to: string
}

/**
 * The sessions that exist under phone-number addresses of the given users, and where they belong. Looked for among the
 * devices on record for the user, device 0 and the hosted device; a session of a device that is not on record is moved
 * when it is used next.
 */
export async function findSessionMoves(
  keys: SignalKeyStoreWithTransaction,
  lidUsers: ReadonlyMap<string, string>,
  furtherDevices: readonly number[] = [],
): Promise<SessionMove[]> {
  const users = [...lidUsers].flat()
  const lists = await keys.get('device-list', users)
  const moves = [...lidUsers].flatMap(([pnUser, lidUser]) => {
    const phone = signalAddress(`${pnUser}@s.whatsapp.net`)
    const listed = [...deviceNumbers(lists[pnUser]), ...deviceNumbers(lists[lidUser])]
    const devices = new Set([0, 99, ...listed, ...furtherDevices])
    return [...devices].map(device => moveOf(withDevice(phone, device), lidUser))
  })
  const stored = await keys.get(
    'session',
    moves.map(move => move.from),
  )
  return moves.filter(move => stored[move.from])
}

/** The device numbers of a stored device list; what is no number is left out. */
export function deviceNumbers(list: readonly string[] | null | undefined): number[] {
  return (list ?? []).map(Number).filter(device => Number.isInteger(device) && device >= 0 && device <= 255)
}

function moveOf(address: SignalAddress, lidUser: string): SessionMove {
  return { from: address.text, to: lidAddress(address, lidUser).text }
}

/**
 * Moves sessions and identities from phone-number to LID addresses. Where a LID session exists it stays the open one
 * and the other's states join its archive: the peer may go on using either (docs/protocol/02 §6.4).
 *
 * Call it inside a transaction that holds the scopes of both addresses of every move.
 *
 * @returns how many sessions were moved
 */
export async function moveSessions(
  keys: SignalKeyStoreWithTransaction,
  moves: readonly SessionMove[],
): Promise<number> {
  const addresses = moves.flatMap(move => [move.from, move.to])
  const sessions = await keys.get('session', addresses)
  const identities = await keys.get('identity-key', addresses)
  const sessionRows: NonNullable<SignalDataSet['session']> = {}
  const identityRows: NonNullable<SignalDataSet['identity-key']> = {}
  let moved = 0
  for (const { from, to } of moves) {
    const session = sessions[from]
    if (session) {
      sessionRows[to] = mergedSession(session, sessions[to] ?? undefined)
      sessionRows[from] = null
      moved++
    }
    const identity = identities[from]
    if (identity) {
      if (!identities[to]) identityRows[to] = identity
      identityRows[from] = null
    }
  }
  if (moved > 0 || Object.keys(identityRows).length > 0) {
    await keys.set({ session: sessionRows, 'identity-key': identityRows })
  }
  return moved
}

/**
 * Moves the sessions of a person from the phone number to the LID: Baileys' `migrateSession`.
 *
 * @returns `total` sessions were found under the phone number, `migrated` of them moved; nothing is done, and `total`
 *   is 0, unless the second JID is a LID
 */
export async function migrateUserSessions(
  keys: SignalKeyStoreWithTransaction,
  fromJid: string,
  toJid: string,
): Promise<{ migrated: number; skipped: number; total: number }> {
  if (fromJid === '' || !toJid.endsWith('lid')) return { migrated: 0, skipped: 0, total: 0 }
  const from = signalAddress(fromJid)
  const to = signalAddress(toJid)
  if (!isLidAddress(to)) return { migrated: 0, skipped: 0, total: 0 }
  if (!from.isPhoneNumber) return { migrated: 0, skipped: 0, total: 1 }
  const moves = await findSessionMoves(keys, new Map([[from.user, to.user]]), [from.device])
  if (moves.length === 0) return { migrated: 0, skipped: 0, total: 0 }
  const scopes = moves.flatMap(move => [sessionScope(move.from), sessionScope(move.to)])
  const migrated = await underScopes(keys, scopes, () => moveSessions(keys, moves))
  return { migrated, skipped: moves.length - migrated, total: moves.length }
}

type StoredSession = Parameters<typeof decodeSessionRecord>[0]

/** A record that cannot be read has nothing to contribute. */
function mergedSession(joining: StoredSession, kept: StoredSession | undefined): StoredSession {
  const joiningRecord = readable(joining)
  const keptRecord = kept === undefined ? undefined : readable(kept)
  if (keptRecord === undefined) return joining
  if (kept === undefined || joiningRecord === undefined) return kept ?? joining
  return encodeSessionRecord(mergeRecords(keptRecord, joiningRecord))
}

function readable(stored: StoredSession): SessionRecord | undefined {
  try {
    return decodeSessionRecord(stored)
  } catch {
    return undefined
  }
}
