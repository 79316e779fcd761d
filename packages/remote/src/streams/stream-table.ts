import { KurirError } from 'kurir/errors'
import { encodeError } from '../wire/errors.js'
import { wireLimits } from '../wire/limits.js'
import type { ChunkFrame, CreditFrame, EndFrame } from '../wire/protocol.js'
import { decodeValue, encodeValue } from '../wire/values.js'
import { IncomingStream } from './incoming-stream.js'
import { OutgoingStream, type StreamSource } from './outgoing-stream.js'

/** Sends the frames of streams to the other side. */
export interface StreamSender {
  chunk(frame: ChunkFrame): void
  end(frame: EndFrame): void
  credit(frame: CreditFrame): void
}

/**
 * The streams of one connection. Either side numbers those that it sends; `chunk` and `end` are about streams of the
 * sender of the frame, `credit` about streams of its receiver.
 */
export class StreamTable {
  readonly #send: StreamSender
  readonly #outgoing = new Map<number, OutgoingStream>()
  readonly #incoming = new Map<number, IncomingStream>()
  readonly #limit: number
  #next = 1

  /** @param limit of streams each way */
  constructor(send: StreamSender, limit: number = wireLimits.maxStreams) {
    this.#send = send
    this.#limit = limit
  }

  /**
   * Offers a source to the other side; it is read when the other side asks for it.
   *
   * @throws KurirError `too-many-streams` (429)
   */
  offer(source: StreamSource): number {
    if (this.#outgoing.size >= this.#limit) throw this.#tooMany()
    const stream = this.#next
    this.#next += 1
    const outgoing = new OutgoingStream(source, {
      chunk: data => this.#send.chunk({ stream, data }),
      end: error => {
        this.#outgoing.delete(stream)
        this.#send.end({ stream, ...(error !== undefined && { error: encodeValue(encodeError(error)) }) })
      },
    })
    this.#outgoing.set(stream, outgoing)
    return stream
  }

  /** Takes offers back: what was not asked for by now is not wanted. */
  withdraw(streams: readonly number[]): void {
    for (const stream of streams) {
      this.#outgoing.get(stream)?.cancel()
      this.#outgoing.delete(stream)
    }
  }

  /**
   * The readable for a stream that the other side has offered.
   *
   * @throws KurirError `malformed-frame` for a number that is in use, `too-many-streams` (429)
   */
  accept(stream: number): IncomingStream {
    if (this.#incoming.has(stream)) {
      throw new KurirError('malformed-frame', 'A stream was offered twice', { statusCode: 400, data: { stream } })
    }
    if (this.#incoming.size >= this.#limit) throw this.#tooMany()
    const incoming = new IncomingStream(bytes => this.#send.credit({ stream, bytes }))
    // Whoever reads it sees the error; a stream that nobody reads any more must not end the process.
    incoming.on('error', () => {})
    incoming.once('close', () => this.#incoming.delete(stream))
    this.#incoming.set(stream, incoming)
    return incoming
  }

  #tooMany(): KurirError {
    return new KurirError('too-many-streams', `More than ${this.#limit} files are on their way`, {
      statusCode: 429,
      retryable: true,
    })
  }

  chunk({ stream, data }: ChunkFrame): void {
    this.#incoming.get(stream)?.receive(data)
  }

  end({ stream, error }: EndFrame): void {
    this.#incoming.get(stream)?.finish(error === undefined ? undefined : streamError(error))
  }

  credit({ stream, bytes }: CreditFrame): void {
    this.#outgoing.get(stream)?.grant(bytes)
    if (bytes === 0) this.#outgoing.delete(stream)
  }

  /** The connection is gone: nothing more comes, nothing more goes. */
  close(error: Error): void {
    for (const outgoing of this.#outgoing.values()) outgoing.cancel()
    this.#outgoing.clear()
    for (const incoming of [...this.#incoming.values()]) incoming.destroy(error)
    this.#incoming.clear()
  }
}

function streamError(error: string): Error {
  const told = decodeValue(`{"$error":${error}}`)
  return told instanceof Error ? told : new KurirError('internal-error', 'The stream broke off', { statusCode: 500 })
}
