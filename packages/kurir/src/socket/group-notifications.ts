import { isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { WAMessage } from '../events/message-types.js'
import { type GroupChange, type GroupPerson, mapPeople, peopleOf } from '../groups/group-change.js'
import { type GroupNotification, parseGroupNotification } from '../groups/group-notification.js'
import { groupChangeEvents } from '../messages/group-change-events.js'
import { groupLines } from '../messages/group-lines.js'
import { isOwnAccount } from '../messages/own-account.js'
import type { LIDMapping } from '../signal/lid-mapping.js'
import type { SocketCore } from './core.js'
import type { GroupDirectory } from './group-directory.js'
import { ownAccount } from './own-account.js'

export interface GroupNotificationParts {
  readonly directory: GroupDirectory
  readonly upsert: (message: WAMessage) => Promise<void>
}

/** What the group service tells: brings what is remembered up to date, and reports it (docs/protocol/05, 2). */
export class GroupNotifications {
  readonly #core: SocketCore
  readonly #parts: GroupNotificationParts

  constructor(core: SocketCore, parts: GroupNotificationParts) {
    this.#core = core
    this.#parts = parts
  }

  async receive(node: BinaryNode): Promise<void> {
    const { directory } = this.#parts
    const parsed = parseGroupNotification(node)
    const notification = await this.#withBothNames(parsed).catch(error => {
      this.#core.logger.warn({ err: error, jid: parsed.group }, 'people in a group could not be named by both names')
      return parsed
    })
    for (const change of notification.changes) {
      try {
        await this.#remember(notification, change)
      } catch (error) {
        // What was known before may be wrong, and the other changes have to be told all the same.
        directory.changed(notification.group)
        this.#core.logger.warn({ err: error, jid: notification.group }, 'a change of a group could not be followed')
      }
    }
    if (this.#core.config.shouldIgnoreJid(notification.group) !== true) await this.#report(notification)
  }

  async #remember(notification: GroupNotification, change: GroupChange): Promise<void> {
    const { directory } = this.#parts
    const { group } = notification
    if (change.kind === 'dirty') await this.#fetchAgain(change.groups)
    else if (change.kind === 'created') await directory.learn([change.metadata])
    else directory.apply(group, change, notification)
    if (this.#endsOurMembership(change)) await directory.left(group)
  }

  #endsOurMembership(change: GroupChange): boolean {
    if (change.kind === 'deleted') return true
    if (change.kind !== 'members' || change.action !== 'remove') return false
    const me = ownAccount(this.#core.creds)
    return change.participants.some(({ id, lid, phoneNumber }) =>
      [id, lid, phoneNumber].some(name => isOwnAccount(name, me)),
    )
  }

  async #fetchAgain(jids: readonly string[]): Promise<void> {
    const { directory } = this.#parts
    for (const jid of jids) directory.changed(jid)
    if (jids.length === 0) return
    const { groups } = await directory.fetchSome(jids)
    if (groups.length > 0) this.#core.ev.emit('groups.update', [...groups])
  }

  async #report(notification: GroupNotification): Promise<void> {
    const { ev, creds } = this.#core
    for (const change of notification.changes) {
      for (const { event, data } of groupChangeEvents(notification, change)) ev.emit<typeof event>(event, data)
    }
    for (const line of groupLines(notification, ownAccount(creds))) await this.#parts.upsert(line)
  }

  /** Learns who is who, and names everybody by LID and phone number where both are known. */
  async #withBothNames(notification: GroupNotification): Promise<GroupNotification> {
    const { author, changes } = notification
    const people = [...(author ? [author] : []), ...changes.flatMap(peopleOf)]
    const pairs = people.flatMap(pairOf)
    if (pairs.length > 0) await this.#core.repository.lidMapping.storeLIDPNMappings(pairs)
    const others = await this.#otherNames(people.filter(person => pairOf(person).length === 0).map(({ id }) => id))
    const named = <Person extends GroupPerson>(person: Person): Person => {
      const other = others.get(person.id)
      if (other === undefined) return person
      return isLidUser(other) ? { ...person, lid: other } : { ...person, phoneNumber: other }
    }
    return {
      ...notification,
      author: author && named(author),
      changes: changes.map(change => mapPeople(change, named)),
    }
  }

  async #otherNames(jids: readonly string[]): Promise<Map<string, string>> {
    const { lidMapping } = this.#core.repository
    const [lids, pns] = [jids.filter(jid => isLidUser(jid)), jids.filter(jid => isPnUser(jid))]
    const pairs = [
      ...((lids.length > 0 && (await lidMapping.getPNsForLIDs(lids))) || []),
      ...((pns.length > 0 && (await lidMapping.getLIDsForPNs(pns))) || []),
    ]
    return new Map(
      pairs.flatMap(({ lid, pn }): [string, string][] => [
        [jidNormalizedUser(lid), jidNormalizedUser(pn)],
        [jidNormalizedUser(pn), jidNormalizedUser(lid)],
      ]),
    )
  }
}

function pairOf({ id, lid, phoneNumber }: GroupPerson): LIDMapping[] {
  if (isLidUser(id) && phoneNumber !== undefined) return [{ lid: id, pn: phoneNumber }]
  return isPnUser(id) && lid !== undefined ? [{ lid, pn: id }] : []
}
