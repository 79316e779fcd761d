import type { AuthenticationCreds, ServerIdentity } from '../auth/credentials.js'
import { assertNodeErrorFree } from '../binary/accessors.js'
import { decodeNode } from '../binary/decode.js'
import { encodeBinaryNode } from '../binary/encode.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import type { SocketConfig } from './config.js'
import {
  type ConnectionError,
  connectionClosed,
  connectionLost,
  timedOut,
  webSocketError,
} from './connection-errors.js'
import { withDeadline } from './deadline.js'
import { KeepAlive } from './keep-alive.js'
import { NoiseTransport } from './noise-transport.js'
import { QueryTable } from './query-table.js'
import { ReceiptBatch } from './receipt-batch.js'
import { StanzaIds } from './stanza-ids.js'
import { WebSocketClient } from './web-socket-client.js'

/**
 * What a connection is doing. Each phase but `open` and `pairing` has the deadline `connectTimeoutMs`; `pairing` ends
 * with its references, `open` is watched by the keep-alive. `ended` is final: to reconnect, make a new socket.
 */
export type ConnectionPhase = 'idle' | 'connecting' | 'handshaking' | 'authenticating' | 'pairing' | 'open' | 'ended'

export type StanzaHandler = (node: BinaryNode) => void
export type EndHandler = (error: Error | undefined) => void | Promise<void>

/** An end handler may not keep the `close` event waiting for longer. */
const END_HANDLER_DEADLINE_MS = 5000

/** Seconds of silence after a due ping that mean the connection is dead (docs/protocol/01, keep-alive). */
const KEEP_ALIVE_GRACE_MS = 5000

/**
 * Owns one connection from the WebSocket to stanzas: opens it, runs the Noise handshake, encrypts and decrypts frames
 * in order, matches answers to queries, hands every other stanza to the handler of its tag, and ends exactly once with
 * one typed reason. Nothing else closes the WebSocket.
 */
export class Connection {
  readonly ws: WebSocketClient
  readonly ids = new StanzaIds()
  readonly #config: SocketConfig
  readonly #logger: ILogger
  readonly #transport: NoiseTransport
  readonly #queries = new QueryTable()
  readonly #receipts = new ReceiptBatch()
  readonly #keepAlive: KeepAlive
  readonly #handlers = new Map<string, StanzaHandler>()
  readonly #endHandlers: EndHandler[] = []
  #whenEnded: ((error: Error | undefined) => void) | undefined
  #intendedEnd: Error | undefined
  #phase: ConnectionPhase = 'idle'
  #phaseTimer: NodeJS.Timeout | undefined
  #ended: Promise<void> | undefined
  #endReason: Error | undefined

  constructor(config: SocketConfig, creds: AuthenticationCreds) {
    this.#config = config
    this.#logger = config.logger
    this.ws = new WebSocketClient(config.waWebSocketUrl, {
      connectTimeoutMs: config.connectTimeoutMs,
      agent: config.agent,
      headers: plainHeaders(config.options.headers),
    })
    this.#transport = new NoiseTransport(config, creds)
    this.#keepAlive = new KeepAlive({
      intervalMs: config.keepAliveIntervalMs,
      graceMs: KEEP_ALIVE_GRACE_MS,
      clock: config.clock,
      ping: () => this.#ping(),
      onLost: silenceMs => void this.end(connectionLost('Connection was lost', { silenceMs })),
    })
    this.ws.on('message', (data: Buffer) => this.#receive(data))
    this.ws.on('error', (error: Error) => void this.end(webSocketError(error)))
    this.ws.on('close', () => void this.end(connectionClosed('Connection Terminated')))
  }

  get phase(): ConnectionPhase {
    return this.#phase
  }

  /** The server's key, when this connection verified its certificates anew. */
  get verifiedServer(): ServerIdentity | undefined {
    return this.#transport.verifiedServer
  }

  /** Resolves when the WebSocket is open; rejects when the connection ends before. */
  async waitForWebSocket(): Promise<void> {
    if (this.ws.isOpen) return
    if (this.#phase === 'ended') throw this.#closedError()
    await new Promise<void>((resolve, reject) => {
      this.ws.once('open', resolve)
      this.onEnd(error => reject(error ?? this.#closedError()))
    })
  }

  /** Registers the handler of all stanzas with this tag; answers to queries do not reach it. */
  onStanza(tag: string, handler: StanzaHandler): void {
    if (this.#handlers.has(tag)) throw new KurirError('duplicate-handler', `<${tag}> has a handler already`)
    this.#handlers.set(tag, handler)
  }

  /** Called once when the connection ends, in the order of registration, before the `close` event. */
  onEnd(handler: EndHandler): void {
    this.#endHandlers.push(handler)
  }

  /** What is called last of all, when the end handlers are through: the place of the `close` event. */
  whenEnded(handler: (error: Error | undefined) => void): void {
    this.#whenEnded = handler
  }

  /** The end has been asked for: whatever brings it about now, this is its reason. */
  intendToEnd(reason: Error): void {
    this.#intendedEnd ??= reason
  }

  /** Opens the WebSocket and starts the handshake. Failures end the connection; this never rejects. */
  async start(): Promise<void> {
    if (this.#phase !== 'idle') return
    this.#enter('connecting')
    try {
      await this.ws.connect()
      if (!this.#phaseIs('connecting')) return
      this.#enter('handshaking')
      void this.ws.send(this.#transport.hello())
    } catch (error) {
      await this.end(KurirError.is(error) ? error : webSocketError(asError(error)))
    }
  }

  /** The server has begun pairing: from here the references' own timers bound the wait. */
  pairingStarted(): void {
    if (this.#phase === 'authenticating') this.#enter('pairing')
  }

  /** The server accepted the login. */
  loginAccepted(): void {
    if (this.#phase === 'authenticating') this.#enter('open')
  }

  /**
   * Encrypts and sends one frame. Resolves at once unless more than 1 MiB waits to be written, and then when this frame
   * has left.
   *
   * @throws ConnectionError `connection-closed` (428) when the connection is not usable.
   */
  async sendRawMessage(plaintext: Uint8Array): Promise<void> {
    const written = this.#write(plaintext)
    if (!written) return
    await withDeadline('send', this.#config.connectTimeoutMs, written)
  }

  async sendNode(node: BinaryNode): Promise<void> {
    if (this.#logger.level === 'trace') this.#logger.trace({ tag: node.tag, id: node.attrs['id'] }, 'stanza out')
    const written = this.#write(encodeBinaryNode(node))
    if (written) await written
  }

  /**
   * Sends a receipt for one message at the end of this turn of the event loop, together with others for the same chat
   * and author. Whatever is sent before that comes after it on the wire: a read receipt cannot overtake it.
   */
  sendReceipt(receipt: BinaryNode): void {
    if (this.#receipts.isEmpty) setImmediate(() => this.#flushReceipts())
    this.#receipts.add(receipt)
  }

  /**
   * Sends a stanza and waits for the one that answers it; an id is added if absent.
   *
   * @throws ServerRefusal when the answer carries an error, KurirError `timed-out` (408), or the reason why the
   *   connection ended.
   */
  async query(node: BinaryNode, timeoutMs = this.#config.defaultQueryTimeoutMs): Promise<BinaryNode> {
    const id = node.attrs['id'] ?? this.ids.next()
    node.attrs['id'] = id
    const answer = this.#queries.wait(id, timeoutMs)
    try {
      const written = this.#write(encodeBinaryNode(node))
      // A write that fails later ends the connection, which rejects the wait below.
      written?.catch(() => {})
    } catch (error) {
      this.#queries.reject(id, asError(error))
    }
    const received = await answer
    assertNodeErrorFree(received)
    return received
  }

  /** Waits for the stanza with this id; rejects on time-out and when the connection ends. */
  waitFor(id: string, timeoutMs: number | undefined): Promise<BinaryNode> {
    if (this.#phase === 'ended') return Promise.reject(this.#closedError())
    return this.#queries.wait(id, timeoutMs)
  }

  /**
   * Ends the connection; the first reason counts. Everything that waits rejects with it, end handlers run, the
   * WebSocket closes.
   */
  end(error: Error | undefined): Promise<void> {
    this.#ended ??= this.#shutDown(error)
    return this.#ended
  }

  async #shutDown(cause: Error | undefined): Promise<void> {
    const error = this.#intendedEnd ?? cause
    const phase = this.#phase
    if (!this.#receipts.isEmpty) this.#flushReceipts()
    this.#endReason = error
    this.#enter('ended')
    this.#keepAlive.stop()
    this.#logger.info(
      { phase, reason: error?.message, code: KurirError.is(error) ? error.code : undefined },
      'connection ended',
    )
    this.#queries.rejectAll(error ?? connectionClosed())
    await this.ws.close()
    for (const handler of this.#endHandlers) {
      try {
        await withDeadline('end-handler', END_HANDLER_DEADLINE_MS, handler(error))
      } catch (failure) {
        this.#logger.error({ err: failure }, 'an end handler failed')
      }
    }
    this.#whenEnded?.(error)
  }

  #enter(phase: ConnectionPhase): void {
    this.#phase = phase
    clearTimeout(this.#phaseTimer)
    if (phase !== 'connecting' && phase !== 'handshaking' && phase !== 'authenticating') return
    const { connectTimeoutMs } = this.#config
    this.#phaseTimer = setTimeout(() => void this.end(timedOut(phase, connectTimeoutMs)), connectTimeoutMs)
  }

  #write(plaintext: Uint8Array): Promise<void> | undefined {
    if (!this.#transport.established || !this.ws.isOpen) throw this.#closedError()
    if (!this.#receipts.isEmpty) this.#flushReceipts()
    return this.ws.send(this.#transport.seal(plaintext))
  }

  /** Without a connection they are dropped: the server delivers again what was not confirmed. */
  #flushReceipts(): void {
    for (const receipt of this.#receipts.take()) {
      this.sendNode(receipt).catch(error => this.#logger.debug({ err: error }, 'a receipt could not be sent'))
    }
  }

  #closedError(): ConnectionError {
    return connectionClosed('Connection Closed', { phase: this.#phase }, this.#endReason)
  }

  #receive(data: Buffer): void {
    if (this.#phase === 'ended') return
    try {
      for (const body of this.#transport.frames(data)) {
        // Whole frames count, not bytes: pieces of one that never ends are no sign of life.
        this.#keepAlive.received()
        if (this.#transport.established) this.#receiveFrame(this.#transport.open(body))
        else this.#receiveHandshake(body)
        if (this.#phaseIs('ended')) return
      }
    } catch (error) {
      // A frame or handshake that fails leaves the cipher out of step: the stream cannot go on (docs/protocol/01).
      void this.end(asError(error))
    }
  }

  #phaseIs(phase: ConnectionPhase): boolean {
    return this.#phase === phase
  }

  #receiveHandshake(body: Uint8Array): void {
    const reply = this.#transport.handshake(body)
    this.#enter('authenticating')
    this.#keepAlive.start()
    if (reply) void this.ws.send(reply)
  }

  #receiveFrame(plaintext: Uint8Array): void {
    let node: BinaryNode
    try {
      node = decodeNode(plaintext)
    } catch (error) {
      // The stream itself is in step: only this stanza is lost (docs/protocol/01, errors a decoder must raise).
      this.#logger.error({ err: error, bytes: plaintext.length }, 'dropped a stanza that does not decode')
      return
    }
    try {
      this.#dispatch(node)
    } catch (error) {
      this.#logger.error({ err: error, tag: node.tag, id: node.attrs['id'] }, 'a stanza handler failed')
    }
  }

  #dispatch(node: BinaryNode): void {
    if (this.#logger.level === 'trace') this.#logger.trace({ tag: node.tag, id: node.attrs['id'] }, 'stanza in')
    const answered = this.#queries.settle(node)
    try {
      if (!answered) this.#handlers.get(node.tag)?.(node)
    } finally {
      this.ws.emitStanza(node)
    }
  }

  #ping(): void {
    const id = this.ids.next()
    this.sendNode({ tag: 'iq', attrs: { id, to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } }).catch(error =>
      this.#logger.debug({ err: error }, 'ping could not be sent'),
    )
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

const plainHeaders = (headers: RequestInit['headers']): Record<string, string> | undefined =>
  headers === undefined ? undefined : Object.fromEntries(new Headers(headers))
