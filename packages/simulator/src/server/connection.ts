import type { Duplex } from 'node:stream'
import { type BinaryNode, decodeNode } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { type FrameCipher, FrameReader, IntroReader, NoiseResponder } from 'kurir/noise'
import type { WebSocket } from 'ws'
import type { Device, DeviceLink } from '../accounts/device.js'
import type { FrameFault, TransportFaults } from '../faults/transport-faults.js'
import type { PairingSession } from '../pairing/pairing-session.js'
import type { Service } from '../router/service.js'
import { element, failure } from '../router/stanzas.js'
import type { ServerCertificates } from './certificates.js'
import { DelayLine } from './delay-line.js'
import { FrameWriter } from './frame-writer.js'
import { admit } from './login-gate.js'

/** What a connection needs of its server. */
export interface ConnectionContext {
  readonly service: Service
  readonly certificates: ServerCertificates
  transport(): TransportFaults
  /** A fault for the next frame to this device, taken once. */
  takeFrameFault(device: Device | undefined): FrameFault | undefined
  closed(connection: Connection): void
}

type Stage =
  | { readonly kind: 'intro'; readonly reader: IntroReader }
  | { readonly kind: 'handshake'; readonly responder: NoiseResponder }
  | { readonly kind: 'registering'; readonly cipher: FrameCipher; readonly session: PairingSession }
  | { readonly kind: 'logged-in'; readonly cipher: FrameCipher; readonly device: Device }
  | { readonly kind: 'closed' }

const CLOSE_GRACE_MS = 2000

/** One WebSocket connection: frames, Noise, and then stanzas of a device or of a client that wants to be linked. */
export class Connection implements DeviceLink {
  readonly #context: ConnectionContext
  readonly #webSocket: WebSocket
  readonly #writer: FrameWriter
  readonly #reader = new FrameReader()
  readonly #inbound: DelayLine
  readonly #outbound: DelayLine
  #stage: Stage = { kind: 'intro', reader: new IntroReader() }
  /** The cipher of the transport, from the moment the handshake is over. */
  #cipher: FrameCipher | undefined

  constructor(context: ConnectionContext, webSocket: WebSocket, socket: Duplex) {
    this.#context = context
    this.#webSocket = webSocket
    this.#writer = new FrameWriter(webSocket, socket, () => context.transport())
    const { clock } = context.service.core
    const latency = () => context.transport().latencyMs ?? 0
    const untilSent = () => (context.transport().holdFrames === true ? Number.POSITIVE_INFINITY : latency())
    this.#inbound = new DelayLine(clock, latency)
    this.#outbound = new DelayLine(clock, untilSent)
    webSocket.on('message', (data: Buffer) => this.#inbound.push(() => this.#receive(data)))
    webSocket.on('error', () => webSocket.terminate())
    webSocket.on('close', () => this.#closed())
  }

  /** The device that has logged in here. */
  get device(): Device | undefined {
    return this.#stage.kind === 'logged-in' ? this.#stage.device : undefined
  }

  send(node: BinaryNode): void {
    const cipher = this.#cipher
    if (cipher === undefined || this.#stage.kind === 'closed') return
    const fault = this.#context.takeFrameFault(this.device)
    for (const frame of this.#writer.seal(cipher, node, fault)) this.#outbound.push(() => this.#writer.write(frame))
  }

  /** Frames may leave that were held. */
  letGo(): void {
    this.#outbound.letGo()
  }

  end(last?: BinaryNode): void {
    if (last !== undefined) this.send(last)
    this.#leave()
    this.#outbound.push(() => {
      this.#writer.flush()
      if (last === undefined) this.#webSocket.terminate()
      else this.#webSocket.close()
    })
    this.#context.service.core.clock.schedule(CLOSE_GRACE_MS, () => this.#webSocket.terminate())
  }

  #receive(data: Buffer): void {
    try {
      if (this.#stage.kind === 'intro') {
        const intro = this.#stage.reader.push(data)
        if (intro !== undefined) this.#startHandshake(intro.rest)
      } else this.#readFrames(data)
    } catch (error) {
      if (!KurirError.is(error)) throw error
      this.#broken(error)
    }
  }

  #startHandshake(rest: Buffer): void {
    const { certificates } = this.#context
    const { certificate, refuseResumption } = this.#context.transport()
    const responder = new NoiseResponder({
      staticKeyPair: certificates.staticKeyPair,
      certificateChain: certificates.chain(certificate),
      resumption: refuseResumption === true ? 'refuse' : 'accept',
    })
    this.#stage = { kind: 'handshake', responder }
    if (rest.length > 0) this.#readFrames(rest)
  }

  #readFrames(data: Buffer): void {
    for (const body of this.#reader.push(data)) {
      const stage = this.#stage
      if (stage.kind === 'closed') return
      if (stage.kind === 'handshake') this.#shakeHands(stage.responder, body)
      else if (this.#cipher !== undefined) this.#takeStanza(decodeNode(this.#cipher.decrypt(body)))
    }
  }

  #shakeHands(responder: NoiseResponder, body: Buffer): void {
    const result = responder.receive(body)
    if (result.kind !== 'finished' && this.#context.transport().silentHandshake !== true) {
      this.#outbound.push(() => this.#writer.write(result.frame))
    }
    if (result.kind === 'hello') return
    this.#cipher = result.transport
    this.#admit(result.payload, result.clientStatic, result.transport)
  }

  #admit(payload: Uint8Array, clientStatic: Uint8Array, cipher: FrameCipher): void {
    const { service } = this.#context
    const admission = admit(service.core, payload, clientStatic)
    switch (admission.kind) {
      case 'refused':
        this.end(failure(admission.reason))
        return
      case 'registration': {
        const session = service.pairing.open(admission.registration, this)
        this.#stage = { kind: 'registering', cipher, session }
        return
      }
      case 'login':
        this.#stage = { kind: 'logged-in', cipher, device: admission.device }
        this.#welcome(admission.device)
        service.connect(admission.device, this, admission.passive)
    }
  }

  #welcome(device: Device): void {
    const { core } = this.#context.service
    const attrs = {
      t: core.time(),
      props: '27',
      companion_enc_static: Buffer.from(device.keys.identity).toString('base64'),
      lid: device.lid,
      display_name: device.account.pushName,
      abprops: '0',
      group_abprops: '0',
      location: 'sim',
      creation: '1700000000',
    }
    this.send(element('success', attrs))
  }

  #takeStanza(node: BinaryNode): void {
    if (this.#stage.kind === 'logged-in') this.#context.service.receive(this.#stage.device, node)
    else if (this.#stage.kind === 'registering') this.#stage.session.receive(node)
  }

  /** A frame or handshake message that cannot be read ends the connection, as the service does it. */
  #broken(error: KurirError): void {
    const { core } = this.#context.service
    const { device } = this
    const context = device === undefined ? {} : { device: device.pn }
    core.violations.report('malformed-frame', `${error.code}: ${error.message}`, context)
    this.end(this.#cipher === undefined ? undefined : element('stream:error', {}, [element('xml-not-well-formed')]))
  }

  #closed(): void {
    this.#inbound.clear()
    this.#outbound.clear()
    this.#leave()
    this.#context.closed(this)
  }

  /** The stage ends: the device is offline, or the pairing over. */
  #leave(): void {
    const stage = this.#stage
    if (stage.kind === 'closed') return
    this.#stage = { kind: 'closed' }
    if (stage.kind === 'logged-in') this.#context.service.disconnect(stage.device, this)
    if (stage.kind === 'registering') this.#context.service.pairing.close(stage.session)
  }
}
