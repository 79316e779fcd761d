import { saveCredentials } from '../auth/credentials.js'
import type { BinaryNode } from '../binary/node.js'
import { generateKeyPair } from '../crypto/curve.js'
import { randomBytes } from '../crypto/random.js'
import { devicePlatformType } from '../pairing/browsers.js'
import {
  beginPasskeyPrologue,
  buildCompanionNonce,
  buildEncryptedPairingRequest,
  buildPasskeyOptionsQuery,
  buildPasskeyPrologue,
  buildPasskeyReferenceQuery,
  type PasskeyAssertion,
  type PasskeyPrologue,
  type PrimaryEphemeral,
  parsePasskeyNotification,
  passkeyEncryptionKey,
  passkeyHandoffKey,
  passkeyHandoffProof,
  passkeyVerificationCode,
  readPasskeyOptions,
  readPasskeyReference,
  sealPasskeyRequest,
} from '../pairing/passkey.js'
import { ConnectionError } from './connection-errors.js'
import type { SocketCore } from './core.js'
import { withDeadline } from './deadline.js'

/** What the service asks of the user when it wants the account's passkey for linking. Kurir's own; Baileys has none. */
export interface PasskeyAuthenticator {
  /**
   * Makes a WebAuthn assertion with the account's passkey. Rejecting ends the attempt.
   *
   * @param options the WebAuthn request options: JSON, as the service gives them
   */
  authenticate(options: string): Promise<PasskeyAssertion>
  /** Shows eight characters that the phone shows too. Rejecting says that they differ. */
  confirmCode?(code: string): Promise<void> | void
}

/** The proof that links the assertion to the QR is valid for so long (docs/protocol/01 §6.7). */
const USER_DEADLINE_MS = 300_000

/**
 * Linking that the account's passkey confirms: the service may ask for it while a QR or a code is shown
 * (docs/protocol/01 §6.7). Ends like any other linking, with `pair-success` under a new secret.
 */
export class PasskeyPairing {
  readonly #core: SocketCore
  readonly #began: () => void
  #prologue: PasskeyPrologue | undefined

  /** @param began called when the passkey takes the place of the QR */
  constructor(core: SocketCore, began: () => void) {
    this.#core = core
    this.#began = began
  }

  /** Takes a notification; what follows from it waits for the user and goes on by itself. */
  receive(node: BinaryNode): void {
    const notification = parsePasskeyNotification(node)
    if (notification === undefined) return
    const { passkey } = this.#core.config
    if (passkey === undefined) {
      this.#core.logger.warn({}, 'the service asks for the passkey of the account, and the config has no `passkey`')
      return
    }
    const work =
      notification.kind === 'prologue-request'
        ? this.#prove(passkey, notification.options)
        : this.#continue(passkey, notification.primary)
    work.catch(error => this.#failed(error))
  }

  async #prove(passkey: PasskeyAuthenticator, embedded: string | undefined): Promise<void> {
    const { connection, creds, config, ev } = this.#core
    this.#began()
    const handoffKey = passkeyHandoffKey(Buffer.from(creds.advSecretKey, 'base64'))
    const options = embedded ?? readPasskeyOptions(await connection.query(buildPasskeyOptionsQuery()))
    const assertion = await withDeadline('passkey', USER_DEADLINE_MS, passkey.authenticate(options))
    const ref = readPasskeyReference(await connection.query(buildPasskeyReferenceQuery()))
    const prologue = beginPasskeyPrologue(ref, devicePlatformType(config.browser[1]), generateKeyPair())
    // The secret of the QR has served; pair-success will be checked with this one.
    ev.emit('creds.update', { advSecretKey: randomBytes(32).toString('base64') })
    await saveCredentials(config.auth)
    this.#prologue = prologue
    await connection.query(buildPasskeyPrologue(prologue, assertion, passkeyHandoffProof(handoffKey, prologue.payload)))
  }

  async #continue(passkey: PasskeyAuthenticator, primary: PrimaryEphemeral): Promise<void> {
    const { connection, creds, logger } = this.#core
    const prologue = this.#prologue
    if (prologue === undefined) {
      logger.warn({}, 'a phone went on with a passkey that nobody has shown')
      return
    }
    this.#prologue = undefined
    await connection.query(buildCompanionNonce(prologue.nonce))
    const code = passkeyVerificationCode(prologue.nonce, primary)
    await withDeadline('passkey', USER_DEADLINE_MS, passkey.confirmCode?.(code))
    const request = {
      noiseKey: creds.noiseKey.public,
      identityKey: creds.signedIdentityKey.public,
      advSecret: Buffer.from(creds.advSecretKey, 'base64'),
    }
    const key = passkeyEncryptionKey(prologue.ephemeral, primary.publicKey, prologue)
    await connection.query(buildEncryptedPairingRequest(sealPasskeyRequest(request, key)))
  }

  #failed(cause: unknown): void {
    const { connection } = this.#core
    if (connection.phase === 'ended') return
    void connection.end(
      new ConnectionError('passkey-failed', 'The passkey did not confirm the linking', {
        statusCode: 401,
        retryable: true,
        cause,
      }),
    )
  }
}
