import { type KeyPair, keyPairFromPrivate } from 'kurir/crypto'
import { buildCertificateChain, issueCertificate, type NoiseRoot } from 'kurir/noise'
import { proto } from 'kurir/proto'
import type { Clock } from '../clock.js'
import { unixSeconds } from '../clock.js'
import type { CertificateDefect } from '../faults/transport-faults.js'
import type { SeededRandom } from '../random.js'

const DAY = 86_400
const ROOT_SERIAL = 0
const INTERMEDIATE_SERIAL = 1
const LEAF_SERIAL = 2

/** The keys behind the service's Noise static key: a root of its own, an intermediate, the leaf. */
export class ServerCertificates {
  /** The static key of the handshake. */
  readonly staticKeyPair: KeyPair
  /** What clients have to trust. */
  readonly root: NoiseRoot
  readonly #rootKeys: KeyPair
  readonly #intermediate: KeyPair
  readonly #foreign: KeyPair
  readonly #clock: Clock
  #intact: { readonly bytes: Buffer; readonly renewAt: number } | undefined

  constructor(random: SeededRandom, clock: Clock) {
    this.#clock = clock
    this.#rootKeys = keyPairFromPrivate(random.bytes(32))
    this.#intermediate = keyPairFromPrivate(random.bytes(32))
    this.#foreign = keyPairFromPrivate(random.bytes(32))
    this.staticKeyPair = keyPairFromPrivate(random.bytes(32))
    this.root = { publicKey: this.#rootKeys.public, serial: ROOT_SERIAL }
  }

  /** The encoded chain, valid from yesterday for a year, or one with the given defect. */
  chain(defect?: CertificateDefect): Buffer {
    if (defect !== undefined) return this.#defective(defect)
    const now = unixSeconds(this.#clock)
    if (this.#intact === undefined || now >= this.#intact.renewAt) {
      this.#intact = { bytes: this.#chainBy(this.#rootKeys, now - DAY, now + 365 * DAY), renewAt: now + 30 * DAY }
    }
    return this.#intact.bytes
  }

  #chainBy(root: KeyPair, notBefore: number, notAfter: number, serverStatic = this.staticKeyPair.public): Buffer {
    return buildCertificateChain({ root, intermediate: this.#intermediate, serverStatic, notBefore, notAfter })
  }

  #defective(defect: CertificateDefect): Buffer {
    const now = unixSeconds(this.#clock)
    const [from, until] = [now - DAY, now + 365 * DAY]
    switch (defect) {
      case 'foreign-root':
        return this.#chainBy(this.#foreign, from, until)
      case 'expired':
        return this.#chainBy(this.#rootKeys, now - 30 * DAY, now - 10 * DAY)
      case 'not-yet-valid':
        return this.#chainBy(this.#rootKeys, now + 10 * DAY, now + 30 * DAY)
      case 'wrong-leaf-key':
        return this.#chainBy(this.#rootKeys, from, until, this.#foreign.public)
      case 'garbage':
        return Buffer.from('0a03ffffff', 'hex')
      default:
        return this.#forged(defect, from, until)
    }
  }

  #forged(defect: CertificateDefect, notBefore: number, notAfter: number): Buffer {
    const wrongIntermediate = defect === 'wrong-intermediate-issuer'
    const intermediate = issueCertificate(this.#rootKeys, {
      serial: INTERMEDIATE_SERIAL,
      issuerSerial: wrongIntermediate ? ROOT_SERIAL + 7 : ROOT_SERIAL,
      key: this.#intermediate.public,
      notBefore,
      notAfter,
    })
    const leaf = issueCertificate(defect === 'forged-leaf-signature' ? this.#foreign : this.#intermediate, {
      serial: LEAF_SERIAL,
      issuerSerial: defect === 'wrong-leaf-issuer' ? INTERMEDIATE_SERIAL + 7 : INTERMEDIATE_SERIAL,
      key: this.staticKeyPair.public,
      notBefore,
      notAfter,
    })
    const signature = defect === 'short-signature' ? leaf.signature.subarray(0, 32) : leaf.signature
    return Buffer.from(proto.CertChain.encode({ leaf: { ...leaf, signature }, intermediate }).finish())
  }
}
