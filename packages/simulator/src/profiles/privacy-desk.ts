import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import { type IqAnswer, IqFailure, type IqRequest } from '../router/iq-answer.js'
import type { ServiceCore } from '../router/service-core.js'
import { element } from '../router/stanzas.js'
import type { ProfileNotices } from './profile-notices.js'
import { EXCEPTION_CATEGORIES, PRIVACY_VALUES } from './visibility.js'

/** Whom a setting leaves out. */
export interface ExceptionList {
  /** Stamp of this state. */
  hash: string
  readonly users: Set<Account>
}

const NO_HASH = 'none'

/** Privacy settings with their exceptions, and the blocklist (docs/protocol/04 §5). */
export class PrivacyDesk {
  readonly #core: ServiceCore
  readonly #notices: ProfileNotices
  #stamps = 0

  constructor(core: ServiceCore, notices: ProfileNotices) {
    this.#core = core
    this.#notices = notices
  }

  /** All settings, or one list of exceptions. */
  get({ device, node, child }: IqRequest): IqAnswer {
    const { account } = device
    const asked = child && getBinaryNodeChild(child, 'list')
    if (child !== undefined && asked !== undefined) {
      if (child.attrs['addressing_mode'] !== 'lid') return this.#misfit(device, node, LISTS_BY_LID)
      return this.#listOf(account, asked.attrs['name'] ?? '')
    }
    const categories = [...account.privacy].map(([name, value]) => element('category', { name, value }))
    return [element('privacy', {}, categories)]
  }

  set({ device, node, child }: IqRequest): IqAnswer {
    const { account } = device
    const category = child && getBinaryNodeChild(child, 'category')
    const { name = '', value = '' } = category?.attrs ?? {}
    if (child === undefined || category === undefined || PRIVACY_VALUES[name]?.includes(value) !== true) {
      return new IqFailure(400, 'bad-request')
    }
    const users = getBinaryNodeChildren(category, 'user')
    if (users.length > 0 || category.attrs['dhash'] !== undefined) {
      const byLid = child.attrs['addressing_mode'] === 'lid' && users.every(isNamedByLid)
      if (!byLid) return this.#misfit(device, node, LISTS_BY_LID)
      const refusal = this.#changeList(account, category, users)
      if (refusal !== undefined) return refusal
    }
    account.privacy.set(name, value)
    const dhash = value === 'contact_blacklist' ? account.exceptions.get(name)?.hash : undefined
    const result = element('category', { name, value, dhash })
    this.#notices.toOwnDevices(account, element('privacy', {}, [result]), device)
    return [element('privacy', {}, [result])]
  }

  blocklist(account: Account, known?: string): IqAnswer {
    if (known !== undefined && known === account.blocklistHash) return []
    const items = [...account.blocked].map(({ lid, pn }) => element('item', { jid: lid, pn_jid: pn }))
    return [element('list', { dhash: account.blocklistHash, addressing_mode: 'lid' }, items)]
  }

  /** Blocks somebody by LID, with one more name of theirs, or takes that back. */
  block({ device, node, child }: IqRequest): IqAnswer {
    const { account } = device
    const {
      jid,
      action,
      pn_jid: number,
      username,
      display_name: name,
      unknown_identifier: unknown,
    } = child?.attrs ?? {}
    const target = this.#core.accounts.resolve(jid)
    if (target === undefined || target.account === account) return badRequest
    const identified = [number, username, name, unknown].some(each => each !== undefined)
    if (target.addressing !== 'lid' || (action === 'block' && !identified)) {
      return this.#misfit(device, node, 'somebody is blocked by LID and one more name')
    }
    if (number !== undefined && this.#core.accounts.resolve(number)?.account !== target.account) return badRequest
    const former = account.blocklistHash
    if (action === 'block') account.blocked.add(target.account)
    else account.blocked.delete(target.account)
    account.blocklistHash = this.#newStamp()
    const item = element('item', { jid: target.account.lid, action })
    const change = { dhash: account.blocklistHash, prev_dhash: former, action: 'modify' }
    this.#notices.toOwnDevices(account, element('blocklist', change, [item]), device)
    return [element('list', { dhash: account.blocklistHash, matched: 'true' }, [])]
  }

  #listOf(account: Account, name: string): IqAnswer {
    if (account.privacy.get(name) !== 'contact_blacklist') return [element('privacy', { addressing_mode: 'lid' }, [])]
    const { hash = NO_HASH, users = new Set<Account>() } = account.exceptions.get(name) ?? {}
    const entries = [...users].map(({ lid, pn }) => element('user', { jid: lid, pn_jid: pn }))
    return [element('privacy', { addressing_mode: 'lid' }, [element('list', { dhash: hash }, entries)])]
  }

  #changeList(account: Account, { attrs }: BinaryNode, users: readonly BinaryNode[]): IqFailure | undefined {
    const { name = '', value, dhash } = attrs
    const list = account.exceptions.get(name) ?? { hash: NO_HASH, users: new Set<Account>() }
    if (value !== 'contact_blacklist' || !EXCEPTION_CATEGORIES.has(name)) return badRequest
    if (dhash !== list.hash) return new IqFailure(409, 'conflict')
    const changes = users.map(user => ({ user, resolved: this.#core.accounts.resolve(user.attrs['jid']) }))
    if (changes.some(({ resolved }) => resolved === undefined)) return badRequest
    for (const { user, resolved } of changes) {
      if (resolved === undefined) continue
      if (user.attrs['action'] === 'add') list.users.add(resolved.account)
      else list.users.delete(resolved.account)
    }
    list.hash = this.#newStamp()
    account.exceptions.set(name, list)
    return undefined
  }

  /** A form that the service takes from nobody. */
  #misfit(device: Device, node: BinaryNode, rule: string): IqFailure {
    this.#core.violation(device, 'invalid-stanza', rule, node)
    return badRequest
  }

  /** Grows, so that two states of a list never have the same. */
  #newStamp(): string {
    this.#stamps = Math.max(this.#stamps + 1, this.#core.clock.now())
    return String(this.#stamps)
  }
}

const LISTS_BY_LID = 'lists of exceptions name people by LID'

const isNamedByLid = ({ attrs }: BinaryNode): boolean => attrs['jid']?.endsWith('@lid') === true

const badRequest = new IqFailure(400, 'bad-request')
