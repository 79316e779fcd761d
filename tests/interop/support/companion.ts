/** A message as `messages.upsert` reports it, in what both libraries agree on. */
export interface ReportedMessage {
  readonly key: {
    readonly id?: string | null | undefined
    readonly remoteJid?: string | null | undefined
    readonly fromMe?: boolean | null | undefined
    readonly participant?: string | null | undefined
  }
  readonly message?: TextContent | null | undefined
  readonly status?: number | null | undefined
  readonly pushName?: string | null | undefined
  /** 2: a placeholder for what could not be decrypted. */
  readonly messageStubType?: number | null | undefined
}

interface TextContent {
  readonly conversation?: string | null | undefined
  readonly extendedTextMessage?: { readonly text?: string | null | undefined } | null | undefined
}

export interface ReportedUpdate {
  readonly key: ReportedMessage['key']
  readonly update: { readonly status?: number | null | undefined }
}

/** The events of a batch that tests look at. */
export interface ReportedEvents {
  readonly 'connection.update'?: ReportedConnection
  readonly 'messages.upsert'?: { readonly messages: readonly ReportedMessage[] }
  readonly 'messages.update'?: readonly ReportedUpdate[]
}

interface ReportedConnection {
  readonly connection?: string | undefined
  readonly qr?: string | undefined
  readonly receivedPendingNotifications?: boolean | undefined
  readonly lastDisconnect?: { readonly error: Error | undefined } | undefined
}

/** How a connection ended: status code and message of its error. */
export interface Close {
  readonly code: number | undefined
  readonly message: string
}

interface OwnIdentity {
  readonly id: string
  readonly lid?: string | undefined
}

/** A stanza as it came from the service. */
export interface Stanza {
  readonly tag: string
  readonly attrs: Readonly<Record<string, string>>
  readonly content?: unknown
}

/** How a received message was encrypted for this device. */
export interface ReceivedCiphertext {
  readonly id: string
  /** `pkmsg`: the sender began a session; `msg`: it went on with one; `skmsg`: the group part. */
  readonly types: readonly string[]
}

const DEADLINE_MS = 20_000
const CIPHERTEXT_STUB = 2

/** A linked client, whichever library it is made with: what it has reported, and waiting for what is to come. */
export abstract class Companion {
  /** Of all connections, oldest first; placeholders included. */
  readonly messages: ReportedMessage[] = []
  readonly updates: ReportedUpdate[] = []
  readonly closes: Close[] = []
  /** Message stanzas of all connections, before decryption. */
  readonly ciphertexts: ReceivedCiphertext[] = []
  readonly #library: string
  readonly #waiting = new Set<() => void>()
  #connection: ReportedConnection = {}
  #closesBefore = 0

  protected constructor(library: string) {
    this.#library = library
  }

  /** The credentials as the library keeps them. */
  abstract readonly auth: { readonly creds: { readonly me?: OwnIdentity | undefined } }
  /** Opens a connection; the one before must be closed. */
  abstract connect(): this
  /** Sends a text; resolves with its id. */
  abstract sendText(jid: string, text: string): Promise<string>
  /** Tells the author that a message was read. */
  abstract read(message: ReportedMessage): Promise<void>
  /** Forgets the session with a device, as after a damaged store. */
  abstract loseSession(jid: string): Promise<void>
  /** Goes on with what the store holds, as a new process would: the connection must be closed. */
  abstract reloadState(): Promise<void>
  protected abstract close(): void

  /** The device JID by phone number; empty before pairing. */
  get jid(): string {
    return this.auth.creds.me?.id ?? ''
  }

  /** The device JID by LID; empty before pairing. */
  get lid(): string {
    return this.auth.creds.me?.lid ?? ''
  }

  /** Ends the connection and stays linked. */
  async end(): Promise<Close> {
    const closed = this.closed()
    this.close()
    return await closed
  }

  /** Connects with the saved state and waits until what had queued up is reported. */
  async resume(): Promise<this> {
    await this.reloadState()
    this.connect()
    await this.open()
    await this.waitFor(() => this.#connection.receivedPendingNotifications === true, 'end of the offline queue')
    return this
  }

  qr(): Promise<string> {
    return this.waitFor(() => this.#connection.qr, 'QR')
  }

  open(): Promise<true> {
    return this.waitFor(() => this.#connection.connection === 'open', 'open connection')
  }

  /** The end of the present connection. */
  closed(): Promise<Close> {
    const index = this.#closesBefore
    return this.waitFor(() => this.closes[index], 'close')
  }

  /** The first readable message with this text, of those that came and those to come. */
  text(text: string): Promise<ReportedMessage> {
    return this.waitFor(() => this.readable.find(message => textOf(message) === text), `message "${text}"`)
  }

  /** The messages that could be decrypted. */
  get readable(): readonly ReportedMessage[] {
    return this.messages.filter(({ messageStubType }) => messageStubType !== CIPHERTEXT_STUB)
  }

  /** How far an own message has come, as a WebMessageInfo status; updates may be merged into the message itself. */
  status(id: string): number {
    const own = this.messages.filter(({ key }) => key.id === id).map(({ status }) => status ?? 0)
    const updated = this.updates.filter(({ key }) => key.id === id).map(({ update }) => update.status ?? 0)
    return Math.max(0, ...own, ...updated)
  }

  /** Encryption of the stanzas that brought a message to this device, in the order of arrival. */
  ciphertextsOf(id: string): readonly string[] {
    return this.ciphertexts.filter(received => received.id === id).flatMap(({ types }) => types)
  }

  /** Resolves with the first value that `find` gives, now or after a later event. */
  waitFor<Value>(
    find: () => Value | undefined | false,
    what: string,
    timeoutMs = DEADLINE_MS,
  ): Promise<Exclude<Value, false | undefined>> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const value = find()
        if (value === undefined || value === false) return
        clearTimeout(timer)
        this.#waiting.delete(check)
        resolve(value as Exclude<Value, false | undefined>)
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(check)
        const { connection } = this.#connection
        reject(new Error(`${this.#library} ${this.jid}: no ${what} within ${timeoutMs} ms (connection: ${connection})`))
      }, timeoutMs)
      this.#waiting.add(check)
      check()
    })
  }

  protected connecting(): void {
    this.#connection = {}
    this.#closesBefore = this.closes.length
  }

  protected report(events: ReportedEvents): void {
    const connection = events['connection.update']
    if (connection) {
      this.#connection = { ...this.#connection, ...connection }
      if (connection.connection === 'close') this.closes.push(closeOf(connection.lastDisconnect?.error))
    }
    this.messages.push(...(events['messages.upsert']?.messages ?? []))
    this.updates.push(...(events['messages.update'] ?? []))
    for (const wake of [...this.#waiting]) wake()
  }

  protected receive({ attrs, content }: Stanza): void {
    const parts = Array.isArray(content) ? (content as Stanza[]).filter(({ tag }) => tag === 'enc') : []
    this.ciphertexts.push({ id: attrs['id'] ?? '', types: parts.map(part => part.attrs['type'] ?? '') })
  }
}

const closeOf = (error: (Error & { readonly output?: { readonly statusCode?: number } }) | undefined): Close => ({
  code: error?.output?.statusCode,
  message: error?.message ?? '',
})

export const textOf = ({ message }: ReportedMessage): string | undefined =>
  message?.conversation ?? message?.extendedTextMessage?.text ?? undefined
