import { Readable } from 'node:stream'
import { KurirError } from 'kurir/errors'
import { wireLimits } from '../wire/limits.js'

/** Tells the sender how many more bytes may come; 0 that nothing more is wanted. */
export type Grant = (bytes: number) => void

/**
 * The receiving end of a stream. It asks for as much as it has room for, so that neither side holds more than a window
 * of it, however slow the reader is.
 */
export class IncomingStream extends Readable {
  readonly #grant: Grant
  /** Bytes that the sender may still send. */
  #allowed = 0
  #ended = false

  constructor(grant: Grant) {
    super({ highWaterMark: wireLimits.streamWindowBytes })
    this.#grant = grant
  }

  override _read(): void {
    const room = wireLimits.streamWindowBytes - this.#allowed
    if (this.#ended || room < wireLimits.streamWindowBytes / 2) return
    this.#allowed += room
    this.#grant(room)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#ended) this.#grant(0)
    this.#ended = true
    done(error)
  }

  receive(data: Uint8Array): void {
    if (this.destroyed || this.#ended) return
    if (data.byteLength > this.#allowed) {
      this.destroy(new KurirError('malformed-frame', 'More of a stream came than was asked for', { statusCode: 400 }))
      return
    }
    this.#allowed -= data.byteLength
    this.push(data)
  }

  /** The sender is through, or says why it could not go on. */
  finish(error?: Error): void {
    if (this.destroyed || this.#ended) return
    this.#ended = true
    if (error === undefined) this.push(null)
    else this.destroy(error)
  }
}

/**
 * All bytes of a stream.
 *
 * @throws KurirError `payload-too-large` (413)
 */
export async function collect(
  stream: AsyncIterable<unknown>,
  maxBytes: number,
  noteBytes: (bytes: number) => void = () => {},
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue
    length += chunk.byteLength
    if (length > maxBytes) {
      throw new KurirError(
        'payload-too-large',
        `More than ${maxBytes} bytes; give a large file as { stream } or { url }`,
        {
          statusCode: 413,
          data: { maxBytes },
        },
      )
    }
    noteBytes(chunk.byteLength)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}
