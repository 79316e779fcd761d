import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Who gets the account's own status posts (docs/protocol/04, 5.5). The sender of a post picks its readers. */

export interface StatusAudience {
  /** `contacts`: all of them; `blacklist`: all but those of the list; `whitelist`: those of the list. */
  readonly type: 'contacts' | 'blacklist' | 'whitelist'
  readonly users: readonly string[]
}

export const everyContact: StatusAudience = { type: 'contacts', users: [] }

export function buildStatusAudienceQuery(): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'status' },
    content: [{ tag: 'privacy', attrs: {} }],
  }
}

/** The audience in force; all contacts when the service names none. */
export function parseStatusAudience(answer: BinaryNode): StatusAudience {
  const lists = getBinaryNodeChildren(getBinaryNodeChild(answer, 'privacy'), 'list')
  const inForce = lists.find(({ attrs }) => attrs['default'] === 'true') ?? lists[0]
  const type = inForce?.attrs['type']
  if (inForce === undefined || (type !== 'blacklist' && type !== 'whitelist')) return everyContact
  const users = getBinaryNodeChildren(inForce, 'user').flatMap(({ attrs }) => attrs['jid'] ?? [])
  return { type, users }
}
