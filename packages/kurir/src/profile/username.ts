import { isLidUser, isPnUser } from '../binary/jid.js'
import { objectOf } from '../mex/answer-values.js'
import type { MexQuery } from '../mex/query.js'

/** Names that people choose, to be found without their number (docs/protocol/04, 4.4 and 4.16). */

/** The own username. */
export interface OwnUsername {
  readonly username: string
  /** The short number that others must know besides, where one is set. */
  readonly key?: string | undefined
}

export const ownUsernameQuery: MexQuery = { documentId: '25347099718279209', root: 'xwa2_username_get', variables: {} }

/** Undefined when the account has none. */
export function parseOwnUsername(answer: unknown): OwnUsername | undefined {
  const info = objectOf(objectOf(answer)?.['username_info'])
  const username = info?.['username']
  if (typeof username !== 'string' || username === '') return undefined
  const key = info?.['pin']
  return { username, ...(typeof key === 'string' && key !== '' && { key }) }
}

/** Somebody has chosen a username, or has none any more (`''`). */
export interface UsernameChange {
  readonly lid: string
  readonly phoneNumber?: string | undefined
  readonly username: string
}

/** UsernameSetNotification */
export function parseUsernameSet(content: Readonly<Record<string, unknown>>): UsernameChange | undefined {
  const told = objectOf(content['xwa2_notify_username_on_change'])
  const { lid, username } = told ?? {}
  return isLid(lid) && typeof username === 'string' ? { lid, username } : undefined
}

/** UsernameDeleteNotification */
export function parseUsernameDeletion(content: Readonly<Record<string, unknown>>): UsernameChange | undefined {
  const { lid, pn_jid: pn } = objectOf(content['xwa2_notify_username_delete']) ?? {}
  if (!isLid(lid)) return undefined
  return { lid, username: '', ...(typeof pn === 'string' && isPnUser(pn) && { phoneNumber: pn }) }
}

/** AccountSyncUsernameNotification: the own username, `''` when there is none any more. */
export function parseOwnUsernameNotification(content: Readonly<Record<string, unknown>>): string | undefined {
  const told = objectOf(content['xwa2_notify_wa_user'])
  if (told === undefined) return undefined
  const username = objectOf(told['username_info'])?.['username']
  return typeof username === 'string' ? username : ''
}

function isLid(value: unknown): value is string {
  return typeof value === 'string' && isLidUser(value) === true
}
