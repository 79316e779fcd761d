import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type BinaryNode, decodeNode, encodeBinaryNode, getBinaryNodeChild } from 'kurir/binary'
import { generateKeyPair, type KeyPair, randomBytes } from 'kurir/crypto'
import {
  buildCertificateChain,
  encodeFrame,
  type FrameCipher,
  FrameReader,
  IntroReader,
  NoiseResponder,
  type NoiseRoot,
} from 'kurir/noise'
import { proto } from 'kurir/proto'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Service } from './kurir-client.js'

/** How far the service goes along; after that it says nothing more and keeps the connection open. */
export type SilentFrom = 'upgrade' | 'hello' | 'login' | 'active'

export interface Script {
  readonly silentFrom?: SilentFrom
  /** What it answers a login with instead of `<success>`. */
  readonly verdict?: BinaryNode
  /** Answers a request in its own way; undefined: the usual answer, null: no answer. */
  readonly answer?: (request: BinaryNode) => BinaryNode | null | undefined
  /** The keys of an earlier service, so that clients trust this one; the static key may differ. */
  readonly root?: KeyPair
  readonly serverKey?: KeyPair
  readonly resumption?: 'accept' | 'refuse'
  /** What the ServerHello is instead of an honest one. */
  readonly hello?: 'garbage' | 'empty' | 'oversized' | 'resumed-without-key'
}

/** Bodies, or whole frames where the length itself is wrong. */
const wrongHello = (hello: NonNullable<Script['hello']>): Buffer => {
  switch (hello) {
    case 'garbage':
      return encodeFrame(Buffer.alloc(200, 0xff))
    case 'empty':
      return Buffer.of(0, 0, 0)
    case 'oversized':
      return Buffer.concat([Buffer.of(0xff, 0xff, 0xff), Buffer.alloc(1024)])
    case 'resumed-without-key': {
      const serverHello = { ephemeral: generateKeyPair().public, payload: randomBytes(300) }
      return encodeFrame(proto.HandshakeMessage.encode({ serverHello }).finish())
    }
  }
}

const DAY = 86_400
const SERVICE = 's.whatsapp.net'

/**
 * A service that says exactly what a test wants, where the simulator would be too well-behaved: silence, single
 * stanzas, bytes. It speaks Noise with a root certificate of its own.
 */
export class ScriptedService implements Service {
  readonly url: string
  readonly noiseRoot: NoiseRoot
  readonly root: KeyPair
  readonly serverKey: KeyPair
  readonly connections: ScriptedConnection[] = []
  readonly #script: Script
  readonly #server: Server
  readonly #sockets = new Set<Duplex>()
  readonly #webSockets = new WebSocketServer({ noServer: true })
  readonly #waiting = new Set<() => void>()

  private constructor(script: Script, server: Server, root: KeyPair) {
    this.#script = script
    this.#server = server
    this.root = root
    this.serverKey = script.serverKey ?? generateKeyPair()
    this.noiseRoot = { publicKey: root.public, serial: 0 }
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/chat`
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.on('upgrade', (request, socket: Duplex, head) => {
      this.#webSockets.handleUpgrade(request, socket, head, webSocket => {
        this.connections.push(new ScriptedConnection(this, script, webSocket))
        for (const wake of this.#waiting) wake()
      })
    })
  }

  static async start(script: Script = {}): Promise<ScriptedService> {
    const server = script.silentFrom === 'upgrade' ? createServer() : (createHttpServer() as Server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
    return new ScriptedService(script, server, script.root ?? generateKeyPair())
  }

  /** The nth connection, counted from 0, once it is there. */
  connection(index = 0): Promise<ScriptedConnection> {
    return new Promise(resolve => {
      const check = () => {
        const connection = this.connections[index]
        if (connection === undefined) return
        this.#waiting.delete(check)
        resolve(connection)
      }
      this.#waiting.add(check)
      check()
    })
  }

  /** The certificate chain of the server's key, valid from yesterday for a month. */
  certificateChain(): Buffer {
    const now = Math.floor(Date.now() / 1000)
    return buildCertificateChain({
      root: this.root,
      intermediate: generateKeyPair(),
      serverStatic: this.serverKey.public,
      notBefore: now - DAY,
      notAfter: now + 30 * DAY,
    })
  }

  get resumption(): 'accept' | 'refuse' {
    return this.#script.resumption ?? 'accept'
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }
}

/** One connection of a client to a {@link ScriptedService}. */
export class ScriptedConnection {
  /** How the handshake went; undefined before it is over. */
  handshake: 'full' | 'resumed' | 'fallback' | undefined
  payload: proto.ClientPayload | undefined
  routingInfo: Buffer | undefined
  /** Stanzas of the client, oldest first. */
  readonly stanzas: BinaryNode[] = []
  closeCode: number | undefined
  readonly #script: Script
  readonly #webSocket: WebSocket
  readonly #responder: NoiseResponder
  readonly #intro = new IntroReader()
  readonly #reader = new FrameReader()
  readonly #waiting = new Set<() => void>()
  #introduced = false
  #fallback = false
  #cipher: FrameCipher | undefined

  constructor(service: ScriptedService, script: Script, webSocket: WebSocket) {
    this.#script = script
    this.#webSocket = webSocket
    this.#responder = new NoiseResponder({
      staticKeyPair: service.serverKey,
      certificateChain: service.certificateChain(),
      resumption: service.resumption,
    })
    webSocket.on('message', (data: Buffer) => this.#receive(data))
    webSocket.on('error', () => {})
    webSocket.on('close', code => {
      this.closeCode = code
      this.#wake()
    })
  }

  get cipher(): FrameCipher {
    if (this.#cipher === undefined) throw new Error('the handshake is not over')
    return this.#cipher
  }

  send(node: BinaryNode): void {
    this.sendBytes(this.cipher.encrypt(encodeBinaryNode(node)))
  }

  /** Encrypts and sends a frame that is no valid stanza. */
  sendPlaintext(plaintext: Uint8Array): void {
    this.sendBytes(this.cipher.encrypt(plaintext))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#webSocket.send(bytes)
  }

  /** An orderly close, or a cut when no code is given. */
  close(code?: number): void {
    if (code === undefined) this.#webSocket.terminate()
    else this.#webSocket.close(code)
  }

  /** The first stanza that fits, of those that came and those to come. */
  stanza(predicate: (node: BinaryNode) => boolean): Promise<BinaryNode> {
    return this.#until(() => this.stanzas.find(predicate))
  }

  request(xmlns: string, child: string): Promise<BinaryNode> {
    return this.stanza(node => node.attrs['xmlns'] === xmlns && getBinaryNodeChild(node, child) !== undefined)
  }

  closed(): Promise<number> {
    return this.#until(() => this.closeCode)
  }

  /** Resolves when the client has finished the handshake. */
  loggedIn(): Promise<proto.ClientPayload> {
    return this.#until(() => this.payload)
  }

  #until<Value>(find: () => Value | undefined): Promise<Value> {
    return new Promise(resolve => {
      const check = () => {
        const found = find()
        if (found === undefined) return
        this.#waiting.delete(check)
        resolve(found)
      }
      this.#waiting.add(check)
      check()
    })
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check()
  }

  #receive(data: Buffer): void {
    let bytes = data
    if (!this.#introduced) {
      const intro = this.#intro.push(data)
      if (intro === undefined) return
      this.#introduced = true
      this.routingInfo = intro.routingInfo
      bytes = intro.rest
    }
    for (const body of this.#reader.push(bytes)) {
      if (this.#cipher === undefined) this.#shakeHands(body)
      else this.#takeStanza(decodeNode(this.#cipher.decrypt(body)))
    }
    this.#wake()
  }

  #shakeHands(body: Buffer): void {
    if (this.#script.silentFrom === 'hello') return
    if (this.#script.hello !== undefined) {
      this.sendBytes(wrongHello(this.#script.hello))
      return
    }
    const result = this.#responder.receive(body)
    if (result.kind !== 'finished') this.sendBytes(result.frame)
    if (result.kind === 'hello') {
      this.#fallback = result.fallback
      return
    }
    this.handshake = result.kind === 'resumed' ? 'resumed' : this.#fallback ? 'fallback' : 'full'
    this.#cipher = result.transport
    this.payload = proto.ClientPayload.decode(result.payload)
    if (this.#script.silentFrom === 'login') return
    this.send(this.#script.verdict ?? { tag: 'success', attrs: { t: String(Math.floor(Date.now() / 1000)) } })
  }

  #takeStanza(node: BinaryNode): void {
    this.stanzas.push(node)
    if (node.tag !== 'iq' || node.attrs['type'] === 'result' || this.#script.silentFrom === 'active') return
    const answer = this.#script.answer?.(node)
    if (answer === null) return
    this.send(answer ?? usualAnswer(node))
    if (node.attrs['xmlns'] === 'passive') {
      this.send({ tag: 'ib', attrs: { from: SERVICE }, content: [{ tag: 'offline', attrs: { count: '0' } }] })
    }
  }
}

/** Enough to bring a client to rest: plenty of prekeys, and nothing else. */
const usualAnswer = (request: BinaryNode): BinaryNode => {
  const content = getBinaryNodeChild(request, 'count') ? [{ tag: 'count', attrs: { value: '100' } }] : []
  return resultOf(request, content)
}

export const resultOf = (request: BinaryNode, content: BinaryNode[] = []): BinaryNode => ({
  tag: 'iq',
  attrs: { id: request.attrs['id'] ?? '', from: SERVICE, type: 'result' },
  content,
})
