import { getBinaryNodeChild } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import { isJidGroup, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { Contact } from '../chats/contact-types.js'
import type { WAMessage } from '../events/message-types.js'
import { isOwnAccount } from '../messages/own-account.js'
import { objectOf } from '../mex/answer-values.js'
import { parseAboutNotification } from '../profile/about.js'
import { parseDefaultTimer } from '../profile/default-timer.js'
import { type PictureChange, parsePictureNotification } from '../profile/picture.js'
import { parseTextStatusNotification } from '../profile/text-status.js'
import { parseUsernameDeletion, parseUsernameSet, type UsernameChange } from '../profile/username.js'
import { proto } from '../proto/index.js'
import type { SocketCore } from './core.js'
import { knownNamesOf } from './other-name.js'
import { ownAccount } from './own-account.js'

type Upsert = (message: WAMessage, type: 'append') => Promise<void>

/**
 * What the service tells of people and their profiles (docs/protocol/04, 4.9, 4.11 and 4.16) as `contacts.update`, under
 * the name that the service uses and both that are known.
 */
export class PeopleNotifications {
  readonly #core: SocketCore
  readonly #upsert: Upsert

  constructor(core: SocketCore, upsert: Upsert) {
    this.#core = core
    this.#upsert = upsert
    const { notifications } = core
    notifications.on('picture', node => this.#pictures(node))
    notifications.on('status', node => this.#about(node))
    notifications.on('contacts', node => this.#contacts(node))
    notifications.on('disappearing_mode', node => this.#defaultTimer(node))
    notifications.onMex('TextStatusUpdateNotification', async content => {
      const told = parseTextStatusNotification(content)
      if (told) await this.#tell(told.jid, { textStatus: told.status })
    })
    notifications.onMex('UsernameSetNotification', content => this.#username(parseUsernameSet(content)))
    notifications.onMex('UsernameDeleteNotification', content => this.#username(parseUsernameDeletion(content)))
    notifications.onMex('LidChangeNotification', content => this.#lidChanged(content))
    notifications.onMex('NotificationLinkedProfilesUpdates', content => this.#linkedProfiles(content))
  }

  async #pictures(node: BinaryNode): Promise<void> {
    for (const change of parsePictureNotification(node)) {
      if (isJidGroup(change.owner)) await this.#upsert(await this.#iconMessage(node, change), 'append')
      await this.#tell(change.owner, { imgUrl: change.kind })
    }
  }

  /** The line that a group shows when its picture changes. */
  async #iconMessage({ attrs }: BinaryNode, { owner, kind, id, author }: PictureChange): Promise<WAMessage> {
    const participant = author && jidNormalizedUser(author)
    const names = participant ? await knownNamesOf(this.#core, participant) : {}
    const participantAlt = names.lid === participant ? names.phoneNumber : names.lid
    return {
      key: {
        remoteJid: owner,
        fromMe: isOwnAccount(participant, ownAccount(this.#core.creds)),
        id: attrs['id'],
        ...(participant && { participant }),
        ...(participantAlt && { participantAlt }),
      },
      ...(participant && { participant }),
      messageTimestamp: parseDecimal(attrs['t']) ?? this.#core.clock.nowSeconds(),
      messageStubType: proto.WebMessageInfo.StubType.GROUP_CHANGE_ICON,
      messageStubParameters: kind === 'changed' && id !== undefined ? [id] : [],
    }
  }

  async #about(node: BinaryNode): Promise<void> {
    const { from, notify } = node.attrs
    const status = parseAboutNotification(node)
    if (from && status !== undefined) await this.#tell(from, { status, ...(notify && { notify }) })
  }

  /** A number changed, or a profile did. Somebody who is named by a hash alone cannot be told apart. */
  async #contacts(node: BinaryNode): Promise<void> {
    const { old, new: number, old_lid: oldLid, new_lid: lid } = getBinaryNodeChild(node, 'modify')?.attrs ?? {}
    if (old && oldLid) await this.#learn(oldLid, old)
    if (number && lid) await this.#learn(lid, number)
    if (number) await this.#tell(lid ?? number, { phoneNumber: jidNormalizedUser(number) })
    const updated = getBinaryNodeChild(node, 'update')?.attrs['jid']
    if (updated) await this.#tell(updated, { imgUrl: 'changed' })
  }

  async #defaultTimer(node: BinaryNode): Promise<void> {
    const mode = getBinaryNodeChild(node, 'disappearing_mode')
    const timer = mode && parseDefaultTimer(mode)
    const { from } = node.attrs
    if (!timer || !from) return
    const { duration, setAt } = timer
    await this.#tell(from, { disappearingMode: { duration, setAt: new Date(setAt * 1000) } })
  }

  async #username(change: UsernameChange | undefined): Promise<void> {
    if (!change) return
    const { lid, phoneNumber, username } = change
    if (phoneNumber) await this.#learn(lid, phoneNumber)
    await this.#tell(lid, { username })
  }

  /** Somebody goes by another LID from now on. */
  async #lidChanged(content: Readonly<Record<string, unknown>>): Promise<void> {
    const { old, new: lid } = objectOf(content['xwa2_notify_lid_change']) ?? {}
    if (typeof old !== 'string' || typeof lid !== 'string') return
    const { phoneNumber } = await knownNamesOf(this.#core, old)
    if (!phoneNumber) return
    await this.#learn(lid, phoneNumber)
    await this.#tell(lid, {})
  }

  async #linkedProfiles(content: Readonly<Record<string, unknown>>): Promise<void> {
    const { jid: lid, added_profiles: added } = objectOf(content['xwa2_notify_linked_profiles']) ?? {}
    if (typeof lid !== 'string' || !Array.isArray(added)) return
    for (const profile of added) {
      const { pn, jid } = objectOf(profile) ?? { pn: profile, jid: undefined }
      const number = pn ?? jid
      if (typeof number !== 'string') continue
      await this.#learn(lid, number)
      this.#core.ev.emit('lid-mapping.update', { lid, pn: number })
    }
  }

  async #learn(lid: string, number: string): Promise<void> {
    await this.#core.repository.lidMapping.storeLIDPNMappings([{ lid, pn: number }])
  }

  async #tell(jid: string, update: Partial<Contact>): Promise<void> {
    const id = jidNormalizedUser(jid) || jid
    this.#core.ev.emit('contacts.update', [{ id, ...(await knownNamesOf(this.#core, id)), ...update }])
  }
}
