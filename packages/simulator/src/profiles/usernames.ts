import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import { type MexHandler, MexRefusal, type MexService } from '../mex/mex-service.js'
import type { ServiceCore } from '../router/service-core.js'
import { element } from '../router/stanzas.js'
import type { ProfileNotices } from './profile-notices.js'

/** A name by which an account is found without its number. */
export interface Username {
  readonly name: string
  /** Four digits that others must know besides; undefined when the name is enough. */
  readonly key: string | undefined
}

/** What a look-up by name says; a protected name is there, and tells no more until the key is right. */
export type UsernameSearch =
  | { readonly outcome: 'found'; readonly account: Account }
  | { readonly outcome: 'protected' | 'unknown' }

const NAME = /^(?=.*[a-z])[a-z0-9._]{3,35}$/
const KEY = /^\d{4}$/

/** Usernames of all accounts (docs/protocol/04 §4.4, §4.16). They are chosen on phones. */
export class Usernames {
  readonly #core: ServiceCore
  readonly #mex: MexService
  readonly #notices: ProfileNotices

  constructor(core: ServiceCore, mex: MexService, notices: ProfileNotices) {
    this.#core = core
    this.#mex = mex
    this.#notices = notices
    mex.serve(this.#operations)
  }

  /** Chooses a name, or another key for it. Contacts are told of the name, never of its key. */
  choose(device: Device, name: string, key: string | undefined): MexRefusal | undefined {
    const { account } = device
    if (!NAME.test(name) || (key !== undefined && !KEY.test(key))) return new MexRefusal(400, 'Bad Request')
    const owner = this.#ownerOf(name)
    if (owner !== undefined && owner !== account) return new MexRefusal(409, 'Conflict')
    const former = account.username
    account.username = { name, key }
    if (former?.name === name) {
      // Only the key is another: whoever wants it asks for it.
      this.#notices.toOwnDevices(account, element('username', { action: 'modify' }), device)
      return undefined
    }
    this.#notices.toOwnDevices(account, element('username', { username: name }), device)
    for (const other of this.#notices.contactsToTell(account)) {
      const told = { lid: account.lid, username: name }
      this.#mex.push(other, 'UsernameSetNotification', { xwa2_notify_username_on_change: told })
    }
    return undefined
  }

  /** Gives the name up. */
  giveUp(device: Device): void {
    const { account } = device
    if (account.username === undefined) return
    account.username = undefined
    this.#notices.toOwnDevices(account, element('username'), device)
    for (const other of this.#notices.contactsToTell(account)) {
      const told = { lid: account.lid, display_name: account.pushName, pn_jid: account.pn }
      this.#mex.push(other, 'UsernameDeleteNotification', { xwa2_notify_username_delete: told })
    }
  }

  /** Who goes by the name. Who is blocked finds nobody. */
  search(name: string, key: string | undefined, asker: Account): UsernameSearch {
    const account = this.#ownerOf(name)
    if (account === undefined || account.blocked.has(asker)) return { outcome: 'unknown' }
    const needed = account === asker ? undefined : account.username?.key
    return needed === undefined || needed === key ? { outcome: 'found', account } : { outcome: 'protected' }
  }

  #ownerOf(name: string): Account | undefined {
    for (const account of this.#core.accounts.all()) if (account.username?.name === name) return account
    return undefined
  }

  get #operations(): Readonly<Record<string, MexHandler>> {
    return {
      GetUsername: ({ device }) => {
        const { username } = device.account
        if (username === undefined) return new MexRefusal(404, 'Not Found')
        return { username_info: { username: username.name, pin: username.key ?? null, state: 'ACTIVE' } }
      },
    }
  }
}
