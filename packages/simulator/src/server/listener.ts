import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Device } from '../accounts/device.js'
import type { FrameFault, TransportFaults } from '../faults/transport-faults.js'
import type { Service } from '../router/service.js'
import type { ServerCertificates } from './certificates.js'
import { Connection, type ConnectionContext } from './connection.js'

export interface ListenerOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly service: Service
  readonly certificates: ServerCertificates
}

const PATH = '/ws/chat'
/** One frame with its header, and room for an intro. */
const LARGEST_MESSAGE = 2 ** 24 + 4096

/** The WebSocket server on `/ws/chat`. */
export class Listener implements ConnectionContext {
  readonly service: Service
  readonly certificates: ServerCertificates
  readonly #http: Server
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: LARGEST_MESSAGE })
  readonly #connections = new Set<Connection>()
  readonly #frameFaults: { readonly kind: FrameFault; readonly device: string | undefined }[] = []
  #transport: TransportFaults = {}
  #refuseWith: number | undefined

  private constructor(options: ListenerOptions) {
    this.service = options.service
    this.certificates = options.certificates
    this.#http = createServer((_request, response) => response.writeHead(426).end())
    this.#http.on('upgrade', (request, socket, head) => {
      const path = request.url?.split('?')[0]
      if (this.#refuseWith !== undefined || path !== PATH) {
        socket.end(`HTTP/1.1 ${this.#refuseWith ?? 404} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
        return
      }
      this.#webSockets.handleUpgrade(request, socket, head, webSocket => {
        this.#connections.add(new Connection(this, webSocket, socket as Duplex))
      })
    })
  }

  static async start(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options)
    await new Promise<void>((resolve, reject) => {
      listener.#http.once('error', reject)
      listener.#http.listen(options.port, options.host, () => resolve())
    })
    return listener
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  transport(): TransportFaults {
    return this.#transport
  }

  setTransport(faults: TransportFaults): void {
    this.#transport = faults
    if (faults.holdFrames !== true) for (const connection of this.#connections) connection.letGo()
  }

  /** HTTP status with which upgrades are refused from now on; undefined accepts them again. */
  refuseUpgrades(status: number | undefined): void {
    this.#refuseWith = status
  }

  /** Disturbs the next frame to a device, or to anybody. */
  addFrameFault(kind: FrameFault, devicePn: string | undefined): void {
    this.#frameFaults.push({ kind, device: devicePn })
  }

  takeFrameFault(device: Device | undefined): FrameFault | undefined {
    if (this.#frameFaults.length === 0) return undefined
    const index = this.#frameFaults.findIndex(fault => fault.device === undefined || fault.device === device?.pn)
    if (index < 0) return undefined
    return this.#frameFaults.splice(index, 1)[0]?.kind
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection)
  }

  /** Cuts all connections and stops listening. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.end()
    const closed = new Promise<void>(resolve => this.#http.close(() => resolve()))
    this.#http.closeAllConnections()
    this.#webSockets.close()
    await closed
  }
}
