import type { BinaryNode } from '../binary/node.js'
import type { Contact, WAMessageAddressingMode } from '../chats/contact-types.js'
import type { GroupRefusalReason } from './group-refusal.js'

/** A member of a group. `admin` is null or absent for ordinary members. */
export interface GroupParticipant extends Contact {
  isAdmin?: boolean | undefined
  isSuperAdmin?: boolean | undefined
  admin?: 'admin' | 'superadmin' | null | undefined
}

export type ParticipantAction = 'add' | 'remove' | 'promote' | 'demote' | 'modify'
export type RequestJoinAction = 'created' | 'revoked' | 'rejected'
export type RequestJoinMethod = 'invite_link' | 'linked_group_join' | 'non_admin_add' | undefined

/**
 * All that is known of a group (docs/protocol/05, group metadata). Times are Unix seconds. `…Pn` is the phone-number form
 * of the JID beside it, which is a LID in groups that address by LID.
 */
export interface GroupMetadata {
  id: string
  notify?: string | undefined
  addressingMode?: WAMessageAddressingMode | undefined
  owner: string | undefined
  ownerPn?: string | undefined
  ownerUsername?: string | undefined
  owner_country_code?: string | undefined
  subject: string
  subjectOwner?: string | undefined
  subjectOwnerPn?: string | undefined
  subjectOwnerUsername?: string | undefined
  subjectTime?: number | undefined
  creation?: number | undefined
  desc?: string | undefined
  descOwner?: string | undefined
  descOwnerPn?: string | undefined
  descOwnerUsername?: string | undefined
  descId?: string | undefined
  descTime?: number | undefined
  /** JID of the community this group belongs to. */
  linkedParent?: string | undefined
  /** Only admins change the group's settings. */
  restrict?: boolean | undefined
  /** Only admins write. */
  announce?: boolean | undefined
  /** Members other than admins may add members. */
  memberAddMode?: boolean | undefined
  /** Joining needs an admin's approval. */
  joinApprovalMode?: boolean | undefined
  isCommunity?: boolean | undefined
  isCommunityAnnounce?: boolean | undefined
  /** The general chat of its community. Present when true, as the three that follow; Kurir's own. */
  isGeneralChat?: boolean | undefined
  /** Only its members see it in the community. */
  isHidden?: boolean | undefined
  /** The service has suspended it. */
  isSuspended?: boolean | undefined
  /** Somebody unknown added us: see `groupAcknowledge`. */
  needsAcknowledgement?: boolean | undefined
  /** Number of members; may exceed `participants.length` in large communities. */
  size?: number | undefined
  participants: GroupParticipant[]
  /** Names the state of the list of members, where the service counts them; Kurir's own. */
  participantsVersion?: string | undefined
  /** Seconds until messages disappear; absent when they stay. */
  ephemeralDuration?: number | undefined
  inviteCode?: string | undefined
  /** Who made the change that this object reports, where it comes from a notification. */
  author?: string | undefined
  authorPn?: string | undefined
  authorUsername?: string | undefined
}

/** The changes of members that can be asked for. */
export type GroupMemberAction = Exclude<ParticipantAction, 'modify'>

/** A setting that is on or off, by its two names (docs/protocol/05, 1.12). */
export type GroupSetting =
  | 'announcement'
  | 'not_announcement'
  | 'locked'
  | 'unlocked'
  | 'no_frequently_forwarded'
  | 'frequently_forwarded_ok'
  | 'allow_admin_reports'
  | 'not_allow_admin_reports'
  | 'group_history'
  | 'no_group_history'
  | 'allow_non_admin_sub_group_creation'
  | 'not_allow_non_admin_sub_group_creation'

/** What a group may begin with besides its name and members; all of it can be changed later. */
export interface GroupCreateOptions {
  /** At most 2048 characters. */
  readonly description?: string
  /** Only admins write. */
  readonly announce?: boolean
  /** Only admins change subject, picture, description and timer. */
  readonly restrict?: boolean
  /** Seconds after which messages disappear: 86400, 604800 or 7776000. */
  readonly ephemeralDuration?: number
  /** Members other than admins may add members. */
  readonly memberAddMode?: boolean
  /** Joining needs the approval of an admin. */
  readonly joinApprovalMode?: boolean
}

/** What became of one person in a change of members. */
export interface GroupMemberResult {
  /** The number of the service; `200` for success. */
  status: string
  jid: string | undefined
  /** The element of the answer. */
  content: BinaryNode
  /** Why it failed; undefined for success. */
  reason: GroupRefusalReason | undefined
  /** The group needs approval: an admin decides now. */
  awaitsApproval: true | undefined
  /** Their privacy forbids it (`forbidden`): send them this invitation instead. */
  invitation: { inviteCode: string; inviteExpiration: number } | undefined
}

export type GroupMetadataParticipants = Pick<GroupMetadata, 'participants'>
