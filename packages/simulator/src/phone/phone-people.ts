import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { MexRefusal } from '../mex/mex-service.js'
import type { TextStatusChange } from '../profiles/text-statuses.js'
import { bytesOf, childrenOf, element, textOf } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'
import { PhoneLog, type Predicate } from './phone-messages.js'
import { requestRefused } from './phone-refusal.js'

/** What a phone was told about somebody's profile, or about its own account. */
export interface PeopleNotice {
  /** `picture`, `status`, `account_sync` … */
  readonly type: string
  readonly from: string
  /** The element that says what has changed. */
  readonly change: BinaryNode
}

/** What a phone sees of somebody. */
export interface SeenPresence {
  readonly from: string
  readonly participant: string | undefined
  /** `available`, `unavailable`, `composing` or `paused`. */
  readonly state: string
  /** Unix seconds as text; `deny` when it is hidden. */
  readonly last: string | undefined
}

const DEFAULT_TIMEOUT_MS = 10_000

/**
 * Profiles, privacy and presence as a phone uses them. What the service refuses throws KurirError `request-refused`,
 * whose `data.code` is its number.
 */
export class PhonePeople {
  readonly #context: () => PhoneContext
  readonly #noticeLog: PhoneLog<PeopleNotice>
  readonly #presenceLog: PhoneLog<SeenPresence>
  /** What was told, oldest first. */
  readonly notices: readonly PeopleNotice[]
  /** What was seen, oldest first. */
  readonly presences: readonly SeenPresence[]

  constructor(context: () => PhoneContext) {
    this.#context = context
    const { clock } = context().service.core
    this.#noticeLog = new PhoneLog(clock, 'notice about somebody')
    this.#presenceLog = new PhoneLog(clock, 'presence of somebody')
    this.notices = this.#noticeLog.entries
    this.presences = this.#presenceLog.entries
  }

  /** The first notice that fits, of those that came and those to come. @throws KurirError `timed-out` */
  waitForNotice(predicate: Predicate<PeopleNotice>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<PeopleNotice> {
    return this.#noticeLog.wait(predicate, timeoutMs)
  }

  /** The first presence that fits, of those that came and those to come. @throws KurirError `timed-out` */
  waitForPresence(predicate: Predicate<SeenPresence>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<SeenPresence> {
    return this.#presenceLog.wait(predicate, timeoutMs)
  }

  /** Puts somebody into the address book: privacy counts them as contact, and they are told about. */
  save(jid: string): void {
    const other = this.#accountOf(jid)
    if (other !== undefined) this.#context().account.contacts.add(other)
  }

  unsave(jid: string): void {
    const other = this.#accountOf(jid)
    if (other !== undefined) this.#context().account.contacts.delete(other)
  }

  /** Sets the own picture, or that of a group. */
  async setPicture(jpeg: Uint8Array, group?: string): Promise<void> {
    await this.#changePicture(group, [element('picture', { type: 'image' }, jpeg)])
  }

  async removePicture(group?: string): Promise<void> {
    await this.#changePicture(group)
  }

  /** The picture of somebody or of a group, as it was set. */
  async pictureOf(jid: string): Promise<Uint8Array | undefined> {
    const query = { xmlns: 'w:profile:picture', type: 'get', target: jid } as const
    const answer = await this.#context().wire.query(query, [element('picture', { type: 'image' })])
    return bytesOf(getBinaryNodeChild(answer, 'picture'))
  }

  async setAbout(text: string): Promise<void> {
    await this.#set('status', element('status', {}, Buffer.from(text)))
  }

  /** The about text of somebody; undefined when it is hidden. */
  async aboutOf(jid: string): Promise<string | undefined> {
    return textOf(await this.#lookUp(jid, 'status'))
  }

  /** Sets the short status with an emoji; without both it is taken away. */
  setTextStatus(change: TextStatusChange): void {
    const { service, device } = this.#context()
    this.#allowed(service.textStatuses.set(device, change))
  }

  /** The text status of somebody; undefined when there is none to be seen. */
  async textStatusOf(jid: string): Promise<Pick<TextStatusChange, 'text' | 'emoji'> | undefined> {
    const status = await this.#lookUp(jid, 'text_status')
    const { text } = status?.attrs ?? {}
    const emoji = getBinaryNodeChild(status, 'emoji')?.attrs['content']
    return text === undefined && emoji === undefined ? undefined : { text, emoji }
  }

  /** Chooses the name by which others find the account, and four digits that they must know besides. */
  setUsername(name: string, key?: string): void {
    const { service, device } = this.#context()
    this.#allowed(service.usernames.choose(device, name, key))
  }

  removeUsername(): void {
    const { service, device } = this.#context()
    service.usernames.giveUp(device)
  }

  /** Changes a setting; see {@link PRIVACY_VALUES} for what there is. */
  async setPrivacy(name: string, value: string): Promise<void> {
    await this.#set('privacy', element('privacy', {}, [element('category', { name, value })]))
  }

  /** Leaves people out of a setting, which becomes contacts with exceptions. */
  async exclude(name: string, jids: readonly string[]): Promise<void> {
    const { account } = this.#context()
    const users = jids.flatMap(jid => {
      const other = this.#accountOf(jid)
      return other === undefined ? [] : [element('user', { action: 'add', jid: other.lid, pn_jid: other.pn })]
    })
    const dhash = account.exceptions.get(name)?.hash ?? 'none'
    const category = element('category', { name, value: 'contact_blacklist', dhash }, users)
    await this.#set('privacy', element('privacy', { addressing_mode: 'lid' }, [category]))
  }

  async block(jid: string): Promise<void> {
    const other = this.#accountOf(jid)
    await this.#set('blocklist', element('item', { action: 'block', jid: other?.lid ?? jid, pn_jid: other?.pn }))
  }

  async unblock(jid: string): Promise<void> {
    await this.#set('blocklist', element('item', { action: 'unblock', jid: this.#accountOf(jid)?.lid ?? jid }))
  }

  /** After how many seconds messages disappear in chats that this phone opens; 0: never. */
  async setDefaultTimer(seconds: number): Promise<void> {
    await this.#set('disappearing_mode', element('disappearing_mode', { duration: String(seconds) }))
  }

  /** Picks who is to get status posts. */
  setStatusAudience(type: 'contacts' | 'blacklist' | 'whitelist', jids: readonly string[] = []): void {
    this.#context().account.statusAudience = { type, users: jids }
  }

  /** Asks for the presence of somebody, or of a group. */
  subscribe(jid: string): void {
    this.#context().wire.write(element('presence', { type: 'subscribe', to: jid }))
  }

  /** Says that this phone is there, or not. */
  setAvailable(available: boolean): void {
    const { wire, account } = this.#context()
    wire.write(element('presence', { type: available ? 'available' : 'unavailable', name: account.pushName }))
  }

  /** Internal: a notification came. */
  takeNotification(node: BinaryNode): void {
    const { type = '', from = '' } = node.attrs
    for (const change of childrenOf(node)) this.#noticeLog.add({ type, from, change })
  }

  /** Internal: a `<presence>` or `<chatstate>` came. */
  takePresence(node: BinaryNode): void {
    const { from = '', participant, type, last } = node.attrs
    const state = node.tag === 'chatstate' ? (childrenOf(node)[0]?.tag ?? '') : (type ?? 'available')
    this.#presenceLog.add({ from, participant, state, last })
  }

  /** What the service says of one person. */
  async #lookUp(jid: string, protocol: string): Promise<BinaryNode | undefined> {
    const parts = [element('query', {}, [element(protocol)]), element('list', {}, [element('user', { jid }, [])])]
    const attrs = { sid: 'look-up', mode: 'query', context: 'interactive', last: 'true', index: '0' }
    const answer = await this.#context().wire.query({ xmlns: 'usync', type: 'get' }, [element('usync', attrs, parts)])
    const list = getBinaryNodeChild(getBinaryNodeChild(answer, 'usync'), 'list')
    return getBinaryNodeChild(list && childrenOf(list)[0], protocol)
  }

  #allowed(outcome: MexRefusal | undefined): void {
    if (outcome !== undefined) throw requestRefused(outcome)
  }

  async #changePicture(group: string | undefined, content?: BinaryNode[]): Promise<void> {
    const target = group === undefined ? {} : { target: group }
    await this.#context().wire.query({ xmlns: 'w:profile:picture', type: 'set', ...target }, content)
  }

  async #set(xmlns: string, child: BinaryNode): Promise<void> {
    await this.#context().wire.query({ xmlns, type: 'set' }, [child])
  }

  #accountOf(jid: string): Account | undefined {
    return this.#context().service.core.accounts.resolve(jid)?.account
  }
}
