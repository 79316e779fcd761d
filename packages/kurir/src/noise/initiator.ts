import { generateKeyPair, type KeyPair, rawPublicKey, x25519 } from '../crypto/curve.js'
import { type CertificateTrust, type VerifiedCertificates, verifyCertificateChain } from './certificate.js'
import { NOISE_MODE, noiseFallbackMode, noiseResumeMode } from './constants.js'
import { FrameCipher } from './frame-cipher.js'
import {
  decodeServerHello,
  encodeClientFinish,
  encodeClientHello,
  type Hello,
  malformed,
  wrongState,
} from './handshake-message.js'
import { buildIntro } from './intro.js'
import { SymmetricState } from './symmetric-state.js'

export interface NoiseInitiatorOptions {
  /** The Noise key pair of the credentials: it identifies the device at login. */
  readonly staticKeyPair: KeyPair
  /** Fresh when absent; only tests give one. */
  readonly ephemeral?: KeyPair
  /** Edge routing info of an earlier connection. */
  readonly routingInfo?: Uint8Array | undefined
  /** Root and clock for the server's certificates. */
  readonly trust?: CertificateTrust
  /**
   * Saves a round trip where the server's key is known from an earlier handshake whose certificates were verified and
   * are still valid. A server that has another key by now answers so that the full handshake goes on by itself.
   */
  readonly resume?: NoiseResumption | undefined
}

export interface NoiseResumption {
  /** The server's Noise key, 32 bytes. */
  readonly serverStatic: Uint8Array
  /** The encoded ClientPayload, which travels with the first message. */
  readonly payload: Uint8Array
}

/** What the answer of the server means. */
export type NoiseInitiatorResult = NoiseFinishNeeded | NoiseResumed

/** The full handshake: the server is authenticated, the last message is ours. */
export interface NoiseFinishNeeded {
  readonly kind: 'finish'
  /** True when a resumption was refused: the stored server key is out of date. */
  readonly fallback: boolean
  /** What to store for the next resumption. */
  readonly certificates: VerifiedCertificates
  /** Install it before the frame is written: the server may answer at once. */
  readonly transport: FrameCipher
  /** Makes the last handshake frame around the encoded ClientPayload; once. */
  frame(payload: Uint8Array): Buffer
}

/** The short handshake: nothing more to send. */
export interface NoiseResumed {
  readonly kind: 'resumed'
  readonly serverStatic: Uint8Array
  readonly transport: FrameCipher
}

/**
 * The client's side of the handshake, without a socket: send {@link hello}, hand the body of the first frame that comes
 * back to {@link receive} (`docs/protocol/01` §2.4 to §2.6). An error ends it: close the connection.
 */
export class NoiseInitiator {
  /** Intro and first frame: the first bytes of the connection, in one message. */
  readonly hello: Buffer
  readonly #staticKeyPair: KeyPair
  readonly #ephemeral: KeyPair
  readonly #trust: CertificateTrust
  readonly #resumedServer: Uint8Array | undefined
  #state: SymmetricState | undefined

  private constructor(options: NoiseInitiatorOptions) {
    const { staticKeyPair, resume } = options
    this.#staticKeyPair = staticKeyPair
    this.#ephemeral = options.ephemeral ?? generateKeyPair()
    this.#trust = options.trust ?? {}
    this.#resumedServer = resume === undefined ? undefined : rawPublicKey(resume.serverStatic)
    const intro = buildIntro(options.routingInfo)
    const frame = resume === undefined ? this.#startFull() : this.#startResumed(resume)
    this.hello = Buffer.concat([intro, frame])
  }

  /** @throws KurirError `invalid-public-key`, `invalid-private-key`, `noise-routing-info-too-large` */
  static start(options: NoiseInitiatorOptions): NoiseInitiator {
    return new NoiseInitiator(options)
  }

  #startFull(): Buffer {
    this.#state = new SymmetricState(NOISE_MODE)
    this.#state.mixHash(this.#ephemeral.public)
    return encodeClientHello({ ephemeral: this.#ephemeral.public })
  }

  #startResumed(resume: NoiseResumption): Buffer {
    const serverStatic = rawPublicKey(resume.serverStatic)
    const state = new SymmetricState(noiseResumeMode)
    state.mixHash(serverStatic)
    state.mixHash(this.#ephemeral.public)
    state.mixKey(x25519(this.#ephemeral, serverStatic))
    const encryptedStatic = state.encrypt(this.#staticKeyPair.public)
    state.mixKey(x25519(this.#staticKeyPair, serverStatic))
    const payload = state.encrypt(resume.payload)
    this.#state = state
    return encodeClientHello({ ephemeral: this.#ephemeral.public, static: encryptedStatic, payload })
  }

  /**
   * Takes the ServerHello: the body of the first frame of the server.
   *
   * @throws KurirError `noise-handshake-malformed`, `noise-handshake-length`, `mac-mismatch`, `invalid-public-key`,
   *   `noise-certificate-…` of {@link verifyCertificateChain}; `noise-handshake-state` when called again
   */
  receive(body: Uint8Array): NoiseInitiatorResult {
    const state = this.#state
    if (state === undefined) throw wrongState()
    this.#state = undefined
    const hello = decodeServerHello(body)
    if (this.#resumedServer === undefined) return this.#continueFull(state, hello, false)
    if (hello.static === undefined) return this.#completeResumed(state, hello, this.#resumedServer)
    const fallback = new SymmetricState(noiseFallbackMode)
    fallback.mixHash(this.#ephemeral.public)
    return this.#continueFull(fallback, hello, true)
  }

  #completeResumed(state: SymmetricState, hello: Hello, serverStatic: Uint8Array): NoiseResumed {
    if (hello.payload === undefined) throw malformed('payload')
    state.mixHash(hello.ephemeral)
    state.mixKey(x25519(this.#ephemeral, hello.ephemeral))
    state.mixKey(x25519(this.#staticKeyPair, hello.ephemeral))
    // That it decrypts proves the server: only the holder of the known key could encrypt it.
    state.decrypt(hello.payload)
    return { kind: 'resumed', serverStatic, transport: clientTransport(state) }
  }

  #continueFull(state: SymmetricState, hello: Hello, fallback: boolean): NoiseFinishNeeded {
    if (hello.static === undefined) throw malformed('static')
    if (hello.payload === undefined) throw malformed('payload')
    state.mixHash(hello.ephemeral)
    state.mixKey(x25519(this.#ephemeral, hello.ephemeral))
    const serverStatic = state.decrypt(hello.static)
    state.mixKey(x25519(this.#ephemeral, serverStatic))
    const certificates = verifyCertificateChain(state.decrypt(hello.payload), serverStatic, this.#trust)
    const encryptedStatic = state.encrypt(this.#staticKeyPair.public)
    state.mixKey(x25519(this.#staticKeyPair, hello.ephemeral))
    let finished = false
    return {
      kind: 'finish',
      fallback,
      certificates,
      transport: clientTransport(state),
      frame: payload => {
        if (finished) throw wrongState()
        finished = true
        return encodeClientFinish({ static: encryptedStatic, payload: state.encrypt(payload) })
      },
    }
  }
}

function clientTransport(state: SymmetricState): FrameCipher {
  const keys = state.split()
  return new FrameCipher({ sendKey: keys.initiatorToResponder, receiveKey: keys.responderToInitiator })
}
