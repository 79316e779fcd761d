import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KurirError } from 'kurir/errors'
import type { Simulator } from '../simulator.js'
import { controlRoutes } from './control-routes.js'
import type { Route } from './route.js'

export interface ControlServerOptions {
  /** 0 lets the system choose. */
  readonly port: number
  /** Called when the interface is asked to stop the simulator; the answer has gone out before. */
  readonly onStop: () => void
}

/** It can do everything, so it is for this machine only. */
const HOST = '127.0.0.1'
const LARGEST_BODY = 1024 * 1024
const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/** A small HTTP interface in JSON, so that programs in any language can use the simulator; see the README. */
export class ControlServer {
  readonly url: string
  readonly #http: Server

  private constructor(http: Server) {
    this.#http = http
    this.url = `http://${HOST}:${(http.address() as AddressInfo).port}`
  }

  static async start(simulator: Simulator, options: ControlServerOptions): Promise<ControlServer> {
    const routes = controlRoutes(simulator, options.onStop)
    const http = createServer((request, response) => void answer(routes, request, response))
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject)
      http.listen(options.port, HOST, () => resolve())
    })
    return new ControlServer(http)
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#http.close(() => resolve()))
    this.#http.closeAllConnections()
    await closed
  }
}

const answer = async (routes: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> => {
  try {
    // A page in a browser must not reach this interface by a name that resolves to this machine.
    if (!LOCAL_HOST.test(request.headers.host ?? '')) throw refusal(403, 'The interface answers to localhost only')
    const url = new URL(request.url ?? '/', 'http://localhost')
    const body = await readBody(request)
    const { handle, parameters } = findRoute(routes, request.method ?? 'GET', url.pathname)
    send(response, 200, (await handle({ parameters, query: url.searchParams, body })) ?? {})
  } catch (error) {
    const known = KurirError.is(error) ? error : new KurirError('internal-error', String(error))
    send(response, known.output.statusCode, { error: known.code, message: known.message })
  }
}

const findRoute = (routes: readonly Route[], method: string, path: string) => {
  for (const route of routes) {
    const match = route.method === method ? route.pattern.exec(path) : null
    if (match !== null) return { handle: route.handle, parameters: match.slice(1).map(decodeURIComponent) }
  }
  throw refusal(404, `There is no ${method} ${path}`)
}

const readBody = async (request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY) throw refusal(413, 'The body is longer than 1 MiB')
    chunks.push(chunk)
  }
  if (size === 0) return {}
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('application/json')) throw refusal(415, 'A body is JSON, with content-type application/json')
  const value = parse(Buffer.concat(chunks).toString('utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refusal(400, 'A body is a JSON object')
  return value as Record<string, unknown>
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw refusal(400, 'The body is no JSON')
  }
}

const send = (response: ServerResponse, status: number, body: unknown): void => {
  const text = `${JSON.stringify(body)}\n`
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text)
}

const refusal = (statusCode: number, message: string): KurirError =>
  new KurirError('control-request-refused', message, { statusCode })
