import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Store } from '@kurir/store'
import makeWASocket, { type UserFacingSocketConfig, type WASocket } from 'kurir'
import { KurirError } from 'kurir/errors'
import { type ILogger, silentLogger } from 'kurir/logger'
import { Gatekeeper } from './access/access.js'
import { defaultPort } from './config/environment.js'
import { scheduleTimeout } from './schedule-timeout.js'
import { SocketServer } from './server/socket-server.js'
import type { ScheduleTask } from './sessions/session.js'
import { SessionManager } from './sessions/session-manager.js'

export interface GatewayOptions {
  readonly store: Store
  /** The address to listen at: `127.0.0.1` when absent, so that nobody else can reach it. */
  readonly host?: string
  /** 8765 when absent; 0 takes a free one. */
  readonly port?: number
  /** A token that may do everything, beside the keys in the store. */
  readonly token?: string
  readonly logger?: ILogger
  /** Config of every session's socket, such as `browser`, or the address of the simulator. */
  readonly socketConfig?: Partial<UserFacingSocketConfig>
  readonly makeSocket?: (config: UserFacingSocketConfig) => WASocket
  readonly clock?: () => number
  /** 0 to 1. */
  readonly random?: () => number
  readonly schedule?: ScheduleTask
}

const defaultHost = '127.0.0.1'
/** Against clients that send their requests as slowly as they can. */
const headersTimeoutMs = 10_000
const requestTimeoutMs = 30_000
const maxHeaderBytes = 16 * 1024

/**
 * The long-lived server: keeps sessions connected, logs what happens, and serves programs in socket mode. It closes the
 * store that it was given when it is closed.
 */
export class Gateway {
  readonly sessions: SessionManager
  readonly #options: GatewayOptions
  readonly #http: Server
  readonly #programs: SocketServer
  readonly #logger: ILogger
  #closing: Promise<void> | undefined

  private constructor(options: GatewayOptions) {
    const { store, logger = silentLogger, token, clock = Date.now, random = Math.random } = options
    this.#options = options
    this.#logger = logger
    this.sessions = new SessionManager({
      store,
      logger,
      makeSocket: options.makeSocket ?? makeWASocket,
      socketConfig: options.socketConfig ?? {},
      clock,
      random,
      schedule: options.schedule ?? scheduleTimeout,
    })
    this.#http = createServer({
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
    })
    this.#http.on('request', (request, response) => void this.#answer(request, response))
    this.#programs = new SocketServer({
      http: this.#http,
      sessions: this.sessions,
      gatekeeper: new Gatekeeper(store.apiKeys, token),
      logger,
    })
  }

  /**
   * Opens the sessions of the store, starts those that were active, and listens.
   *
   * @throws KurirError `port-in-use` (409), `cannot-listen` (500)
   */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options)
    await gateway.#listen()
    try {
      await gateway.sessions.restore()
      return gateway
    } catch (error) {
      await gateway.#stopServing()
      throw error
    }
  }

  /** Where programs find it. */
  get url(): string {
    const address = this.#http.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { host = defaultHost } = this.#options
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** Ends the connections in order: programs are told, sessions handle what they have received, the store is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#stopServing()
    await this.sessions.drain()
    await this.#options.store.close()
    this.#logger.info({}, 'the gateway is closed')
  }

  async #stopServing(): Promise<void> {
    await this.#programs.close()
    await new Promise<void>(resolve => {
      this.#http.close(() => resolve())
      this.#http.closeAllConnections()
    })
  }

  #listen(): Promise<void> {
    const { host = defaultHost, port = defaultPort } = this.#options
    return new Promise((resolve, reject) => {
      this.#http.once('error', error => reject(listenError(error, host, port)))
      this.#http.listen({ host, port }, () => {
        this.#http.removeAllListeners('error')
        this.#http.on('error', error => this.#logger.error({ err: error }, 'the server of the gateway has failed'))
        resolve()
      })
    })
  }

  /** Whether the process lives, and whether it can work. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0]
    if (path?.startsWith('/socket.io/')) return
    if (request.method === 'GET' && path === '/healthz') reply(response, 200, { status: 'ok' })
    else if (request.method === 'GET' && path === '/readyz') {
      const isReady = await this.#options.store.ping().then(
        () => this.#closing === undefined,
        () => false,
      )
      reply(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready' })
    } else reply(response, 404, { status: 'not found' })
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function listenError(cause: Error, host: string, port: number): KurirError {
  if ('code' in cause && cause.code === 'EADDRINUSE') {
    return new KurirError(
      'port-in-use',
      `Port ${port} is taken: another gateway may be running. Stop it, or choose another port with KURIR_PORT`,
      { statusCode: 409, data: { host, port }, cause },
    )
  }
  return new KurirError('cannot-listen', `The gateway cannot listen at ${host}:${port}: ${cause.message}`, {
    data: { host, port },
    cause,
  })
}
