import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'
import { constantTimeEqual, xeddsaVerify } from 'kurir/crypto'
import { KurirError } from 'kurir/errors'
import { proto } from 'kurir/proto'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { DeviceDirectory } from '../accounts/device-directory.js'
import type { ServiceCore } from '../router/service-core.js'
import { bytesOf, element, streamError } from '../router/stanzas.js'
import { CodeDesk } from './code-desk.js'
import { PairingSession, type RegistrationLink } from './pairing-session.js'
import type { Registration } from './registration.js'

/** What the phone has made for a client that it links (docs/protocol/01 §6.5, §11.4). */
export interface SignedLink {
  readonly account: Account
  readonly deviceId: number
  readonly keyIndex: number
  /** ADVSignedDeviceIdentityHMAC, the content of pair-success. */
  readonly grant: Uint8Array
  /** Shown by the client as the name of the account; left out when undefined. */
  readonly name: string | undefined
}

const REF_COUNT = 6

/** Links new clients: hands out refs, finds the client of a scanned one, and makes a device of it. */
export class PairingDesk {
  readonly codes: CodeDesk
  readonly #core: ServiceCore
  readonly #directory: DeviceDirectory
  readonly #refLifetimeMs: number
  readonly #refs = new Map<string, PairingSession>()

  constructor(core: ServiceCore, directory: DeviceDirectory, refLifetimeMs: number) {
    this.#core = core
    this.#directory = directory
    this.#refLifetimeMs = refLifetimeMs
    this.codes = new CodeDesk(core)
  }

  /** Begins with a client that registers; its refs are good until they run out, then its connection ends. */
  open(registration: Registration, link: RegistrationLink): PairingSession {
    const session = new PairingSession(this.#core, this.codes, registration, link)
    const refs = Array.from({ length: REF_COUNT }, () => `sim@${this.#core.random.bytes(16).toString('base64url')}`)
    for (const ref of refs) this.#refs.set(ref, session)
    this.#core.clock.schedule(this.#refLifetimeMs, () => {
      if (refs.every(ref => !this.#refs.delete(ref))) return
      link.end(element('xmlstreamend'))
    })
    session.offer(refs)
    return session
  }

  /** The connection is gone: its refs and its code are worth nothing any more. */
  close(session: PairingSession): void {
    this.#forgetRefs(session)
    this.codes.forget(session)
    session.closed()
  }

  /**
   * The client that shows `ref`; the ref is used up.
   *
   * @throws KurirError `unknown-pairing-ref`
   */
  takeRef(ref: string): PairingSession {
    const session = this.#refs.get(ref)
    if (session === undefined) {
      throw new KurirError('unknown-pairing-ref', 'The QR is out of date or belongs to another service', {
        statusCode: 404,
        data: { ref },
      })
    }
    this.#forgetRefs(session)
    return session
  }

  /**
   * Sends what the phone has signed, checks what the client signs in return, registers the device and lets the client
   * reconnect (515).
   *
   * @throws KurirError `pairing-refused`, `pairing-timed-out`, `pairing-connection-lost`, `pairing-answer-invalid`
   */
  async link(session: PairingSession, signed: SignedLink): Promise<Device> {
    const { account, deviceId } = signed
    const answer = await session.succeed([
      element('device-identity', {}, signed.grant),
      ...(signed.name === undefined ? [] : [element('biz', { name: signed.name })]),
      element('platform', { name: 'android' }),
      element('device', {
        jid: `${account.pnUser}:${deviceId}@s.whatsapp.net`,
        lid: `${account.lidUser}:${deviceId}@lid`,
      }),
    ])
    const checked = this.#checkAnswer(session.registration, signed, answer)
    const { registration } = session
    const device = this.#directory.add(account, {
      id: deviceId,
      keyIndex: signed.keyIndex,
      keys: {
        registrationId: registration.registrationId,
        identity: registration.identity,
        signedPreKey: registration.signedPreKey,
      },
      noiseKey: registration.noiseKey,
      ...checked,
    })
    this.codes.forget(session)
    session.link.end(streamError(515))
    return device
  }

  #forgetRefs(session: PairingSession): void {
    for (const [ref, owner] of this.#refs) if (owner === session) this.#refs.delete(ref)
  }

  #checkAnswer(
    registration: Registration,
    signed: SignedLink,
    answer: BinaryNode,
  ): { deviceIdentity: Uint8Array; fullDeviceIdentity: Uint8Array } {
    const sign = getBinaryNodeChild(answer, 'pair-device-sign')
    const linked = sign === undefined ? undefined : getBinaryNodeChild(sign, 'device-identity')
    const bytes = bytesOf(linked)
    if (linked === undefined || bytes === undefined) return this.#refuse('the answer has no device-identity', answer)
    if (linked.attrs['key-index'] !== String(signed.keyIndex)) {
      return this.#refuse('key-index differs from the one that was signed', answer)
    }
    const given = decodeIdentity(bytes)
    const granted = decodeIdentity(proto.ADVSignedDeviceIdentityHMAC.decode(signed.grant).details ?? Buffer.alloc(0))
    const { details, accountSignature, accountSignatureKey } = granted ?? {}
    if (given === undefined || !same(given.details, details) || !same(given.accountSignature, accountSignature)) {
      return this.#refuse('the signed identity is not the one that was sent', answer)
    }
    if (details == null || accountSignatureKey == null) return this.#refuse('nothing was signed', answer)
    const covered = Buffer.concat([Buffer.of(6, 1), details, registration.identity, accountSignatureKey])
    if (given.deviceSignature == null || !xeddsaVerify(registration.identity, covered, given.deviceSignature)) {
      return this.#refuse('the device signature does not hold', answer)
    }
    if (given.accountSignatureKey != null && given.accountSignatureKey.length > 0) {
      this.#core.violations.report('unexpected-answer', 'the reply to pair-success leaves the account key out')
    }
    const deviceSignature = given.deviceSignature
    const reduced = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignature: accountSignature ?? null,
      deviceSignature,
    })
    const full = proto.ADVSignedDeviceIdentity.encode({ ...granted, deviceSignature })
    return { deviceIdentity: reduced.finish(), fullDeviceIdentity: full.finish() }
  }

  #refuse(message: string, stanza: BinaryNode): never {
    this.#core.violations.report('unexpected-answer', message, { stanza })
    throw new KurirError('pairing-answer-invalid', `The client could not be linked: ${message}`, { statusCode: 401 })
  }
}

const decodeIdentity = (bytes: Uint8Array): proto.IADVSignedDeviceIdentity | undefined => {
  try {
    return proto.ADVSignedDeviceIdentity.decode(bytes)
  } catch {
    return undefined
  }
}

const same = (left: Uint8Array | null | undefined, right: Uint8Array | null | undefined): boolean =>
  left != null && right != null && constantTimeEqual(left, right)
