import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** One request as it came in. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  body: Buffer
}

type Answer = (request: SeenRequest, response: ServerResponse, incoming: IncomingMessage) => void | Promise<void>

/** A web server on localhost that does what a test says, and remembers what it was asked. */
export class HttpHost {
  readonly seen: SeenRequest[] = []
  readonly #server
  #answer: Answer

  private constructor(answer: Answer) {
    this.#answer = answer
    this.#server = createServer((incoming, response) => void this.#handle(incoming, response))
  }

  static async start(answer: Answer): Promise<HttpHost> {
    const host = new HttpHost(answer)
    await new Promise<void>(resolve => host.#server.listen(0, '127.0.0.1', resolve))
    return host
  }

  /** `127.0.0.1:<port>` */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get origin(): string {
    return `http://${this.host}`
  }

  set answer(answer: Answer) {
    this.#answer = answer
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', this.origin)
    const seen: SeenRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.alloc(0),
    }
    this.seen.push(seen)
    incoming.on('error', () => {})
    try {
      await this.#answer(seen, response, incoming)
    } catch (error) {
      response.writeHead(599).end(String(error))
    }
  }
}

/** A host that ends with the test. */
export async function hostOf(answer: Answer): Promise<HttpHost> {
  const host = await HttpHost.start(answer)
  onTestFinished(() => host.stop())
  return host
}

/** Reads the body, up to `limit` bytes if given. */
export async function readBody(seen: SeenRequest, incoming: IncomingMessage, limit = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming) {
    const part = (chunk as Buffer).subarray(0, limit - length)
    chunks.push(part)
    length += part.byteLength
    if (length >= limit) break
  }
  seen.body = Buffer.concat(chunks)
  return seen.body
}

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** Serves bytes as a media host does, ranges included. */
export function serveFile(file: Buffer, { headers }: SeenRequest, response: ServerResponse): void {
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (first === '') {
    response.writeHead(200, { 'content-length': file.byteLength }).end(file)
    return
  }
  const begin = Number(first)
  if (begin >= file.byteLength) {
    response.writeHead(416).end()
    return
  }
  const end = Math.min(last === '' ? Infinity : Number(last), file.byteLength - 1)
  response
    .writeHead(206, {
      'content-length': end - begin + 1,
      'content-range': `bytes ${begin}-${end}/${file.byteLength}`,
    })
    .end(file.subarray(begin, end + 1))
}
