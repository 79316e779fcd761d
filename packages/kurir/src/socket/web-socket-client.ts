import { EventEmitter } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Agent } from 'node:https'
import type { Socket } from 'node:net'
import type WebSocket from 'ws'
import type { BinaryNode } from '../binary/node.js'
import { DEFAULT_ORIGIN } from './config.js'
import { connectionClosed, timedOut } from './connection-errors.js'
import { DEF_CALLBACK_PREFIX, emitStanza } from './stanza-events.js'

export interface WebSocketClientOptions {
  readonly connectTimeoutMs: number
  readonly agent?: Agent | undefined
  readonly headers?: Record<string, string> | undefined
}

/** Bytes that may wait in the WebSocket before `send` makes its callers wait: a slow link slows the senders down. */
const BACK_PRESSURE_BYTES = 1024 * 1024
/** One frame is at most 3 + 2^24 bytes; a larger WebSocket message is refused by the WebSocket library itself. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024

/**
 * The WebSocket under a socket, and the emitter that programs know as `sock.ws`: it re-emits what the WebSocket says
 * (`open`, `close`, `error`, `message` …) and every received stanza (docs/protocol/06, raw node events).
 */
export class WebSocketClient extends EventEmitter {
  readonly url: URL
  readonly config: WebSocketClientOptions
  #socket: WebSocket | undefined
  #transport: Socket | undefined
  #corked = false
  #closedBeforeOpen = false
  readonly #stanzaListeners = new Map<string, number>()

  constructor(url: string | URL, config: WebSocketClientOptions) {
    super()
    this.url = typeof url === 'string' ? new URL(url) : url
    this.config = config
    this.setMaxListeners(0)
    this.on('newListener', name => this.#countStanzaListener(name, 1))
    this.on('removeListener', name => this.#countStanzaListener(name, -1))
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === 1
  }
  get isClosed(): boolean {
    return this.#closedBeforeOpen || this.#socket === undefined || this.#socket.readyState === 3
  }
  get isClosing(): boolean {
    return this.#socket?.readyState === 2
  }
  get isConnecting(): boolean {
    return this.#socket?.readyState === 0
  }

  /** Opens the WebSocket; resolves when it is open, rejects with the WebSocket's error or a typed time-out. */
  async connect(): Promise<void> {
    if (this.#socket) return
    const { default: WebSocketClass } = await import('ws')
    if (this.#closedBeforeOpen) throw connectionClosed()
    const socket = new WebSocketClass(this.url, {
      origin: DEFAULT_ORIGIN,
      headers: this.config.headers ?? {},
      handshakeTimeout: this.config.connectTimeoutMs,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      agent: this.config.agent,
    })
    this.#socket = socket
    socket.binaryType = 'nodebuffer'
    socket.on('upgrade', (response: IncomingMessage) => {
      this.#transport = response.socket
      response.socket.setNoDelay(true)
    })
    for (const name of ['close', 'error', 'open', 'message', 'ping', 'pong', 'upgrade']) {
      socket.on(name, (...values: unknown[]) => this.emit(name, ...values))
    }
    socket.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
      this.emit('unexpected-response', request, response)
      // The WebSocket library leaves the rest to whoever listens.
      this.emit('error', new Error(`Unexpected server response: ${response.statusCode}`))
      socket.terminate()
    })
    await this.#opened(socket)
  }

  #opened(socket: WebSocket): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(timedOut('web-socket', this.config.connectTimeoutMs, { host: this.url.host }))
        socket.terminate()
      }, this.config.connectTimeoutMs)
      const settle = (action: () => void) => () => {
        clearTimeout(timer)
        action()
      }
      socket.once('open', settle(resolve))
      socket.once('error', error => settle(() => reject(error))())
      socket.once(
        'close',
        settle(() => reject(connectionClosed())),
      )
    })
  }

  /**
   * Sends one WebSocket message. Messages of one turn of the event loop leave in one write. Returns a promise only when
   * more than 1 MiB waits to be written; it resolves when this message has been handed to the operating system.
   */
  send(data: Uint8Array, callback?: (error?: Error | null) => void): Promise<void> | undefined {
    const socket = this.#socket
    if (socket?.readyState !== 1) throw connectionClosed()
    this.#corkUntilNextTurn()
    if (socket.bufferedAmount < BACK_PRESSURE_BYTES) {
      socket.send(data, callback)
      return undefined
    }
    return new Promise((resolve, reject) => {
      socket.send(data, error => {
        callback?.(error)
        if (error) reject(connectionClosed('Connection Closed', undefined, error))
        else resolve()
      })
    })
  }

  /** Starts an orderly close; `close` is emitted when it is done. */
  async close(): Promise<void> {
    this.#closedBeforeOpen = this.#socket === undefined
    const socket = this.#socket
    if (!socket || socket.readyState >= 2) return
    if (socket.readyState === 0) socket.terminate()
    else socket.close()
    const forced = setTimeout(() => socket.terminate(), 3000)
    forced.unref()
    socket.once('close', () => clearTimeout(forced))
  }

  /** Emits a received stanza under its names; true when somebody listened. */
  emitStanza(node: BinaryNode): boolean {
    return emitStanza(this, node, tag => this.#stanzaListeners.has(tag))
  }

  #corkUntilNextTurn(): void {
    const transport = this.#transport
    if (this.#corked || !transport) return
    this.#corked = true
    transport.cork()
    setImmediate(() => {
      this.#corked = false
      transport.uncork()
    })
  }

  #countStanzaListener(name: string | symbol, change: 1 | -1): void {
    if (typeof name !== 'string' || !name.startsWith(DEF_CALLBACK_PREFIX)) return
    const tag = name.slice(DEF_CALLBACK_PREFIX.length).split(',', 1)[0] ?? ''
    const count = (this.#stanzaListeners.get(tag) ?? 0) + change
    if (count > 0) this.#stanzaListeners.set(tag, count)
    else this.#stanzaListeners.delete(tag)
  }
}
