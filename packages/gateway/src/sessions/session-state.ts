import { KurirError } from 'kurir/errors'

/** Why a session does not connect any more until somebody does something about it. */
export type EndReason =
  /** The device was removed, on the phone or by `logout`. */
  | 'logged-out'
  /** Another program uses the same session. */
  | 'replaced'
  /** Nobody scanned the QR or typed the code in time. */
  | 'pairing-expired'
  /** The service refuses the login in a way that trying again does not mend. */
  | 'refused'
  /** What is stored of the session cannot be used. */
  | 'unusable'

/** Where a session stands. Times are unix milliseconds. */
export type SessionState =
  | { readonly kind: 'stopped'; readonly since: number }
  | { readonly kind: 'connecting'; readonly since: number; readonly attempt: number }
  | { readonly kind: 'pairing'; readonly since: number; readonly qr: string }
  | { readonly kind: 'open'; readonly since: number }
  | {
      readonly kind: 'waiting'
      readonly since: number
      readonly attempt: number
      readonly until: number
      readonly error: unknown
    }
  | { readonly kind: 'ended'; readonly since: number; readonly reason: EndReason; readonly error: unknown }

/** What follows from the end of a connection. */
export type Verdict = { readonly kind: 'at-once' | 'later' } | { readonly kind: 'never'; readonly reason: EndReason }

/** Never after logout or replacement; at once where the service asks for it; later for all that may pass. */
export function verdictOn(error: unknown): Verdict {
  if (!KurirError.is(error)) return { kind: 'later' }
  if (error.code === 'restart-required') return { kind: 'at-once' }
  if (error.code === 'qr-expired') return { kind: 'never', reason: 'pairing-expired' }
  if (error.retryable) return { kind: 'later' }
  if (error.code === 'logged-out') return { kind: 'never', reason: 'logged-out' }
  if (error.code === 'connection-replaced') return { kind: 'never', reason: 'replaced' }
  if (error.code.endsWith('-auth-state')) return { kind: 'never', reason: 'unusable' }
  return { kind: 'never', reason: 'refused' }
}

const shortestPauseMs = 1000
const longestPauseMs = 30_000

/**
 * Milliseconds before the next attempt: the limit doubles from 1 s to 30 s, and the pause lies somewhere in its upper half,
 * so that many sessions do not come back in step.
 *
 * @param attempt 1 for the first pause since the connection was open
 * @param random 0 to 1
 */
export function pauseBefore(attempt: number, random: number): number {
  const limit = Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(attempt, 10))
  return Math.max(shortestPauseMs, Math.round(limit * (0.5 + random / 2)))
}

const whatEndedIt: Readonly<Record<EndReason, string>> = {
  'logged-out':
    'The device was removed from the account, on the phone or by a logout. Delete the session, create it anew and link it.',
  replaced:
    'Another program has connected with the same session. Find it and stop it (a second gateway, an old bot with a copy of the data), then start the session.',
  'pairing-expired':
    'Nobody scanned the QR or typed the code in time. Start the session when somebody is there to scan.',
  refused: 'The service refused the login, and trying again would not help.',
  unusable:
    'What is stored of the session cannot be read. Restore it from a backup, or delete the session and link it anew.',
}

/** Answers 'why is it not connected?' for people; empty while it is. */
export function explain(state: SessionState, now: number): string {
  switch (state.kind) {
    case 'open':
      return ''
    case 'stopped':
      return 'The session was stopped. Start it.'
    case 'connecting':
      return `The session has been connecting for ${seconds(now - state.since)} (attempt ${state.attempt}).`
    case 'pairing':
      return 'The session is not linked to an account. Scan the QR with the phone, or ask for a pairing code.'
    case 'waiting':
      return `The last connection ended: ${messageOf(state.error)}. The next attempt follows in ${seconds(state.until - now)}.`
    case 'ended':
      return `${whatEndedIt[state.reason]} (${messageOf(state.error)})`
  }
}

function seconds(milliseconds: number): string {
  return `${Math.max(0, Math.round(milliseconds / 1000))} s`
}

function messageOf(error: unknown): string {
  if (KurirError.is(error)) return `${error.message} [${error.code}]`
  return error instanceof Error ? error.message : 'no reason was given'
}
