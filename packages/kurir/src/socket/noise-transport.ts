import type { AuthenticationCreds, ServerIdentity } from '../auth/credentials.js'
import { isRegistered } from '../auth/credentials.js'
import { KurirError } from '../errors/kurir-error.js'
import { WA_NOISE_ROOT } from '../noise/constants.js'
import type { FrameCipher } from '../noise/frame-cipher.js'
import { FrameReader } from '../noise/frame-reader.js'
import { NoiseInitiator, type NoiseResumption } from '../noise/initiator.js'
import { loginPayload, registrationPayload } from '../pairing/client-payload.js'
import { proto } from '../proto/index.js'
import type { SocketConfig } from './config.js'

/** Keys, tags and a certificate chain: a few hundred bytes in fact. */
const LARGEST_SERVER_HELLO = 64 * 1024

/**
 * The encrypted channel of one connection: cuts the stream into frames, runs the Noise handshake with the payload that
 * the credentials ask for, then encrypts and decrypts frames in order.
 *
 * A linked device that knows the server's verified key resumes with Noise IK, one round trip shorter; a server that
 * cannot answers with the full handshake (docs/protocol/01, XXfallback).
 */
export class NoiseTransport {
  readonly #config: SocketConfig
  readonly #creds: AuthenticationCreds
  readonly #reader = new FrameReader({ firstFrameLimit: LARGEST_SERVER_HELLO })
  #initiator: NoiseInitiator | undefined
  #cipher: FrameCipher | undefined
  #serverIdentity: ServerIdentity | undefined

  constructor(config: SocketConfig, creds: AuthenticationCreds) {
    this.#config = config
    this.#creds = creds
  }

  get established(): boolean {
    return this.#cipher !== undefined
  }

  /** The server's key and how long its certificates hold, when this handshake verified them anew. */
  get verifiedServer(): ServerIdentity | undefined {
    return this.#serverIdentity
  }

  /** The first bytes to send. */
  hello(): Buffer {
    this.#initiator = NoiseInitiator.start({
      staticKeyPair: this.#creds.noiseKey,
      routingInfo: this.#creds.routingInfo,
      trust: { root: this.#config.noiseRoot ?? WA_NOISE_ROOT, now: this.#config.clock },
      resume: this.#resumption(),
    })
    return this.#initiator.hello
  }

  /** The frames that are complete with this chunk. */
  frames(chunk: Uint8Array): readonly Buffer[] {
    return this.#reader.push(chunk)
  }

  /** Takes the server's hello. Returns the frame to answer with; the cipher is in place before it is written. */
  handshake(body: Uint8Array): Buffer | undefined {
    if (!this.#initiator) throw new KurirError('noise-handshake-state', 'The server spoke before the client')
    const result = this.#initiator.receive(body)
    this.#initiator = undefined
    this.#cipher = result.transport
    if (result.kind === 'resumed') return undefined
    const { serverStatic, notBefore, notAfter } = result.certificates
    this.#serverIdentity = { key: serverStatic, root: this.#root(), notBefore, notAfter }
    return result.frame(this.#payload())
  }

  seal(plaintext: Uint8Array): Buffer {
    return this.#established().encrypt(plaintext)
  }

  open(body: Uint8Array): Buffer {
    return this.#established().decrypt(body)
  }

  #established(): FrameCipher {
    if (!this.#cipher) throw new KurirError('noise-handshake-state', 'The handshake is not complete')
    return this.#cipher
  }

  #root(): Uint8Array {
    return (this.#config.noiseRoot ?? WA_NOISE_ROOT).publicKey
  }

  #resumption(): NoiseResumption | undefined {
    const known = this.#creds.serverIdentity
    if (!known || !isRegistered(this.#creds) || !Buffer.from(this.#root()).equals(known.root)) return undefined
    const now = this.#config.clock() / 1000
    if (now < known.notBefore || now > known.notAfter) return undefined
    return { serverStatic: known.key, payload: this.#payload() }
  }

  #payload(): Uint8Array {
    const payload = isRegistered(this.#creds)
      ? loginPayload(this.#creds, this.#config)
      : registrationPayload(this.#creds, this.#config)
    return proto.ClientPayload.encode(payload).finish()
  }
}
