import { constantTimeEqual } from '../crypto/random.js'
import { signatureLength, xeddsaVerify } from '../crypto/xeddsa.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import { type NoiseRoot, WA_NOISE_ROOT } from './constants.js'

/** How wrong a local clock may be before a certificate counts as expired or not yet valid. */
export const certificateClockTolerance = 24 * 3600
const publicKeyLength = 32
const largestChain = 16_384

export interface CertificateTrust {
  /** Who must have signed the intermediate certificate; WhatsApp's root when absent. */
  readonly root?: NoiseRoot
  /** The time, in milliseconds since 1970; `Date.now` when absent. */
  readonly now?: () => number
}

/** What a verified chain says. Times are Unix seconds; the narrower of both certificates. */
export interface VerifiedCertificates {
  readonly serverStatic: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
}

interface Certificate {
  readonly name: CertificateName
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly serial: number
  readonly issuerSerial: number
  readonly key: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
}

type CertificateName = 'leaf' | 'intermediate'

/**
 * Checks that the root vouches for the server key: every row of `docs/protocol/01` §2.8. There is no way to skip it.
 *
 * @param chain the `CertChain` bytes that the server encrypted
 * @param serverStatic the server's decrypted Noise key, 32 bytes
 * @throws KurirError with `data.certificate` naming the certificate: `noise-certificate-malformed`,
 *   `noise-certificate-signature-length`, `noise-certificate-key-length`, `noise-certificate-untrusted` (not signed by
 *   the root), `noise-certificate-issuer-mismatch`, `noise-certificate-signature-invalid` (leaf not signed by the
 *   intermediate), `noise-certificate-key-mismatch`, `noise-certificate-not-yet-valid`, `noise-certificate-expired`
 */
export function verifyCertificateChain(
  chain: Uint8Array,
  serverStatic: Uint8Array,
  trust: CertificateTrust = {},
): VerifiedCertificates {
  const root = trust.root ?? WA_NOISE_ROOT
  const { leaf, intermediate } = decodeChain(chain)
  if (!xeddsaVerify(root.publicKey, intermediate.signed, intermediate.signature)) {
    throw refused('untrusted', 'intermediate', 'is not signed by the trusted root')
  }
  if (intermediate.issuerSerial !== root.serial) {
    throw refused('issuer-mismatch', 'intermediate', 'names another issuer than the trusted root')
  }
  if (!xeddsaVerify(intermediate.key, leaf.signed, leaf.signature)) {
    throw refused('signature-invalid', 'leaf', 'is not signed by the intermediate certificate')
  }
  if (leaf.issuerSerial !== intermediate.serial) {
    throw refused('issuer-mismatch', 'leaf', 'names another issuer than the intermediate certificate')
  }
  if (!constantTimeEqual(leaf.key, serverStatic)) {
    throw refused('key-mismatch', 'leaf', 'belongs to another key than the one of the server')
  }
  const now = Math.floor((trust.now ?? Date.now)() / 1000)
  checkValidity(intermediate, now)
  checkValidity(leaf, now)
  return {
    serverStatic: leaf.key,
    notBefore: Math.max(leaf.notBefore, intermediate.notBefore),
    notAfter: Math.min(leaf.notAfter, intermediate.notAfter),
  }
}

function checkValidity(certificate: Certificate, now: number): void {
  const { notBefore, notAfter, name } = certificate
  if (now < notBefore - certificateClockTolerance) {
    throw refused('not-yet-valid', name, 'is not valid yet', { notBefore, now })
  }
  if (now > notAfter + certificateClockTolerance) {
    throw refused('expired', name, 'has expired', { notAfter, now })
  }
}

function decodeChain(chain: Uint8Array): { leaf: Certificate; intermediate: Certificate } {
  if (chain.byteLength > largestChain) throw refused('malformed', 'leaf', 'is part of a chain that is too long')
  const decoded = decoding(() => proto.CertChain.decode(chain), 'leaf')
  return {
    intermediate: decodeCertificate(decoded.intermediate, 'intermediate'),
    leaf: decodeCertificate(decoded.leaf, 'leaf'),
  }
}

function decodeCertificate(
  certificate: proto.CertChain.INoiseCertificate | null | undefined,
  name: CertificateName,
): Certificate {
  const { details: signed, signature } = certificate ?? {}
  if (signed == null || signed.byteLength === 0) throw refused('malformed', name, 'has no details')
  if (signature == null || signature.byteLength === 0) throw refused('malformed', name, 'has no signature')
  if (signature.byteLength !== signatureLength) {
    throw refused('signature-length', name, 'has a signature that is not 64 bytes long')
  }
  const details = decoding(() => proto.CertChain.NoiseCertificate.Details.decode(signed), name)
  const { key } = details
  if (key == null) throw refused('malformed', name, 'has no key')
  if (key.byteLength !== publicKeyLength) throw refused('key-length', name, 'has a key that is not 32 bytes long')
  return {
    name,
    signed,
    signature,
    key,
    serial: details.serial ?? 0,
    issuerSerial: details.issuerSerial ?? 0,
    notBefore: Number(details.notBefore ?? 0),
    notAfter: Number(details.notAfter ?? 0),
  }
}

function decoding<Decoded>(decode: () => Decoded, name: CertificateName): Decoded {
  try {
    return decode()
  } catch (cause) {
    throw refused('malformed', name, 'cannot be read', { cause })
  }
}

type Defect =
  | 'malformed'
  | 'signature-length'
  | 'key-length'
  | 'untrusted'
  | 'issuer-mismatch'
  | 'signature-invalid'
  | 'key-mismatch'
  | 'not-yet-valid'
  | 'expired'

interface DefectContext {
  readonly notBefore?: number
  readonly notAfter?: number
  readonly now?: number
  readonly cause?: unknown
}

function refused(defect: Defect, certificate: CertificateName, what: string, context: DefectContext = {}): KurirError {
  const { cause, ...times } = context
  return new KurirError(`noise-certificate-${defect}`, `The ${certificate} certificate of the server ${what}`, {
    statusCode: 400,
    data: { certificate, ...times },
    ...(cause === undefined ? {} : { cause }),
  })
}
