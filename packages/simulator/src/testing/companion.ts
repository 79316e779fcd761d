import { type AuthenticationCreds, initAuthCreds } from 'kurir/auth'
import { type BinaryNode, decodeNode, encodeBinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { type FrameCipher, FrameReader, NoiseInitiator, type NoiseInitiatorResult, type NoiseRoot } from 'kurir/noise'
import {
  buildPairingQRData,
  configureSuccessfulPairing,
  generateLoginNode,
  generateRegistrationNode,
  macBrowser,
} from 'kurir/pairing'
import { proto } from 'kurir/proto'
import { WebSocket } from 'ws'
import type { Phone } from '../phone/phone.js'
import { bytesOf, element, SERVICE, textOf } from '../router/stanzas.js'

const CONFIG = {
  version: [2, 3000, 1043857760] as const,
  browser: macBrowser('Chrome'),
  syncFullHistory: false,
  countryCode: 'ID',
}

export interface CompanionOptions {
  readonly url: string
  readonly root: NoiseRoot
  readonly creds?: AuthenticationCreds
  /** Static key of the server for IK. */
  readonly resume?: Uint8Array
  /** Changes the payload before it is sent. */
  readonly alterPayload?: (payload: proto.IClientPayload) => proto.IClientPayload
}

/** A client reduced to frames and stanzas, for looking at the service from outside. It encrypts no messages. */
export class Companion {
  readonly creds: AuthenticationCreds
  /** Everything that came and was not taken by `next`. */
  readonly received: BinaryNode[] = []
  /** The handshake's outcome, or the error it ended with. */
  handshake: NoiseInitiatorResult | undefined
  handshakeError: unknown
  /** The error that a frame ended the stream with. */
  streamError: unknown
  readonly #options: CompanionOptions
  readonly #webSocket: WebSocket
  readonly #reader = new FrameReader()
  readonly #waiting = new Set<{ predicate: (node: BinaryNode) => boolean; resolve: (node: BinaryNode) => void }>()
  readonly #closed: Promise<void>
  #cipher: FrameCipher | undefined
  #initiator: NoiseInitiator | undefined
  #ids = 0

  private constructor(options: CompanionOptions) {
    this.#options = options
    this.creds = options.creds ?? initAuthCreds()
    this.#webSocket = new WebSocket(options.url)
    this.#webSocket.on('message', (data: Buffer) => this.#receive(data))
    this.#webSocket.on('error', error => {
      this.handshakeError ??= error
    })
    this.#closed = new Promise(resolve => this.#webSocket.once('close', () => resolve()))
  }

  /** Opens a connection: a registration, or a login when the credentials are linked. */
  static async connect(options: CompanionOptions): Promise<Companion> {
    const companion = new Companion(options)
    await new Promise<void>((resolve, reject) => {
      companion.#webSocket.once('open', resolve)
      companion.#webSocket.once('error', reject)
    })
    const { resume } = options
    companion.#initiator = NoiseInitiator.start({
      staticKeyPair: companion.creds.noiseKey,
      trust: { root: options.root },
      ...(resume === undefined ? {} : { resume: { serverStatic: resume, payload: companion.#payload() } }),
    })
    companion.#webSocket.send(companion.#initiator.hello)
    return companion
  }

  /** Registers, is linked by the phone, and logs in again: a companion that is ready. */
  static async linked(options: CompanionOptions, phone: Phone): Promise<Companion> {
    const fresh = await Companion.connect(options)
    const linking = phone.scan(await fresh.qr())
    await fresh.acceptPairing()
    await linking
    await fresh.closed()
    const companion = await Companion.connect({ ...options, creds: fresh.creds })
    await companion.next(({ tag }) => tag === 'success')
    await companion.query({ xmlns: 'passive', type: 'set' }, [element('active')])
    await companion.next(({ tag, content }) => tag === 'ib' && Array.isArray(content) && content[0]?.tag === 'offline')
    return companion
  }

  /** The device JID after linking. */
  get jid(): string {
    return this.creds.me?.id ?? ''
  }

  get lid(): string {
    return this.creds.me?.lid ?? ''
  }

  closed(): Promise<void> {
    return this.#closed
  }

  /** Waits for the refs and makes the text of the QR. */
  async qr(): Promise<string> {
    const offer = await this.next(node => getBinaryNodeChild(node, 'pair-device') !== undefined)
    this.send(element('iq', { to: SERVICE, type: 'result', id: offer.attrs['id'] }))
    const [ref] = getBinaryNodeChildren(getBinaryNodeChild(offer, 'pair-device') as BinaryNode, 'ref')
    const key = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
    const { noiseKey, signedIdentityKey, advSecretKey } = this.creds
    const identity = key(signedIdentityKey.public)
    return buildPairingQRData(textOf(ref) ?? '', key(noiseKey.public), identity, advSecretKey, CONFIG.browser)
  }

  /** Answers pair-success; `alter` may spoil the answer. */
  async acceptPairing(alter: (reply: BinaryNode) => BinaryNode = reply => reply): Promise<void> {
    const success = await this.next(node => getBinaryNodeChild(node, 'pair-success') !== undefined)
    const { creds, reply } = configureSuccessfulPairing(success, this.creds)
    Object.assign(this.creds, creds)
    this.send(alter(reply))
  }

  send(node: BinaryNode): void {
    if (this.#cipher === undefined) throw new Error('the handshake is not over')
    this.#webSocket.send(this.#cipher.encrypt(encodeBinaryNode(node)))
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.#webSocket.send(bytes)
  }

  /** Asks and returns the answer, error answers included. */
  async query(attrs: { xmlns: string; type: 'get' | 'set'; to?: string }, content?: BinaryNode[]): Promise<BinaryNode> {
    this.#ids += 1
    const id = `t.${this.#ids}`
    this.send(element('iq', { to: SERVICE, ...attrs, id }, content))
    return await this.next(node => node.attrs['id'] === id)
  }

  /** The next stanza that fits; it is taken out of `received`. */
  next(predicate: (node: BinaryNode) => boolean): Promise<BinaryNode> {
    const index = this.received.findIndex(predicate)
    if (index >= 0) return Promise.resolve(this.received.splice(index, 1)[0] as BinaryNode)
    return new Promise(resolve => this.#waiting.add({ predicate, resolve }))
  }

  /** Closes and waits until the connection is gone. */
  async close(): Promise<void> {
    this.#webSocket.close()
    await this.#closed
  }

  #receive(data: Buffer): void {
    try {
      for (const body of this.#reader.push(data)) {
        if (this.#cipher !== undefined) this.#take(decodeNode(this.#cipher.decrypt(body)))
        else this.#shakeHands(body)
      }
    } catch (error) {
      this.streamError ??= error
      this.#webSocket.close()
    }
  }

  #shakeHands(body: Buffer): void {
    try {
      const result = this.#initiator?.receive(body)
      this.handshake = result
      if (result === undefined) return
      this.#cipher = result.transport
      if (result.kind === 'finish') this.#webSocket.send(result.frame(this.#payload()))
    } catch (error) {
      this.handshakeError = error
      this.#webSocket.close()
    }
  }

  #take(node: BinaryNode): void {
    for (const waiting of this.#waiting) {
      if (!waiting.predicate(node)) continue
      this.#waiting.delete(waiting)
      waiting.resolve(node)
      return
    }
    this.received.push(node)
  }

  #payload(): Uint8Array {
    const { alterPayload = payload => payload } = this.#options
    const payload = this.jid === '' ? generateRegistrationNode(this.creds, CONFIG) : generateLoginNode(this.jid, CONFIG)
    return proto.ClientPayload.encode(alterPayload(payload)).finish()
  }
}

/** The error code of an iq or ack; undefined when it is none. */
export const errorCode = (node: BinaryNode): string | undefined =>
  node.attrs['error'] ?? getBinaryNodeChild(node, 'error')?.attrs['code']

/** Bytes of a child. */
export const childBytes = (node: BinaryNode, tag: string): Uint8Array | undefined =>
  bytesOf(getBinaryNodeChild(node, tag))
