import type { IncomingMessage } from 'node:http'
import type { Agent } from 'node:https'
import type { Readable } from 'node:stream'
import { KurirError } from '../errors/kurir-error.js'
import { publicLookup, refusePrivateHost } from './private-addresses.js'

/** A body that can be sent again when the server redirects. */
export interface RequestBody {
  readonly length: number
  open(): Readable
}

export interface EgressRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE' | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: RequestBody | undefined
  /** Refuses a URL by throwing: asked for the first one and for each that the server redirects to. */
  readonly check: (url: URL) => void
  /** Whether names and addresses may lead into private networks. */
  readonly allowPrivateAddresses: boolean
  /** Milliseconds without a byte after which the request is given up. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | null | undefined
  /** Proxy agent. It resolves names itself, so that only addresses written in the URL can be refused. */
  readonly agent?: Agent | undefined
  /** Options of `fetch`: with a `dispatcher`, and without `agent`, the request is made by `fetch`. */
  readonly options?: RequestInit | undefined
}

export interface EgressResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly url: URL
  /** Fails with a KurirError. To be read to its end or left early; who does not begin to read it calls `close`. */
  readonly body: AsyncIterable<Uint8Array>
  readonly close: () => void
}

const defaultTimeoutMs = 30_000
const maxRedirects = 5
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * Makes one HTTP request: what leaves a socket besides its WebSocket goes through here. Redirects are followed, five at
 * most; a body is sent again. Statuses are the caller's to judge.
 *
 * @param followed redirects that were followed before
 * @throws KurirError `http-failed` (502), `timed-out` (408), `too-many-redirects` (502), `private-address-refused`
 *   (403), `aborted` (499), and what `check` throws
 */
export async function send(target: URL, request: EgressRequest, followed = 0): Promise<EgressResponse> {
  let url = target
  for (let hop = followed; hop <= maxRedirects; hop += 1) {
    request.check(url)
    if (!request.allowPrivateAddresses) refusePrivateHost(url)
    const response = await once(url, request)
    const { location } = response.headers
    if (!redirects.has(response.status) || location === undefined) return response
    response.close()
    url = redirectTarget(location, url)
  }
  throw new KurirError('too-many-redirects', `The server redirects more than ${maxRedirects} times`, {
    statusCode: 502,
    data: { host: target.host },
  })
}

function redirectTarget(location: string, from: URL): URL {
  try {
    return new URL(location, from)
  } catch (cause) {
    throw failed(from, cause)
  }
}

function once(url: URL, request: EgressRequest): Promise<EgressResponse> {
  const usesFetch = request.agent === undefined && Reflect.get(request.options ?? {}, 'dispatcher') !== undefined
  return usesFetch ? throughFetch(url, request) : throughNode(url, request)
}

function headersOf({ headers, options, body }: EgressRequest): Record<string, string> {
  const all: Record<string, string> = { 'accept-encoding': 'identity' }
  new Headers(options?.headers ?? {}).forEach((value, name) => {
    all[name] = value
  })
  for (const [name, value] of Object.entries(headers ?? {})) all[name.toLowerCase()] = value
  if (body !== undefined) all['content-length'] = String(body.length)
  return all
}

async function throughNode(url: URL, request: EgressRequest): Promise<EgressResponse> {
  const { method = 'GET', agent, allowPrivateAddresses } = request
  // Loaded when they are needed: they cost as much memory as a tenth of the library.
  const client = url.protocol === 'https:' ? 'node:https' : 'node:http'
  const outgoing = process.getBuiltinModule(client).request(url, {
    method,
    headers: headersOf(request),
    // A connection that was opened without looking at the address may not be taken over.
    agent: agent ?? (allowPrivateAddresses ? undefined : false),
    ...(allowPrivateAddresses ? {} : { lookup: publicLookup }),
  })
  const watch = new Watch(request, error => outgoing.destroy(error))
  const source = request.body?.open()
  try {
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      outgoing.on('error', reject)
      if (source === undefined) {
        outgoing.end()
        return
      }
      source.on('error', error => outgoing.destroy(error))
      source.on('data', () => watch.touch())
      source.pipe(outgoing)
    })
    // The server may answer before it has read everything: the rest is not sent.
    if (!outgoing.writableEnded) source?.unpipe(outgoing)
    source?.destroy()
    const headers: Record<string, string | undefined> = {}
    for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value)
    const close = () => {
      watch.end()
      outgoing.destroy()
    }
    return { status: incoming.statusCode ?? 0, headers, url, close, body: bodyOf(incoming, url, watch, close) }
  } catch (error) {
    source?.destroy()
    outgoing.destroy()
    throw watch.reason(error, url)
  }
}

async function throughFetch(url: URL, request: EgressRequest): Promise<EgressResponse> {
  const { method = 'GET', body, options } = request
  const controller = new AbortController()
  const watch = new Watch(request, error => controller.abort(error))
  const source = body?.open()
  try {
    const response = await fetch(url, {
      ...options,
      method,
      headers: headersOf(request),
      redirect: 'manual',
      signal: controller.signal,
      ...(source === undefined ? {} : { body: watched(source, watch), duplex: 'half' as const }),
    })
    const headers = Object.fromEntries(response.headers)
    const close = () => {
      watch.end()
      controller.abort()
    }
    return { status: response.status, headers, url, close, body: bodyOf(response.body ?? [], url, watch, close) }
  } catch (error) {
    throw watch.reason(error, url)
  } finally {
    source?.destroy()
  }
}

async function* watched(source: Readable, watch: Watch): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    watch.touch()
    yield chunk
  }
}

/** The bytes of an answer. The clock runs only while the network is waited for, not while the reader is busy. */
async function* bodyOf(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  url: URL,
  watch: Watch,
  close: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    watch.touch()
    for await (const chunk of bytes) {
      watch.pause()
      yield chunk
      watch.touch()
    }
  } catch (error) {
    throw watch.reason(error, url)
  } finally {
    close()
  }
}

/** Gives a request up when nothing moves, or when its signal fires. */
class Watch {
  readonly #timeoutMs: number
  readonly #signal: AbortSignal | null | undefined
  readonly #giveUp: (error: KurirError) => void
  readonly #onAbort = () => this.#fail(aborted())
  #timer: NodeJS.Timeout | undefined
  #error: KurirError | undefined

  constructor({ timeoutMs, signal, options }: EgressRequest, giveUp: (error: KurirError) => void) {
    this.#timeoutMs = timeoutMs ?? defaultTimeoutMs
    this.#signal = signal ?? options?.signal
    this.#giveUp = giveUp
    this.#signal?.addEventListener('abort', this.#onAbort)
    if (this.#signal?.aborted) this.#onAbort()
    else this.touch()
  }

  /** Something moved, or is waited for from now on. */
  touch(): void {
    if (this.#timer !== undefined) this.#timer.refresh()
    else this.#timer = setTimeout(() => this.#fail(timedOut(this.#timeoutMs)), this.#timeoutMs)
  }

  pause(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  end(): void {
    this.pause()
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  /** Why the request failed, once it has. */
  reason(error: unknown, url: URL): KurirError {
    this.end()
    if (this.#error !== undefined) return this.#error
    return KurirError.is(error) ? error : failed(url, error)
  }

  #fail(error: KurirError): void {
    this.#error ??= error
    this.#giveUp(error)
  }
}

function aborted(): KurirError {
  return new KurirError('aborted', 'The transfer was aborted', { statusCode: 499 })
}

function timedOut(milliseconds: number): KurirError {
  return new KurirError('timed-out', 'The other side did not answer', {
    statusCode: 408,
    retryable: true,
    data: { milliseconds },
  })
}

/** The path of a URL may hold secrets: the host is enough to find the cause. */
function failed(url: URL, cause: unknown): KurirError {
  return new KurirError('http-failed', `The request to ${url.host} failed`, {
    statusCode: 502,
    retryable: true,
    data: { host: url.host },
    cause,
  })
}

/** The first bytes of an answer, and no more. @throws KurirError `answer-too-large` (502) beyond the limit */
export async function readAnswer({ body, url }: EgressResponse, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > limit) {
      throw new KurirError('answer-too-large', `The answer is larger than ${limit} bytes`, {
        statusCode: 502,
        data: { host: url.host, limit },
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
