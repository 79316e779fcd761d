import { createECDH, createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { isIP } from 'node:net'
import type { SeededRandom } from '../random.js'
import { bits, boolean, context, identifier, integer, octets, pem, sequence, set, time, utf8 } from './der.js'

/** What an HTTPS server shows, and what its clients must trust. */
export interface TlsIdentity {
  /** Private key of the server, PEM. */
  readonly key: string
  /** Certificate of the server, PEM; it names all hosts. */
  readonly certificate: string
  /** Certificate of the authority that signed it, PEM: for `ca` or `NODE_EXTRA_CA_CERTS`. */
  readonly authority: string
}

interface SigningKey {
  readonly key: KeyObject
  /** SubjectPublicKeyInfo. */
  readonly spki: Buffer
}

const DAY_MS = 86_400_000
const VALID_DAYS = 397
/** ECDSA with SHA-256. */
const SIGNATURE_ALGORITHM = sequence(identifier('1.2.840.10045.4.3.2'))
/** Elliptic curve key on P-256. */
const KEY_ALGORITHM = sequence(identifier('1.2.840.10045.2.1'), identifier('1.2.840.10045.3.1.7'))
const EXTENSION = {
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1'

/** Makes an authority of its own and a server certificate for these names and addresses (X.509 v3, RFC 5280). */
export const makeTlsIdentity = (random: SeededRandom, hosts: readonly string[], now: number): TlsIdentity => {
  const [authority, server] = [makeKey(random), makeKey(random)]
  const validity = sequence(time(now - DAY_MS), time(now + VALID_DAYS * DAY_MS))
  const issuer = { key: authority, name: nameOf('Simulator media authority'), serial: random.bytes(16), validity }
  const authorityDer = signCertificate(issuer, issuer.name, authority, [
    extension(EXTENSION.basicConstraints, sequence(boolean(true)), true),
    // keyCertSign, cRLSign
    extension(EXTENSION.keyUsage, bits(Buffer.of(0x06), 1), true),
  ])
  const serverDer = signCertificate({ ...issuer, serial: random.bytes(16) }, nameOf(hosts[0] ?? 'localhost'), server, [
    extension(EXTENSION.basicConstraints, sequence(), true),
    // digitalSignature
    extension(EXTENSION.keyUsage, bits(Buffer.of(0x80), 7), true),
    extension(EXTENSION.extendedKeyUsage, sequence(identifier(SERVER_AUTHENTICATION))),
    extension(EXTENSION.alternativeNames, sequence(...hosts.map(alternativeName))),
  ])
  return {
    key: server.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem('CERTIFICATE', serverDer),
    authority: pem('CERTIFICATE', authorityDer),
  }
}

/** The public key is computed from seeded bytes: no key generation job (docs/decisions/0015). */
const makeKey = (random: SeededRandom): SigningKey => {
  const curve = createECDH('prime256v1')
  const secret = random.bytes(32)
  // Below the order of the curve, whatever the seed says.
  secret[0] = (secret[0] ?? 0) & 0x7f
  curve.setPrivateKey(secret)
  const point = curve.getPublicKey()
  const text = (part: Buffer) => part.toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', d: text(secret), x: text(point.subarray(1, 33)), y: text(point.subarray(33)) }
  return { key: createPrivateKey({ key: jwk, format: 'jwk' }), spki: sequence(KEY_ALGORITHM, bits(point)) }
}

const signCertificate = (
  issuer: {
    readonly key: SigningKey
    readonly name: Buffer
    readonly serial: Uint8Array
    readonly validity: Buffer
  },
  subject: Buffer,
  subjectKey: SigningKey,
  extensions: readonly Buffer[],
): Buffer => {
  const identifiers = [
    extension(EXTENSION.subjectKey, octets(keyIdentifier(subjectKey))),
    extension(EXTENSION.authorityKey, sequence(context(0, keyIdentifier(issuer.key), true))),
  ]
  const content = sequence(
    context(0, integer(Buffer.of(2))),
    integer(issuer.serial),
    SIGNATURE_ALGORITHM,
    issuer.name,
    issuer.validity,
    subject,
    subjectKey.spki,
    context(3, sequence(...extensions, ...identifiers)),
  )
  return sequence(content, SIGNATURE_ALGORITHM, bits(sign('sha256', content, issuer.key.key)))
}

const nameOf = (commonName: string): Buffer => sequence(set(sequence(identifier('2.5.4.3'), utf8(commonName))))

const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  sequence(identifier(id), ...(critical ? [boolean(true)] : []), octets(value))

const keyIdentifier = ({ spki }: SigningKey): Buffer => createHash('sha1').update(spki).digest()

const alternativeName = (host: string): Buffer => {
  if (isIP(host) === 0) return context(2, Buffer.from(host), true)
  return context(7, isIP(host) === 4 ? Buffer.from(host.split('.').map(Number)) : ipv6Bytes(host), true)
}

const ipv6Bytes = (host: string): Buffer => {
  const [head = '', tail = ''] = host.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16)))
  const [first, last] = [groups(head), groups(tail)]
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last]
  return Buffer.from(all.flatMap(group => [group >> 8, group & 0xff]))
}
