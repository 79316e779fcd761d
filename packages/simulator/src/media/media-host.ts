import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BinaryNode } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { BoundedMap } from '../accounts/bounded-map.js'
import type { Device } from '../accounts/device.js'
import { unixSeconds } from '../clock.js'
import type { SeededRandom } from '../random.js'
import type { ServiceCore } from '../router/service-core.js'
import { element } from '../router/stanzas.js'
import { handleDownload } from './media-download.js'
import { answerStatus, type MediaExchange, type MediaHostContext } from './media-exchange.js'
import { MediaFaults } from './media-faults.js'
import { parseUploadPath, uploadKind } from './media-path.js'
import { MediaServer } from './media-server.js'
import { MediaStore, type StoredMedia } from './media-store.js'
import { handleUpload } from './media-upload.js'
import { makeTlsIdentity, type TlsIdentity } from './tls-certificate.js'

export interface MediaHostOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly core: ServiceCore
}

interface Grant {
  readonly device: Device
  /** Unix seconds. */
  readonly expiresAt: number
}

/** How long clients may keep the answer and the token, in seconds. */
const [TTL, AUTH_TTL] = [300, 21_600]
const MOST_GRANTS = 10_000
const MOST_PICTURES = 1_000
const FALLBACK = 'localhost'

/** The host that keeps files: HTTPS on localhost, with a certificate of its own authority (docs/protocol/03 §7). */
export class MediaHost {
  /** `https://<address>:<port>`, where all files are. */
  readonly origin: string
  /** The same files without TLS, for clients that take a host's word for it. */
  readonly plainOrigin: string
  /** The authority that clients must trust, PEM: for `ca` or `NODE_EXTRA_CA_CERTS`. */
  readonly certificateAuthority: string
  readonly faults: MediaFaults
  readonly store: MediaStore
  readonly #server: MediaServer
  readonly #core: ServiceCore
  readonly #random: SeededRandom
  readonly #grants = new BoundedMap<string, Grant>(MOST_GRANTS)
  /** Pictures of profiles, by path. */
  readonly #shown = new BoundedMap<string, Uint8Array>(MOST_PICTURES)
  readonly #primary: string
  readonly #fallback: string

  private constructor(server: MediaServer, identity: TlsIdentity, name: string, core: ServiceCore) {
    const { port } = server
    this.#random = core.random.fork('media')
    this.#server = server
    this.#core = core
    this.#primary = `${name}:${port}`
    this.#fallback = `${FALLBACK}:${port}`
    this.origin = `https://${this.#primary}`
    this.plainOrigin = `http://${this.#primary}`
    this.certificateAuthority = identity.authority
    this.faults = new MediaFaults(this.#random.fork('faults'))
    this.store = new MediaStore(this.#random.fork('files'), () => unixSeconds(core.clock))
    server.onRequest((request, response) => void this.#handle(request, response))
  }

  /** Begins to listen. @throws the error of the system when the port is taken */
  static async start({ host, port, core }: MediaHostOptions): Promise<MediaHost> {
    const name = host === '0.0.0.0' || host === '::' ? FALLBACK : host
    const names = [...new Set([name, FALLBACK, '127.0.0.1', '::1'])]
    const identity = makeTlsIdentity(core.random.fork('media certificate'), names, core.clock.now())
    const server = await MediaServer.start(identity, port, host)
    return new MediaHost(server, identity, name.includes(':') ? `[${name}]` : name, core)
  }

  /** Stops at once and removes all files. */
  async stop(): Promise<void> {
    await this.#server.stop()
    await this.store.close()
  }

  /** All files, oldest first. */
  get files(): readonly StoredMedia[] {
    return this.store.all
  }

  /**
   * Answers every later download of a file with 404 or another status, as after the service's own clean-up.
   *
   * @throws KurirError `unknown-media`
   */
  expire(directPath: string, status = 404): void {
    if (this.store.expire(directPath, status)) return
    throw new KurirError('unknown-media', 'The media host has no such file', { statusCode: 404, data: { directPath } })
  }

  /** Refuses all tokens that were given out: clients must ask for a new connection. */
  expireAuth(): void {
    this.#grants.clear()
  }

  /**
   * Keeps a file, as after an upload by a client.
   *
   * @param type media type, such as `image`, `md-msg-hist` or `newsletter-image`
   * @throws KurirError `unknown-media-type`
   */
  async put(type: string, file: Uint8Array | AsyncIterable<Uint8Array>): Promise<StoredMedia> {
    const kind = uploadKind(type)
    if (kind === undefined) {
      throw new KurirError('unknown-media-type', 'The media host knows no such type', {
        statusCode: 400,
        data: { type },
      })
    }
    return await this.store.put(kind, file instanceof Uint8Array ? once(file) : file)
  }

  /** Where a file is, host included. */
  urlOf(media: StoredMedia): string {
    return `${this.origin}${media.directPath}&mms3=true`
  }

  /** Shows a picture of a profile to everybody who knows where it is; returns its path. */
  show(picture: Uint8Array): string {
    const name = `${this.#random.digits(15)}_n.jpg`
    this.#shown.set(`/v/t61.24694-24/${name}`, picture)
    return `/v/t61.24694-24/${name}?oh=${this.#random.bytes(24).toString('base64url')}`
  }

  /** No longer shows a picture. */
  hide(directPath: string): void {
    this.#shown.delete(directPath.replace(/\?.*$/, ''))
  }

  /** The answer to `media_conn` (docs/protocol/03 §7.5): a token for this device, and the hosts. */
  connectionFor(device: Device): BinaryNode {
    const auth = this.#random.bytes(48).toString('base64url')
    this.#grants.set(auth, { device, expiresAt: this.#core.now() + AUTH_TTL })
    const attrs = { auth, ttl: String(TTL), auth_ttl: String(AUTH_TTL), max_buckets: '12', id: this.#core.stanzaId() }
    const hosts = [
      element('host', { hostname: this.#primary, type: 'primary', fallback_hostname: this.#fallback }),
      element('host', { hostname: this.#fallback, type: 'fallback' }),
    ]
    return element('media_conn', attrs, hosts)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin)
    const host = request.headers.host === this.#fallback && this.#fallback !== this.#primary ? 'fallback' : 'primary'
    const exchange: MediaExchange = { request, response, url, host }
    try {
      const picture = request.method === 'GET' ? this.#shown.get(url.pathname) : undefined
      if (picture !== undefined) response.writeHead(200, { 'content-type': 'image/jpeg' }).end(picture)
      else if (request.method === 'POST') await handleUpload(this.#context(), exchange)
      else if (request.method === 'GET') await handleDownload(this.#context(), exchange)
      else if (request.method === 'DELETE') await this.#delete(exchange)
      else answerStatus(exchange, 405)
    } catch (error) {
      response.destroy()
      throw error
    }
  }

  /** `DELETE <path>/<token>?auth`: a companion removes its history (docs/protocol/03 §7.6). */
  async #delete(exchange: MediaExchange): Promise<void> {
    const { searchParams, pathname } = exchange.url
    const target = parseUploadPath(pathname)
    if (this.#deviceOf(searchParams.get('auth')) === undefined) return answerStatus(exchange, 401)
    const media = target && this.store.findUploaded(target.kind, target.token.replace(/=+$/, ''))
    if (media === undefined) return answerStatus(exchange, 404)
    await this.store.remove(media)
    exchange.response.writeHead(200, { 'content-length': 0 }).end()
  }

  #context(): MediaHostContext {
    return {
      store: this.store,
      faults: this.faults,
      clock: this.#core.clock,
      deviceOf: auth => this.#deviceOf(auth),
      urlOf: media => this.urlOf(media),
      violation: (message, device, { tolerable } = { tolerable: false }) => {
        const mode = device === undefined ? this.#core.validation : this.#core.modeOf(device)
        if (tolerable && mode === 'lenient') return
        this.#core.violations.report(
          'invalid-media-request',
          message,
          device === undefined ? {} : { device: device.pn },
        )
      },
    }
  }

  #deviceOf(auth: string | null): Device | undefined {
    const grant = auth === null ? undefined : this.#grants.get(auth)
    return grant !== undefined && grant.expiresAt > this.#core.now() ? grant.device : undefined
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
