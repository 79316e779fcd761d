import { constantTimeEqual, hmacSha256 } from 'kurir/crypto'
import { KurirError } from 'kurir/errors'
import {
  beginPrimaryHello,
  grantDeviceIdentity,
  normalizePairingCode,
  openCompanionFinish,
  parsePairingQR,
} from 'kurir/pairing'
import { proto } from 'kurir/proto'
import type { Device } from '../accounts/device.js'
import type { PairingSession } from '../pairing/pairing-session.js'
import type { PhoneAppState } from './phone-app-state.js'
import type { PhoneContext } from './phone-context.js'
import type { HistoryOptions, PhoneHistory } from './phone-history.js'

/** What a phone gives its companions at first: settings of the phone, see `PhoneOptions`. */
export interface LinkingOptions {
  /** Sends the keys of the app-state collections to each new companion. */
  readonly shareAppStateKey: boolean
  /** Tells each new companion about the past. */
  readonly sendHistory: boolean
  /** What there is to tell; undefined: that there is no history. */
  readonly history: HistoryOptions | undefined
  /** Name shown by the companion for its account; the push name. */
  readonly announceName: boolean
}

/** How long a typed code waits for the client's request to arrive. */
const CODE_REQUEST_TIMEOUT_MS = 10_000

/** What a forged grant is wrong in. */
export type GrantForgery = 'hmac' | 'account-signature'

/** Links companions: signs their identity, and gives them what a phone gives (docs/protocol/01 §6, §7). */
export class PhoneLinking {
  readonly #context: () => PhoneContext
  readonly #appState: PhoneAppState
  readonly #history: PhoneHistory
  readonly #options: LinkingOptions
  /** Linked, but not active yet; whether they want all of the history. */
  readonly #newcomers = new Map<Device, boolean>()

  constructor(context: () => PhoneContext, appState: PhoneAppState, history: PhoneHistory, options: LinkingOptions) {
    this.#context = context
    this.#appState = appState
    this.#history = history
    this.#options = options
  }

  /** Links the client that shows this QR text. Errors: see `Phone.scan`. */
  async scan(text: string, forge?: GrantForgery): Promise<Device> {
    const qr = parsePairingQR(text)
    const { service } = this.#context()
    const session = service.pairing.takeRef(qr.ref)
    const { noiseKey, identity } = session.registration
    if (!constantTimeEqual(noiseKey, qr.noiseKey) || !constantTimeEqual(identity, qr.identityKey)) {
      service.core.violations.report('invalid-registration', 'the QR shows the keys of the connection')
      throw new KurirError('qr-mismatch', 'The QR shows other keys than the connection that owns it', {
        statusCode: 400,
      })
    }
    return await this.#link(session, qr.advSecret, forge)
  }

  /** Links the client that waits for this code. Errors: see `Phone.enterPairingCode`. */
  async enterCode(typed: string): Promise<Device> {
    const code = normalizePairingCode(typed)
    const { service, account, keys } = this.#context()
    const { codes } = service.pairing
    const attempt = await codes.attemptFor(account, CODE_REQUEST_TIMEOUT_MS)
    const hello = await beginPrimaryHello(code, keys.identity, attempt.ref)
    const finish = await codes.primaryHello(attempt, hello.content)
    const primary = { ephemeral: hello.ephemeral, identity: keys.identity }
    const bundle = await this.#open(code, attempt.wrappedCompanionKey, finish.wrappedBundle, primary)
    const { identity } = attempt.session.registration
    if (
      !constantTimeEqual(bundle.companionIdentity, identity) ||
      !constantTimeEqual(finish.companionIdentity, identity)
    ) {
      throw new KurirError('pairing-answer-invalid', 'The bundle names another client', { statusCode: 400 })
    }
    return await this.#link(attempt.session, bundle.advSecret)
  }

  /** A companion has become active for the first time: it gets keys and history. */
  async welcome(device: Device): Promise<void> {
    const wantsFullHistory = this.#newcomers.get(device)
    if (wantsFullHistory === undefined) return
    this.#newcomers.delete(device)
    if (this.#options.shareAppStateKey) await this.#appState.shareKeys(device.pn)
    if (!this.#options.sendHistory) return
    if (this.#options.history === undefined) await this.#history.sendNothing(device.pn)
    else await this.#history.send(device.pn, wantsFullHistory)
  }

  async #open(
    code: string,
    wrappedKey: Uint8Array,
    wrappedBundle: Uint8Array,
    primary: Parameters<typeof openCompanionFinish>[3],
  ): ReturnType<typeof openCompanionFinish> {
    try {
      return await openCompanionFinish(code, wrappedKey, wrappedBundle, primary)
    } catch (cause) {
      throw new KurirError('wrong-pairing-code', 'The code does not open what the client sent', {
        statusCode: 401,
        cause,
      })
    }
  }

  async #link(session: PairingSession, advSecret: Uint8Array, forge?: GrantForgery): Promise<Device> {
    const { service, account, keys } = this.#context()
    const deviceId = service.directory.nextDeviceId(account)
    if (deviceId === undefined) {
      throw new KurirError('too-many-devices', 'The account has no free device number', { statusCode: 409 })
    }
    account.lastKeyIndex += 1
    const keyIndex = account.lastKeyIndex
    const granted = grantDeviceIdentity({
      account: keys.identity,
      deviceIdentity: session.registration.identity,
      advSecret,
      rawId: keys.rawId,
      timestamp: service.core.now(),
      keyIndex,
    })
    const grant = forge === undefined ? granted : forgeGrant(granted, forge, advSecret)
    const name = this.#options.announceName ? account.pushName : undefined
    const device = await service.pairing.link(session, { account, deviceId, keyIndex, grant, name })
    this.#newcomers.set(device, session.registration.wantsFullHistory)
    return device
  }
}

/** A grant with one flaw; everything around the flaw holds. */
const forgeGrant = (grant: Uint8Array, forgery: GrantForgery, advSecret: Uint8Array): Uint8Array => {
  const envelope = proto.ADVSignedDeviceIdentityHMAC.decode(grant)
  const details = envelope.details ?? Buffer.alloc(0)
  if (forgery === 'hmac')
    return proto.ADVSignedDeviceIdentityHMAC.encode({ details, hmac: Buffer.alloc(32, 1) }).finish()
  const identity = proto.ADVSignedDeviceIdentity.decode(details)
  const accountSignature = Buffer.from(identity.accountSignature ?? Buffer.alloc(64))
  accountSignature.writeUInt8(accountSignature.readUInt8(0) ^ 1, 0)
  const signed = proto.ADVSignedDeviceIdentity.encode({ ...identity, accountSignature }).finish()
  const hmac = hmacSha256(advSecret, signed)
  return proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish()
}
