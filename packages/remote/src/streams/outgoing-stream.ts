import { KurirError } from 'kurir/errors'
import { wireLimits } from '../wire/limits.js'

export type StreamSource = Uint8Array | AsyncIterable<unknown>

export interface OutgoingEvents {
  readonly chunk: (data: Uint8Array) => void
  readonly end: (error?: unknown) => void
}

/** The sending end of a stream. Nothing is read before the receiver has asked for it. */
export class OutgoingStream {
  readonly #source: StreamSource
  readonly #events: OutgoingEvents
  #credit = 0
  #wake: (() => void) | undefined
  #state: 'waiting' | 'running' | 'ended' = 'waiting'

  constructor(source: StreamSource, events: OutgoingEvents) {
    this.#source = source
    this.#events = events
  }

  /** The receiver has room for more, or (0) wants no more. */
  grant(bytes: number): void {
    if (bytes === 0) {
      this.cancel()
      return
    }
    this.#credit += bytes
    this.#wake?.()
    if (this.#state !== 'waiting') return
    this.#state = 'running'
    void this.#run()
  }

  /** Lets go of the source; the receiver hears nothing more. */
  cancel(): void {
    const hasBegun = this.#state === 'running'
    this.#state = 'ended'
    this.#wake?.()
    if (!hasBegun) closeSource(this.#source)
  }

  async #run(): Promise<void> {
    try {
      for await (const piece of piecesOf(this.#source)) {
        if (!(await this.#mayGo())) return
        this.#credit -= piece.byteLength
        this.#events.chunk(piece)
      }
      this.#finish()
    } catch (error) {
      this.#finish(error)
    }
  }

  /** Waits for room; false when nobody wants the rest. */
  async #mayGo(): Promise<boolean> {
    while (this.#state === 'running' && this.#credit < wireLimits.chunkBytes) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    this.#wake = undefined
    return this.#state === 'running'
  }

  #finish(error?: unknown): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#events.end(error)
  }
}

async function* piecesOf(source: StreamSource): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) {
    yield* cut(source)
    return
  }
  for await (const chunk of source) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (!(bytes instanceof Uint8Array)) {
      throw new KurirError('not-serialisable', 'The stream gives something else than bytes', { statusCode: 400 })
    }
    yield* cut(bytes)
  }
}

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += wireLimits.chunkBytes) {
    yield bytes.subarray(start, start + wireLimits.chunkBytes)
  }
}

function closeSource(source: StreamSource): void {
  if ('destroy' in source && typeof source.destroy === 'function') source.destroy()
}
