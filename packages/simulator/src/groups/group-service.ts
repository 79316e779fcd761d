import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Addressing } from '../accounts/address.js'
import type { ServiceCore } from '../router/service-core.js'
import { element } from '../router/stanzas.js'
import { Group } from './group.js'
import { groupElement, memberAttributes } from './group-element.js'

/** A change of the members of a group. */
export type MemberAction = 'add' | 'remove' | 'promote' | 'demote'

/** Creates and changes groups and tells the members. */
export class GroupService {
  readonly #core: ServiceCore

  constructor(core: ServiceCore) {
    this.#core = core
  }

  /** Creates a group; the creator is its superadmin. The same creator and key give the same group. */
  create(
    creator: Account,
    options: {
      readonly subject: string
      readonly members: readonly Account[]
      readonly addressing?: Addressing
      readonly creationKey?: string | undefined
    },
  ): Group {
    const known = this.#byKey(creator, options.creationKey)
    if (known !== undefined) return known
    const now = this.#core.now()
    const group = new Group({
      jid: `120363${this.#core.random.digits(12)}@g.us`,
      addressing: options.addressing ?? 'lid',
      creator,
      createdAt: now,
      subject: options.subject,
      creationKey: options.creationKey,
    })
    group.add(creator, 'superadmin', now)
    for (const member of options.members) {
      if (member !== creator) group.add(member, 'member', now)
    }
    this.#core.groups.add(group)
    const created = element('create', { type: 'new', key: options.creationKey }, [groupElement(group)])
    this.#notify(group, creator, created, group.members.keys())
    return group
  }

  mayChange(group: Group, actor: Account): boolean {
    const role = group.members.get(actor)?.role
    return role === 'admin' || role === 'superadmin'
  }

  /** Why one member cannot be changed, as an error code; undefined when it can. */
  check(group: Group, action: MemberAction, account: Account): string | undefined {
    const member = group.members.get(account)
    if (action === 'add') return member === undefined ? undefined : '409'
    if (member === undefined) return '404'
    return member.role === 'superadmin' && action !== 'promote' ? '406' : undefined
  }

  apply(group: Group, actor: Account, action: MemberAction, accounts: readonly Account[]): void {
    if (accounts.length === 0) return
    group.rememberHash()
    const before = [...group.members.keys()]
    const now = this.#core.now()
    for (const account of accounts) {
      if (action === 'add') group.add(account, 'member', now)
      else if (action === 'remove') group.remove(account)
      else {
        const member = group.members.get(account)
        if (member !== undefined) member.role = action === 'promote' ? 'admin' : 'member'
      }
    }
    const lid = group.addressing === 'lid'
    const entries = accounts.map(account => element('participant', memberAttributes(account, lid)))
    this.#notify(group, actor, element(action, {}, entries), before)
    if (action !== 'add') return
    const created = element('create', { type: 'new' }, [groupElement(group)])
    this.#notify(group, actor, created, accounts)
  }

  setSubject(group: Group, actor: Account, subject: string): void {
    group.subject = subject
    group.subjectSetAt = this.#core.now()
    group.subjectSetBy = actor
    const s_o = actor.jid(group.addressing)
    const change = element('subject', { subject, s_t: String(group.subjectSetAt), s_o })
    this.#notify(group, actor, change, group.members.keys())
  }

  /** Lets messages vanish after so many seconds; 0 ends that. */
  setExpiration(group: Group, actor: Account, seconds: number): void {
    group.expiration = seconds
    const change =
      seconds === 0 ? element('not_ephemeral') : element('ephemeral', { expiration: String(seconds), trigger: '1' })
    this.#notify(group, actor, change, group.members.keys())
  }

  #byKey(creator: Account, key: string | undefined): Group | undefined {
    if (key === undefined) return undefined
    for (const group of this.#core.groups.all()) {
      if (group.creator === creator && group.creationKey === key) return group
    }
    return undefined
  }

  #notify(group: Group, actor: Account, action: BinaryNode, audience: Iterable<Account>): void {
    const lid = group.addressing === 'lid'
    for (const account of audience) {
      const attrs = {
        from: group.jid,
        type: 'w:gp2',
        t: this.#core.time(),
        participant: actor.jid(group.addressing),
        participant_pn: lid ? actor.pn : undefined,
        notify: actor.pushName,
        addressing_mode: group.addressing,
      }
      this.#core.delivery.notifyAccount(account, () =>
        element('notification', { ...attrs, id: this.#core.stanzaId() }, [action]),
      )
    }
  }
}
