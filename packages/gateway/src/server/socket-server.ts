import { randomBytes } from 'node:crypto'
import type { Server as HttpServer } from 'node:http'
import { encodeError, features, parseClientHello, protocolVersion, wireLimits } from '@kurir/remote/wire'
import { KurirError } from 'kurir/errors'
import type { ILogger } from 'kurir/logger'
import { Server, type Socket } from 'socket.io'
import type { Gatekeeper } from '../access/access.js'
import type { SessionManager } from '../sessions/session-manager.js'
import { ClientConnection } from './client-connection.js'

export interface SocketServerParts {
  readonly http: HttpServer
  readonly sessions: SessionManager
  readonly gatekeeper: Gatekeeper
  readonly logger: ILogger
}

/** Milliseconds within which a program must say who it is. */
const helloDeadlineMs = 10_000
/** Programs are asked whether they are there so often, and have so long to answer. */
const pingIntervalMs = 15_000
const pingTimeoutMs = 15_000

/** The side of the gateway that programs connect to, over socket.io. */
export class SocketServer {
  readonly #parts: SocketServerParts
  readonly #io: Server
  readonly #clients = new Set<ClientConnection>()
  readonly #instance = randomBytes(9).toString('base64url')

  constructor(parts: SocketServerParts) {
    this.#parts = parts
    this.#io = new Server(parts.http, {
      transports: ['websocket'],
      serveClient: false,
      maxHttpBufferSize: wireLimits.maxFrameBytes,
      connectTimeout: helloDeadlineMs,
      pingInterval: pingIntervalMs,
      pingTimeout: pingTimeoutMs,
      perMessageDeflate: false,
    })
    this.#io.on('connection', socket => void this.#admit(socket))
    this.#io.use((socket, next) => {
      this.#check(socket).then(
        () => next(),
        error => next(refusalOf(error)),
      )
    })
  }

  get clientCount(): number {
    return this.#clients.size
  }

  /** Tells the programs that the gateway is going; they come back when there is one again. */
  async close(): Promise<void> {
    const error = new KurirError('gateway-draining', 'The gateway is going down', { statusCode: 503, retryable: true })
    for (const client of [...this.#clients]) client.dismiss(error)
    await this.#io.close()
  }

  async #check(socket: Socket): Promise<void> {
    const hello = parseClientHello(socket.handshake.auth)
    if (hello.protocol !== protocolVersion) {
      throw new KurirError(
        'protocol-mismatch',
        `The gateway speaks version ${protocolVersion} of socket mode, the program ${hello.protocol}: update the older one`,
        { statusCode: 426, data: { gateway: protocolVersion, program: hello.protocol } },
      )
    }
    const access = await this.#parts.gatekeeper.admit(hello.token)
    const verbs = access.verbsOn(hello.session)
    // Whoever may nothing there does not learn whether there is such a session.
    if (verbs.length === 0) {
      throw new KurirError('forbidden', 'The token allows nothing on this session', { statusCode: 403 })
    }
    const hosted = this.#parts.sessions.get(hello.session)
    if (verbs.includes('read')) await hosted.openSubscription(hello.name)
    socket.data = { hosted, verbs, key: access.id }
  }

  #admit(socket: Socket): void {
    const { hosted, verbs, key } = socket.data
    const logger = this.#parts.logger.child({ session: hosted.id, key })
    const client = new ClientConnection({
      socket: {
        emit: (name, frame) => void socket.emit(name, frame),
        on: (name, listener) => void socket.on(name, listener),
        disconnect: () => void socket.disconnect(true),
      },
      hosted,
      verbs,
      instance: this.#instance,
      features,
      logger,
    })
    this.#clients.add(client)
    socket.once('disconnect', reason => {
      logger.debug({ reason }, 'a program has gone')
      client.close()
      this.#clients.delete(client)
    })
    client.welcome(protocolVersion)
  }
}

/** As socket.io hands it to the program: `data` of the error that `connect_error` brings. */
function refusalOf(error: unknown): Error {
  return Object.assign(new Error('refused'), { data: encodeError(error) })
}
