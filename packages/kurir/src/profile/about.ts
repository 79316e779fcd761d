import { contentString, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** The about text (docs/protocol/04, 4.2); the connection adds the id. */

export function buildAboutChange(text: string): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'status' },
    content: [{ tag: 'status', attrs: {}, content: Buffer.from(text, 'utf8') }],
  }
}

/** A contact's new about text, from a `status` notification; undefined when it names nobody whom we could know. */
export function parseAboutNotification(node: BinaryNode): string | undefined {
  const told = getBinaryNodeChildren(node, 'set').find(({ attrs }) => attrs['hash'] === undefined)
  return told && (contentString(told) ?? '')
}
