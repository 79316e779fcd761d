import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import { element } from '../router/stanzas.js'
import type { Group } from './group.js'
import type { GroupService } from './group-service.js'

type LinkType = 'parent_group' | 'sub_group' | 'sibling_group'

/** Groups of a community at most, without that for announcements. */
const LINKED_GROUPS = 100

/** Communities: groups that hold groups (docs/protocol/05 §3, §6.4). Whether somebody may, its callers have checked. */
export class CommunityService {
  readonly #groups: GroupService

  constructor(groups: GroupService) {
    this.#groups = groups
  }

  /** Makes a new group a community, with the groups that belong to every one. */
  begin(group: Group, { withGeneralChat }: { readonly withGeneralChat: boolean }): void {
    const { creator, subject } = group
    const community = { groups: new Set<Group>(), announcements: undefined, generalChat: undefined }
    group.community = community
    const make = (name: string, prepare: (made: Group) => void): Group =>
      this.#groups.create(creator, { subject: name, members: [], addressing: group.addressing, prepare })
    const announcements = make(subject, made => {
      made.switches.add('announcement')
      made.parent = group
      group.community = { ...community, announcements: made }
    })
    this.#tellLink(group, announcements, creator, true)
    if (!withGeneralChat) return
    const generalChat = make(`${subject}: General`, made => {
      made.parent = group
      community.groups.add(made)
      group.community = { ...community, announcements, generalChat: made }
    })
    this.#tellLink(group, generalChat, creator, true)
  }

  /** Why a group cannot come into a community, as an error code; undefined when it can. */
  linkRefusal(community: Group, group: Group | undefined, actor: Account): string | undefined {
    if (group === undefined || group.isDeleted) return '404'
    if (!group.isAdmin(actor)) return '403'
    if (group.community !== undefined) return '406'
    if (group.parent !== undefined) return '409'
    return (community.community?.groups.size ?? 0) >= LINKED_GROUPS ? '419' : undefined
  }

  link(community: Group, group: Group, actor: Account): void {
    group.parent = community
    community.community?.groups.add(group)
    this.#tellLink(community, group, actor, true)
    this.#admit(community, actor, [...group.members.keys()])
  }

  /** Why a group cannot go out of it. */
  unlinkRefusal(community: Group, group: Group | undefined): string | undefined {
    if (group === undefined || group.parent !== community) return '404'
    return community.community?.announcements === group ? '406' : undefined
  }

  /** @param orphansGo members that are in no other group of the community leave it */
  unlink(
    community: Group,
    group: Group,
    actor: Account,
    { reason, orphansGo }: { readonly reason: 'unlink_group' | 'delete_parent'; readonly orphansGo: boolean },
  ): void {
    this.#tellLink(community, group, actor, false, reason)
    group.parent = undefined
    community.community?.groups.delete(group)
    if (!orphansGo) return
    const others = [...(community.community?.groups ?? [])]
    const orphans = [...group.members.keys()].filter(
      account => !community.isAdmin(account) && !others.some(other => other.has(account)),
    )
    this.#expel(community, actor, orphans)
  }

  /** Its groups go on without it; that for announcements ends with it. */
  delete(community: Group, actor: Account): void {
    for (const group of [...(community.community?.groups ?? [])]) {
      this.unlink(community, group, actor, { reason: 'delete_parent', orphansGo: false })
    }
    for (const group of [community.community?.announcements, community]) {
      if (group === undefined) continue
      this.#groups.notify(group, actor, element('delete', { reason: 'delete_parent' }))
      group.isDeleted = true
    }
  }

  /** Removes people from a community and all of its groups. */
  remove(community: Group, actor: Account, accounts: readonly Account[]): void {
    for (const group of community.community?.groups ?? []) {
      this.#groups.apply(
        group,
        actor,
        'remove',
        accounts.filter(account => group.has(account)),
      )
    }
    this.#expel(community, actor, accounts)
  }

  /** Somebody goes out of a community and its groups. */
  leave(community: Group, account: Account): void {
    for (const group of community.community?.groups ?? []) {
      if (group.has(account)) this.#groups.leave(group, account)
    }
    for (const group of [community.community?.announcements, community]) {
      if (group?.has(account) === true) this.#groups.leave(group, account)
    }
  }

  #admit(community: Group, actor: Account, accounts: readonly Account[]): void {
    const strangers = accounts.filter(account => !community.has(account))
    this.#groups.apply(community, actor, 'add', strangers, 'linked_group_join')
  }

  #expel(community: Group, actor: Account, accounts: readonly Account[]): void {
    for (const group of [community.community?.announcements, community]) {
      if (group === undefined) continue
      this.#groups.apply(
        group,
        actor,
        'remove',
        accounts.filter(account => group.has(account)),
      )
    }
  }

  /** A group hears of its community, the community and its other groups of the group. */
  #tellLink(community: Group, group: Group, actor: Account, isLinked: boolean, reason?: string): void {
    const said = (type: LinkType, other: Group): BinaryNode => {
      const about = element('group', { jid: other.jid, subject: other.subject, s_t: String(other.subjectSetAt) })
      return isLinked
        ? element('link', { link_type: type }, [about])
        : element('unlink', { unlink_type: type, unlink_reason: reason }, [about])
    }
    this.#groups.notify(group, actor, said('parent_group', community))
    this.#groups.notify(community, actor, said('sub_group', group))
    for (const sibling of community.community?.groups ?? []) {
      if (sibling !== group) this.#groups.notify(sibling, actor, said('sibling_group', group))
    }
  }
}
