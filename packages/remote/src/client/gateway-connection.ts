import { KurirError } from 'kurir/errors'
import type { ILogger } from 'kurir/logger'
import { io, type Socket } from 'socket.io-client'
import type { DecodedError } from '../wire/errors.js'
import { decodeError } from '../wire/errors.js'
import { gatewayFrameNames, parseGatewayFrame } from '../wire/frames.js'
import {
  type ClientFrames,
  features,
  type GatewayFrames,
  type GatewayHello,
  protocolVersion,
} from '../wire/protocol.js'
import { decodeValue } from '../wire/values.js'

export interface GatewayConnectionOptions {
  readonly url: string
  readonly token: string
  readonly session: string
  readonly name: string
  readonly connectTimeoutMs: number
  readonly logger: ILogger
}

/** Who is told of what comes. */
export interface ConnectionListener {
  /** The gateway is there, for the first time or again. */
  ready(hello: GatewayHello): void
  /** The connection broke; it is being made anew. */
  lost(error: KurirError): void
  /** It is over: the program has closed it, or the gateway does not want it. */
  closed(error: KurirError): void
  readonly frames: FrameHandlers
}

/** What is done with each frame; the two that belong to the connection itself are not handed on. */
export type FrameHandlers = {
  readonly [Name in Exclude<keyof GatewayFrames, 'hello' | 'goodbye'>]: (frame: GatewayFrames[Name]) => void
}

type AllFrameHandlers = { readonly [Name in keyof GatewayFrames]: (frame: GatewayFrames[Name]) => void }

const shortestPauseMs = 100
const longestPauseMs = 5000

/**
 * The connection to a gateway. It says hello, and after that it is made anew whenever it breaks, until `close` or until
 * the gateway refuses it for good.
 */
export class GatewayConnection {
  readonly #options: GatewayConnectionOptions
  readonly #socket: Socket
  readonly #listener: ConnectionListener
  /** Who waits for the first hello. */
  #opening:
    | { readonly resolve: (hello: GatewayHello) => void; readonly reject: (error: KurirError) => void }
    | undefined
  #isReady = false
  #closed: KurirError | undefined
  #pause: NodeJS.Timeout | undefined
  /** What the gateway said when it ended the connection. */
  #goodbye: KurirError | undefined
  /** What kept the connection from coming about at last. */
  #problem: unknown

  constructor(options: GatewayConnectionOptions, listener: ConnectionListener) {
    this.#options = options
    this.#listener = listener
    const { url, token, session, name } = options
    this.#socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      autoConnect: false,
      auth: { protocol: protocolVersion, features, token, session, name },
      reconnectionDelay: shortestPauseMs,
      reconnectionDelayMax: longestPauseMs,
      timeout: options.connectTimeoutMs,
    })
    this.#socket.on('connect_error', error => this.#refused(error))
    this.#socket.on('disconnect', reason => this.#disconnected(reason))
    const { frames } = listener
    const handlers: AllFrameHandlers = {
      ...frames,
      hello: hello => this.#welcome(hello),
      goodbye: ({ error }) => {
        this.#goodbye = errorOf(error)
      },
    }
    for (const name of gatewayFrameNames) this.#socket.on(name, frame => this.#take(name, frame, handlers))
  }

  /** True between the hello and the end of a connection. */
  get isReady(): boolean {
    return this.#isReady
  }

  /**
   * Resolves with the gateway's first hello.
   *
   * @throws KurirError `gateway-unreachable` (503) after the time that connecting may take, or the gateway's refusal:
   *   `unauthorized` (401), `forbidden` (403), `session-not-found` (404), `protocol-mismatch` (426)
   */
  open(): Promise<GatewayHello> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => this.close(this.#unreachable()), this.#options.connectTimeoutMs)
      this.#opening = {
        resolve: hello => {
          clearTimeout(deadline)
          resolve(hello)
        },
        reject: error => {
          clearTimeout(deadline)
          reject(error)
        },
      }
      this.#socket.connect()
    })
  }

  /** Sends a frame; before the hello and after the end it is dropped: whoever sends it, sends it again when ready. */
  send<Name extends keyof ClientFrames>(name: Name, frame: ClientFrames[Name]): void {
    if (this.#isReady) this.#socket.emit(name, frame)
  }

  close(error: KurirError): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    this.#isReady = false
    clearTimeout(this.#pause)
    this.#socket.disconnect()
    this.#listener.closed(error)
    this.#opening?.reject(error)
  }

  #take<Name extends keyof GatewayFrames>(name: Name, content: unknown, handlers: AllFrameHandlers): void {
    try {
      handlers[name](parseGatewayFrame(name, content))
    } catch (error) {
      this.#options.logger.error({ err: error, frame: name }, 'a frame of the gateway could not be used')
    }
  }

  #welcome(hello: GatewayHello): void {
    this.#isReady = true
    this.#listener.ready(hello)
    this.#opening?.resolve(hello)
    this.#opening = undefined
  }

  /** Either nobody listens there, which socket.io tries again by itself, or the gateway has answered with an error. */
  #refused(error: Error): void {
    this.#problem = error
    const told = 'data' in error ? error.data : undefined
    if (typeof told !== 'object' || told === null) return
    const refusal = decodeError(told as DecodedError)
    if (refusal.retryable) this.#connectLater()
    else this.close(refusal)
  }

  #disconnected(reason: string): void {
    const wasReady = this.#isReady
    this.#isReady = false
    if (this.#closed !== undefined) return
    const goodbye = this.#goodbye
    this.#goodbye = undefined
    if (goodbye !== undefined && !goodbye.retryable) {
      this.close(goodbye)
      return
    }
    if (wasReady) this.#listener.lost(goodbye ?? connectionToGatewayLost(reason))
    // What the server ends, socket.io does not open again by itself.
    if (!this.#socket.active) this.#connectLater()
  }

  #connectLater(): void {
    clearTimeout(this.#pause)
    this.#pause = setTimeout(() => this.#socket.connect(), shortestPauseMs * (1 + 4 * Math.random()))
  }

  #unreachable(): KurirError {
    const { url, connectTimeoutMs } = this.#options
    return new KurirError(
      'gateway-unreachable',
      `No gateway has answered at ${url} within ${Math.round(connectTimeoutMs / 1000)} s. Check that it is running ` +
        '(npm run socket-server), that KURIR_URL names its host and port, and that no firewall is in between.',
      { statusCode: 503, retryable: true, data: { url }, cause: this.#problem },
    )
  }
}

function errorOf(text: string): KurirError {
  const told = decodeValue(text)
  return decodeError((typeof told === 'object' && told !== null ? told : {}) as DecodedError)
}

export function connectionToGatewayLost(reason: string): KurirError {
  return new KurirError('gateway-lost', 'The connection to the gateway broke; it is being made anew', {
    statusCode: 503,
    retryable: true,
    data: { reason },
  })
}
