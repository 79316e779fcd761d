import type { BinaryNode } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import type { NoiseRoot } from 'kurir/noise'
import type { Account, ValidationMode } from './accounts/account.js'
import { AccountRegistry } from './accounts/registry.js'
import type { AppStateService } from './app-state/app-state-service.js'
import { type Clock, systemClock } from './clock.js'
import { FaultInjector } from './faults/fault-injector.js'
import { GroupRegistry } from './groups/group.js'
import { MediaHost } from './media/media-host.js'
import { type CrowdMember, makeCrowd } from './phone/crowd.js'
import { Phone } from './phone/phone.js'
import type { HistoryOptions } from './phone/phone-history.js'
import { SeededRandom } from './random.js'
import { Delivery } from './router/delivery.js'
import type { DirtyType } from './router/dirty-bits.js'
import { Service } from './router/service.js'
import { makeServiceCore } from './router/service-core.js'
import { type StanzaListener, StanzaTrace } from './router/stanza-trace.js'
import { streamError } from './router/stanzas.js'
import { ServerCertificates } from './server/certificates.js'
import { Listener } from './server/listener.js'
import { SimulatorFaults } from './simulator-faults.js'
import { type Violation, type ViolationListener, ViolationLog } from './violations.js'

export interface SimulatorOptions {
  /** Address to listen on; `127.0.0.1` when absent. */
  readonly host?: string
  /** Port to listen on; 0, the default, lets the system choose. */
  readonly port?: number
  /** Everything random follows from it; drawn and readable as `seed` when absent. */
  readonly seed?: string | number
  /** Port of the media host; 0, the default, lets the system choose. */
  readonly mediaPort?: number
  readonly clock?: Clock
  /**
   * `strict` (the default) refuses what does not fit the schema of the current client; `lenient` also takes what other
   * clients are known to send. Phones can set it for their own account.
   */
  readonly validation?: ValidationMode
  /** How long the refs of a connection can be scanned, in milliseconds; 160,000 when absent. */
  readonly refLifetimeMs?: number
  /** Sends routing info after login, which clients show at their next connection. Default: true. */
  readonly edgeRouting?: boolean
}

export interface PhoneOptions {
  /** Name shown to others. */
  readonly pushName?: string
  /** User part of the LID; drawn from the seed when absent. */
  readonly lid?: string
  /** Overrides the simulator's mode for the clients of this account. */
  readonly validation?: ValidationMode
  /** Share the app-state keys with each new companion. Default: true. */
  readonly shareAppStateKey?: boolean
  /** Tell each new companion about the past. Default: true. */
  readonly sendHistory?: boolean
  /** What there is to tell: what the phone remembers, and what is made up. Absent: that there is no history. */
  readonly history?: HistoryOptions
  /** Tell a companion the push name when it is linked, so that it can announce its presence. Default: true. */
  readonly announceName?: boolean
}

const REF_LIFETIME_MS = 160_000
const ROUTING_INFO = Buffer.from('08031200', 'hex')

/** An offline WhatsApp service on localhost, with phones: see the README of the package. */
export class Simulator {
  /** Address of the service for clients: `ws://127.0.0.1:<port>/ws/chat`. */
  readonly url: string
  /** What clients must trust as the root of the server's certificate. */
  readonly noiseRoot: NoiseRoot
  readonly seed: string
  readonly faults: SimulatorFaults
  /** Where files are uploaded and downloaded: its `origin`, and the `certificateAuthority` that clients must trust. */
  readonly media: MediaHost
  /** The collections of all accounts: how they are handed out, and what goes wrong with them. */
  readonly appState: AppStateService
  readonly #service: Service
  readonly #listener: Listener
  readonly #violations: ViolationLog
  readonly #phones = new Map<string, Phone>()

  private constructor(service: Service, listener: Listener, faults: SimulatorFaults, host: string) {
    this.#service = service
    this.media = service.media
    this.appState = service.appState
    this.#listener = listener
    this.#violations = service.core.violations
    this.faults = faults
    this.seed = service.core.random.seed
    this.noiseRoot = listener.certificates.root
    this.url = `ws://${host}:${listener.port}/ws/chat`
  }

  /** Starts the service. @throws the error of the system when the port is taken */
  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const { host = '127.0.0.1', port = 0, clock = systemClock, validation = 'strict' } = options
    const random = new SeededRandom(options.seed)
    const injector = new FaultInjector(clock, random.fork('faults'))
    const trace = new StanzaTrace()
    const core = makeServiceCore({
      clock,
      random,
      accounts: new AccountRegistry(random.fork('accounts')),
      groups: new GroupRegistry(),
      violations: new ViolationLog(() => clock.now()),
      delivery: new Delivery(injector, trace),
      trace,
      validation,
    })
    const media = await MediaHost.start({ host, port: options.mediaPort ?? 0, core })
    const service = new Service(core, injector, media, {
      refLifetimeMs: options.refLifetimeMs ?? REF_LIFETIME_MS,
      routingInfo: options.edgeRouting === false ? undefined : ROUTING_INFO,
    })
    const certificates = new ServerCertificates(random.fork('certificates'), clock)
    try {
      const listener = await Listener.start({ host, port, service, certificates })
      return new Simulator(service, listener, new SimulatorFaults(service, listener, injector), host)
    } catch (error) {
      await media.stop()
      throw error
    }
  }

  /**
   * Creates an account with a LID and its phone, which is online.
   *
   * @param number digits of the international form; other characters are dropped
   * @throws KurirError `invalid-phone-number`, `account-exists`
   */
  async phone(number: string, options: PhoneOptions = {}): Promise<Phone> {
    const { core } = this.#service
    const account = core.accounts.create(number, options)
    account.validation = options.validation
    const phone = await Phone.create(this.#service, account, core.random.fork(`phone ${account.pnUser}`), {
      shareAppStateKey: options.shareAppStateKey ?? true,
      sendHistory: options.sendHistory ?? true,
      history: options.history,
      announceName: options.announceName ?? true,
    })
    this.#phones.set(account.pnUser, phone)
    return phone
  }

  /**
   * Creates many accounts with devices that can be written to and have nobody behind them: members of a large group, for
   * tests and measurements.
   *
   * @param firstNumber digits of the first; the others follow
   * @throws KurirError `invalid-phone-number`, `account-exists`
   */
  crowd({
    count,
    firstNumber,
    companions = 0,
  }: {
    count: number
    firstNumber: number
    companions?: number
  }): CrowdMember[] {
    const random = this.#service.core.random.fork(`crowd ${firstNumber}`)
    return makeCrowd(this.#service, random, { count, firstNumber, companions })
  }

  /** The phone of a number, LID or JID. @throws KurirError `unknown-phone` */
  findPhone(name: string): Phone {
    const { accounts } = this.#service.core
    const account: Account | undefined = name.includes('@')
      ? accounts.resolve(name)?.account
      : accounts.byPhoneNumber(name)
    const phone = account === undefined ? undefined : this.#phones.get(account.pnUser)
    if (phone === undefined) {
      throw new KurirError('unknown-phone', 'There is no such phone', { statusCode: 404, data: { name } })
    }
    return phone
  }

  get phones(): readonly Phone[] {
    return [...this.#phones.values()]
  }

  /** What clients did wrong, oldest first. */
  get violations(): readonly Violation[] {
    return this.#violations.entries
  }

  /** Calls `listener` for every later violation; the returned function ends that. */
  onViolation(listener: ViolationListener): () => void {
    return this.#violations.listen(listener)
  }

  clearViolations(): void {
    this.#violations.clear()
  }

  /** Calls `listener` for every stanza of logged-in devices, phones included; the returned function ends that. */
  onStanza(listener: StanzaListener): () => void {
    return this.#service.core.trace.listen(listener)
  }

  /**
   * Writes any stanza to a device, as the service never would. With `queue` it stays until the device confirms it.
   *
   * @throws KurirError `unknown-device`
   */
  inject(deviceJid: string, node: BinaryNode, options: { readonly queue?: boolean } = {}): void {
    const { delivery } = this.#service.core
    if (options.queue === true) delivery.deliver(this.#device(deviceJid), node)
    else delivery.write(this.#device(deviceJid), node)
  }

  /**
   * Marks a part of the service's memory as changed for a device: it is told at once, or at its next login, and again
   * at every login until it has cleaned it.
   *
   * @param parts for `account_sync`: `devices`, `picture`, `privacy`, `blocklist`, `notice`
   * @throws KurirError `unknown-device`
   */
  markDirty(deviceJid: string, type: DirtyType, parts: readonly string[] = []): void {
    const device = this.#device(deviceJid)
    this.#service.dirtyBits.mark(device, type, parts)
    if (device.active) this.#service.dirtyBits.announce(device)
  }

  /** What a device was told is dirty, and has not cleaned yet. @throws KurirError `unknown-device` */
  dirty(deviceJid: string): readonly DirtyType[] {
    return this.#service.dirtyBits.of(this.#device(deviceJid))
  }

  /** Pings a client; false when it does not answer in time. @throws KurirError `unknown-device` */
  async ping(deviceJid: string, timeoutMs = 5000): Promise<boolean> {
    return await this.#service.ping(this.#device(deviceJid), timeoutMs)
  }

  /** WebSocket connections that are open. */
  get connectionCount(): number {
    return this.#listener.connectionCount
  }

  /** Stanzas that a device has not confirmed yet. @throws KurirError `unknown-device` */
  unconfirmed(deviceJid: string): number {
    return this.#device(deviceJid).queue.size
  }

  /** Writes everything a device has not confirmed once more; returns how many stanzas that were. */
  redeliver(deviceJid: string): number {
    return this.#service.core.delivery.redeliver(this.#device(deviceJid))
  }

  /** Ends the connection of a device with a stream error: 515 restart, 503 unavailable, 500 … */
  endWithStreamError(deviceJid: string, code: number): void {
    this.#service.endLink(this.#device(deviceJid), streamError(code))
  }

  /** Cuts the connection of a device without a word. */
  disconnect(deviceJid: string): void {
    this.#service.endLink(this.#device(deviceJid))
  }

  /** Cuts all connections and stops listening. */
  async stop(): Promise<void> {
    this.faults.clear()
    await Promise.all([this.#listener.stop(), this.media.stop()])
  }

  #device(jid: string) {
    const device = this.#service.core.accounts.resolve(jid)?.device
    if (device === undefined)
      throw new KurirError('unknown-device', 'There is no such device', { statusCode: 404, data: { jid } })
    return device
  }
}
