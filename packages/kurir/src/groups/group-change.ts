import type { GroupMetadata, GroupParticipant, ParticipantAction, RequestJoinMethod } from './group-types.js'

/** Settings that are on or off, by their names in Kurir. */
export type GroupSwitchName =
  | 'announce'
  | 'restrict'
  | 'noFrequentlyForwarded'
  | 'adminReports'
  | 'historySharing'
  | 'memberSubGroups'

/** How two groups of a community stand to each other, seen from the one that is told. */
export type GroupLinkType = 'parent_group' | 'sub_group' | 'sibling_group'

/** A member and somebody who is none yet are named alike. */
export type GroupPerson = Pick<GroupParticipant, 'id' | 'lid' | 'phoneNumber' | 'username'>

/** One change of a group, as its members are told (docs/protocol/05, 2.2). */
export type GroupChange =
  /** A new group, or one that we have come into. */
  | { readonly kind: 'created'; readonly metadata: GroupMetadata; readonly reason: string | undefined }
  | {
      readonly kind: 'members'
      readonly action: ParticipantAction
      readonly participants: readonly GroupParticipant[]
      readonly reason: string | undefined
      /** Of the list of members before and after it, where the service counts them. */
      readonly previousVersion: string | undefined
      readonly version: string | undefined
    }
  | {
      readonly kind: 'subject'
      readonly subject: string
      /** Unix seconds. */
      readonly time: number | undefined
      readonly owner: string | undefined
      readonly ownerPn: string | undefined
      readonly ownerUsername: string | undefined
    }
  /** Without text it was removed. */
  | { readonly kind: 'description'; readonly id: string | undefined; readonly text: string | undefined }
  | { readonly kind: 'switch'; readonly name: GroupSwitchName; readonly isOn: boolean }
  | { readonly kind: 'invite-link'; readonly code: string }
  | { readonly kind: 'member-add-mode'; readonly mode: string }
  | { readonly kind: 'join-approval'; readonly state: string }
  /** Seconds after which messages disappear; 0: they stay. */
  | { readonly kind: 'timer'; readonly seconds: number }
  | {
      readonly kind: 'join-requests'
      readonly action: 'created' | 'withdrawn'
      /** Empty: who acted asks for themselves. */
      readonly users: readonly GroupPerson[]
      readonly method: RequestJoinMethod
      /** The asking itself, not what admins are told of it. */
      readonly isOwnWish: boolean
    }
  | { readonly kind: 'deleted'; readonly reason: string | undefined }
  | { readonly kind: 'suspension'; readonly isOn: boolean }
  /** Nobody can join by link for a while. */
  | { readonly kind: 'growth-lock'; readonly isOn: boolean }
  | {
      readonly kind: 'link'
      readonly type: GroupLinkType
      readonly isLinked: boolean
      readonly groups: readonly { readonly jid: string; readonly subject: string | undefined }[]
      readonly reason: string | undefined
    }
  | {
      readonly kind: 'community-admins'
      readonly action: 'promote' | 'demote'
      readonly participants: readonly GroupParticipant[]
    }
  /** A member suggests a group for the community. */
  | { readonly kind: 'suggestion'; readonly subject: string | undefined }
  /** Groups that have to be asked for again. */
  | { readonly kind: 'dirty'; readonly groups: readonly string[] }
  /** Something that has no meaning here. */
  | { readonly kind: 'other'; readonly tag: string }

/** Changes that say nothing about the metadata. */
const withoutTrace: ReadonlySet<GroupChange['kind']> = new Set([
  'join-requests',
  'community-admins',
  'suggestion',
  'growth-lock',
  'dirty',
])

/**
 * A group after a change. Undefined when the change does not say enough, or does not fit what is known: the group has to
 * be asked for again.
 *
 * @param time of the change, Unix seconds
 */
export function applyGroupChange(
  group: GroupMetadata,
  change: GroupChange,
  { author, time }: { readonly author: GroupPerson | undefined; readonly time: number },
): GroupMetadata | undefined {
  if (withoutTrace.has(change.kind)) return group
  switch (change.kind) {
    case 'created':
      return change.metadata
    case 'members':
      return withMembers(group, change)
    case 'subject': {
      const { subject, owner, ownerPn, ownerUsername } = change
      const subjectTime = change.time ?? time
      return {
        ...group,
        subject,
        subjectTime,
        subjectOwner: owner,
        subjectOwnerPn: ownerPn,
        subjectOwnerUsername: ownerUsername,
      }
    }
    case 'description':
      return {
        ...group,
        desc: change.text,
        descId: change.id,
        descTime: time,
        descOwner: author?.id,
        descOwnerPn: author?.phoneNumber,
        descOwnerUsername: author?.username,
      }
    case 'switch':
      if (change.name === 'announce' || change.name === 'restrict') return { ...group, [change.name]: change.isOn }
      return group
    case 'invite-link':
      return group.inviteCode === undefined ? group : { ...group, inviteCode: change.code }
    case 'member-add-mode':
      return { ...group, memberAddMode: change.mode === 'all_member_add' }
    case 'join-approval':
      return { ...group, joinApprovalMode: change.state === 'on' }
    case 'timer':
      return { ...group, ephemeralDuration: change.seconds || undefined }
    case 'suspension':
      return { ...group, isSuspended: change.isOn || undefined }
    case 'link':
      if (change.type !== 'parent_group') return group
      return { ...group, linkedParent: change.isLinked ? change.groups[0]?.jid : undefined }
    default:
      return undefined
  }
}

function withMembers(
  group: GroupMetadata,
  { action, participants, previousVersion, version }: Extract<GroupChange, { kind: 'members' }>,
): GroupMetadata | undefined {
  const { participantsVersion } = group
  const isCounted = participantsVersion !== undefined && previousVersion !== undefined
  if (isCounted && participantsVersion === version) return group
  if (isCounted && participantsVersion !== previousVersion) return undefined
  // The old name of who has changed number stands in the envelope; asking is simpler than guessing.
  if (action === 'modify') return undefined
  const members = new Map(group.participants.map(member => [member.id, member]))
  for (const participant of participants) {
    const { id } = participant
    const member = members.get(id)
    if (action === 'add') members.set(id, member ?? participant)
    else if (action === 'remove') members.delete(id)
    else if (member) members.set(id, { ...member, admin: action === 'promote' ? 'admin' : null })
    else return undefined
  }
  return {
    ...group,
    participants: [...members.values()],
    size: members.size,
    ...(version === undefined ? {} : { participantsVersion: version }),
  }
}

/** Everybody whom a change names. */
export function peopleOf(change: GroupChange): readonly GroupPerson[] {
  if (change.kind === 'members' || change.kind === 'community-admins') return change.participants
  return change.kind === 'join-requests' ? change.users : []
}

/** The same change with people as `named` knows them. */
export function mapPeople(
  change: GroupChange,
  named: <Person extends GroupPerson>(person: Person) => Person,
): GroupChange {
  if (change.kind === 'members' || change.kind === 'community-admins')
    return { ...change, participants: change.participants.map(named) }
  return change.kind === 'join-requests' ? { ...change, users: change.users.map(named) } : change
}
