import makeWASocket, {
  type AuthenticationState,
  makeMemoryAuthState,
  type NoiseRoot,
  silentLogger,
  type UserFacingSocketConfig,
  useMultiFileAuthState,
  type WAMessageKey,
  type WASocket,
} from 'kurir'
import { Companion, type ReportedMessage, type Stanza } from './companion.js'

/** Where Kurir connects to; Baileys needs the URL alone. */
export interface Service {
  readonly url: string
  readonly noiseRoot: NoiseRoot
}

type Config = Partial<UserFacingSocketConfig>

/** The state of one run of a program; `close` gives the folder back. */
interface LoadedState {
  readonly state: AuthenticationState
  readonly saveCreds: () => Promise<void>
  readonly close: () => Promise<void>
}

/** A Kurir client on a simulator. */
export class KurirClient extends Companion {
  socket!: WASocket
  readonly #service: Service
  readonly #config: Config
  readonly #folder: string | undefined
  #loaded: LoadedState

  private constructor(service: Service, loaded: LoadedState, folder: string | undefined, config: Config) {
    super('Kurir')
    this.#service = service
    this.#loaded = loaded
    this.#folder = folder
    this.#config = config
  }

  static inMemory(service: Service, config: Config = {}): KurirClient {
    return new KurirClient(service, makeMemoryAuthState(), undefined, config)
  }

  /** With the state in this folder, which may be one that Baileys has written. */
  static async inFolder(service: Service, folder: string, config: Config = {}): Promise<KurirClient> {
    return new KurirClient(service, await useMultiFileAuthState(folder), folder, config)
  }

  get auth(): AuthenticationState {
    return this.#loaded.state
  }

  connect(): this {
    this.connecting()
    this.socket = makeWASocket({
      auth: this.auth,
      waWebSocketUrl: this.#service.url,
      noiseRoot: this.#service.noiseRoot,
      logger: silentLogger,
      ...this.#config,
    })
    const { saveCreds } = this.#loaded
    this.socket.ev.process(async events => {
      this.report(events)
      if (events['creds.update']) await saveCreds()
    })
    this.socket.ws.on('CB:message', (stanza: Stanza) => this.receive(stanza))
    return this
  }

  async sendText(jid: string, text: string): Promise<string> {
    const message = await this.socket.sendMessage(jid, { text })
    return message?.key.id ?? ''
  }

  read({ key }: ReportedMessage): Promise<void> {
    return this.socket.readMessages([key as WAMessageKey])
  }

  loseSession(jid: string): Promise<void> {
    return this.socket.signalRepository.deleteSession([jid])
  }

  async reloadState(): Promise<void> {
    if (this.#folder === undefined) return
    await this.#loaded.close()
    this.#loaded = await useMultiFileAuthState(this.#folder)
  }

  /** Ends the connection if there is one, and gives the folder back. */
  async dispose(): Promise<void> {
    await this.socket?.end(undefined)
    await this.#loaded.close()
  }

  protected close(): void {
    void this.socket.end(undefined)
  }
}
