import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { isLidUser, S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Whom the account has blocked (docs/protocol/04, 5.3); the connection adds the id. */

/** Somebody who is blocked: by LID, or by number on accounts that have not moved to LIDs. */
export interface BlockedUser {
  readonly jid: string
  readonly phoneNumber: string | undefined
}

/** The whole blocklist as the service tells it. */
export interface Blocklist {
  readonly hash: string | undefined
  readonly users: readonly BlockedUser[]
}

/** Changes of the blocklist by another device of the account. */
export interface BlocklistChange {
  readonly hash: string | undefined
  /** The list that was changed; another one than ours means that we have missed something. */
  readonly previousHash: string | undefined
  readonly items: readonly { readonly jid: string; readonly action: 'add' | 'remove' }[]
}

export function buildBlocklistQuery(): BinaryNode {
  return { tag: 'iq', attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'blocklist' } }
}

/**
 * Blocks somebody. A LID goes with one more name; when none is known, the stanza says so (docs/protocol/04, 10.1: others
 * refuse to block then).
 */
export function buildBlock(jid: string, phoneNumber?: string): BinaryNode {
  if (isLidUser(jid) !== true) return change({ action: 'block', jid })
  return change({ action: 'block', jid, ...(phoneNumber ? { pn_jid: phoneNumber } : { unknown_identifier: 'true' }) })
}

export function buildUnblock(jid: string): BinaryNode {
  return change({ action: 'unblock', jid })
}

/** Undefined when the answer holds no list: nothing has changed, or it is the answer to a change that was taken. */
export function parseBlocklist(answer: BinaryNode): Blocklist | undefined {
  const list = getBinaryNodeChild(answer, 'list')
  if (list === undefined || list.attrs['matched'] === 'true') return undefined
  const users = getBinaryNodeChildren(list, 'item').flatMap(({ attrs }): BlockedUser[] =>
    attrs['jid'] ? [{ jid: attrs['jid'], phoneNumber: attrs['pn_jid'] }] : [],
  )
  return { hash: list.attrs['dhash'], users }
}

/** The stamp of the list after a change that was taken. */
export function parseBlocklistHash(answer: BinaryNode): string | undefined {
  return getBinaryNodeChild(answer, 'list')?.attrs['dhash']
}

/** Reads the `blocklist` child of an `account_sync` notification. */
export function parseBlocklistChange(blocklist: BinaryNode): BlocklistChange {
  const items = getBinaryNodeChildren(blocklist, 'item').flatMap(
    ({ attrs: { jid, action } }): BlocklistChange['items'] =>
      jid && (action === 'block' || action === 'unblock')
        ? [{ jid, action: action === 'block' ? 'add' : 'remove' }]
        : [],
  )
  return { hash: blocklist.attrs['dhash'], previousHash: blocklist.attrs['prev_dhash'], items }
}

function change(attrs: BinaryNode['attrs']): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'blocklist' },
    content: [{ tag: 'item', attrs }],
  }
}
