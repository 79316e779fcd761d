import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { type AddedMember, memberElement, parseMemberResult } from './group-members.js'
import { parseGroupMetadata } from './group-metadata.js'
import { flag, GROUP_SERVICE, groupChange, groupJid } from './group-request.js'
import { describe, joinApproval } from './group-settings.js'
import type { GroupCreateOptions, GroupMemberResult, GroupMetadata } from './group-types.js'

/** How a group begins as part of a community, or as one. */
export interface CommunityParts {
  /** The new group is a community; a group for announcements comes with it. */
  readonly isCommunity?: boolean
  /** The community that it belongs to. */
  readonly linkedParent?: string
}

export interface GroupCreation extends GroupCreateOptions, CommunityParts {
  readonly subject: string
  readonly members: readonly AddedMember[]
  /** The same key of the same creator never makes a second group. */
  readonly key: string
  /** Names the first version of the description. */
  readonly descriptionId: string
}

/** The request that makes a group (docs/protocol/05, 1.5). */
export function buildGroupCreate(creation: GroupCreation): BinaryNode {
  const { subject, key, members } = creation
  return groupChange(GROUP_SERVICE, {
    tag: 'create',
    attrs: { subject, key },
    content: [...members.map(memberElement), ...settingsOf(creation), ...communityOf(creation)],
  })
}

function settingsOf(creation: GroupCreation): BinaryNode[] {
  const { description, descriptionId, announce, restrict, ephemeralDuration, memberAddMode, joinApprovalMode } =
    creation
  const settings: BinaryNode[] = []
  if (description) settings.push(describe({ id: descriptionId }, description))
  if (restrict) settings.push(flag('locked'))
  if (announce) settings.push(flag('announcement'))
  if (ephemeralDuration) settings.push({ tag: 'ephemeral', attrs: { expiration: String(ephemeralDuration) } })
  if (joinApprovalMode) settings.push(joinApproval('on'))
  if (memberAddMode !== undefined) {
    const mode = memberAddMode ? 'all_member_add' : 'admin_add'
    settings.push({ tag: 'member_add_mode', attrs: {}, content: Buffer.from(mode) })
  }
  return settings
}

function communityOf({ isCommunity, linkedParent }: CommunityParts): BinaryNode[] {
  if (isCommunity) {
    const parent = { tag: 'parent', attrs: { default_membership_approval_mode: 'request_required' } }
    return [parent, flag('allow_non_admin_sub_group_creation'), flag('create_general_chat')]
  }
  return linkedParent === undefined ? [] : [{ tag: 'linked_parent', attrs: { jid: linkedParent } }]
}

/** What came of {@link buildGroupCreate}. */
export type CreatedGroup =
  | {
      readonly kind: 'created'
      readonly metadata: GroupMetadata
      /** Who could not be added, and why. */
      readonly failed: readonly GroupMemberResult[]
    }
  /** There was one with this key already. */
  | { readonly kind: 'existing'; readonly jid: string }

/** @throws KurirError `invalid-group-metadata` when the answer names no group */
export function parseGroupCreate(answer: BinaryNode): CreatedGroup {
  const group = getBinaryNodeChild(answer, 'group')
  const { id, jid } = group?.attrs ?? {}
  if (group && id) {
    const failed = getBinaryNodeChildren(group, 'participant').map(parseMemberResult)
    return { kind: 'created', metadata: parseGroupMetadata(group), failed: failed.filter(({ reason }) => reason) }
  }
  if (jid) return { kind: 'existing', jid: groupJid(jid) }
  throw new KurirError('invalid-group-metadata', 'The answer names no group')
}
