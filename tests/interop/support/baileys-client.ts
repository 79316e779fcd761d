import makeWASocket, {
  type AuthenticationState,
  addTransactionCapability,
  initAuthCreds,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  useMultiFileAuthState,
  type WAMessage,
  type WAMessageKey,
} from 'baileys'
import { makeMemoryKeyStore } from 'kurir/auth'
import { silentLogger } from 'kurir/logger'
import { vi } from 'vitest'
import { Companion, type ReportedEvents, type ReportedMessage, type Stanza } from './companion.js'

type Config = Partial<UserFacingSocketConfig>

// libsignal-node writes its sessions to the console, private keys included, and every failure to decrypt.
for (const method of ['info', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation(() => {})

/** Auth state in memory, shared by all connections of a client. */
const memoryAuth = (): AuthenticationState => {
  const options = { maxCommitRetries: 1, delayBetweenTriesMs: 10 }
  return {
    creds: initAuthCreds(),
    keys: addTransactionCapability(makeMemoryKeyStore() as SignalKeyStore, silentLogger, options),
  }
}

/** A real Baileys client on a simulator. */
export class BaileysClient extends Companion {
  auth: AuthenticationState
  socket!: ReturnType<typeof makeWASocket>
  /** What `getMessage` answers with when a retry is asked for; it outlives a restart, as a program's database does. */
  readonly sent = new Map<string, WAMessage['message']>()
  readonly #config: Config
  readonly #url: string
  readonly #folder: string | undefined
  #saveCreds: () => Promise<void> = async () => {}

  constructor(url: string, options: { auth?: AuthenticationState; folder?: string; config?: Config } = {}) {
    super('Baileys')
    this.#url = url
    this.auth = options.auth ?? memoryAuth()
    this.#folder = options.folder
    this.#config = options.config ?? {}
  }

  /** With the state in this folder, in the form of Baileys' own `useMultiFileAuthState`. */
  static async inFolder(url: string, folder: string, config: Config = {}): Promise<BaileysClient> {
    const client = new BaileysClient(url, { folder, config })
    await client.reloadState()
    return client
  }

  connect(): this {
    this.connecting()
    this.socket = makeWASocket({
      auth: this.auth,
      waWebSocketUrl: this.#url,
      logger: silentLogger,
      browser: ['Ubuntu', 'Chrome', '22.04.4'],
      qrTimeout: 60_000,
      syncFullHistory: false,
      getMessage: async key => this.sent.get(key.id ?? '') ?? undefined,
      ...this.#config,
    } as UserFacingSocketConfig)
    this.socket.ev.process(async events => {
      if (events['creds.update']) Object.assign(this.auth.creds, events['creds.update'])
      this.report(events as ReportedEvents)
      if (events['creds.update']) await this.#saveCreds()
    })
    this.socket.ws.on('CB:message', (stanza: Stanza) => this.receive(stanza))
    return this
  }

  async sendText(jid: string, text: string): Promise<string> {
    const message = await this.socket.sendMessage(jid, { text })
    const id = message?.key.id ?? ''
    this.sent.set(id, message?.message)
    return id
  }

  read({ key }: ReportedMessage): Promise<void> {
    return this.socket.readMessages([key as WAMessageKey])
  }

  loseSession(jid: string): Promise<void> {
    return this.socket.signalRepository.deleteSession([jid])
  }

  /** Takes a copy of the session with a device; the returned function puts it back, as an overtaken write does. */
  async rememberSession(jid: string): Promise<() => Promise<void>> {
    const address = this.socket.signalRepository.jidToSignalProtocolAddress(jid)
    const session = await this.auth.keys.get('session', [address])
    return async () => this.auth.keys.set({ session })
  }

  async reloadState(): Promise<void> {
    if (this.#folder === undefined) return
    const { state, saveCreds } = await useMultiFileAuthState(this.#folder)
    this.auth = state
    this.#saveCreds = saveCreds
  }

  dispose(): void {
    this.socket?.end(undefined)
  }

  protected close(): void {
    this.socket.end(undefined)
  }
}

export { textOf } from './companion.js'
