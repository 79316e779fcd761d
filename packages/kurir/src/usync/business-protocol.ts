import { assertNodeErrorFree, contentBytes, getBinaryNodeChild } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import { invalidResult, type USyncQueryProtocol } from './protocol.js'

/** A business and its name, as WhatsApp certified it. The certificate's signatures are not verified. */
export interface BusinessNameData {
  verifiedName: string
  /** How far the name was checked. */
  verifiedLevel: string
  /** `ent:wa`: uses the business API; `smb:wa`: the small-business app. */
  issuer?: string
  /** Decimal number of the certificate. */
  serial?: string
}

/** `business`: the verified names of businesses (docs/protocol/05 §5.3). */
export class USyncBusinessProtocol implements USyncQueryProtocol {
  readonly name = 'business'

  getQueryElement(): BinaryNode {
    return { tag: 'business', attrs: {}, content: [{ tag: 'verified_name', attrs: {} }] }
  }

  getUserElement(): null {
    return null
  }

  /** Null for who is no business. */
  parser(node: BinaryNode): BusinessNameData | null {
    if (node.tag !== 'business') return null
    assertNodeErrorFree(node)
    const name = getBinaryNodeChild(node, 'verified_name')
    return name === undefined ? null : businessNameOf(name)
  }
}

/**
 * Reads `<verified_name>`, as answers and notifications have it (docs/protocol/05 §5.3). Null without a certificate.
 *
 * @throws KurirError `invalid-usync-result` for a certificate that does not decode
 */
export function businessNameOf(name: BinaryNode): BusinessNameData | null {
  const certificate = contentBytes(name)
  if (certificate === undefined) return null
  const { verifiedName, issuer, serial } = detailsOf(certificate, name)
  return {
    verifiedName: verifiedName ?? '',
    verifiedLevel: name.attrs['verified_level'] ?? 'unknown',
    ...(issuer && { issuer }),
    ...(serial != null && { serial: String(serial) }),
  }
}

function detailsOf(certificate: Uint8Array, node: BinaryNode): proto.VerifiedNameCertificate.IDetails {
  try {
    const { details } = proto.VerifiedNameCertificate.decode(certificate)
    return proto.VerifiedNameCertificate.Details.decode(details ?? new Uint8Array())
  } catch (error) {
    if (!KurirError.is(error)) throw error
    throw invalidResult('a certificate that does not decode', node)
  }
}
