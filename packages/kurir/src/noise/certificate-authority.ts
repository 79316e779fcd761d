import { type KeyPair, rawPublicKey } from '../crypto/curve.js'
import { xeddsaSign } from '../crypto/xeddsa.js'
import { proto } from '../proto/index.js'

/** One certificate to be issued. Times are Unix seconds. */
export interface CertificateRequest {
  readonly serial: number
  readonly issuerSerial: number
  readonly key: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
}

export interface CertificateChainRequest {
  readonly root: KeyPair
  readonly rootSerial?: number
  readonly intermediate: KeyPair
  readonly intermediateSerial?: number
  /** The Noise key of the server, 32 bytes. */
  readonly serverStatic: Uint8Array
  readonly leafSerial?: number
  /** Unix seconds. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Signs a certificate with the key of its issuer: a `NoiseCertificate` of `docs/protocol/01` §2.8. */
export function issueCertificate(
  issuer: KeyPair,
  request: CertificateRequest,
): { readonly details: Buffer; readonly signature: Buffer } {
  const details = Buffer.from(
    proto.CertChain.NoiseCertificate.Details.encode({ ...request, key: rawPublicKey(request.key) }).finish(),
  )
  return { details, signature: xeddsaSign(issuer, details) }
}

/** The certificate chain of a server, as it is sent in the ServerHello: root → intermediate → leaf. */
export function buildCertificateChain(request: CertificateChainRequest): Buffer {
  const { notBefore, notAfter, rootSerial = 0, intermediateSerial = 1, leafSerial = 2 } = request
  const intermediate = issueCertificate(request.root, {
    serial: intermediateSerial,
    issuerSerial: rootSerial,
    key: request.intermediate.public,
    notBefore,
    notAfter,
  })
  const leaf = issueCertificate(request.intermediate, {
    serial: leafSerial,
    issuerSerial: intermediateSerial,
    key: request.serverStatic,
    notBefore,
    notAfter,
  })
  return Buffer.from(proto.CertChain.encode({ leaf, intermediate }).finish())
}
