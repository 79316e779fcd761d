import { KurirError } from '../errors/index.js'

const nonceLength = 12
const counterLimit = 2 ** 32

/** Counts the messages of one key. The nonce is eight zero bytes and the counter, 32 bits big-endian. */
export class NonceCounter {
  readonly #nonce = Buffer.alloc(nonceLength)
  #count: number

  /** @param first number of the next message; 0 unless a stream is continued */
  constructor(first = 0) {
    this.#count = first
  }

  /** How many nonces have been used. */
  get count(): number {
    return this.#count
  }

  /**
   * The nonce of the next message, in a buffer that the next call overwrites.
   *
   * @throws KurirError `noise-counter-exhausted` after 2^32 messages: a nonce must never be used twice
   */
  next(): Buffer {
    if (this.#count >= counterLimit) {
      throw new KurirError('noise-counter-exhausted', 'The key has encrypted all messages that it can; reconnect', {
        statusCode: 428,
        retryable: true,
      })
    }
    this.#nonce.writeUInt32BE(this.#count, nonceLength - 4)
    this.#count += 1
    return this.#nonce
  }
}
