import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Device } from '../accounts/device.js'
import type { Clock } from '../clock.js'
import type { MediaFaults } from './media-faults.js'
import type { MediaStore, StoredMedia } from './media-store.js'

/** What the handlers of the host share. */
export interface MediaHostContext {
  readonly store: MediaStore
  readonly faults: MediaFaults
  readonly clock: Clock
  /** The device that was given this token, while it holds. */
  deviceOf(auth: string | null): Device | undefined
  /** Where a file can be fetched by whoever knows no host. */
  urlOf(media: StoredMedia): string
  /** Notes what a client did wrong; deviations that other clients are known for only count in strict mode. */
  violation(message: string, device: Device | undefined, options?: { readonly tolerable: boolean }): void
}

/** One request and the way to its answer. */
export interface MediaExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly host: 'primary' | 'fallback'
}

export const ORIGIN = 'https://web.whatsapp.com'

export const answerJson = ({ response }: MediaExchange, status: number, body: unknown): void => {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** The answer that stands for an HTTP error; the body is of no use to clients. */
export const answerStatus = (exchange: MediaExchange, code: number, retryAfterSeconds?: number): void => {
  if (retryAfterSeconds !== undefined) exchange.response.setHeader('retry-after', String(retryAfterSeconds))
  answerJson(exchange, code, { error: { code } })
}

/** Bytes as they come, but late or at a rate. */
export async function* slowed(
  source: AsyncIterable<Uint8Array>,
  clock: Clock,
  { delayMs = 0, bytesPerSecond }: { readonly delayMs?: number; readonly bytesPerSecond?: number },
): AsyncGenerator<Uint8Array> {
  if (delayMs > 0) await wait(clock, delayMs)
  for await (const chunk of source) {
    if (bytesPerSecond === undefined) {
      yield chunk
      continue
    }
    // In tenths of a second, so that a receiver sees the file grow.
    const step = Math.max(1, Math.floor(bytesPerSecond / 10))
    for (let start = 0; start < chunk.length; start += step) {
      const part = chunk.subarray(start, start + step)
      await wait(clock, (part.length / bytesPerSecond) * 1000)
      yield part
    }
  }
}

/** The first bytes, and then a broken connection. */
export async function* cutAfter(
  source: AsyncIterable<Uint8Array>,
  length: number,
  breakConnection: () => void,
): AsyncGenerator<Uint8Array> {
  let rest = length
  for await (const chunk of source) {
    if (chunk.length >= rest) {
      if (rest > 0) yield chunk.subarray(0, rest)
      breakConnection()
      return
    }
    rest -= chunk.length
    yield chunk
  }
}

const wait = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise(resolve => {
    clock.schedule(milliseconds, resolve)
  })
