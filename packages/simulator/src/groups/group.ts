import type { Account } from '../accounts/account.js'
import type { Addressing } from '../accounts/address.js'
import type { Device } from '../accounts/device.js'
import type { Picture } from '../profiles/pictures.js'
import { participantHash } from './participant-hash.js'

/** Rank of a member; the creator is superadmin. */
export type GroupRole = 'member' | 'admin' | 'superadmin'

export interface GroupMember {
  readonly account: Account
  role: GroupRole
  /** Unix seconds. */
  readonly joinedAt: number
  /** Added by somebody unknown, and not yet content with it. */
  isUnacknowledged: boolean
}

export interface GroupDescription {
  /** Names the version. */
  readonly id: string
  readonly text: string
  readonly author: Account
  readonly setAt: number
}

export type JoinMethod = 'invite_link' | 'linked_group_join' | 'non_admin_add'

/** Somebody who wants to be a member. */
export interface JoinRequest {
  readonly account: Account
  readonly requestedAt: number
  readonly method: JoinMethod
  /** The member who proposed them, of `non_admin_add`. */
  readonly requestor: Account | undefined
}

/** An invitation that travels in a message. */
export interface Invitation {
  readonly code: string
  /** Unix seconds. */
  readonly expiration: number
  readonly admin: Account
}

/** The elements that switch something on, and off. */
export const SWITCHES = {
  announcement: 'not_announcement',
  locked: 'unlocked',
  no_frequently_forwarded: 'frequently_forwarded_ok',
  allow_admin_reports: 'not_allow_admin_reports',
  group_history: 'no_group_history',
  allow_non_admin_sub_group_creation: 'not_allow_non_admin_sub_group_creation',
} as const
export type GroupSwitch = keyof typeof SWITCHES

/** The groups of a community. */
export interface Community {
  readonly groups: Set<Group>
  /** The group for announcements, which everybody is in. */
  announcements: Group | undefined
  generalChat: Group | undefined
}

/** A group with everything that is said about it (docs/protocol/05 §6.2). */
export class Group {
  /** `120363…@g.us`. */
  readonly jid: string
  readonly addressing: Addressing
  readonly creator: Account
  readonly createdAt: number
  /** The key the creator sent, which makes creation repeatable without harm. */
  readonly creationKey: string | undefined
  subject: string
  subjectSetAt: number
  subjectSetBy: Account
  description: GroupDescription | undefined
  picture: Picture | undefined
  /** Seconds after which messages vanish; 0: never. */
  expiration = 0
  /** What is switched on. */
  readonly switches = new Set<GroupSwitch>()
  memberAddMode: 'admin_add' | 'all_member_add' = 'admin_add'
  joinApproval = false
  inviteCode: string
  readonly revokedCodes = new Set<string>()
  readonly invitations = new Map<Account, Invitation>()
  readonly joinRequests = new Map<Account, JoinRequest>()
  /** Whom an admin has removed: they cannot come back by link. */
  readonly removed = new Set<Account>()
  /** Message id → who reported it, and when. */
  readonly reports = new Map<string, Map<Account, number>>()
  isDeleted = false
  /** What makes it a community; undefined for groups. */
  community: Community | undefined
  /** The community that it belongs to. */
  parent: Group | undefined
  isHidden = false
  readonly members = new Map<Account, GroupMember>()
  #membersVersion = 0
  #fanOut: { readonly version: string; readonly devices: readonly Device[]; readonly hash: string } | undefined
  /** Every hash this group has had: a sender with an old device list is out of date, not wrong. */
  readonly #knownHashes = new Set<string>()

  constructor(options: {
    readonly jid: string
    readonly addressing: Addressing
    readonly creator: Account
    readonly createdAt: number
    readonly subject: string
    readonly creationKey?: string | undefined
    readonly inviteCode: string
  }) {
    this.jid = options.jid
    this.addressing = options.addressing
    this.creator = options.creator
    this.createdAt = options.createdAt
    this.creationKey = options.creationKey
    this.subject = options.subject
    this.subjectSetAt = options.createdAt
    this.subjectSetBy = options.creator
    this.inviteCode = options.inviteCode
  }

  /** The id without server, as the `group` element carries it. */
  get id(): string {
    return this.jid.slice(0, this.jid.indexOf('@'))
  }

  has(account: Account): boolean {
    return this.members.has(account)
  }

  isAdmin(account: Account): boolean {
    const role = this.members.get(account)?.role
    return role === 'admin' || role === 'superadmin'
  }

  get admins(): Account[] {
    return [...this.members.keys()].filter(account => this.isAdmin(account))
  }

  /** Grows with every change of the members. */
  get membersVersion(): string {
    return String(this.#membersVersion)
  }

  add(account: Account, role: GroupRole, joinedAt: number): void {
    this.members.set(account, { account, role, joinedAt, isUnacknowledged: false })
    this.#membersVersion += 1
  }

  remove(account: Account): boolean {
    const removed = this.members.delete(account)
    if (removed) this.#membersVersion += 1
    return removed
  }

  /** All devices of all members, sender included, and their participant hash. */
  fanOut(): { readonly devices: readonly Device[]; readonly hash: string } {
    const version = this.#version()
    if (this.#fanOut?.version === version) return this.#fanOut
    const devices: Device[] = []
    for (const account of this.members.keys()) devices.push(...account.devices.values())
    const hash = participantHash(devices.map(device => device.jid(this.addressing)))
    this.#knownHashes.add(hash)
    this.#fanOut = { version, devices, hash }
    return this.#fanOut
  }

  /** True when the hash stood for the members and devices of this group at some time. */
  hasHadHash(hash: string): boolean {
    return this.#knownHashes.has(hash)
  }

  /** Keeps the present hash among the known ones: to be called before a device set changes. */
  rememberHash(): void {
    this.fanOut()
  }

  #version(): string {
    let devices = 0
    for (const account of this.members.keys()) devices += account.devicesVersion
    return `${this.#membersVersion}/${devices}`
  }
}

/** All groups of the service. */
export class GroupRegistry {
  readonly #groups = new Map<string, Group>()

  add(group: Group): void {
    this.#groups.set(group.jid, group)
  }

  get(jid: string | undefined): Group | undefined {
    return jid === undefined ? undefined : this.#groups.get(jid)
  }

  /** The groups an account is a member of. */
  of(account: Account): Group[] {
    return [...this.#groups.values()].filter(group => group.has(account) && !group.isDeleted)
  }

  all(): IterableIterator<Group> {
    return this.#groups.values()
  }
}
