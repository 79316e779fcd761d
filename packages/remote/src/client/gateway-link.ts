import type { BaileysEvent, BaileysEventMap, ConnectionState } from 'kurir'
import { KurirError } from 'kurir/errors'
import type { BaileysBufferableEventEmitter } from 'kurir/events'
import type { ILogger } from 'kurir/logger'
import { StreamTable } from '../streams/stream-table.js'
import { eventRules, isEventName } from '../wire/event-rules.js'
import type { RemoteMethod } from '../wire/method-registry.js'
import type { GatewayHello } from '../wire/protocol.js'
import { connectionUpdateOf, type SessionView } from '../wire/session-view.js'
import { decodeValue } from '../wire/values.js'
import { type CallOptions, CallTable } from './call-table.js'
import { type ConnectionListener, type FrameHandlers, GatewayConnection } from './gateway-connection.js'
import { makeRemoteEvents } from './remote-events.js'
import { Subscription } from './subscription.js'

export interface LinkOptions {
  readonly url: string
  readonly token: string
  readonly session: string
  readonly name: string
  readonly connectTimeoutMs: number
  readonly credit: number
  readonly logger: ILogger
}

const noStreams = { chunk: () => {}, end: () => {}, credit: () => {} }

type EndHandler = (error: Error | undefined) => void | Promise<void>

const nothingKnown: SessionView = {
  connection: 'connecting',
  state: 'unknown',
  since: 0,
  explanation: '',
  credentials: {},
}

/** What a remote socket has with its gateway: the connection, calls, events, and how the session is. */
export class GatewayLink {
  readonly ev: BaileysBufferableEventEmitter
  readonly #logger: ILogger
  readonly #connection: GatewayConnection
  readonly #calls: CallTable
  readonly #subscription: Subscription
  readonly #endHandlers: EndHandler[] = []
  #streams = new StreamTable(noStreams)
  #view = nothingKnown
  /** What the program has been told of it. */
  #told = nothingKnown
  #isTelling = false
  #instance = ''
  #verbs: readonly string[] = []
  #closed: Promise<void> | undefined

  constructor(options: LinkOptions) {
    const { logger } = options
    this.#logger = logger
    const { ev, onFirstListener } = makeRemoteEvents(logger)
    this.ev = ev
    this.#connection = new GatewayConnection(options, this.#listener())
    this.#calls = new CallTable({
      send: (name, frame) => this.#connection.send(name, frame as never),
      isReady: () => this.#connection.isReady,
      instance: () => this.#instance,
      streams: () => this.#streams,
    })
    this.#subscription = new Subscription({
      ev,
      logger,
      name: options.name,
      credit: options.credit,
      send: (name, frame) => this.#connection.send(name, frame),
    })
    onFirstListener(() => this.#subscription.begin())
  }

  /** How the session is, as the gateway said last. `explanation` tells why it is not connected, and what to do. */
  get view(): SessionView {
    return this.#view
  }

  /** Whether the gateway can be asked at the moment. Calls made while it cannot wait until it can, or their deadline. */
  get isConnected(): boolean {
    return this.#connection.isReady
  }

  /** What the token allows on this session. */
  get verbs(): readonly string[] {
    return this.#verbs
  }

  /** Resolves with the gateway's hello. Throws as {@link GatewayConnection.open}. */
  async open(): Promise<void> {
    await this.#connection.open()
    // The program begins to listen in the turn in which it gets the socket: what is known by then is told after that.
    setImmediate(() => {
      this.#isTelling = true
      this.#tell()
    })
  }

  /**
   * Calls a method of the socket with a deadline, signal or key of its own. Rejects with what the method throws, and with
   * `timed-out` (408), `aborted` (499), `outcome-unknown` (502) and the refusals of the gateway (docs/socket-mode.md).
   */
  call(method: RemoteMethod, args: readonly unknown[], options?: CallOptions): Promise<unknown> {
    return this.#calls.call(method, args, options)
  }

  /** Resolves when the session is connected to WhatsApp; rejects when this link is closed. */
  whenOpen(): Promise<void> {
    if (this.#view.connection === 'open' && this.isConnected) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const look = ({ connection }: Partial<ConnectionState>) => {
        if (connection !== 'open') return
        this.ev.off('connection.update', look)
        resolve()
      }
      this.ev.on('connection.update', look)
      this.onClose(error => reject(error ?? closedByProgram()))
    })
  }

  onClose(handler: EndHandler): void {
    this.#endHandlers.push(handler)
  }

  /** Leaves the gateway. The session stays connected; what is not handled yet is delivered to the next program. */
  async close(error?: Error): Promise<void> {
    await this.#subscription.reportAll()
    this.#connection.close(KurirError.is(error) ? error : closedByProgram(error))
    await this.#closed
  }

  #listener(): ConnectionListener {
    return {
      ready: hello => this.#ready(hello),
      lost: error => this.#lost(error),
      closed: error => {
        this.#closed = this.#end(error)
      },
      frames: this.#frames(),
    }
  }

  #ready(hello: GatewayHello): void {
    this.#instance = hello.instance
    this.#verbs = hello.verbs
    this.#streams = new StreamTable({
      chunk: frame => this.#connection.send('chunk', frame),
      end: frame => this.#connection.send('end', frame),
      credit: frame => this.#connection.send('credit', frame),
    })
    this.#subscription.subscribe()
    this.#calls.ready()
  }

  #lost(error: KurirError): void {
    this.#logger.warn({ err: error }, 'the connection to the gateway broke')
    this.#subscription.interrupt()
    this.#streams.close(error)
    const explanation = 'The gateway cannot be reached at the moment; the program connects to it again by itself.'
    this.#see({ ...this.#view, connection: 'connecting', state: 'gateway-lost', since: Date.now(), explanation })
  }

  async #end(error: KurirError): Promise<void> {
    this.#subscription.interrupt()
    this.#streams.close(error)
    this.#calls.end(error)
    this.ev.flush()
    this.ev.emit('connection.update', { connection: 'close', lastDisconnect: { error, date: new Date() } })
    for (const handler of this.#endHandlers) {
      await Promise.resolve(handler(error)).catch(problem =>
        this.#logger.error({ err: problem }, 'an end handler failed'),
      )
    }
  }

  #frames(): FrameHandlers {
    return {
      result: ({ id, value }) => this.#calls.result(id, value),
      failure: ({ id, error }) => this.#calls.failure(id, error),
      deliver: frame => this.#subscription.deliver(frame),
      refused: ({ error }) => this.#logger.error({ err: decodeValue(error) }, 'the gateway refuses the subscription'),
      live: ({ event, body }) => this.#emitLive(event, decodeValue(body)),
      state: ({ body }) => this.#see(decodeValue(body)),
      chunk: frame => this.#streams.chunk(frame),
      end: frame => this.#streams.end(frame),
      credit: frame => this.#streams.credit(frame),
    }
  }

  #emitLive(event: string, payload: unknown): void {
    if (!isEventName(event) || eventRules[event] !== 'live') return
    this.ev.emit(event, payload as BaileysEventMap[BaileysEvent])
  }

  /** After each hello the program hears how the session is, as if it had just connected. */
  #see(view: unknown): void {
    if (typeof view !== 'object' || view === null || !('credentials' in view)) return
    this.#view = view as SessionView
    if (this.#isTelling) this.#tell()
  }

  #tell(): void {
    const update = connectionUpdateOf(this.#told, this.#view)
    this.#told = this.#view
    if (update !== undefined) this.ev.emit('connection.update', update)
  }
}

function closedByProgram(cause?: Error): KurirError {
  return new KurirError('connection-closed', 'The program has left the gateway', { statusCode: 428, cause })
}
