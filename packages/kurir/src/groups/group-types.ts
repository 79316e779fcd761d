import type { Contact, WAMessageAddressingMode } from '../chats/contact-types.js'

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
  /** Number of members; may exceed `participants.length` in large communities. */
  size?: number | undefined
  participants: GroupParticipant[]
  /** Seconds until messages disappear; absent when they stay. */
  ephemeralDuration?: number | undefined
  inviteCode?: string | undefined
  /** Who made the change that this object reports, where it comes from a notification. */
  author?: string | undefined
  authorPn?: string | undefined
  authorUsername?: string | undefined
}

export type GroupMetadataParticipants = Pick<GroupMetadata, 'participants'>
