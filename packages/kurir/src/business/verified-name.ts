import { getBinaryNodeChild } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { type BusinessNameData, businessNameOf } from '../usync/business-protocol.js'

/** Asks for the certified name of a business (docs/protocol/05, 5.3). */
export function buildVerifiedNameRequest(jid: string): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'w:biz' },
    content: [{ tag: 'verified_name', attrs: { jid } }],
  }
}

/** Undefined for who is no business. @throws KurirError `invalid-usync-result` for a certificate that does not decode */
export function parseVerifiedName(answer: BinaryNode): BusinessNameData | undefined {
  const name = getBinaryNodeChild(answer, 'verified_name')
  return name === undefined ? undefined : (businessNameOf(name) ?? undefined)
}
