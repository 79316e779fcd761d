import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Gateway, type GatewayOptions } from '@kurir/gateway'
import { connectRemote, type RemoteOptions, type RemoteSocket } from '@kurir/remote'
import type { Phone, Simulator } from '@kurir/simulator'
import { openStore, type Store } from '@kurir/store'
import type { WASocket } from 'kurir'
import { RecordingLogger } from './recording-logger.js'

export const ownToken = 'a token for tests'
const DEADLINE_MS = 15_000
const LOOK_AGAIN_MS = 10

/** A gateway on a simulator, and the programs that are attached to it. Everything ends with `end`. */
export class GatewayScene {
  readonly log = new RecordingLogger(() => {})
  readonly #service: Simulator
  readonly #programs: RemoteSocket[] = []
  #folder: string | undefined
  gateway!: Gateway
  store!: Store

  constructor(service: Simulator) {
    this.#service = service
  }

  /** Starts the gateway, the first time on an empty store and then on the one that there is. */
  async start(options: Partial<GatewayOptions> = {}): Promise<this> {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'kurir-gateway-'))
    this.store = await openStore({ file: join(this.#folder, 'kurir.sqlite'), durability: 'process-crash' })
    const { url, noiseRoot, media } = this.#service
    this.gateway = await Gateway.start({
      store: this.store,
      port: 0,
      token: ownToken,
      logger: this.log,
      socketConfig: {
        waWebSocketUrl: url,
        noiseRoot,
        mediaOrigins: [media.plainOrigin, `http://localhost:${new URL(media.plainOrigin).port}`],
        retryRequestDelayMs: 10,
      },
      ...options,
    })
    return this
  }

  /** Creates the session, links it to the phone, and waits until it is open. */
  async link(phone: Phone, session = 'main'): Promise<void> {
    const hosted = await this.gateway.sessions.start(session)
    const { qr } = await until(() => (hosted.view.qr === undefined ? undefined : { qr: hosted.view.qr }), 'qr')
    await phone.scan(qr)
    await until(() => hosted.view.connection === 'open', 'open')
  }

  async attach(options: Partial<RemoteOptions> = {}): Promise<RemoteSocket> {
    const socket = await connectRemote({ url: this.gateway.url, token: ownToken, name: 'test', ...options })
    this.#programs.push(socket)
    return socket
  }

  async end(): Promise<void> {
    await Promise.all(this.#programs.map(program => program.end(undefined)))
    await this.gateway?.close()
    if (this.#folder) await rm(this.#folder, { recursive: true })
  }
}

/** The texts that a socket has been handed, oldest first. */
export function textsOf(socket: WASocket): string[] {
  const texts: string[] = []
  socket.ev.process(events => {
    for (const { message } of events['messages.upsert']?.messages ?? []) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text
      if (text) texts.push(text)
    }
  })
  return texts
}

/** Resolves with the first value that `find` gives. */
export async function until<Value>(
  find: () => Value | undefined | false,
  what: string,
): Promise<Exclude<Value, false>> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const value = find()
    if (value !== undefined && value !== false) return value as Exclude<Value, false>
    if (Date.now() > deadline) throw new Error(`no ${what} within ${DEADLINE_MS} ms`)
    await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
