import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import type { TlsIdentity } from './tls-certificate.js'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** First byte of a TLS handshake record. */
const TLS_HANDSHAKE = 0x16

/** One port that answers HTTPS and plain HTTP, whichever a client begins with. */
export class MediaServer {
  readonly #port: NetServer
  readonly #servers: readonly Server[]
  readonly #sockets = new Set<Socket>()

  private constructor(identity: TlsIdentity) {
    const plain = createHttpServer()
    const secure = createHttpsServer({ key: identity.key, cert: identity.certificate })
    this.#servers = [plain, secure]
    this.#port = createServer(socket => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      socket.once('data', (first: Buffer) => {
        socket.pause()
        socket.unshift(first)
        const server = first[0] === TLS_HANDSHAKE ? secure : plain
        server.emit('connection', socket)
        process.nextTick(() => socket.resume())
      })
    })
  }

  /** Begins to listen. @throws the error of the system when the port is taken */
  static async start(identity: TlsIdentity, port: number, host: string): Promise<MediaServer> {
    const server = new MediaServer(identity)
    await new Promise<void>((resolve, reject) => {
      server.#port.once('error', reject)
      server.#port.listen(port, host, () => resolve())
    })
    return server
  }

  onRequest(handle: Handler): void {
    for (const server of this.#servers) server.on('request', handle)
  }

  get port(): number {
    return (this.#port.address() as AddressInfo).port
  }

  /** Cuts all connections and stops listening. */
  async stop(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#port.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    for (const server of this.#servers) server.closeAllConnections()
    await closed
  }
}
