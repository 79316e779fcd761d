import type { Phone } from '@kurir/simulator'
import makeWASocket, {
  type AuthenticationState,
  type BaileysEventMap,
  type ConnectionState,
  KurirError,
  makeMemoryAuthState,
  type NoiseRoot,
  type UserFacingSocketConfig,
  type WAMessage,
  type WASocket,
} from 'kurir'
import { expect } from 'vitest'
import { RecordingLogger } from './recording-logger.js'

/** Where a client connects to: a simulator, or a scripted service. */
export interface Service {
  readonly url: string
  readonly noiseRoot: NoiseRoot
  /** Where its files are. */
  readonly media?: { readonly plainOrigin: string }
}

/** How a connection ended. */
export interface Close {
  /** The error's stable code; undefined when `end()` was called without a reason. */
  readonly code: string | undefined
  readonly statusCode: number | undefined
  readonly error: Error | undefined
}

/** An event as it was handed to `ev.process`, in the order of the batches. */
export interface SeenEvent<Name extends keyof BaileysEventMap = keyof BaileysEventMap> {
  readonly name: Name
  readonly data: BaileysEventMap[Name]
}

export interface ClientOptions {
  readonly auth?: AuthenticationState
  readonly config?: Partial<UserFacingSocketConfig>
}

const DEADLINE_MS = 15_000
const LOOK_AGAIN_MS = 20
const CIPHERTEXT_STUB = 2

/** A Kurir program on a service: keeps its state over several connections, and everything that was reported. */
export class KurirClient {
  readonly auth: AuthenticationState
  /** Of all connections, in order. */
  readonly events: SeenEvent[] = []
  readonly closes: Close[] = []
  readonly log: RecordingLogger
  socket!: WASocket
  readonly #service: Service
  readonly #config: Partial<UserFacingSocketConfig>
  readonly #waiting = new Set<() => void>()
  #eventsBefore = 0
  #closesBefore = 0

  constructor(service: Service, { auth = makeMemoryAuthState().state, config = {} }: ClientOptions = {}) {
    this.#service = service
    this.auth = auth
    this.#config = config
    this.log = new RecordingLogger(() => this.#wake())
  }

  get jid(): string {
    return this.auth.creds.me?.id ?? ''
  }

  get lid(): string {
    return this.auth.creds.me?.lid ?? ''
  }

  /** Opens a connection with these credentials; the one before must have ended. */
  connect(config: Partial<UserFacingSocketConfig> = {}): this {
    this.#eventsBefore = this.events.length
    this.#closesBefore = this.closes.length
    this.socket = makeWASocket({
      auth: this.auth,
      waWebSocketUrl: this.#service.url,
      noiseRoot: this.#service.noiseRoot,
      ...mediaOriginsOf(this.#service),
      logger: this.log,
      connectTimeoutMs: 5000,
      defaultQueryTimeoutMs: 10_000,
      retryRequestDelayMs: 10,
      getMessage: async ({ id }) => this.messages.find(({ key }) => key.id === id && key.fromMe)?.message ?? undefined,
      ...this.#config,
      ...config,
    })
    this.socket.ev.process(async events => {
      for (const name of Object.keys(events) as (keyof BaileysEventMap)[]) this.#take(name, events)
      if (events['creds.update']) await this.auth.saveCreds?.()
    })
    return this
  }

  /** Links this client to a phone by QR, restarts, and waits for `open`. */
  async link(phone: Phone): Promise<this> {
    this.connect()
    await phone.scan(await this.qr())
    expect(await this.closed()).toMatchObject({ code: 'restart-required', statusCode: 515 })
    return this.reconnect()
  }

  /** Connects again and waits until the connection is open and the queue is handled. */
  async reconnect(config: Partial<UserFacingSocketConfig> = {}): Promise<this> {
    this.connect(config)
    await this.open()
    await this.pendingReceived()
    return this
  }

  /** Ends the connection; the device stays linked. */
  async end(error?: Error): Promise<Close> {
    await this.socket.end(error)
    return this.closed()
  }

  /** What `connection.update` has said on the present connection, oldest first. */
  get updates(): Partial<ConnectionState>[] {
    return this.#current().flatMap(({ name, data }) => (name === 'connection.update' ? [data as ConnectionState] : []))
  }

  get qrs(): string[] {
    return this.updates.flatMap(({ qr }) => (qr === undefined ? [] : [qr]))
  }

  /** Messages of all connections, as `messages.upsert` brought them. */
  get messages(): WAMessage[] {
    return this.events.flatMap(({ name, data }) =>
      name === 'messages.upsert' ? (data as BaileysEventMap['messages.upsert']).messages : [],
    )
  }

  /** Messages with content: without placeholders for what could not be read. */
  get readable(): WAMessage[] {
    return this.messages.filter(({ messageStubType }) => messageStubType !== CIPHERTEXT_STUB)
  }

  /** Placeholders for messages that could not be read. */
  get unreadable(): WAMessage[] {
    return this.messages.filter(({ messageStubType }) => messageStubType === CIPHERTEXT_STUB)
  }

  texts(): string[] {
    return this.readable.flatMap(message => textOf(message) ?? [])
  }

  qr(): Promise<string> {
    return this.waitFor(() => this.qrs.at(-1), 'QR')
  }

  open(): Promise<true> {
    return this.waitFor(
      () => this.updates.some(({ connection }) => connection === 'open') || this.#unlessClosed(),
      'open',
    )
  }

  pendingReceived(): Promise<true> {
    return this.waitFor(
      () => this.updates.some(update => update.receivedPendingNotifications === true) || this.#unlessClosed(),
      'receivedPendingNotifications',
    )
  }

  /** The end of the present connection. */
  closed(timeoutMs = DEADLINE_MS): Promise<Close> {
    const index = this.#closesBefore
    return this.waitFor(() => this.closes[index], 'close', timeoutMs)
  }

  text(text: string): Promise<WAMessage> {
    return this.waitFor(() => this.readable.find(message => textOf(message) === text), `message "${text}"`)
  }

  logged(code: string): Promise<unknown> {
    return this.waitFor(() => this.log.entries.find(entry => entry.code === code), `log entry with ${code}`)
  }

  /** The highest status that was reported for an own message. */
  status(id: string): number {
    const reported = this.events.flatMap(({ name, data }) => {
      if (name !== 'messages.update') return []
      const updates = (data as BaileysEventMap['messages.update']).filter(({ key }) => key.id === id)
      return updates.map(({ update }) => update.status ?? 0)
    })
    const merged = this.messages.filter(({ key }) => key.id === id).map(({ status }) => Number(status ?? 0))
    return Math.max(0, ...reported.map(Number), ...merged)
  }

  async sendText(jid: string, text: string): Promise<string> {
    const message = await this.socket.sendMessage(jid, { text })
    return message?.key.id ?? ''
  }

  /**
   * Resolves with the first value that `find` gives, now or after a later event or log entry. It is asked from time to
   * time too: what a test waits for may be on the side of the service.
   */
  waitFor<Value>(
    find: () => Value | undefined | false,
    what: string,
    timeoutMs = DEADLINE_MS,
  ): Promise<Exclude<Value, false>> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        clearInterval(again)
        this.#waiting.delete(check)
      }
      const check = () => {
        try {
          const value = find()
          if (value === undefined || value === false) return
          end()
          resolve(value as Exclude<Value, false>)
        } catch (error) {
          end()
          reject(error)
        }
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error(`Kurir: no ${what} within ${timeoutMs} ms; ${JSON.stringify(this.log.entries.slice(-5))}`))
      }, timeoutMs)
      const again = setInterval(check, LOOK_AGAIN_MS)
      this.#waiting.add(check)
      check()
    })
  }

  #current(): SeenEvent[] {
    return this.events.slice(this.#eventsBefore)
  }

  /** A connection that has ended will not open any more: no need to wait for the deadline. */
  #unlessClosed(): false {
    const close = this.closes[this.#closesBefore]
    if (close !== undefined) throw new Error(`The connection ended: ${close.code} (${close.error?.message})`)
    return false
  }

  #take(name: keyof BaileysEventMap, events: Partial<BaileysEventMap>): void {
    const data = events[name]
    if (data === undefined) return
    this.events.push({ name, data })
    if (name === 'connection.update') {
      const { connection, lastDisconnect } = data as Partial<ConnectionState>
      if (connection === 'close') this.closes.push(closeOf(lastDisconnect?.error))
    }
    this.#wake()
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check()
  }
}

const closeOf = (error: Error | undefined): Close => ({
  code: KurirError.is(error) ? error.code : error?.name,
  statusCode: KurirError.is(error) ? error.output.statusCode : undefined,
  error,
})

export const textOf = (message: WAMessage): string | undefined =>
  message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? undefined

/** What a promise rejects with, as typed error; fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<KurirError> {
  const error = await promise.then(
    value => new Error(`resolved with ${JSON.stringify(value)}`),
    reason => reason,
  )
  if (!KurirError.is(error)) throw error
  return error
}

/** The media host has two names: the second is its fallback. */
function mediaOriginsOf({ media }: Service): Pick<UserFacingSocketConfig, 'mediaOrigins'> {
  if (media === undefined) return {}
  return { mediaOrigins: [media.plainOrigin, `http://localhost:${new URL(media.plainOrigin).port}`] }
}
