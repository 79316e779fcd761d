import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Whom the account has blocked (docs/protocol/04, 5.3); the connection adds the id. */

export function buildBlocklistQuery(): BinaryNode {
  return { tag: 'iq', attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'blocklist' } }
}

/** The JIDs of a blocklist: LIDs for accounts that have moved to LIDs. */
export function parseBlocklist(answer: BinaryNode): string[] {
  const items = getBinaryNodeChildren(getBinaryNodeChild(answer, 'list'), 'item')
  return items.flatMap(({ attrs }) => (attrs['jid'] ? [attrs['jid']] : []))
}
