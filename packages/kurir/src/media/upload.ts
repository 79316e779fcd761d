import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Agent } from 'node:https'
import { Readable } from 'node:stream'
import { randomInt } from '../crypto/random.js'
import { type EgressResponse, type RequestBody, readAnswer, send } from '../egress/http-request.js'
import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import { delay } from '../time/delay.js'
import { mediaTooLarge } from './media-format.js'
import { checkMediaUrl, urlOnHost } from './media-hosts.js'
import { type MediaTransferError, retryDelay, uploadRefused } from './media-http-error.js'
import { MEDIA_HKDF_KEY_MAPPING, type MediaType, newsletterUploadPath, uploadPath } from './media-kinds.js'
import type {
  MediaConnInfo,
  MediaUploadOptions,
  MediaUploadResult,
  UploadParams,
  WAMediaUploadFunction,
} from './media-types.js'
import {
  isUsable,
  largestUploadAnswer,
  parseResumeAnswer,
  parseUploadAnswer,
  type UploadAnswer,
  uploadResult,
} from './upload-answer.js'

/** Files from this size on are asked for before they are sent: a part may be there already. */
export const resumeFrom = 5 * 1024 * 1024
/** Tries on one host. */
const attemptsPerHost = 3
const webOrigin = 'https://web.whatsapp.com'
const readLength = 256 * 1024

/** The part of a socket's config that uploads need. */
export interface UploadConfig {
  readonly customUploadHosts: readonly { readonly hostname: string; readonly maxContentLengthBytes: number }[]
  readonly options: RequestInit
  readonly logger: ILogger
  readonly fetchAgent?: Agent | undefined
  readonly agent?: Agent | undefined
  readonly mediaOrigins?: readonly string[] | undefined
  /** Milliseconds to wait before the second try on a host, twice that before the third. */
  readonly mediaRetryDelayMs?: number | undefined
}

/** URL-safe base64 without padding, as upload tokens are written (docs/protocol/03, 7.6). */
export function encodeBase64EncodedStringForUpload(b64: string): string {
  return encodeURIComponent(b64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))
}

/**
 * The upload function of a socket. It tries `customUploadHosts` and then the hosts of the media connection, each up to
 * three times while trying again makes sense; large files go on where they were cut. The permission is renewed once
 * when a host does not take it.
 *
 * The function throws KurirError `media-upload-failed` (500) when no host took the file, `media-too-large` (413) when
 * none takes files of that size, `aborted` (499).
 */
export function getWAUploadToServer(
  config: UploadConfig,
  refreshMediaConn: (force: boolean) => Promise<MediaConnInfo>,
): WAMediaUploadFunction {
  return async (filePath, options) => {
    const { size: length } = await stat(filePath)
    const connection = await refreshMediaConn(false)
    const upload = new Upload(config, refreshMediaConn, { filePath, length, options, auth: connection.auth })
    return await upload.run([...config.customUploadHosts, ...connection.hosts])
  }
}

interface UploadJob {
  readonly filePath: string
  readonly length: number
  readonly options: MediaUploadOptions
  readonly auth: string
}

/** One file on its way to one of several hosts. */
class Upload {
  readonly #config: UploadConfig
  readonly #refresh: (force: boolean) => Promise<MediaConnInfo>
  readonly #job: UploadJob
  #auth: string
  #wasRenewed = false

  constructor(config: UploadConfig, refresh: (force: boolean) => Promise<MediaConnInfo>, job: UploadJob) {
    this.#config = config
    this.#refresh = refresh
    this.#job = job
    this.#auth = job.auth
  }

  async run(hosts: UploadConfig['customUploadHosts']): Promise<MediaUploadResult> {
    const fitting = hosts.filter(({ maxContentLengthBytes: limit }) => !(limit > 0 && limit < this.#job.length))
    if (fitting.length === 0 && hosts.length > 0) {
      throw mediaTooLarge(Math.max(...hosts.map(({ maxContentLengthBytes }) => maxContentLengthBytes)))
    }
    let cause: unknown
    for (const hostname of new Set(fitting.map(host => host.hostname))) {
      try {
        return uploadResult(await this.#toHost(hostname))
      } catch (error) {
        if (KurirError.is(error) && error.code === 'aborted') throw error
        this.#config.logger.warn({ err: error, hostname }, 'a media host did not take a file')
        cause = error
      }
    }
    throw new KurirError('media-upload-failed', 'Media upload failed on all hosts', {
      statusCode: 500,
      retryable: true,
      cause,
    })
  }

  async #toHost(hostname: string): Promise<UploadAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(hostname)
      } catch (error) {
        const renewed = isUnauthorized(error) && (await this.#renew())
        const isPassing = KurirError.is(error) && error.retryable
        if (!renewed && (!isPassing || attempt >= attemptsPerHost)) throw error
        if (!renewed) await delay(retryDelay(error, attempt, this.#config.mediaRetryDelayMs))
      }
    }
  }

  /** A new permission; false when there has been one for this file. */
  async #renew(): Promise<boolean> {
    if (this.#wasRenewed) return false
    this.#wasRenewed = true
    this.#auth = (await this.#refresh(true)).auth
    return true
  }

  async #attempt(hostname: string): Promise<UploadAnswer> {
    const { length, filePath, options } = this.#job
    let offset = 0
    if (length >= resumeFrom) {
      const known = await this.#post(hostname, { resume: '1' }, emptyBody)
      const resume = known.status >= 200 && known.status < 300 ? parseResumeAnswer(known.text, length) : undefined
      if (resume === undefined && (known.status === 401 || known.status === 403)) throw refusal(known)
      if (resume?.state === 'complete') return resume.answer
      if (resume?.state === 'partial') offset = resume.offset
    }
    const body = progressing(filePath, offset, length, options.onProgress)
    const answered = await this.#post(hostname, offset > 0 ? { file_offset: String(offset) } : {}, body)
    if (answered.status < 200 || answered.status >= 300) throw refusal(answered)
    const answer = parseUploadAnswer(answered.text)
    if (answer !== undefined && isUsable(answer)) return answer
    throw new KurirError('media-upload-answer-invalid', 'The media host does not say where the file is', {
      statusCode: 502,
      retryable: true,
      data: { host: hostname },
    })
  }

  async #post(hostname: string, parameters: Record<string, string>, body: RequestBody): Promise<Answered> {
    const { options } = this.#job
    const { mediaOrigins, agent, fetchAgent } = this.#config
    const allowed = { mediaOrigins, host: hostname }
    const response = await send(this.#url(hostname, parameters), {
      method: 'POST',
      headers: { origin: webOrigin, 'content-type': 'application/octet-stream' },
      body,
      check: url => checkMediaUrl(url, allowed),
      // The service and the program name the hosts; TLS says whether they are who they should be.
      allowPrivateAddresses: true,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      agent: fetchAgent ?? agent,
      options: this.#config.options,
    })
    return await answeredBy(response)
  }

  #url(hostname: string, parameters: Record<string, string>): URL {
    const { mediaType, newsletter, fileEncSha256B64 } = this.#job.options
    const path = newsletter === true ? newsletterUploadPath(mediaType) : uploadPath(mediaType)
    const token = encodeBase64EncodedStringForUpload(fileEncSha256B64)
    const url = urlOnHost(hostname, `${path}/${token}`, this.#config)
    url.search = `?auth=${encodeURIComponent(this.#auth)}&token=${token}`
    if (newsletter === true || isUnencrypted(mediaType)) {
      url.searchParams.set('media_id', String(randomInt(0, 2 ** 48)))
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return url
  }
}

function isUnencrypted(type: MediaType): boolean {
  return type === 'biz-cover-photo' || (MEDIA_HKDF_KEY_MAPPING as Readonly<Record<string, string>>)[type] === ''
}

interface Answered {
  readonly status: number
  readonly text: string
  readonly url: URL
  readonly retryAfter: string | undefined
}

async function answeredBy(response: EgressResponse): Promise<Answered> {
  const { status, url, headers } = response
  const text = (await readAnswer(response, largestUploadAnswer)).toString('utf8')
  return { status, url, text, retryAfter: headers['retry-after'] }
}

function refusal({ status, url, retryAfter }: Answered): MediaTransferError {
  return uploadRefused(status, url, retryAfter)
}

function isUnauthorized(error: unknown): boolean {
  return KurirError.is(error) && [401, 403].includes(error.output.statusCode)
}

const emptyBody: RequestBody = { length: 0, open: () => Readable.from([]) }

function fileFrom(path: string, start: number) {
  return createReadStream(path, { start, highWaterMark: readLength })
}

function progressing(
  path: string,
  offset: number,
  total: number,
  onProgress: MediaUploadOptions['onProgress'],
): RequestBody {
  return {
    length: total - offset,
    open: () => {
      const file = fileFrom(path, offset)
      return onProgress === undefined
        ? file
        : Readable.from(counted(file, offset, total, onProgress), { objectMode: false })
    },
  }
}

async function* counted(
  file: Readable,
  offset: number,
  total: number,
  onProgress: NonNullable<MediaUploadOptions['onProgress']>,
): AsyncGenerator<Buffer, void, undefined> {
  let sent = offset
  for await (const chunk of file) {
    yield chunk
    sent += chunk.byteLength
    onProgress({ sent, total })
  }
}

/**
 * Sends a file to a URL and returns the media host's answer; undefined when it is not JSON. For programs that bring
 * their own upload; sockets use {@link getWAUploadToServer}.
 *
 * @param redirects how many redirects were followed before, 5 at most
 * @throws KurirError `http-failed` (502), `timed-out` (408), `too-many-redirects` (502), `media-url-refused` (400)
 */
export async function uploadWithNodeHttp(
  { url, filePath, headers, timeoutMs, agent }: UploadParams,
  redirects = 0,
): Promise<UploadAnswer | undefined> {
  const { size } = await stat(filePath)
  const response = await send(
    new URL(url),
    {
      method: 'POST',
      headers,
      body: { length: size, open: () => fileFrom(filePath, 0) },
      check: onlyHttp,
      allowPrivateAddresses: true,
      timeoutMs,
      agent,
    },
    redirects,
  )
  return parseUploadAnswer((await answeredBy(response)).text)
}

function onlyHttp({ protocol, host }: URL): void {
  if (protocol === 'http:' || protocol === 'https:') return
  throw new KurirError('media-url-refused', 'Media is sent by http only', { statusCode: 400, data: { host } })
}
