import makeWASocket, {
  type AuthenticationState,
  addTransactionCapability,
  type ConnectionState,
  initAuthCreds,
  type SignalDataTypeMap,
  type UserFacingSocketConfig,
  type WAMessage,
} from 'baileys'

/** A logger that says nothing: what Baileys expects of pino. */
const logger = {
  level: 'silent',
  child: () => logger,
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}

/** Auth state in memory, shared by all connections of a client. */
export const memoryAuth = (): AuthenticationState => {
  const records = new Map<string, unknown>()
  return {
    creds: initAuthCreds(),
    keys: addTransactionCapability(
      {
        get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
          const found: { [id: string]: SignalDataTypeMap[T] } = {}
          for (const id of ids) {
            const value = records.get(`${type}-${id}`)
            if (value !== undefined) found[id] = value as SignalDataTypeMap[T]
          }
          return found
        },
        set: async data => {
          for (const [type, rows] of Object.entries(data)) {
            for (const [id, value] of Object.entries(rows ?? {})) {
              if (value === null || value === undefined) records.delete(`${type}-${id}`)
              else records.set(`${type}-${id}`, value)
            }
          }
        },
      },
      logger,
      { maxCommitRetries: 1, delayBetweenTriesMs: 10 },
    ),
  }
}

type Socket = ReturnType<typeof makeWASocket>
type Close = { readonly code: number | undefined; readonly message: string }

/** A real Baileys client on a simulator, with what tests wait for. */
export class BaileysClient {
  readonly auth: AuthenticationState
  readonly messages: WAMessage[] = []
  readonly updates: { key: WAMessage['key']; update: Partial<WAMessage> }[] = []
  socket!: Socket
  #config: Partial<UserFacingSocketConfig>
  #url: string
  #waiting = new Set<() => void>()
  #connection: Partial<ConnectionState> = {}
  #closes: Close[] = []
  #closesBefore = 0
  /** What `getMessage` answers with when a retry is asked for. */
  readonly sent = new Map<string, WAMessage['message']>()

  constructor(url: string, options: { auth?: AuthenticationState; config?: Partial<UserFacingSocketConfig> } = {}) {
    this.#url = url
    this.auth = options.auth ?? memoryAuth()
    this.#config = options.config ?? {}
  }

  get closes(): readonly Close[] {
    return this.#closes
  }

  get jid(): string {
    return this.auth.creds.me?.id ?? ''
  }

  /** Opens a connection; the one before must be closed. */
  connect(): this {
    this.#connection = {}
    this.#closesBefore = this.#closes.length
    this.socket = makeWASocket({
      auth: this.auth,
      waWebSocketUrl: this.#url,
      logger,
      browser: ['Ubuntu', 'Chrome', '22.04.4'],
      qrTimeout: 60_000,
      syncFullHistory: false,
      getMessage: async key => this.sent.get(key.id ?? '') ?? undefined,
      ...this.#config,
    } as UserFacingSocketConfig)
    this.socket.ev.process(events => {
      if (events['creds.update']) Object.assign(this.auth.creds, events['creds.update'])
      const connection = events['connection.update']
      if (connection) {
        Object.assign(this.#connection, connection)
        if (connection.connection === 'close') {
          const error = connection.lastDisconnect?.error as
            | { output?: { statusCode?: number }; message?: string }
            | undefined
          this.#closes.push({ code: error?.output?.statusCode, message: error?.message ?? '' })
        }
      }
      const upsert = events['messages.upsert']
      if (upsert) this.messages.push(...upsert.messages)
      for (const update of events['messages.update'] ?? []) this.updates.push(update)
      for (const wake of this.#waiting) wake()
    })
    return this
  }

  /** Resolves with the first value that `find` gives, now or after a later event. */
  waitFor<Value>(find: () => Value | undefined | false, what: string, timeoutMs = 20_000): Promise<Value> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const value = find()
        if (value === undefined || value === false) return
        clearTimeout(timer)
        this.#waiting.delete(check)
        resolve(value)
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(check)
        reject(
          new Error(
            `Baileys: no ${what} within ${timeoutMs} ms (state ${JSON.stringify(this.#connection.connection)})`,
          ),
        )
      }, timeoutMs)
      this.#waiting.add(check)
      check()
    })
  }

  qr(): Promise<string> {
    return this.waitFor(() => this.#connection.qr, 'QR')
  }

  open(): Promise<true> {
    return this.waitFor(() => this.#connection.connection === 'open', 'open connection') as Promise<true>
  }

  /** The end of the present connection. */
  closed(): Promise<Close> {
    const index = this.#closesBefore
    return this.waitFor(() => this.#closes[index], 'close')
  }

  message(predicate: (message: WAMessage) => boolean, what = 'message', timeoutMs = 20_000): Promise<WAMessage> {
    return this.waitFor(() => this.messages.find(predicate), what, timeoutMs)
  }

  text(text: string, timeoutMs = 20_000): Promise<WAMessage> {
    return this.message(message => textOf(message) === text, `message "${text}"`, timeoutMs)
  }

  /** How far an own message has come, as a WebMessageInfo status; updates may be merged into the message itself. */
  status(id: string): number {
    const own = this.messages.filter(({ key }) => key.id === id).map(({ status }) => status ?? 0)
    const updated = this.updates.filter(({ key }) => key.id === id).map(({ update }) => update.status ?? 0)
    return Math.max(0, ...own, ...updated)
  }

  async sendText(jid: string, text: string): Promise<string> {
    const message = await this.socket.sendMessage(jid, { text })
    const id = message?.key.id ?? ''
    this.sent.set(id, message?.message)
    return id
  }

  /** Ends the connection and stays linked. */
  async end(): Promise<void> {
    const closed = this.closed()
    this.socket.end(undefined)
    await closed
  }
}

export const textOf = (message: WAMessage): string | undefined =>
  message.message?.conversation ?? message.message?.extendedTextMessage?.text ?? undefined
