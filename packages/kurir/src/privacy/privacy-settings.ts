import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Privacy settings by category (docs/protocol/04, 5.1); the connection adds the id. */

export function buildPrivacyQuery(): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'privacy' },
    content: [{ tag: 'privacy', attrs: {} }],
  }
}

/** Category to value, categories that we do not know included. */
export function parsePrivacySettings(answer: BinaryNode): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const { attrs } of getBinaryNodeChildren(getBinaryNodeChild(answer, 'privacy'), 'category')) {
    if (attrs['name'] && attrs['value']) settings[attrs['name']] = attrs['value']
  }
  return settings
}
