import { pipeline, Readable, Transform, type TransformCallback } from 'node:stream'
import { type EgressResponse, send } from '../egress/http-request.js'
import { KurirError } from '../errors/kurir-error.js'
import { delay } from '../time/delay.js'
import { type ExpectedMedia, MediaDecryptor, type MediaReader, PlainMediaReader } from './media-decryptor.js'
import { encryptedLength, largestMedia } from './media-format.js'
import { type AllowedHosts, checkMediaUrl, downloadUrls } from './media-hosts.js'
import { downloadFailed, MediaTransferError, retryDelay } from './media-http-error.js'
import { getMediaKeys } from './media-keys.js'
import { type MediaRange, planRange, RangeDecryptor, rangeHeader } from './media-range.js'
import { openSource } from './media-source.js'
import type { DownloadableMessage, MediaDecryptionKeyInfo, MediaDownloadOptions, MediaType } from './media-types.js'

/** Tries in all, over all hosts and pieces of one file (docs/protocol/03, 7.7). */
const maxAttempts = 5
const webOrigin = 'https://web.whatsapp.com'

/** Statuses that no other host and no other try will change. */
const finalStatuses: ReadonlySet<number> = new Set([403, 404, 410, 416])

/**
 * Downloads the file of a message as a stream of its content. Hosts are asked one after another; a transfer that is cut
 * goes on where it was.
 *
 * **The stream delivers before it knows.** The checks (length, hash of the file, MAC, padding, hash of the content) are
 * complete only at the end: when one fails the stream ends with an error, and what it gave before may not be used. Use
 * `toBuffer` to get nothing before everything is checked. Ranges (`startByte`, `endByte`) cannot be checked at all.
 *
 * @throws KurirError `no-media-url`, `media-url-refused`, `invalid-media-key`, `invalid-media-range` (400);
 *   `media-download-failed` with the status of the host (404, 410: ask for a new upload); `http-failed`, `timed-out`,
 *   `aborted`. The stream fails with these too, and with `media-integrity-failed` and `media-too-large`.
 */
export async function downloadContentFromMessage(
  message: DownloadableMessage,
  type: MediaType,
  options: MediaDownloadOptions = {},
): Promise<Transform> {
  const urls = downloadUrls(message, options)
  const keys = message.mediaKey ? await getMediaKeys(message.mediaKey, type) : undefined
  return await download(urls, keys, expectedOf(message, options), options)
}

/**
 * Downloads one encrypted file with keys that are known. See {@link downloadContentFromMessage}; without hashes of the
 * message the MAC alone is checked.
 */
export async function downloadEncryptedContent(
  downloadUrl: string,
  keys: MediaDecryptionKeyInfo,
  options: MediaDownloadOptions = {},
): Promise<Transform> {
  const urls = downloadUrls({ url: downloadUrl }, options)
  return await download(urls, keys, expectedOf({}, options), options)
}

function expectedOf(
  { fileSha256, fileEncSha256, fileLength }: DownloadableMessage,
  { maxLength = largestMedia }: MediaDownloadOptions,
): ExpectedMedia {
  const length = fileLength === null || fileLength === undefined ? undefined : Number(fileLength)
  if (length !== undefined && length > maxLength) {
    throw new KurirError('media-too-large', `The file is larger than ${maxLength} bytes`, {
      statusCode: 413,
      data: { limit: maxLength },
    })
  }
  return {
    maxLength,
    ...(Number.isSafeInteger(length) ? { fileLength: length } : {}),
    ...(hasBytes(fileSha256) ? { fileSha256 } : {}),
    ...(hasBytes(fileEncSha256) ? { fileEncSha256 } : {}),
  }
}

function hasBytes(bytes: Uint8Array | null | undefined): bytes is Uint8Array {
  return bytes !== null && bytes !== undefined && bytes.byteLength > 0
}

async function download(
  urls: readonly URL[],
  keys: MediaDecryptionKeyInfo | undefined,
  expected: ExpectedMedia,
  options: MediaDownloadOptions,
): Promise<Transform> {
  const { startByte = 0, endByte } = options
  if (startByte === 0 && endByte === undefined) {
    const reader = keys ? new MediaDecryptor(keys, expected) : new PlainMediaReader(expected)
    const file = new RemoteFile(urls, wholeFile, options)
    await file.open()
    return reading(file, reader)
  }
  const range = keys ? planRange(startByte, endByte) : plainRange(startByte, endByte)
  const file = new RemoteFile(urls, range, options)
  await file.open()
  const known = expected.fileLength
  const total = file.total ?? (known === undefined ? undefined : encryptedLength(known))
  return reading(file, keys ? new RangeDecryptor(keys, range, total) : new PlainMediaReader({}))
}

const wholeFile: Pick<MediaRange, 'from' | 'to'> = { from: 0, to: undefined }

function plainRange(startByte: number, endByte: number | undefined): MediaRange {
  const range = planRange(startByte, endByte)
  return { ...range, from: startByte, to: endByte === undefined ? undefined : endByte - 1 }
}

function reading(file: RemoteFile, reader: MediaReader): Transform {
  const output = new ReaderStream(reader)
  // The error reaches whoever reads the output: it is destroyed with it.
  pipeline(Readable.from(file.bytes(), { objectMode: false }), output, () => {})
  return output
}

/** Lets a reader work on what is written to the stream. */
class ReaderStream extends Transform {
  readonly #reader: MediaReader

  constructor(reader: MediaReader) {
    super({ writableHighWaterMark: 256 * 1024, readableHighWaterMark: 256 * 1024 })
    this.#reader = reader
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#give(() => this.#reader.update(chunk), done)
  }

  override _flush(done: TransformCallback): void {
    this.#give(() => [this.#reader.finish()], done)
  }

  #give(work: () => readonly Buffer[], done: TransformCallback): void {
    let content: readonly Buffer[]
    try {
      content = work()
    } catch (error) {
      done(error as Error)
      return
    }
    for (const piece of content) if (piece.byteLength > 0) this.push(piece)
    done()
  }
}

/** A part of a file on one of several hosts, read from its beginning to its end over as many requests as it takes. */
class RemoteFile {
  readonly #urls: readonly URL[]
  readonly #window: Pick<MediaRange, 'from' | 'to'>
  readonly #options: MediaDownloadOptions
  #attempts = 0
  #response: EgressResponse | undefined
  /** Position in the file of the next byte wanted. */
  #position: number
  /** Bytes of the answer to throw away: the host sends more than it was asked for. */
  #surplus = 0
  #total: number | undefined

  constructor(urls: readonly URL[], window: Pick<MediaRange, 'from' | 'to'>, options: MediaDownloadOptions) {
    this.#urls = urls
    this.#window = window
    this.#options = options
    this.#position = window.from
  }

  /** Bytes of the whole file, where the host says. */
  get total(): number | undefined {
    return this.#total
  }

  /** Finds a host that has the file. */
  async open(): Promise<void> {
    for (;;) {
      let cause: unknown
      this.#attempts += 1
      for (const url of this.#urls) {
        try {
          this.#response = await this.#request(url)
          return
        } catch (error) {
          if (!KurirError.is(error) || error.code === 'aborted' || isFinal(error)) throw error
          cause = error
        }
      }
      await this.#pauseAfter(cause)
    }
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const response = this.#response
      if (response === undefined) return
      try {
        yield* this.#bytesOf(response)
        return
      } catch (error) {
        response.close()
        await this.#pauseAfter(error)
        await this.open()
      }
    }
  }

  async *#bytesOf(response: EgressResponse): AsyncGenerator<Uint8Array, void, undefined> {
    const end = (this.#window.to ?? Number.POSITIVE_INFINITY) + 1
    for await (const chunk of response.body) {
      const wanted = chunk.subarray(Math.min(this.#surplus, chunk.byteLength))
      this.#surplus -= chunk.byteLength - wanted.byteLength
      const bytes = wanted.subarray(0, end - this.#position)
      this.#position += bytes.byteLength
      if (bytes.byteLength > 0) yield bytes
      if (this.#position >= end) return
    }
  }

  async #pauseAfter(error: unknown): Promise<void> {
    if (!KurirError.is(error) || !error.retryable || this.#attempts >= maxAttempts) throw error
    await delay(retryDelay(error, this.#attempts, this.#options.retryDelayMs))
  }

  async #request(url: URL): Promise<EgressResponse> {
    const { options, agent, timeoutMs, signal } = this.#options
    const { to } = this.#window
    const isPart = this.#position > 0 || to !== undefined
    const response = await send(url, {
      headers: { origin: webOrigin, ...(isPart ? { range: rangeHeader({ from: this.#position, to }) } : {}) },
      check: target => checkMediaUrl(target, allowedHosts(this.#options)),
      // Only hosts that were checked are asked; TLS says whether they are who they should be.
      allowPrivateAddresses: true,
      agent,
      options,
      timeoutMs,
      signal,
    })
    if (response.status < 200 || response.status >= 300) {
      response.close()
      throw downloadFailed(response.status, response.url, response.headers['retry-after'])
    }
    this.#place(response)
    return response
  }

  /** Finds out which bytes of the file the answer has. */
  #place({ status, headers, close, url }: EgressResponse): void {
    const [, first, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '') ?? []
    const length = status === 206 ? total : headers['content-length']
    if (length !== undefined && /^\d+$/.test(length)) this.#total ??= Number(length)
    const begins = status === 206 && first !== undefined ? Number(first) : status === 206 ? this.#position : 0
    this.#surplus = this.#position - begins
    if (this.#surplus >= 0) return
    close()
    throw downloadFailed(502, url)
  }
}

function allowedHosts({ mediaOrigins, host }: MediaDownloadOptions): AllowedHosts {
  return { mediaOrigins, host }
}

function isFinal(error: KurirError): boolean {
  return error instanceof MediaTransferError && finalStatuses.has(error.status)
}

/**
 * A GET as a stream, for any http(s) URL. Private addresses are refused unless `allowPrivateAddresses` is set.
 *
 * @throws KurirError `media-download-failed` with the status of the server; see also `openSource`
 */
export async function getHttpStream(
  url: string | URL,
  options: RequestInit & { isStream?: true; allowPrivateAddresses?: boolean } = {},
): Promise<Readable> {
  const { isStream: _always, allowPrivateAddresses, ...init } = options
  const { chunks } = await openSource({ url }, { options: init, allowPrivateAddresses })
  return Readable.from(chunks, { objectMode: false })
}
