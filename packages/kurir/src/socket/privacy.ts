import { getBinaryNodeChild } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { ServerRefusal } from '../binary/server-refusal.js'
import {
  buildExceptionListChange,
  buildExceptionListQuery,
  NO_LIST_HASH,
  type PrivacyException,
  type PrivacyExceptionCategory,
  type PrivacyExceptionChange,
  type PrivacyExceptionList,
  parseExceptionList,
  STALE_LIST_CODE,
} from '../privacy/exception-list.js'
import {
  buildPrivacyChange,
  buildPrivacyQuery,
  type PrivacyCategory,
  type PrivacyValues,
  parsePrivacyChange,
  parsePrivacySettings,
  type WAPrivacyCallValue,
  type WAPrivacyGroupAddValue,
  type WAPrivacyMessagesValue,
  type WAPrivacyOnlineValue,
  type WAPrivacyValue,
  type WAReadReceiptsValue,
} from '../privacy/privacy-settings.js'
import {
  buildStatusAudienceQuery,
  everyContact,
  parseStatusAudience,
  type StatusAudience,
} from '../privacy/status-audience.js'
import { buildDefaultTimerChange } from '../profile/default-timer.js'
import type { SocketCore } from './core.js'
import { addressOf } from './privacy-address.js'
import { Coalescer, KeyedQueue } from './scheduling.js'

/**
 * What the account lets others see (docs/protocol/04 §5). Every change rejects with a ServerRefusal when the service
 * takes no such value.
 */
export interface PrivacyMembers {
  /**
   * Privacy settings by category: `last`, `online`, `profile`, `status` (the about text), `readreceipts`, `groupadd`,
   * `calladd`, `messages` and whatever else the service tells. Kept until `force`; changes on any device of the account
   * are followed.
   */
  fetchPrivacySettings(force?: boolean): Promise<Record<string, string>>
  /** Who may write to the account. */
  updateMessagesPrivacy(value: WAPrivacyMessagesValue): Promise<void>
  /** Who may call the account. */
  updateCallPrivacy(value: WAPrivacyCallValue): Promise<void>
  /** Who sees when the account was there last. Who hides it does not see that of others. */
  updateLastSeenPrivacy(value: WAPrivacyValue): Promise<void>
  /** Who sees that the account is there. */
  updateOnlinePrivacy(value: WAPrivacyOnlineValue): Promise<void>
  updateProfilePicturePrivacy(value: WAPrivacyValue): Promise<void>
  /** Who sees the about text. */
  updateStatusPrivacy(value: WAPrivacyValue): Promise<void>
  /** `none`: nobody is told that messages were read, and the account is not told either. */
  updateReadReceiptsPrivacy(value: WAReadReceiptsValue): Promise<void>
  /** Who may add the account to groups. */
  updateGroupsAddPrivacy(value: WAPrivacyGroupAddValue): Promise<void>
  /** After how many seconds messages disappear in new chats: 86400, 604800, 7776000; 0 turns it off. */
  updateDefaultDisappearingMode(duration: number): Promise<void>
  /** Kurir: the contacts that a setting of the value `contact_blacklist` leaves out. */
  fetchPrivacyExceptions(category: PrivacyExceptionCategory): Promise<PrivacyException[]>
  /**
   * Kurir: changes whom a setting leaves out, and sets it to `contact_blacklist`.
   *
   * @throws KurirError `lid-unknown` (400) for somebody whose LID cannot be found out, `invalid-jid` (400)
   */
  updatePrivacyExceptions(category: PrivacyExceptionCategory, change: PrivacyExceptionsUpdate): Promise<void>
  /** Kurir: who is to get the account's own status posts, as set on the phone. The sender picks the readers. */
  fetchStatusAudience(): Promise<StatusAudience>
}

/** People by any JID. */
export interface PrivacyExceptionsUpdate {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

/** Keeps the privacy settings as they are on the service. */
export class Privacy {
  readonly members: PrivacyMembers
  readonly #core: SocketCore
  readonly #asking = new Coalescer<Record<string, string>>()
  readonly #listChanges = new KeyedQueue()
  readonly #listHashes = new Map<PrivacyExceptionCategory, string>()
  #settings: Readonly<Record<string, string>> | undefined
  /** What has changed since the question that runs was asked: its answer may be older. */
  #changedMeanwhile: Readonly<Record<string, string>> = {}
  /** Counts what makes a running answer worthless. */
  #generation = 0

  constructor(core: SocketCore) {
    this.#core = core
    this.members = {
      fetchPrivacySettings: force => this.fetch(force),
      updateMessagesPrivacy: value => this.#set('messages', value),
      updateCallPrivacy: value => this.#set('calladd', value),
      updateLastSeenPrivacy: value => this.#set('last', value),
      updateOnlinePrivacy: value => this.#set('online', value),
      updateProfilePicturePrivacy: value => this.#set('profile', value),
      updateStatusPrivacy: value => this.#set('status', value),
      updateReadReceiptsPrivacy: value => this.#set('readreceipts', value),
      updateGroupsAddPrivacy: value => this.#set('groupadd', value),
      updateDefaultDisappearingMode: async duration =>
        void (await core.connection.query(buildDefaultTimerChange(duration))),
      fetchPrivacyExceptions: async category => [...((await this.#fetchList(category))?.users ?? [])],
      updatePrivacyExceptions: (category, change) =>
        this.#listChanges.run(category, () => this.#changeList(category, change)),
      fetchStatusAudience: () => this.#fetchStatusAudience(),
    }
  }

  async fetch(force = false): Promise<Record<string, string>> {
    if (this.#settings && !force) return { ...this.#settings }
    return { ...(await this.#asking.run('', () => this.#ask())) }
  }

  /** Follows a change on another device: the `privacy` child of an `account_sync` notification. */
  takeChange(privacy: BinaryNode): void {
    const changed = parsePrivacyChange(privacy)
    if (changed) this.#note(changed)
    else this.forget()
    // Lists may have changed with it: a hash that is out of date is found out, none is asked for.
    this.#listHashes.clear()
  }

  /** The settings may have changed: whoever needs them next asks. */
  forget(): void {
    this.#settings = undefined
    this.#generation += 1
  }

  async #ask(): Promise<Record<string, string>> {
    const generation = this.#generation
    this.#changedMeanwhile = {}
    const answer = parsePrivacySettings(await this.#core.connection.query(buildPrivacyQuery()))
    const settings = { ...answer, ...this.#changedMeanwhile }
    if (generation === this.#generation) this.#settings = settings
    return settings
  }

  #note(changed: Readonly<Record<string, string>>): void {
    this.#changedMeanwhile = { ...this.#changedMeanwhile, ...changed }
    if (this.#settings) this.#settings = { ...this.#settings, ...changed }
  }

  async #set<Category extends PrivacyCategory>(category: Category, value: PrivacyValues[Category]): Promise<void> {
    const answer = await this.#core.connection.query(buildPrivacyChange(category, value))
    this.#note({ [category]: value, ...parsePrivacySettings(answer) })
  }

  async #fetchList(category: PrivacyExceptionCategory): Promise<PrivacyExceptionList | undefined> {
    const answer = await this.#core.connection.query(buildExceptionListQuery(category, this.#isByLid))
    const list = parseExceptionList(answer)
    if (list) this.#listHashes.set(category, list.hash)
    else this.#listHashes.delete(category)
    return list
  }

  async #changeList(
    category: PrivacyExceptionCategory,
    { add = [], remove = [] }: PrivacyExceptionsUpdate,
  ): Promise<void> {
    const changes = await Promise.all([
      ...add.map(jid => this.#changeOf('add', jid)),
      ...remove.map(jid => this.#changeOf('remove', jid)),
    ])
    const answer = await this.#sendListChange(category, changes).catch(async error => {
      if (!(error instanceof ServerRefusal) || error.output.statusCode !== STALE_LIST_CODE) throw error
      await this.#fetchList(category)
      return this.#sendListChange(category, changes)
    })
    const hash = getBinaryNodeChild(getBinaryNodeChild(answer, 'privacy'), 'category')?.attrs['dhash']
    if (hash === undefined) this.#listHashes.delete(category)
    else this.#listHashes.set(category, hash)
    this.#note({ [category]: 'contact_blacklist' })
  }

  #sendListChange(category: PrivacyExceptionCategory, changes: readonly PrivacyExceptionChange[]): Promise<BinaryNode> {
    const hash = this.#listHashes.get(category) ?? NO_LIST_HASH
    return this.#core.connection.query(buildExceptionListChange(category, hash, changes, this.#isByLid))
  }

  async #changeOf(action: 'add' | 'remove', jid: string): Promise<PrivacyExceptionChange> {
    return { action, ...(await addressOf(this.#core, jid)) }
  }

  /** Accounts that have moved to LIDs name others by them. */
  get #isByLid(): boolean {
    return this.#core.creds.me?.lid !== undefined
  }

  async #fetchStatusAudience(): Promise<StatusAudience> {
    try {
      return parseStatusAudience(await this.#core.connection.query(buildStatusAudienceQuery()))
    } catch (error) {
      // Nothing was ever set.
      if (error instanceof ServerRefusal && error.output.statusCode === 404) return everyContact
      throw error
    }
  }
}
