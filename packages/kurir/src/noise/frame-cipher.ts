import { createCipheriv, createDecipheriv } from 'node:crypto'
import { gcmTagLength, macMismatch } from '../crypto/aes.js'
import { checkedLength, frameHeaderLength, largestFrameBody, streamBroken } from './frame.js'
import { NonceCounter } from './nonce-counter.js'

export interface FrameCipherOptions {
  /** 32 bytes: the key of what this side sends. */
  readonly sendKey: Uint8Array
  /** 32 bytes: the key of what the other side sends. */
  readonly receiveKey: Uint8Array
  /** Frames already sent and received with these keys; 0 after a handshake. */
  readonly sent?: number
  readonly received?: number
}

/**
 * The encryption of frames after the handshake (`docs/protocol/01` §2.7): AES-256-GCM, a counter as nonce, no
 * additional data. Frames must be decrypted in the order in which they arrived, and once: a frame that is missing,
 * repeated, out of order or altered fails, and with it everything after it.
 */
export class FrameCipher {
  readonly #sendKey: Uint8Array
  readonly #receiveKey: Uint8Array
  readonly #sendNonce: NonceCounter
  readonly #receiveNonce: NonceCounter
  #broken = false

  constructor(options: FrameCipherOptions) {
    this.#sendKey = options.sendKey
    this.#receiveKey = options.receiveKey
    this.#sendNonce = new NonceCounter(options.sent)
    this.#receiveNonce = new NonceCounter(options.received)
  }

  /** Frames encrypted so far. */
  get sent(): number {
    return this.#sendNonce.count
  }

  /** Frames decrypted so far, the failed one included. */
  get received(): number {
    return this.#receiveNonce.count
  }

  /**
   * Encrypts the plaintext and frames it: length, ciphertext, tag, ready for the WebSocket. The order of the calls is
   * the order in which the frames must be sent.
   *
   * @throws KurirError `noise-frame-too-large` (the counter has not moved), `noise-counter-exhausted`
   */
  encrypt(plaintext: Uint8Array): Buffer {
    const length = checkedLength(plaintext.byteLength + gcmTagLength, largestFrameBody)
    const cipher = createCipheriv('aes-256-gcm', this.#sendKey, this.#sendNonce.next())
    const frame = Buffer.allocUnsafe(frameHeaderLength + length)
    frame[0] = length >>> 16
    frame[1] = length >>> 8
    frame[2] = length
    frame.set(cipher.update(plaintext), frameHeaderLength)
    cipher.final()
    frame.set(cipher.getAuthTag(), frame.byteLength - gcmTagLength)
    return frame
  }

  /**
   * Decrypts the body of the next frame.
   *
   * @throws KurirError `mac-mismatch`; from then on `noise-stream-broken`, since nothing after it can be trusted
   */
  decrypt(body: Uint8Array): Buffer {
    if (this.#broken) throw streamBroken()
    const end = body.byteLength - gcmTagLength
    // Whatever fails below, a nonce error included, the stream is over.
    this.#broken = true
    const nonce = this.#receiveNonce.next()
    if (end < 0) throw macMismatch()
    const decipher = createDecipheriv('aes-256-gcm', this.#receiveKey, nonce, { authTagLength: gcmTagLength })
    decipher.setAuthTag(body.subarray(end))
    const plaintext = decipher.update(body.subarray(0, end))
    try {
      decipher.final()
    } catch {
      throw macMismatch()
    }
    this.#broken = false
    return plaintext
  }
}
