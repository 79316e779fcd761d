import { open } from 'node:fs/promises'
import type { Agent } from 'node:https'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { send } from '../egress/http-request.js'
import { KurirError } from '../errors/kurir-error.js'
import { largestMedia, mediaTooLarge } from './media-format.js'
import { downloadFailed } from './media-http-error.js'
import type { WAMediaUpload } from './media-types.js'

/** How much is read from a file at a time: large enough that the calls do not count, small enough for the cache. */
const readLength = 256 * 1024

/** How a file that the program names may be fetched. */
export interface MediaSourceOptions {
  /** Options of `fetch`, for URLs. */
  readonly options?: RequestInit | undefined
  readonly agent?: Agent | undefined
  readonly allowPrivateAddresses?: boolean | undefined
  /** Bytes; 2 GiB when absent. */
  readonly maxLength?: number | undefined
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A file that is being read. */
export interface MediaSource {
  readonly type: 'buffer' | 'readable' | 'remote' | 'file'
  /** Each piece is valid until the next one is asked for. To be read to its end or left early, or to be closed. */
  readonly chunks: AsyncIterable<Uint8Array>
  readonly close: () => void
  /** Where the file lies, if it is one. */
  readonly path?: string
}

/**
 * Opens a file given as bytes, stream, path or URL.
 *
 * @throws KurirError `invalid-media-source` (400) for anything else, `media-too-large` (413) also later,
 *   `media-download-failed` with the status of the server, `private-address-refused` (403)
 */
export async function openSource(media: WAMediaUpload, options: MediaSourceOptions = {}): Promise<MediaSource> {
  if (media instanceof Uint8Array) return sourceOf('buffer', piecesOf(media), options)
  if (typeof media !== 'object' || media === null) throw invalidSource('Media is bytes, a stream or a URL')
  if ('stream' in media) {
    const { stream } = media
    return { ...sourceOf('readable', stream, options), close: () => void stream.destroy() }
  }
  if (media.url === undefined || media.url === null) throw invalidSource('Media is bytes, a stream or a URL')
  const url = String(media.url)
  if (url.startsWith('data:')) return sourceOf('buffer', piecesOf(bytesOfDataUrl(url)), options)
  if (/^https?:\/\//i.test(url)) return await openRemote(parsed(url), options)
  const path = pathOf(url)
  return { ...sourceOf('file', piecesOfFile(path), options), path }
}

function sourceOf(
  type: MediaSource['type'],
  chunks: AsyncIterable<unknown> | Iterable<unknown>,
  options: MediaSourceOptions,
): MediaSource {
  return { type, chunks: checked(chunks, options), close: () => {} }
}

/** The path of a `file:` URL, or the text itself. */
function pathOf(url: string): string {
  if (url.startsWith('file:')) return fileURLToPath(parsed(url))
  const scheme = /^([a-z][a-z\d+.-]+):\/\//i.exec(url)?.[1]
  if (scheme !== undefined) throw invalidSource('Media can be read from http, https, data and file URLs', { scheme })
  return url
}

function parsed(url: string): URL {
  if (!URL.canParse(url)) throw invalidSource('The URL of the media is none')
  return new URL(url)
}

/** @throws KurirError `invalid-media-source` */
function bytesOfDataUrl(url: string): Buffer {
  const comma = url.indexOf(',')
  if (comma < 0) throw invalidSource('The data URL has no data')
  const text = url.slice(comma + 1)
  if (/;base64$/i.test(url.slice(0, comma))) return Buffer.from(text, 'base64')
  try {
    return Buffer.from(decodeURIComponent(text))
  } catch {
    throw invalidSource('The data URL is malformed')
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += readLength) yield bytes.subarray(start, start + readLength)
}

async function* checked(
  chunks: AsyncIterable<unknown> | Iterable<unknown>,
  { maxLength = largestMedia, signal }: MediaSourceOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (!(bytes instanceof Uint8Array)) throw invalidSource('The stream of the media gives something else than bytes')
    length += bytes.byteLength
    if (length > maxLength) throw mediaTooLarge(maxLength)
    if (signal?.aborted) throw new KurirError('aborted', 'The transfer was aborted', { statusCode: 499 })
    yield bytes
  }
}

/** Reads ahead: while one buffer is being worked on, the other one is filled. */
async function* piecesOfFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await open(path, 'r').catch(unreadable)
  const buffers = [Buffer.allocUnsafeSlow(readLength), Buffer.allocUnsafeSlow(readLength)] as const
  let turn = 0
  const read = () => handle.read(buffers[turn === 0 ? 0 : 1], 0, readLength).catch(unreadable)
  let reading = read()
  try {
    for (;;) {
      const { bytesRead, buffer } = await reading
      if (bytesRead === 0) return
      turn = 1 - turn
      reading = read()
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await reading.catch(() => {})
    await handle.close()
  }
}

function unreadable(cause: unknown): never {
  throw new KurirError('media-unreadable', 'The file cannot be read', { statusCode: 400, cause })
}

async function openRemote(url: URL, options: MediaSourceOptions): Promise<MediaSource> {
  const { maxLength = largestMedia } = options
  const response = await send(url, {
    check: onlyHttp,
    allowPrivateAddresses: options.allowPrivateAddresses ?? false,
    timeoutMs: options.timeoutMs,
    signal: options.signal,
    agent: options.agent,
    options: options.options,
  })
  const isSuccess = response.status >= 200 && response.status < 300
  if (isSuccess && !(Number(response.headers['content-length']) > maxLength)) {
    return { ...sourceOf('remote', response.body, options), close: response.close }
  }
  response.close()
  throw isSuccess ? mediaTooLarge(maxLength) : downloadFailed(response.status, response.url)
}

function onlyHttp({ protocol }: URL): void {
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw invalidSource('A server redirects to something else than http', { scheme: protocol })
  }
}

function invalidSource(message: string, detail: Record<string, unknown> = {}): KurirError {
  return new KurirError('invalid-media-source', message, { statusCode: 400, data: detail })
}

/** Baileys' form of {@link openSource}: a stream, and what it comes from. */
export async function getStream(
  item: WAMediaUpload,
  options: RequestInit & { maxContentLength?: number } & Omit<MediaSourceOptions, 'options'> = {},
): Promise<{ stream: Readable; type: 'buffer' | 'readable' | 'remote' | 'file' }> {
  if (typeof item === 'object' && item !== null && 'stream' in item) return { stream: item.stream, type: 'readable' }
  const { maxContentLength, agent, allowPrivateAddresses, maxLength, timeoutMs, ...init } = options
  const { chunks, type } = await openSource(item, {
    agent,
    allowPrivateAddresses,
    timeoutMs,
    options: init,
    signal: init.signal ?? undefined,
    maxLength: maxLength ?? maxContentLength,
  })
  return { stream: Readable.from(copied(chunks), { objectMode: false }), type }
}

/** A stream keeps pieces for a while; a source does not. */
async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

/** The bytes as a stream. */
export function toReadable(buffer: Buffer): Readable {
  return Readable.from([buffer], { objectMode: false })
}

/** All bytes of a stream, which is destroyed afterwards. Rejects with what the stream fails with. */
export async function toBuffer(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
