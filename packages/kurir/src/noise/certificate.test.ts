import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateKeyPair, keyPairFromPrivate } from '../crypto/curve.js'
import { xeddsaSign } from '../crypto/xeddsa.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import { verifyCertificateChain } from './certificate.js'
import { buildCertificateChain, type CertificateRequest, issueCertificate } from './certificate-authority.js'
import { WA_CERT_DETAILS, WA_NOISE_ROOT } from './constants.js'

const hex = (text: string) => Buffer.from(text, 'hex')
const vectorFile = new URL('../../../../tests/fixtures/vectors/01-noise.json', import.meta.url)
const vectors = JSON.parse(readFileSync(vectorFile, 'utf8'))
const [root, intermediate, server] = [
  keyPairFromPrivate(hex(vectors.keys.root.private)),
  keyPairFromPrivate(hex(vectors.keys.intermediate.private)),
  keyPairFromPrivate(hex(vectors.keys.serverStatic.private)),
]
const validity = { notBefore: 1_700_000_000, notAfter: 2_000_000_000 }
const trust = { root: { publicKey: root.public, serial: 0 }, now: () => 1_800_000_000_000 }
const genuine = {
  intermediate: { serial: 7, issuerSerial: 0, key: intermediate.public, ...validity },
  leaf: { serial: 9, issuerSerial: 7, key: server.public, ...validity },
} satisfies Record<string, CertificateRequest>

interface Chain {
  readonly leaf?: { details?: Uint8Array; signature?: Uint8Array }
  readonly intermediate?: { details?: Uint8Array; signature?: Uint8Array }
}
const sound = () => ({
  intermediate: issueCertificate(root, genuine.intermediate),
  leaf: issueCertificate(intermediate, genuine.leaf),
})
const encoded = (changed: Chain) => proto.CertChain.encode({ ...sound(), ...changed }).finish()
const leafWith = (changed: Partial<CertificateRequest>) =>
  encoded({ leaf: issueCertificate(intermediate, { ...genuine.leaf, ...changed }) })
const intermediateWith = (changed: Partial<CertificateRequest>) =>
  encoded({ intermediate: issueCertificate(root, { ...genuine.intermediate, ...changed }) })

const verify = (chain: Uint8Array, options = trust) => verifyCertificateChain(chain, server.public, options)
const refusal = (defect: string, certificate: 'leaf' | 'intermediate') =>
  expect.objectContaining({
    code: `noise-certificate-${defect}`,
    retryable: false,
    data: expect.objectContaining({ certificate }),
    output: expect.objectContaining({ statusCode: 400 }),
  })

describe('the root', () => {
  it('is the one of WhatsApp (docs/protocol/01 §2.8)', () => {
    expect(Buffer.from(WA_NOISE_ROOT.publicKey).toString('hex')).toBe(vectors.certificates.productionRootPublic)
    expect(WA_NOISE_ROOT.serial).toBe(0)
    expect(WA_CERT_DETAILS).toMatchObject({ SERIAL: 0, ISSUER: 'WhatsAppLongTerm1' })
  })
})

describe('a sound chain', () => {
  it('of the vectors is accepted, and its details are those that we encode', () => {
    expect(verify(hex(vectors.certificates.certChain))).toEqual({
      serverStatic: hex(vectors.keys.serverStatic.public),
      ...validity,
    })
    expect(sound().leaf.details.toString('hex')).toBe(vectors.certificates.leafDetails)
    expect(sound().intermediate.details.toString('hex')).toBe(vectors.certificates.intermediateDetails)
  })

  it('of ours is accepted', () => {
    const chain = buildCertificateChain({ root, intermediate, serverStatic: server.public, ...validity })
    expect(verify(chain)).toMatchObject(validity)
    const other = { root, rootSerial: 5, intermediate, intermediateSerial: 6, serverStatic: server.public, ...validity }
    expect(verify(buildCertificateChain(other), { ...trust, root: { ...trust.root, serial: 5 } })).toMatchObject(
      validity,
    )
  })

  it('may leave out a serial of zero', () => {
    const details = proto.CertChain.NoiseCertificate.Details.encode({
      serial: 7,
      key: intermediate.public,
      ...validity,
    })
    const signed = Buffer.from(details.finish())
    expect(verify(encoded({ intermediate: { details: signed, signature: xeddsaSign(root, signed) } }))).toBeDefined()
  })

  it('reports the narrower validity', () => {
    expect(verify(leafWith({ notBefore: 1_750_000_000, notAfter: 1_900_000_000 }))).toMatchObject({
      notBefore: 1_750_000_000,
      notAfter: 1_900_000_000,
    })
  })

  it('is valid a day before and after its time, for clocks that are wrong, and no second longer', () => {
    const at = (seconds: number) => ({ ...trust, now: () => seconds * 1000 })
    const day = 86_400
    const chain = encoded({})
    expect(verify(chain, at(validity.notBefore - day))).toBeDefined()
    expect(verify(chain, at(validity.notAfter + day))).toBeDefined()
    expect(() => verify(chain, at(validity.notBefore - day - 1))).toThrowError(refusal('not-yet-valid', 'intermediate'))
    expect(() => verify(chain, at(validity.notAfter + day + 1))).toThrowError(refusal('expired', 'intermediate'))
  })
})

describe('a defect has its own code (docs/protocol/01 §2.8)', () => {
  const otherKey = generateKeyPair()
  const flipped = (bytes: Uint8Array) => {
    const copy = Buffer.from(bytes)
    copy[10] = copy[10]! ^ 1
    return copy
  }
  const { leaf, intermediate: middle } = sound()
  const noDetails = new Uint8Array(0)

  const defects: readonly (readonly [string, Uint8Array, string, 'leaf' | 'intermediate'])[] = [
    ['no bytes at all', Buffer.alloc(0), 'malformed', 'intermediate'],
    ['bytes that are no chain', hex('0aff'), 'malformed', 'leaf'],
    ['an endless chain', Buffer.alloc(20_000), 'malformed', 'leaf'],
    ['no leaf', proto.CertChain.encode({ intermediate: middle }).finish(), 'malformed', 'leaf'],
    ['no intermediate', proto.CertChain.encode({ leaf }).finish(), 'malformed', 'intermediate'],
    ['a leaf without details', encoded({ leaf: { signature: leaf.signature } }), 'malformed', 'leaf'],
    [
      'a leaf with empty details',
      encoded({ leaf: { details: noDetails, signature: leaf.signature } }),
      'malformed',
      'leaf',
    ],
    ['a leaf without signature', encoded({ leaf: { details: leaf.details } }), 'malformed', 'leaf'],
    [
      'an intermediate without signature',
      encoded({ intermediate: { details: middle.details } }),
      'malformed',
      'intermediate',
    ],
    [
      'details that cannot be read',
      encoded({ leaf: { details: hex('0aff'), signature: leaf.signature } }),
      'malformed',
      'leaf',
    ],
    [
      'a short signature of the leaf',
      encoded({ leaf: { ...leaf, signature: leaf.signature.subarray(1) } }),
      'signature-length',
      'leaf',
    ],
    [
      'a long signature of the intermediate',
      encoded({ intermediate: { ...middle, signature: Buffer.concat([middle.signature, Buffer.of(0)]) } }),
      'signature-length',
      'intermediate',
    ],
    [
      'an altered signature of the intermediate',
      encoded({ intermediate: { ...middle, signature: flipped(middle.signature) } }),
      'untrusted',
      'intermediate',
    ],
    [
      'an intermediate signed by a foreign root',
      encoded({ intermediate: issueCertificate(otherKey, genuine.intermediate) }),
      'untrusted',
      'intermediate',
    ],
    ['an intermediate with another issuer', intermediateWith({ issuerSerial: 3 }), 'issuer-mismatch', 'intermediate'],
    [
      'a leaf signed by another key',
      encoded({ leaf: issueCertificate(otherKey, genuine.leaf) }),
      'signature-invalid',
      'leaf',
    ],
    [
      'a leaf signed by the root itself',
      encoded({ leaf: issueCertificate(root, genuine.leaf) }),
      'signature-invalid',
      'leaf',
    ],
    [
      'an altered leaf',
      encoded({ leaf: { ...leaf, signature: flipped(leaf.signature) } }),
      'signature-invalid',
      'leaf',
    ],
    ['a leaf with another issuer', leafWith({ issuerSerial: 8 }), 'issuer-mismatch', 'leaf'],
    ['a leaf for another server key', leafWith({ key: otherKey.public }), 'key-mismatch', 'leaf'],
    ['an expired leaf', leafWith({ notAfter: 1_799_000_000 }), 'expired', 'leaf'],
    ['an expired intermediate', intermediateWith({ notAfter: 1_799_000_000 }), 'expired', 'intermediate'],
    ['a leaf of the future', leafWith({ notBefore: 1_801_000_000 }), 'not-yet-valid', 'leaf'],
    ['an intermediate of the future', intermediateWith({ notBefore: 1_801_000_000 }), 'not-yet-valid', 'intermediate'],
  ]

  for (const [name, chain, defect, certificate] of defects) {
    it(`${name}: noise-certificate-${defect}`, () => {
      expect(() => verify(chain)).toThrowError(refusal(defect, certificate))
    })
  }

  it('a key of another length: noise-certificate-key-length', () => {
    const details = (key: Uint8Array) =>
      Buffer.from(proto.CertChain.NoiseCertificate.Details.encode({ ...genuine.intermediate, key }).finish())
    for (const key of [Buffer.alloc(31, 1), Buffer.concat([Buffer.of(5), intermediate.public])]) {
      const signed = details(key)
      const chain = encoded({ intermediate: { details: signed, signature: xeddsaSign(root, signed) } })
      expect(() => verify(chain)).toThrowError(refusal('key-length', 'intermediate'))
    }
  })

  it('no time of expiry: it has expired', () => {
    const { notAfter: _left, ...rest } = genuine.leaf
    const details = Buffer.from(proto.CertChain.NoiseCertificate.Details.encode(rest).finish())
    const chain = encoded({ leaf: { details, signature: xeddsaSign(intermediate, details) } })
    expect(() => verify(chain)).toThrowError(refusal('expired', 'leaf'))
  })

  it('random bytes: typed errors only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (random, position) => {
        const changed = Buffer.from(encoded({}))
        changed[position % changed.byteLength] = random[0] ?? 0
        for (const chain of [random, changed]) {
          try {
            verify(chain)
          } catch (error) {
            expect(KurirError.is(error) && error.code.startsWith('noise-certificate-'), String(error)).toBe(true)
          }
        }
      }),
      { numRuns: 150 },
    )
  })
})
