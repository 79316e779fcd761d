import { isRegistered, saveCredentials } from '../auth/credentials.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { configureSuccessfulPairing } from '../pairing/identity.js'
import {
  answerPrimaryHello,
  beginPairingByCode,
  type CodePairing,
  normalizePairingCode,
  parseLinkCodeNotification,
  readPairingReference,
} from '../pairing/pairing-code.js'
import { buildPairingQRData } from '../pairing/qr.js'
import { isPairingRefresh, pairDeviceReply, pairingErrorReply, parsePairDevice } from '../pairing/stanzas.js'
import { ConnectionError } from './connection-errors.js'
import type { SocketCore } from './core.js'
import { PasskeyPairing } from './passkey-pairing.js'

const FIRST_QR_MS = 60_000
const NEXT_QR_MS = 20_000

/**
 * Links this installation to an account (docs/protocol/01, pairing by QR and by code): shows the references one after
 * another, or agrees on a secret by code, and checks and signs the identity that the phone grants. What was granted is
 * durable before the server is told.
 */
export class PairingSession {
  readonly #core: SocketCore
  #references: string[] = []
  #qrTimer: NodeJS.Timeout | undefined
  #byCode: CodePairing | undefined
  readonly #passkey: PasskeyPairing

  constructor(core: SocketCore) {
    this.#core = core
    this.#passkey = new PasskeyPairing(core, () => clearTimeout(this.#qrTimer))
    core.connection.onEnd(() => clearTimeout(this.#qrTimer))
  }

  /** `<pair-device>`: new references replace the old ones. */
  async receiveReferences(iq: BinaryNode): Promise<void> {
    const { connection, config } = this.#core
    if (this.#isLinkedAlready(iq)) return
    connection.pairingStarted()
    this.#references = [...parsePairDevice(iq)]
    await connection.sendNode(pairDeviceReply(iq))
    clearTimeout(this.#qrTimer)
    this.#showNext(config.qrTimeout ?? FIRST_QR_MS)
  }

  /** `<pair-success>`: verifies what the phone signed, stores the identity, answers. The server then asks for a restart. */
  async receiveSuccess(iq: BinaryNode): Promise<void> {
    const { connection, creds, ev, logger, config, clock } = this.#core
    if (this.#isLinkedAlready(iq)) return
    clock.updateFrom(iq)
    clearTimeout(this.#qrTimer)
    let pairing: ReturnType<typeof configureSuccessfulPairing>
    try {
      pairing = configureSuccessfulPairing(iq, creds)
    } catch (error) {
      await connection.sendNode(pairingErrorReply(iq, error))
      await connection.end(error instanceof Error ? error : new Error(String(error)))
      return
    }
    logger.info({ me: pairing.creds.me?.id, platform: pairing.creds.platform }, 'paired')
    ev.emit('creds.update', pairing.creds)
    // A crash between the reply and the save would lose the link (docs/protocol/01, what is stored).
    await saveCredentials(config.auth)
    ev.emit('connection.update', { isNewLogin: true, qr: undefined })
    await connection.sendNode(pairing.reply)
  }

  /**
   * Asks for a pairing code that the user types on the phone. Call it after the first `qr` of `connection.update`.
   *
   * @param phoneNumber digits in international form, with or without `+` and separators
   * @param customCode eight characters of the code alphabet; a random code when absent
   * @returns the code, eight characters
   * @throws KurirError `already-paired` (409), `invalid-phone-number` (400), `invalid-pairing-code` (400); ServerRefusal
   */
  async requestCode(phoneNumber: string, customCode?: string): Promise<string> {
    const { connection, creds, config, ev } = this.#core
    if (isRegistered(creds)) {
      throw new KurirError('already-paired', 'This session is linked already; log out before pairing again', {
        statusCode: 409,
      })
    }
    const code = customCode === undefined ? undefined : normalizePairingCode(customCode)
    const pairing = await beginPairingByCode({ creds, phoneNumber, browser: config.browser, code })
    const answer = await connection.query(pairing.request)
    this.#byCode = { ...pairing, reference: readPairingReference(answer) }
    ev.emit('creds.update', {
      pairingCode: pairing.code,
      pairingEphemeralKeyPair: pairing.ephemeral,
      me: { id: pairing.jid, name: '~' },
    })
    return pairing.code
  }

  /** A notification that belongs to linking: by code, by passkey, or the wish for another QR. */
  async receiveNotification(notification: BinaryNode): Promise<void> {
    if (this.#isLinkedAlready(notification)) return
    if (isPairingRefresh(notification)) this.#refresh()
    else if (notification.attrs['type'] === 'link_code_companion_reg') await this.#receiveLinkCode(notification)
    else this.#passkey.receive(notification)
  }

  /** The service wants the next QR at once (docs/protocol/01 §6.3). */
  #refresh(): void {
    clearTimeout(this.#qrTimer)
    this.#showNext(this.#core.config.qrTimeout ?? NEXT_QR_MS)
  }

  /** The user typed the code, or it expired. */
  async #receiveLinkCode(notification: BinaryNode): Promise<void> {
    const { connection, creds, ev, config, logger } = this.#core
    const pairing = this.#byCode
    const stage = parseLinkCodeNotification(notification)
    if (!pairing) {
      logger.warn({ stage: stage.kind }, 'a pairing-code notification came without a pairing code in use')
      return
    }
    if (stage.kind === 'refresh-code') {
      logger.info({ manual: stage.manual }, 'the pairing code expired')
      this.#byCode = undefined
      return
    }
    const { request, advSecretKey } = await answerPrimaryHello(stage, pairing, creds)
    ev.emit('creds.update', { advSecretKey })
    // pair-success may follow at once and is checked with this secret.
    await saveCredentials(config.auth)
    await connection.query(request)
    ev.emit('creds.update', { registered: true })
  }

  /** A linked device is not linked again on the same connection: an honest server does not offer it. */
  #isLinkedAlready(iq: BinaryNode): boolean {
    const { creds, logger } = this.#core
    if (!isRegistered(creds)) return false
    logger.warn({ id: iq.attrs['id'] }, 'ignored an offer to pair: this device is linked')
    return true
  }

  #showNext(milliseconds: number): void {
    const { connection, creds, config, ev } = this.#core
    const reference = this.#references.shift()
    if (reference === undefined) {
      void connection.end(
        new ConnectionError('qr-expired', 'QR refs attempts ended', { statusCode: 408, retryable: true }),
      )
      return
    }
    const qr = buildPairingQRData(
      reference,
      base64(creds.noiseKey.public),
      base64(creds.signedIdentityKey.public),
      creds.advSecretKey,
      config.browser,
    )
    ev.emit('connection.update', { qr })
    this.#qrTimer = setTimeout(() => this.#showNext(config.qrTimeout ?? NEXT_QR_MS), milliseconds)
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
