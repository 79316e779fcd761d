/** The Noise handler under the name and with the members that Baileys gives it (`docs/protocol/06` §3.7). */
import { decodeNode } from '../binary/decode.js'
import type { BinaryNode } from '../binary/node.js'
import { type KeyPair, x25519 } from '../crypto/curve.js'
import type { ILogger } from '../logger/logger.js'
import type { proto } from '../proto/index.js'
import { verifyCertificateChain } from './certificate.js'
import { NOISE_MODE, WA_CERT_DETAILS } from './constants.js'
import { encodeFrame, frameHeaderLength } from './frame.js'
import { FrameCipher } from './frame-cipher.js'
import { FrameReader } from './frame-reader.js'
import { checkedServerHello, malformed } from './handshake-message.js'
import { buildIntro } from './intro.js'
import { SymmetricState } from './symmetric-state.js'

export interface NoiseHandlerOptions {
  /** The ephemeral pair of this connection. */
  readonly keyPair: KeyPair
  /** The intro, which is also the prologue: `NOISE_WA_HEADER`. */
  readonly NOISE_HEADER: Uint8Array
  readonly logger?: ILogger
  readonly routingInfo?: Uint8Array | undefined
}

export interface NoiseHandler {
  /** Encrypts with the handshake key, after `finishInit` with the transport key. */
  encrypt(plaintext: Uint8Array): Uint8Array
  /** @throws KurirError `mac-mismatch` */
  decrypt(ciphertext: Uint8Array): Uint8Array
  /** Mixes into the handshake hash; nothing after `finishInit`. */
  authenticate(data: Uint8Array): void
  mixIntoKey(sharedSecret: Uint8Array): void
  finishInit(): Promise<void>
  /** Takes the ServerHello, checks the certificates, returns the encrypted static key for the ClientFinish. */
  processHandshake(message: proto.IHandshakeMessage, noiseKey: KeyPair): Uint8Array
  /** The frame around the data, encrypted after `finishInit`; the intro comes before the first. */
  encodeFrame(data: Uint8Array): Buffer
  /** Calls back for each complete frame: its body, after `finishInit` its decoded node. */
  decodeFrame(data: Uint8Array, onFrame: (frame: Uint8Array | BinaryNode) => void): Promise<void>
}

/**
 * Baileys' handler of the full handshake, for programs that call it themselves; the connections of this library use
 * `NoiseInitiator`. Unlike there, the certificates are verified completely, against `WA_CERT_DETAILS` (or what a
 * program has put into it), and nodes are delivered in the order of their frames.
 */
export function makeNoiseHandler(options: NoiseHandlerOptions): NoiseHandler {
  const { keyPair, NOISE_HEADER } = options
  const logger = options.logger?.child({ class: 'ns' })
  const state = new SymmetricState(NOISE_MODE, NOISE_HEADER)
  const reader = new FrameReader()
  let transport: FrameCipher | undefined
  let intro: Buffer | undefined = buildIntro(options.routingInfo, NOISE_HEADER)
  state.mixHash(keyPair.public)

  return {
    encrypt: plaintext => transport?.encrypt(plaintext).subarray(frameHeaderLength) ?? state.encrypt(plaintext),
    decrypt: ciphertext => transport?.decrypt(ciphertext) ?? state.decrypt(ciphertext),
    authenticate: data => {
      if (transport === undefined) state.mixHash(data)
    },
    mixIntoKey: sharedSecret => state.mixKey(sharedSecret),
    finishInit: async () => {
      const keys = state.split()
      transport = new FrameCipher({ sendKey: keys.initiatorToResponder, receiveKey: keys.responderToInitiator })
      logger?.trace('Noise handler moved to transport')
    },
    processHandshake: (message, noiseKey) => processHandshake(state, keyPair, message, noiseKey),
    encodeFrame: data => {
      const frame = transport?.encrypt(data) ?? encodeFrame(data)
      if (intro === undefined) return frame
      const first = Buffer.concat([intro, frame])
      intro = undefined
      return first
    },
    decodeFrame: async (data, onFrame) => {
      for (const body of reader.push(data)) {
        onFrame(transport === undefined ? body : decodeNode(transport.decrypt(body)))
      }
    },
  }
}

function processHandshake(
  state: SymmetricState,
  ephemeral: KeyPair,
  message: proto.IHandshakeMessage,
  noiseKey: KeyPair,
): Uint8Array {
  const hello = checkedServerHello(message)
  if (hello.static === undefined || hello.payload === undefined) {
    throw malformed('serverHello')
  }
  state.mixHash(hello.ephemeral)
  state.mixKey(x25519(ephemeral, hello.ephemeral))
  const serverStatic = state.decrypt(hello.static)
  state.mixKey(x25519(ephemeral, serverStatic))
  const root = { publicKey: WA_CERT_DETAILS.PUBLIC_KEY, serial: WA_CERT_DETAILS.SERIAL }
  verifyCertificateChain(state.decrypt(hello.payload), serverStatic, { root })
  const encryptedStatic = state.encrypt(noiseKey.public)
  state.mixKey(x25519(noiseKey, hello.ephemeral))
  return encryptedStatic
}
