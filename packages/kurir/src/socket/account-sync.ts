import { childNodes } from '../binary/accessors.js'
import { jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { Contact } from '../chats/contact-types.js'
import { parseDefaultTimer } from '../profile/default-timer.js'
import { parseOwnTextStatus } from '../profile/text-status.js'
import { parseOwnUsernameNotification } from '../profile/username.js'
import type { Blocklist } from './blocklist.js'
import type { SocketCore } from './core.js'
import { ownAccount } from './own-account.js'
import type { Privacy } from './privacy.js'
import type { Profile } from './profile.js'

export interface AccountSyncParts {
  readonly privacy: Privacy
  readonly blocklist: Blocklist
  readonly profile: Profile
}

/**
 * Follows what other devices change about the own account: every child of an `account_sync` notification
 * (docs/protocol/04, 4.10), and what the dirty bits of that name say was changed while this device was away (3.1).
 * Devices are followed where they are known.
 */
export class AccountSync {
  readonly #core: SocketCore
  readonly #parts: AccountSyncParts

  constructor(core: SocketCore, parts: AccountSyncParts) {
    this.#core = core
    this.#parts = parts
    core.notifications.on('account_sync', node => this.#receive(node))
    core.notifications.onMex('AccountSyncUsernameNotification', async content => {
      const username = parseOwnUsernameNotification(content)
      if (username !== undefined) this.#tellOwn({ username })
    })
    this.#fetchWhatWasMissed()
  }

  /** Each on its own, so that one that fails does not keep the others from being fetched. */
  #fetchWhatWasMissed(): void {
    const { dirtyBits } = this.#core
    const { privacy, blocklist } = this.#parts
    dirtyBits.on('account_sync', async bit => {
      if (bit.concerns('privacy')) await privacy.fetch(true)
    })
    dirtyBits.on('account_sync', async bit => {
      if (bit.concerns('blocklist')) await blocklist.refresh()
    })
    // The picture itself is asked for by who wants it.
    dirtyBits.on('account_sync', async bit => {
      if (bit.concerns('picture')) this.#tellOwn({ imgUrl: 'changed' })
    })
  }

  async #receive(node: BinaryNode): Promise<void> {
    const { pushname } = node.attrs
    if (pushname) this.#takeName(pushname)
    for (const child of childNodes(node)) await this.#take(child)
  }

  async #take(child: BinaryNode): Promise<void> {
    const { privacy, blocklist } = this.#parts
    switch (child.tag) {
      case 'privacy':
        return privacy.takeChange(child)
      case 'blocklist':
        return blocklist.takeChange(child)
      case 'disappearing_mode':
        return this.#takeDefaultTimer(child)
      case 'picture':
        return this.#tellOwn({ imgUrl: 'changed' })
      case 'text_status':
        return this.#tellOwn({ textStatus: parseOwnTextStatus(child) })
      case 'username':
        return this.#takeUsername(child)
      default:
    }
  }

  #takeName(name: string): void {
    const { me } = this.#core.creds
    if (me && me.name !== name) this.#core.ev.emit('creds.update', { me: { ...me, name } })
  }

  #takeDefaultTimer(mode: BinaryNode): void {
    const timer = parseDefaultTimer(mode)
    if (!timer) return
    const { creds, ev } = this.#core
    const defaultDisappearingMode = {
      ephemeralExpiration: timer.duration,
      ephemeralSettingTimestamp: timer.setAt,
    }
    ev.emit('creds.update', { accountSettings: { ...creds.accountSettings, defaultDisappearingMode } })
  }

  /** With its text, with the word to ask for it, or with neither: it is gone. */
  async #takeUsername({ attrs }: BinaryNode): Promise<void> {
    const asked = attrs['action'] === 'modify' ? await this.#parts.profile.fetchOwnUsername() : undefined
    this.#tellOwn({ username: attrs['username'] ?? asked?.username ?? '' })
  }

  #tellOwn(update: Partial<Contact>): void {
    const { id, lid } = ownAccount(this.#core.creds)
    const names = { phoneNumber: jidNormalizedUser(id), ...(lid !== undefined && { lid: jidNormalizedUser(lid) }) }
    this.#core.ev.emit('contacts.update', [{ id: names.phoneNumber, ...names, ...update }])
  }
}
