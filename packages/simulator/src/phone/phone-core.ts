import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import type { Account } from '../accounts/account.js'
import { Device } from '../accounts/device.js'
import type { SeededRandom } from '../random.js'
import type { Service } from '../router/service.js'
import { childrenOf, element } from '../router/stanzas.js'
import { PhoneAppState } from './phone-app-state.js'
import { PhoneBusiness } from './phone-business.js'
import { PhoneCalls } from './phone-calls.js'
import type { PhoneContext } from './phone-context.js'
import { PhoneDirectory } from './phone-directory.js'
import { PhoneGroups } from './phone-groups.js'
import { PhoneHistory } from './phone-history.js'
import { PhoneKeys } from './phone-keys.js'
import { type GrantForgery, type LinkingOptions, PhoneLinking } from './phone-linking.js'
import { PhoneMediaRetry } from './phone-media-retry.js'
import { PhoneMemory } from './phone-memory.js'
import { PhoneLog, type PhoneMessage, type PhoneReceipt, type Predicate } from './phone-messages.js'
import { PhoneNewsletters } from './phone-newsletters.js'
import { PhonePeer } from './phone-peer.js'
import { PhonePeople } from './phone-people.js'
import { PhonePosts } from './phone-posts.js'
import { publishPreKeys } from './phone-prekeys.js'
import { markRead } from './phone-receipts.js'
import { PhoneReceiver } from './phone-receiver.js'
import { PhoneRetries } from './phone-retries.js'
import { PhoneSender } from './phone-sender.js'
import { makePhoneSignal, type PhoneSignal } from './phone-signal.js'
import { PhoneWire } from './phone-wire.js'

/** A companion of a phone, as its list of linked devices shows it. */
export interface LinkedDevice {
  /** Device JIDs in both namespaces. */
  readonly jid: string
  readonly lid: string
  readonly id: number
  readonly online: boolean
}

const FIRST_PREKEYS = 20
const MORE_PREKEYS = 50
const DEFAULT_TIMEOUT_MS = 10_000

/** The part of a phone that links companions, keeps its keys and takes what comes; see {@link Phone}. */
export class PhoneCore {
  readonly account: Account
  /** Messages that were decrypted, oldest first; own companions' messages included. */
  readonly messages: readonly PhoneMessage[]
  /** Receipts that came. */
  readonly receipts: readonly PhoneReceipt[]
  /** What went wrong while it handled stanzas by itself, such as a refused resend. */
  readonly problems: KurirError[] = []
  readonly #service: Service
  readonly #random: SeededRandom
  readonly #device: Device
  readonly #wire: PhoneWire
  readonly #messageLog: PhoneLog<PhoneMessage>
  readonly #receiptLog: PhoneLog<PhoneReceipt>
  readonly #directory: PhoneDirectory
  protected readonly sender: PhoneSender
  protected readonly history: PhoneHistory
  protected readonly calls: PhoneCalls
  /** Groups and communities: makes them, changes them, joins them, and hears of them. */
  readonly groups: PhoneGroups
  /** The state that all devices of the account share: archived chats, contacts, labels, settings … */
  readonly appState: PhoneAppState
  /** Profiles, privacy, presence: shows and hides its own, and sees that of others. */
  readonly people: PhonePeople
  /** Channels: what this account owns, runs and follows. */
  readonly newsletters: PhoneNewsletters
  protected readonly posts: PhonePosts
  /** The business of the account: profile, catalogue, orders. */
  readonly business: PhoneBusiness
  /** Answers requests of own companions; `answers = false` leaves them without one. */
  readonly peer: PhonePeer
  /** Uploads files again; `answer` says what companions get. */
  readonly mediaRetry: PhoneMediaRetry
  readonly #retries: PhoneRetries
  readonly #receiver: PhoneReceiver
  readonly #linking: PhoneLinking
  readonly #memory = new PhoneMemory()
  #keys: PhoneKeys
  #signal: PhoneSignal
  #autoRead = false
  #confirmOnly = false
  #arrived = 0

  protected constructor(service: Service, account: Account, random: SeededRandom, options: LinkingOptions) {
    this.#service = service
    this.account = account
    this.#random = random
    this.#keys = new PhoneKeys(random.fork('installation'))
    this.#signal = makePhoneSignal(this.#keys, () => service.core.clock.now())
    this.#device = new Device({ account, id: 0, keyIndex: 0, keys: this.#keys.published })
    account.addDevice(this.#device)
    account.keyIndexSigner = indexes => this.#keys.signKeyIndexes(indexes, account.lastKeyIndex, service.core.now())
    account.keyIndexList = account.keyIndexSigner([0])
    this.#wire = new PhoneWire(
      service,
      this.#device,
      node => this.#handle(node),
      error => this.#problem(error),
    )
    this.#messageLog = new PhoneLog(service.core.clock, 'message')
    this.#receiptLog = new PhoneLog(service.core.clock, 'receipt')
    this.messages = this.#messageLog.entries
    this.receipts = this.#receiptLog.entries
    const context = (): PhoneContext => this.context()
    this.#directory = new PhoneDirectory(context)
    this.sender = new PhoneSender(context, this.#directory)
    this.#retries = new PhoneRetries(context, this.#directory, this.sender, keys => this.#signal.storePreKeys(keys))
    this.#receiver = new PhoneReceiver(context, this.#retries, {
      message: message => this.#received(message),
      peer: (companion, id, message) => this.#inBackground(this.peer.answer(companion, id, message)),
    })
    this.history = new PhoneHistory(context, this.sender, options.history)
    this.newsletters = new PhoneNewsletters(context)
    this.posts = new PhonePosts(context, this.sender)
    this.business = new PhoneBusiness(context)
    this.calls = new PhoneCalls(context, this.#directory)
    this.groups = new PhoneGroups(context, () => this.sender.newId())
    this.people = new PhonePeople(context)
    this.appState = new PhoneAppState(context, this.sender)
    this.#linking = new PhoneLinking(context, this.appState, this.history, options)
    this.peer = new PhonePeer(this.sender, this.appState, this.history, () => this.#removeCompanions())
    this.mediaRetry = new PhoneMediaRetry(context, this.history)
    service.onActive(device => {
      if (device.account === account) this.#inBackground(this.#linking.welcome(device))
    })
  }

  /** Comes online and publishes its keys. */
  async begin(): Promise<void> {
    this.#wire.connect()
    await this.#publishPreKeys(FIRST_PREKEYS)
  }

  /** Digits of the phone number. */
  get number(): string {
    return this.account.pnUser
  }

  /** `<number>@s.whatsapp.net`. */
  get jid(): string {
    return this.account.pn
  }

  /** `<15 digits>@lid`. */
  get lid(): string {
    return this.account.lid
  }

  get online(): boolean {
    return this.#wire.online
  }

  /** The companions, in the order of their device numbers. */
  get linkedDevices(): LinkedDevice[] {
    return [...this.account.devices.values()]
      .filter(device => device.id !== 0)
      .map(({ pn, lid, id, link }) => ({ jid: pn, lid, id, online: link !== undefined }))
  }

  /**
   * Scans the QR of a client and links it; resolves when the client has signed and is told to reconnect.
   *
   * @param options `forge` spoils what the phone signs: a careful client refuses it
   *
   * @throws KurirError `invalid-qr`, `unknown-pairing-ref`, `qr-mismatch`, `pairing-refused`, `pairing-timed-out`,
   *   `pairing-connection-lost`, `pairing-answer-invalid`, `too-many-devices`
   */
  async scan(qrText: string, options: { readonly forge?: GrantForgery } = {}): Promise<LinkedDevice> {
    return linkedDevice(await this.#linking.scan(qrText, options.forge))
  }

  /**
   * Types the code that a client shows for this phone number, and links it. Waits for the client's request when that
   * has not come yet.
   *
   * @throws KurirError as {@link scan}, and `invalid-pairing-code`, `no-pairing-code-request`, `wrong-pairing-code`
   */
  async enterPairingCode(code: string): Promise<LinkedDevice> {
    return linkedDevice(await this.#linking.enterCode(code))
  }

  /** The first message that fits, of those that came and those to come. @throws KurirError `timed-out` */
  waitForMessage(
    predicate: Predicate<PhoneMessage> = () => true,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<PhoneMessage> {
    return this.#messageLog.wait(predicate, timeoutMs)
  }

  /** The first receipt that fits, of those that came and those to come. @throws KurirError `timed-out` */
  waitForReceipt(
    predicate: Predicate<PhoneReceipt> = () => true,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<PhoneReceipt> {
    return this.#receiptLog.wait(predicate, timeoutMs)
  }

  /** Calls `listener` for every later message; the returned function ends that. */
  onMessage(listener: (message: PhoneMessage) => void): () => void {
    return this.#messageLog.listen(listener)
  }

  /** Messages that have come, readable or not. */
  get arrived(): number {
    return this.#arrived
  }

  /**
   * Only confirms messages from now on, without decrypting them, or decrypts again: for measuring how fast a client
   * sends. What was skipped stays unread.
   */
  set confirmOnly(on: boolean) {
    this.#confirmOnly = on
  }

  /** Reads every message at once from now on, or no longer. */
  set autoRead(on: boolean) {
    this.#autoRead = on
  }

  /** Unlinks a companion: it is told (401 device_removed) and everybody hears of the new device list. */
  removeDevice(jid: string): void {
    const resolved = this.#service.core.accounts.resolve(jid)
    const device = resolved?.device
    if (device === undefined || device.account !== this.account || device.id === 0) {
      throw new KurirError('unknown-device', 'The account has no such companion', { statusCode: 404, data: { jid } })
    }
    this.#service.directory.remove(device)
  }

  /** Goes offline: what is sent to it waits. */
  goOffline(): void {
    this.#wire.disconnect()
  }

  goOnline(): void {
    if (!this.online) this.#wire.connect()
  }

  /** A new installation: new identity, no sessions, no companions; contacts are told. */
  async reinstall(): Promise<void> {
    this.#removeCompanions()
    this.appState.renew()
    this.#keys = new PhoneKeys(this.#random.fork(`installation ${this.#keys.rawId}`))
    this.#signal = makePhoneSignal(this.#keys, () => this.#service.core.clock.now())
    this.#device.preKeys.clear()
    this.#device.keys = this.#keys.published
    this.account.lastKeyIndex = 0
    this.account.keyIndexList = this.#keys.signKeyIndexes([0], 0, this.#service.core.now())
    this.sender.groups.forgetEverything()
    await this.#publishPreKeys(FIRST_PREKEYS)
    this.#service.directory.announceIdentityChange(this.account)
  }

  /** Forgets its sessions with a device or user, as after a damaged store: the next message from there cannot be read. */
  async loseSession(jid: string): Promise<void> {
    const resolved = this.#service.core.accounts.resolve(jid)
    const devices = [...(resolved?.account.devices.values() ?? [])]
    const wanted = jid.includes(':') ? devices.filter(device => device === resolved?.device) : devices
    await this.#signal.repository.deleteSession(wanted.map(device => device.lid))
  }

  /** Resolves when everything that has come was handled. */
  async settled(): Promise<void> {
    await this.#wire.settled()
  }

  protected context(): PhoneContext {
    return {
      service: this.#service,
      account: this.account,
      device: this.#device,
      random: this.#random,
      wire: this.#wire,
      keys: this.#keys,
      signal: this.#signal.repository,
      memory: this.#memory,
    }
  }

  async #handle(node: BinaryNode): Promise<void> {
    switch (node.tag) {
      case 'message':
        this.#arrived += 1
        if (this.#confirmOnly) this.#receiver.confirm(node)
        else await this.#receiver.receive(node)
        return
      case 'receipt':
        await this.#takeReceipt(node)
        return
      case 'call':
        this.calls.take(node)
        return
      case 'notification':
        await this.#takeNotification(node)
        return
      case 'presence':
      case 'chatstate':
        this.people.takePresence(node)
        return
      default:
    }
  }

  #removeCompanions(): void {
    for (const { jid } of this.linkedDevices) this.removeDevice(jid)
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.#problem(error))
  }

  /** Refusals and time-outs that nobody waits for are kept; anything else is a defect of the simulator and surfaces. */
  #problem(error: unknown): void {
    if (!KurirError.is(error)) throw error
    this.problems.push(error)
  }

  #received(message: PhoneMessage): void {
    this.#messageLog.add(message)
    const readable = !message.fromMe && message.serverId === undefined
    if (this.#autoRead && readable) markRead(this.context(), message, 'read')
  }

  async #takeReceipt(node: BinaryNode): Promise<void> {
    const { id = '', from = '', participant, type, t } = node.attrs
    this.#acknowledge(node)
    const list = getBinaryNodeChild(node, 'list')
    const further = list === undefined ? [] : getBinaryNodeChildren(list, 'item').map(({ attrs }) => attrs['id'] ?? '')
    const ids = [id, ...further]
    this.#receiptLog.add({ ids, from, participant, type: type ?? 'delivery', timestamp: Number(t ?? 0) })
    if (type === 'retry') await this.#retries.answer(node)
    if (type === 'server-error') await this.mediaRetry.take(node)
  }

  async #takeNotification(node: BinaryNode): Promise<void> {
    this.#acknowledge(node)
    this.people.takeNotification(node)
    const { type, from } = node.attrs
    const [change] = childrenOf(node)
    if (type === 'devices' || type === 'account_sync') this.#directory.forget(from)
    if (type === 'encrypt' && change?.tag === 'identity') this.#directory.forget(from)
    if (type === 'encrypt' && change?.tag === 'count') await this.#publishPreKeys(MORE_PREKEYS)
    if (type !== 'w:gp2' || from === undefined) return
    if (change?.tag === 'remove') await this.sender.groups.renewKey(from)
    this.groups.take(node)
  }

  #acknowledge(node: BinaryNode): void {
    const { id, from, participant, type } = node.attrs
    const named = node.tag === 'receipt' || type === 'w:gp2' ? participant : undefined
    this.#wire.write(element('ack', { id, to: from, class: node.tag, type, participant: named }))
  }

  async #publishPreKeys(count: number): Promise<void> {
    await publishPreKeys(this.#wire, this.#keys, this.#signal, count)
  }
}

const linkedDevice = ({ pn, lid, id, link }: Device): LinkedDevice => ({ jid: pn, lid, id, online: link !== undefined })
