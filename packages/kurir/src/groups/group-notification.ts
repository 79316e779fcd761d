import { childNodes, contentString, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import { isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { GroupChange, GroupLinkType, GroupPerson, GroupSwitchName } from './group-change.js'
import { parseGroupMetadata, parseParticipant } from './group-metadata.js'
import { groupJid } from './group-request.js'
import type { ParticipantAction, RequestJoinMethod } from './group-types.js'

/** A notification of the group service (docs/protocol/05, 2.1). */
export interface GroupNotification {
  readonly id: string
  /** JID of the group; that of the service where several groups are concerned. */
  readonly group: string
  /** Unix seconds. */
  readonly time: number
  /** Who did it, by the name under which the group knows them; undefined for the service. */
  readonly author: GroupPerson | undefined
  /** The push name of the author. */
  readonly authorName: string | undefined
  readonly addressingMode: string | undefined
  readonly changes: readonly GroupChange[]
}

const mostChanges = 100
const mostDirtyGroups = 10_000

/** Reads every change of a notification; the most that one may tell is a hundred. */
export function parseGroupNotification(node: BinaryNode): GroupNotification {
  const { id = '', from = '', t, participant, notify, addressing_mode: addressingMode } = node.attrs
  return {
    id,
    group: from,
    time: parseDecimal(t) ?? 0,
    author: participant === undefined ? undefined : authorOf(participant, node.attrs),
    authorName: notify,
    addressingMode,
    changes: childNodes(node).slice(0, mostChanges).map(parseGroupChange),
  }
}

function authorOf(participant: string, attrs: BinaryNode['attrs']): GroupPerson {
  const jid = jidNormalizedUser(participant)
  const { participant_pn: phone_number, participant_lid: lid, participant_username: username } = attrs
  return personOf({ jid, phone_number, lid, username })
}

/** The other name is taken only when it is one of the other kind. */
function personOf({
  jid = '',
  phone_number: phoneNumber,
  lid,
  username,
}: Readonly<Record<string, string | undefined>>): GroupPerson {
  return {
    id: jid,
    phoneNumber: isLidUser(jid) && isPnUser(phoneNumber) ? phoneNumber : undefined,
    lid: isPnUser(jid) && isLidUser(lid) ? lid : undefined,
    username,
  }
}

const memberActions: Readonly<Record<string, ParticipantAction>> = {
  add: 'add',
  remove: 'remove',
  leave: 'remove',
  promote: 'promote',
  demote: 'demote',
  modify: 'modify',
}

const switches: Readonly<Record<string, { readonly name: GroupSwitchName; readonly isOn: boolean }>> = {
  announcement: { name: 'announce', isOn: true },
  not_announcement: { name: 'announce', isOn: false },
  locked: { name: 'restrict', isOn: true },
  unlocked: { name: 'restrict', isOn: false },
  no_frequently_forwarded: { name: 'noFrequentlyForwarded', isOn: true },
  frequently_forwarded_ok: { name: 'noFrequentlyForwarded', isOn: false },
  allow_admin_reports: { name: 'adminReports', isOn: true },
  not_allow_admin_reports: { name: 'adminReports', isOn: false },
  group_history: { name: 'historySharing', isOn: true },
  no_group_history: { name: 'historySharing', isOn: false },
  allow_non_admin_sub_group_creation: { name: 'memberSubGroups', isOn: true },
  not_allow_non_admin_sub_group_creation: { name: 'memberSubGroups', isOn: false },
}

/** One child of a notification (docs/protocol/05, 2.2). What makes no sense is `other`. */
function parseGroupChange(node: BinaryNode): GroupChange {
  const { tag } = node
  const action = memberActions[tag]
  if (action) return membersChange(node, action)
  const found = switches[tag]
  if (found) return { kind: 'switch', ...found }
  return parseSetting(node) ?? parseJoining(node) ?? parseFate(node) ?? { kind: 'other', tag }
}

function membersChange(node: BinaryNode, action: ParticipantAction): GroupChange {
  const { reason, prev_v_id: previousVersion, v_id: version } = node.attrs
  return { kind: 'members', action, participants: participantsOf(node), reason, previousVersion, version }
}

function participantsOf(node: BinaryNode) {
  return getBinaryNodeChildren(node, 'participant')
    .filter(({ attrs }) => attrs['jid'])
    .map(parseParticipant)
}

function parseSetting(node: BinaryNode): GroupChange | undefined {
  const { tag, attrs } = node
  switch (tag) {
    case 'subject':
      return {
        kind: 'subject',
        subject: attrs['subject'] ?? '',
        time: parseDecimal(attrs['s_t']),
        owner: attrs['s_o'],
        ownerPn: attrs['s_o_pn'],
        ownerUsername: attrs['s_o_username'],
      }
    case 'description':
      return { kind: 'description', id: attrs['id'], text: contentString(getBinaryNodeChild(node, 'body')) }
    case 'member_add_mode':
      return { kind: 'member-add-mode', mode: contentString(node) ?? '' }
    case 'membership_approval_mode':
      return { kind: 'join-approval', state: getBinaryNodeChild(node, 'group_join')?.attrs['state'] ?? 'off' }
    case 'ephemeral':
      return { kind: 'timer', seconds: parseDecimal(attrs['expiration']) ?? 0 }
    case 'not_ephemeral':
      return { kind: 'timer', seconds: 0 }
    case 'invite':
      return { kind: 'invite-link', code: attrs['code'] ?? '' }
    default:
      return undefined
  }
}

function parseJoining(node: BinaryNode): GroupChange | undefined {
  const method = methodOf(node.attrs['request_method'])
  switch (node.tag) {
    case 'created_membership_requests':
      return { kind: 'join-requests', action: 'created', users: requestedUsers(node), method, isOwnWish: false }
    case 'revoked_membership_requests':
      return { kind: 'join-requests', action: 'withdrawn', users: requestedUsers(node), method, isOwnWish: false }
    case 'membership_approval_request':
      return { kind: 'join-requests', action: 'created', users: [], method, isOwnWish: true }
    default:
      return undefined
  }
}

/** Requests name users; withdrawn ones, and those of older services, participants (docs/protocol/05, 2.2, notes). */
function requestedUsers(node: BinaryNode): GroupPerson[] {
  const users = getBinaryNodeChildren(node, 'requested_user')
  const named = users.length > 0 ? users : getBinaryNodeChildren(node, 'participant')
  return named.filter(({ attrs }) => attrs['jid']).map(({ attrs }) => personOf(attrs))
}

function methodOf(text: string | undefined): RequestJoinMethod {
  return text === 'invite_link' || text === 'linked_group_join' || text === 'non_admin_add' ? text : undefined
}

/** How a group begins, ends and stands to others. */
function parseFate(node: BinaryNode): GroupChange | undefined {
  const { tag, attrs } = node
  switch (tag) {
    case 'create': {
      const group = getBinaryNodeChild(node, 'group')
      if (!group?.attrs['id']) return undefined
      return { kind: 'created', metadata: parseGroupMetadata(group), reason: attrs['reason'] }
    }
    case 'delete':
      return { kind: 'deleted', reason: attrs['reason'] }
    case 'suspended':
    case 'unsuspended':
      return { kind: 'suspension', isOn: tag === 'suspended' }
    case 'growth_locked':
    case 'growth_unlocked':
      return { kind: 'growth-lock', isOn: tag === 'growth_locked' }
    case 'link':
      return linkChange(node, attrs['link_type'], true)
    case 'unlink':
      return linkChange(node, attrs['unlink_type'], false)
    case 'linked_group_promote':
    case 'linked_group_demote': {
      const action = tag === 'linked_group_promote' ? 'promote' : 'demote'
      return { kind: 'community-admins', action, participants: participantsOf(node) }
    }
    case 'created_sub_group_suggestion':
      return { kind: 'suggestion', subject: contentString(subjectOfSuggestion(node)) }
    case 'groups_dirty': {
      const jids = getBinaryNodeChildren(node, 'group').flatMap(group => group.attrs['jid'] ?? [])
      return { kind: 'dirty', groups: jids.slice(0, mostDirtyGroups) }
    }
    default:
      return undefined
  }
}

function linkChange(node: BinaryNode, type: string | undefined, isLinked: boolean): GroupChange | undefined {
  if (!isLinkType(type)) return undefined
  const groups = getBinaryNodeChildren(node, 'group').flatMap(({ attrs: { jid, subject } }) =>
    jid === undefined ? [] : [{ jid: groupJid(jid), subject }],
  )
  return { kind: 'link', type, isLinked, groups, reason: node.attrs['unlink_reason'] }
}

function isLinkType(type: string | undefined): type is GroupLinkType {
  return type === 'parent_group' || type === 'sub_group' || type === 'sibling_group'
}

function subjectOfSuggestion(node: BinaryNode): BinaryNode | undefined {
  return getBinaryNodeChild(getBinaryNodeChild(node, 'sub_group_suggestion'), 'subject')
}
