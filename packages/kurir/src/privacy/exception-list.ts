import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Contacts that a setting of the value `contact_blacklist` leaves out (docs/protocol/04, 5.2). */

/** The settings that know exceptions. */
export type PrivacyExceptionCategory = 'last' | 'profile' | 'status' | 'groupadd'

/** A contact that is left out. */
export interface PrivacyException {
  /** LID of accounts that have moved to LIDs, else the phone number's JID. */
  readonly jid: string
  readonly phoneNumber?: string | undefined
  readonly username?: string | undefined
}

export interface PrivacyExceptionList {
  /** Stamp of this state of the list; a change must name it. */
  readonly hash: string
  readonly users: readonly PrivacyException[]
}

/** A contact to be added or removed, under both names where they are known. */
export interface PrivacyExceptionChange extends PrivacyException {
  readonly action: 'add' | 'remove'
}

/** What a service answers that holds another state of the list than the one that a change names. */
export const STALE_LIST_CODE = 409
/** The hash to be named when none is known. */
export const NO_LIST_HASH = 'none'

/** @param byLid the account has moved to LIDs: the service refuses a question by phone number then (400) */
export function buildExceptionListQuery(name: PrivacyExceptionCategory, byLid: boolean): BinaryNode {
  return iq('get', byLid, { tag: 'list', attrs: { name, value: 'contact_blacklist' } })
}

/** Changes a list, and sets the category to contacts with exceptions. */
export function buildExceptionListChange(
  name: PrivacyExceptionCategory,
  hash: string,
  changes: readonly PrivacyExceptionChange[],
  byLid: boolean,
): BinaryNode {
  const users = changes.map(({ action, jid, phoneNumber, username }) => ({
    tag: 'user',
    attrs: {
      action,
      jid,
      ...(phoneNumber !== undefined && { pn_jid: phoneNumber }),
      ...(phoneNumber === undefined && username !== undefined && { username }),
    },
  }))
  const attrs = { name, value: 'contact_blacklist', dhash: hash }
  return iq('set', byLid, { tag: 'category', attrs, content: users })
}

/** Undefined when the service tells no list: the category has another value. */
export function parseExceptionList(answer: BinaryNode): PrivacyExceptionList | undefined {
  const list = getBinaryNodeChild(getBinaryNodeChild(answer, 'privacy'), 'list')
  if (list === undefined) return undefined
  const users = getBinaryNodeChildren(list, 'user').flatMap(({ attrs }): PrivacyException[] =>
    attrs['jid'] ? [{ jid: attrs['jid'], phoneNumber: attrs['pn_jid'], username: attrs['username'] }] : [],
  )
  return { hash: list.attrs['dhash'] ?? NO_LIST_HASH, users }
}

function iq(type: 'get' | 'set', byLid: boolean, child: BinaryNode): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type, xmlns: 'privacy' },
    content: [{ tag: 'privacy', attrs: byLid ? { addressing_mode: 'lid' } : {}, content: [child] }],
  }
}
