import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Addressing } from '../accounts/address.js'
import { lets } from '../profiles/visibility.js'
import type { ServiceCore } from '../router/service-core.js'
import { element } from '../router/stanzas.js'
import { Group, type JoinMethod } from './group.js'
import { groupElement, memberAttributes, viewAttributes } from './group-element.js'

/** A change of the members of a group. */
export type MemberAction = 'add' | 'remove' | 'promote' | 'demote'

export interface NewGroup {
  readonly subject: string
  readonly members: readonly Account[]
  readonly addressing?: Addressing
  readonly creationKey?: string | undefined
  /** Sets it up before anybody is told of it. */
  readonly prepare?: (group: Group) => void
}

/** Members of a group at most. */
const GROUP_SIZE = 1025
const INVITATION_SECONDS = 72 * 3600

/** Creates and changes groups and tells the members. Whether somebody may, its callers have checked. */
export class GroupService {
  readonly #core: ServiceCore

  constructor(core: ServiceCore) {
    this.#core = core
  }

  /** Creates a group; the creator is its superadmin. */
  create(creator: Account, { subject, members, addressing = 'lid', creationKey, prepare }: NewGroup): Group {
    const now = this.#core.now()
    const group = new Group({
      jid: `120363${this.#core.random.digits(12)}@g.us`,
      addressing,
      creator,
      createdAt: now,
      subject,
      creationKey,
      inviteCode: this.#newCode(),
    })
    group.add(creator, 'superadmin', now)
    for (const member of members) if (member !== creator) this.#enter(group, creator, member)
    prepare?.(group)
    this.#core.groups.add(group)
    this.#tellWhole(group, creator, group.members.keys(), { key: creationKey })
    return group
  }

  /** The group that this account has made with this key. */
  byKey(creator: Account, key: string | undefined): Group | undefined {
    if (key === undefined) return undefined
    for (const group of this.#core.groups.all()) {
      if (group.creator === creator && group.creationKey === key) return group
    }
    return undefined
  }

  /** Why one member cannot be changed, as an error code; undefined when it can. */
  check(group: Group, actor: Account, action: MemberAction, account: Account): string | undefined {
    const member = group.members.get(account)
    if (action === 'add') {
      if (member !== undefined) return '409'
      return this.addingRefusal(actor, account) ?? (this.isFull(group) ? '419' : undefined)
    }
    if (member === undefined) return '404'
    if (action === 'remove' && account === actor) return '405'
    return member.role === 'superadmin' && action !== 'promote' ? '406' : undefined
  }

  /** Why somebody cannot be added by this account to any group. */
  addingRefusal(actor: Account, account: Account): string | undefined {
    if (account.blocked.has(actor)) return '401'
    return lets(account, actor, 'groupadd') ? undefined : '403'
  }

  /** Somebody whose privacy forbids adding gets a code to come by. */
  invite(group: Group, actor: Account, account: Account): BinaryNode {
    const code = this.#newCode().slice(0, 16)
    const expiration = this.#core.now() + INVITATION_SECONDS
    group.invitations.set(account, { code, expiration, admin: actor })
    return element('add_request', { code, expiration: String(expiration) })
  }

  isFull(group: Group): boolean {
    return group.members.size >= GROUP_SIZE
  }

  /**
   * Changes members that were checked, and tells everybody.
   *
   * @param actor undefined: the service itself
   * @param reason how they came or went: `invite`, `accept`, `linked_group_join` …
   */
  apply(
    group: Group,
    actor: Account | undefined,
    action: MemberAction,
    accounts: readonly Account[],
    reason?: string,
  ): void {
    if (accounts.length === 0) return
    group.rememberHash()
    const before = [...group.members.keys()]
    const previous = group.membersVersion
    for (const account of accounts) {
      if (action === 'add') this.#enter(group, actor, account)
      else if (action === 'remove') this.#expel(group, actor, account)
      else {
        const member = group.members.get(account)
        if (member !== undefined) member.role = action === 'promote' ? 'admin' : 'member'
      }
    }
    const lid = group.addressing === 'lid'
    const entries = accounts.map(account => element('participant', memberAttributes(account, lid)))
    const moved = action === 'add' || action === 'remove'
    const versions = moved ? { prev_v_id: previous, v_id: group.membersVersion } : {}
    this.notify(group, actor, element(action, { reason, ...versions }, entries), before)
    if (action !== 'add') return
    this.#tellWhole(group, actor, accounts, { reason })
    for (const place of placesOfMembers(group)) {
      const strangers = accounts.filter(account => !place.has(account))
      this.apply(place, actor, 'add', strangers, 'linked_group_join')
    }
  }

  /** A member goes; when no superadmin is left, the oldest admin or member takes over. */
  leave(group: Group, account: Account): void {
    this.apply(group, account, 'remove', [account])
    if (group.admins.length > 0 || group.members.size === 0) return
    const [heir] = group.members.keys()
    if (heir !== undefined) this.apply(group, undefined, 'promote', [heir])
  }

  resetInvite(group: Group, actor: Account): string {
    group.revokedCodes.add(group.inviteCode)
    group.inviteCode = this.#newCode()
    this.notify(group, actor, element('invite', { code: group.inviteCode }))
    return group.inviteCode
  }

  /** Notes that somebody wants to be a member, and tells the admins. */
  request(group: Group, account: Account, method: JoinMethod, requestor?: Account): void {
    group.joinRequests.set(account, { account, requestedAt: this.#core.now(), method, requestor })
    const user = element('requested_user', userAttributes(account, group.addressing))
    const said = element('created_membership_requests', { request_method: method }, [user])
    this.notify(group, requestor ?? account, said, group.admins)
  }

  /** Ends requests that came to nothing, and tells the admins and who had asked. */
  dropRequests(group: Group, actor: Account, accounts: readonly Account[]): void {
    if (accounts.length === 0) return
    for (const account of accounts) group.joinRequests.delete(account)
    const users = accounts.map(account => element('participant', userAttributes(account, group.addressing)))
    const audience = new Set([...group.admins, ...accounts])
    this.notify(group, actor, element('revoked_membership_requests', {}, users), audience)
  }

  /** Tells an audience, all members when none is named, what somebody has done. */
  notify(
    group: Group,
    actor: Account | undefined,
    action: BinaryNode,
    audience: Iterable<Account> = group.members.keys(),
  ): void {
    const lid = group.addressing === 'lid'
    for (const account of audience) {
      const attrs = {
        from: group.jid,
        type: 'w:gp2',
        t: this.#core.time(),
        participant: actor?.jid(group.addressing),
        participant_pn: lid ? actor?.pn : undefined,
        notify: actor?.pushName,
        addressing_mode: group.addressing,
      }
      this.#core.delivery.notifyAccount(account, () =>
        element('notification', { ...attrs, id: this.#core.stanzaId() }, [action]),
      )
    }
  }

  /** Tells accounts of the whole group. Their views differ by one attribute only, so the members are written once. */
  #tellWhole(
    group: Group,
    actor: Account | undefined,
    accounts: Iterable<Account>,
    attrs: { readonly key?: string | undefined; readonly reason?: string | undefined },
  ): void {
    const whole = groupElement(group)
    for (const account of accounts) {
      const view = { ...whole, attrs: { ...whole.attrs, ...viewAttributes(group, account) } }
      this.notify(group, actor, element('create', { type: 'new', ...attrs }, [view]), [account])
    }
  }

  #enter(group: Group, actor: Account | undefined, account: Account): void {
    group.add(account, 'member', this.#core.now())
    group.joinRequests.delete(account)
    group.invitations.delete(account)
    group.removed.delete(account)
    const member = group.members.get(account)
    // Who came by own will knows where it is.
    if (member !== undefined)
      member.isUnacknowledged = actor !== undefined && account !== actor && !account.issuedTokens.has(actor)
  }

  #expel(group: Group, actor: Account | undefined, account: Account): void {
    group.remove(account)
    if (actor !== account) group.removed.add(account)
  }

  #newCode(): string {
    return this.#core.random.bytes(16).toString('base64url')
  }
}

/** Who is in a group of a community is in the community and hears its announcements. */
const placesOfMembers = ({ parent, community }: Group): Group[] =>
  [parent, (parent?.community ?? community)?.announcements].filter(place => place !== undefined)

const userAttributes = (account: Account, addressing: Addressing): Record<string, string> =>
  addressing === 'lid' ? { jid: account.lid, phone_number: account.pn } : { jid: account.pn }
