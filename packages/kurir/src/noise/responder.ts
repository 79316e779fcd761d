import { generateKeyPair, type KeyPair, x25519 } from '../crypto/curve.js'
import { KurirError } from '../errors/index.js'
import { NOISE_MODE, noiseFallbackMode, noiseResumeMode } from './constants.js'
import { FrameCipher } from './frame-cipher.js'
import {
  decodeClientFinish,
  decodeClientHello,
  encodeServerHello,
  type Hello,
  wrongState,
} from './handshake-message.js'
import { SymmetricState } from './symmetric-state.js'

export interface NoiseResponderOptions {
  readonly staticKeyPair: KeyPair
  /** The encoded `CertChain` for the static key. */
  readonly certificateChain: Uint8Array
  /** Fresh when absent; only tests give one. */
  readonly ephemeral?: KeyPair
  /** `refuse` answers every resumption with the full handshake; `accept` when absent. */
  readonly resumption?: 'accept' | 'refuse'
}

/** What a message of the client leads to. `frame` is always to be sent. */
export type NoiseResponderResult =
  | { readonly kind: 'hello'; readonly frame: Buffer; readonly fallback: boolean }
  | ({ readonly kind: 'resumed'; readonly frame: Buffer } & NoiseAccepted)
  | ({ readonly kind: 'finished' } & NoiseAccepted)

/** A finished handshake as the server sees it. */
export interface NoiseAccepted {
  /** The client's Noise key, 32 bytes: it must be the one registered for the device. */
  readonly clientStatic: Buffer
  /** The encoded ClientPayload. */
  readonly payload: Buffer
  readonly transport: FrameCipher
}

/**
 * The server's side of the handshake, without a socket: hand each frame body to {@link receive} until it is `resumed`
 * or `finished` (`docs/protocol/01` §2.4 to §2.6). An error ends it: close the connection.
 */
export class NoiseResponder {
  readonly #options: NoiseResponderOptions
  readonly #ephemeral: KeyPair
  #stage: 'hello' | 'finish' | 'ended' = 'hello'
  #state: SymmetricState | undefined

  constructor(options: NoiseResponderOptions) {
    this.#options = options
    this.#ephemeral = options.ephemeral ?? generateKeyPair()
  }

  /**
   * Takes the ClientHello and, unless that was a resumption, the ClientFinish.
   *
   * @throws KurirError `noise-handshake-malformed`, `noise-handshake-length`, `mac-mismatch`, `invalid-public-key`;
   *   `noise-handshake-state` after the end
   */
  receive(body: Uint8Array): NoiseResponderResult {
    const stage = this.#stage
    this.#stage = 'ended'
    if (stage === 'hello') return this.#receiveHello(decodeClientHello(body))
    if (stage === 'finish' && this.#state !== undefined) return this.#receiveFinish(this.#state, body)
    throw wrongState()
  }

  #receiveHello(hello: Hello): NoiseResponderResult {
    const { static: encryptedStatic, payload } = hello
    if (encryptedStatic === undefined || payload === undefined) return this.#answerFull(hello, NOISE_MODE)
    if (this.#options.resumption === 'refuse') return this.#answerFull(hello, noiseFallbackMode)
    return this.#answerResumption(hello.ephemeral, encryptedStatic, payload)
  }

  #answerFull(hello: Hello, mode: string): NoiseResponderResult {
    const { staticKeyPair, certificateChain } = this.#options
    const state = new SymmetricState(mode)
    state.mixHash(hello.ephemeral)
    state.mixHash(this.#ephemeral.public)
    state.mixKey(x25519(this.#ephemeral, hello.ephemeral))
    const encryptedStatic = state.encrypt(staticKeyPair.public)
    state.mixKey(x25519(staticKeyPair, hello.ephemeral))
    const payload = state.encrypt(certificateChain)
    this.#state = state
    this.#stage = 'finish'
    return {
      kind: 'hello',
      fallback: mode === noiseFallbackMode,
      frame: encodeServerHello({ ephemeral: this.#ephemeral.public, static: encryptedStatic, payload }),
    }
  }

  #answerResumption(
    clientEphemeral: Uint8Array,
    encryptedStatic: Uint8Array,
    encryptedPayload: Uint8Array,
  ): NoiseResponderResult {
    const { staticKeyPair, certificateChain } = this.#options
    const state = new SymmetricState(noiseResumeMode)
    state.mixHash(staticKeyPair.public)
    state.mixHash(clientEphemeral)
    state.mixKey(x25519(staticKeyPair, clientEphemeral))
    const clientStatic = decryptedOrUndefined(state, encryptedStatic)
    if (clientStatic === undefined) {
      // It was made for another server key: the client has to learn ours.
      return this.#answerFull({ ephemeral: clientEphemeral, static: undefined, payload: undefined }, noiseFallbackMode)
    }
    state.mixKey(x25519(staticKeyPair, clientStatic))
    const payload = state.decrypt(encryptedPayload)
    state.mixHash(this.#ephemeral.public)
    state.mixKey(x25519(this.#ephemeral, clientEphemeral))
    state.mixKey(x25519(this.#ephemeral, clientStatic))
    const frame = encodeServerHello({ ephemeral: this.#ephemeral.public, payload: state.encrypt(certificateChain) })
    return { kind: 'resumed', frame, clientStatic, payload, transport: serverTransport(state) }
  }

  #receiveFinish(state: SymmetricState, body: Uint8Array): NoiseResponderResult {
    const finish = decodeClientFinish(body)
    const clientStatic = state.decrypt(finish.static)
    state.mixKey(x25519(this.#ephemeral, clientStatic))
    const payload = state.decrypt(finish.payload)
    return { kind: 'finished', clientStatic, payload, transport: serverTransport(state) }
  }
}

function decryptedOrUndefined(state: SymmetricState, ciphertext: Uint8Array): Buffer | undefined {
  try {
    return state.decrypt(ciphertext)
  } catch (error) {
    if (KurirError.is(error) && error.code === 'mac-mismatch') return undefined
    throw error
  }
}

function serverTransport(state: SymmetricState): FrameCipher {
  const keys = state.split()
  return new FrameCipher({ sendKey: keys.responderToInitiator, receiveKey: keys.initiatorToResponder })
}
