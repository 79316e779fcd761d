import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { ServiceCore } from '../router/service-core.js'
import { element } from '../router/stanzas.js'
import { lets, type PrivacyCategory } from './visibility.js'

/** Tells of changed profiles and settings: own other devices, and people who know the account (docs/protocol/04 §4.9). */
export class ProfileNotices {
  readonly #core: ServiceCore

  constructor(core: ServiceCore) {
    this.#core = core
  }

  /** A change of the account, to its devices except the one that made it (docs/protocol/04 §4.10). */
  toOwnDevices(account: Account, change: BinaryNode, except?: Device): void {
    const attrs = { type: 'account_sync', from: account.pn, t: this.#core.time() }
    this.#core.delivery.notifyAccount(account, () => this.#notification(attrs, change), except)
  }

  /** A change of a profile, to everybody who has saved the account and may see that part of it. */
  toContacts(account: Account, category: PrivacyCategory | undefined, type: string, change: BinaryNode): void {
    const attrs = { type, from: account.pn, lid: account.lid, notify: account.pushName, t: this.#core.time() }
    for (const other of this.contactsToTell(account, category)) {
      this.#core.delivery.notifyAccount(other, () => this.#notification(attrs, change))
    }
  }

  /** Everybody who has saved the account and may see that part of its profile. */
  *contactsToTell(account: Account, category?: PrivacyCategory): IterableIterator<Account> {
    for (const other of this.#core.accounts.all()) {
      if (other === account || !other.contacts.has(account)) continue
      if (category === undefined || lets(account, other, category)) yield other
    }
  }

  #notification(attrs: Readonly<Record<string, string>>, change: BinaryNode): BinaryNode {
    return element('notification', { ...attrs, id: this.#core.stanzaId() }, [change])
  }
}
