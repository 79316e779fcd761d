import { isJidBot, isJidMetaAI, isLidUser, isPnUser, jidDecode } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { hmacSha256 } from '../crypto/digest.js'
import { KurirError } from '../errors/index.js'

/**
 * Trusted-contact tokens: a contact gives us one, and we show it when we write to them or look at their profile
 * (docs/protocol/02, 11.2). Pure arithmetic and stanzas; storing and sending is done above.
 */

/** How long one token period lasts and how many periods a token stays valid; server properties 865 and 909. */
export interface TokenPeriods {
  /** Seconds, 1 to 15552000. */
  readonly duration: number
  readonly count: number
}

const defaultTokenPeriods: TokenPeriods = { duration: 604_800, count: 4 }

const longestDuration = 15_552_000

/** Server properties as usable periods: nonsense falls back to the defaults, durations are capped at 180 days. */
export function tokenPeriods(duration: number | undefined, count: number | undefined): TokenPeriods {
  return {
    duration: isPositiveInteger(duration) ? Math.min(duration, longestDuration) : defaultTokenPeriods.duration,
    count: isPositiveInteger(count) ? count : defaultTokenPeriods.count,
  }
}

function isPositiveInteger(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value > 0
}

/** The period that a moment (unix seconds) belongs to. */
export function tokenBucket(timestamp: number, periods: TokenPeriods = defaultTokenPeriods): number {
  return Math.floor(timestamp / periods.duration)
}

/** The oldest moment (unix seconds) at which a token that is still valid can have been issued. */
export function tokenCutoff(now: number, periods: TokenPeriods = defaultTokenPeriods): number {
  return (tokenBucket(now, periods) - (periods.count - 1)) * periods.duration
}

/** Whether a received token has expired. A token without a time has. */
export function isTokenExpired(
  timestamp: number | undefined,
  now: number,
  periods: TokenPeriods = defaultTokenPeriods,
): boolean {
  return timestamp === undefined || timestamp < tokenCutoff(now, periods)
}

/** Whether a contact is due a new token of ours: never given one, or not in the current period. */
export function shouldIssueToken(
  lastIssued: number | null | undefined,
  now: number,
  periods: TokenPeriods = defaultTokenPeriods,
): boolean {
  if (lastIssued === null || lastIssued === undefined) return true
  return tokenBucket(lastIssued, periods) < tokenBucket(now, periods)
}

/** Whether tokens are exchanged with this JID at all: people only, not bots, groups or WhatsApp itself. */
export function canHoldToken(jid: string): boolean {
  if (isPnUser(jid) !== true && isLidUser(jid) !== true) return false
  const user = jidDecode(jid)?.user
  return user !== undefined && user !== '' && user !== '0' && !isJidMetaAI(jid) && !isJidBot(`${user}@c.us`)
}

/** The query that gives tokens of ours to contacts; the connection adds id and destination. */
export function buildTokenIssue(jids: readonly string[], timestamp: number): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: 's.whatsapp.net', type: 'set', xmlns: 'privacy' },
    content: [
      {
        tag: 'tokens',
        attrs: {},
        content: jids.map(jid => ({ tag: 'token', attrs: { jid, t: String(timestamp), type: 'trusted_contact' } })),
      },
    ],
  }
}

/** What shows a token inside a picture query or a presence subscription (docs/protocol/04, 4.1 and 4.7). */
export function buildTokenProof(token: Uint8Array, timestamp: number): BinaryNode {
  return { tag: 'tctoken', attrs: { t: String(timestamp) }, content: token }
}

/** A token that a contact has given us. */
export interface ReceivedToken {
  /** Who issued it: file it under this LID where known, else under this phone number. */
  readonly issuer: string
  readonly issuerLid: string | undefined
  readonly token: Uint8Array
  /** Unix seconds, above 0. */
  readonly timestamp: number
}

/** Longest token that is kept. */
const maxTokenLength = 1_024

/**
 * Reads the tokens of a `privacy_token` notification, or of the answer to an issue query. Entries without a time,
 * without bytes, of another type, or from somebody who is no person are left out.
 */
export function parseReceivedTokens(node: BinaryNode): ReceivedToken[] {
  const issuer = node.attrs['from']
  if (issuer === undefined || !canHoldToken(issuer)) return []
  const lid = node.attrs['sender_lid']
  const received: ReceivedToken[] = []
  for (const list of children(node, 'tokens')) {
    for (const entry of children(list, 'token')) {
      const token = tokenBytes(entry)
      const timestamp = Number(/^\d{1,12}$/.exec(entry.attrs['t'] ?? '')?.[0] ?? 0)
      if (entry.attrs['type'] !== 'trusted_contact' || token === undefined || timestamp === 0) continue
      received.push({ issuer, issuerLid: isLidUser(lid) ? lid : undefined, token, timestamp })
    }
  }
  return received
}

function children(node: BinaryNode, tag: string): BinaryNode[] {
  return Array.isArray(node.content) ? node.content.filter(child => child.tag === tag) : []
}

function tokenBytes(entry: BinaryNode): Uint8Array | undefined {
  const bytes = typeof entry.content === 'string' ? Buffer.from(entry.content, 'utf8') : entry.content
  if (!(bytes instanceof Uint8Array) || bytes.byteLength === 0 || bytes.byteLength > maxTokenLength) return undefined
  return bytes
}

/** Whether a received token replaces the stored one: the newer wins, equal times change nothing. */
export function isNewerToken(stored: { timestamp?: string | undefined } | undefined, timestamp: number): boolean {
  return stored?.timestamp === undefined || timestamp > Number(stored.timestamp)
}

/**
 * The fallback for a first contact whose token we do not have: 32 bytes from the account's salt and the recipient's
 * LID (docs/protocol/02, 11.3).
 *
 * @param salt `nctSalt` from history sync or app state
 * @param recipientLid LID of the recipient, with or without device
 * @throws KurirError `invalid-jid` when the recipient is no LID
 */
export function contactSaltToken(salt: Uint8Array, recipientLid: string): Buffer {
  const user = jidDecode(recipientLid)?.user
  if (isLidUser(recipientLid) !== true || user === undefined || user === '') {
    throw new KurirError('invalid-jid', 'A contact salt token needs the LID of the recipient', {
      statusCode: 400,
      data: { field: 'recipientLid', jid: recipientLid },
    })
  }
  return hmacSha256(salt, Buffer.from(`${user}@lid`, 'utf8'))
}
