import { isLidUser, isPnUser } from '../binary/jid.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import type { GroupChange, GroupPerson, GroupSwitchName } from '../groups/group-change.js'
import type { GroupNotification } from '../groups/group-notification.js'
import type { GroupParticipant } from '../groups/group-types.js'
import { proto } from '../proto/index.js'
import { isOwnAccount, isSameAccount, type OwnAccount } from './own-account.js'

/** A system line: what happened, and with whom or what. */
interface Line {
  readonly type: proto.WebMessageInfo.StubType
  readonly parameters: readonly string[]
  /** Who is named as its author in place of who acted. */
  readonly author?: GroupPerson | undefined
}

/**
 * The system lines that a notification of a group becomes in the chat (docs/protocol/05, 2.2 and 2.3); their events
 * follow from them. A notification may tell several changes: the first line has its id, the others a number behind it.
 */
export function groupLines(notification: GroupNotification, me: OwnAccount): WAMessage[] {
  const messages: WAMessage[] = []
  for (const change of notification.changes) {
    const base = () => lineOf(notification, messages.length, me)
    const timer = timerMessage(change)
    if (timer) messages.push({ ...base(), message: timer })
    for (const { type, parameters, author } of linesOf(change, notification.author)) {
      messages.push({
        ...(author ? lineOf({ ...notification, author }, messages.length, me) : base()),
        messageStubType: type,
        messageStubParameters: [...parameters],
      })
    }
  }
  return messages
}

function lineOf(
  { id, group, time, author, addressingMode }: GroupNotification,
  index: number,
  me: OwnAccount,
): WAMessage {
  const key: WAMessageKey = {
    remoteJid: group,
    fromMe: isOwnAccount(author?.id, me),
    id: index === 0 ? id : `${id}-${index}`,
    participant: author?.id,
    participantAlt: author?.phoneNumber ?? author?.lid,
    participantUsername: author?.username,
    addressingMode,
  }
  return { key, participant: author?.id, messageTimestamp: time }
}

/** The timer is a message, as in chats of two. */
function timerMessage(change: GroupChange): proto.IMessage | undefined {
  if (change.kind !== 'timer') return undefined
  const { EPHEMERAL_SETTING } = proto.Message.ProtocolMessage.Type
  return { protocolMessage: { type: EPHEMERAL_SETTING, ephemeralExpiration: change.seconds } }
}

function linesOf(change: GroupChange, actor: GroupPerson | undefined): Line[] {
  const { StubType } = proto.WebMessageInfo
  switch (change.kind) {
    case 'created': {
      const { subject, owner, ownerPn, ownerUsername } = change.metadata
      const author = owner === undefined ? undefined : { id: owner, phoneNumber: ownerPn, username: ownerUsername }
      return [{ type: StubType.GROUP_CREATE, parameters: [subject], author }]
    }
    case 'members':
      return [{ type: membersLine(change, actor), parameters: change.participants.map(asParameter) }]
    case 'subject':
      return [{ type: StubType.GROUP_CHANGE_SUBJECT, parameters: [change.subject] }]
    case 'description':
      return [{ type: StubType.GROUP_CHANGE_DESCRIPTION, parameters: change.text === undefined ? [] : [change.text] }]
    case 'switch':
      return [{ type: switchLine(change.name), parameters: [change.isOn ? 'on' : 'off'] }]
    case 'invite-link':
      return [{ type: StubType.GROUP_CHANGE_INVITE_LINK, parameters: [change.code] }]
    case 'member-add-mode':
      return [{ type: StubType.GROUP_MEMBER_ADD_MODE, parameters: [change.mode] }]
    case 'join-approval':
      return [{ type: StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE, parameters: [change.state] }]
    case 'join-requests':
      return joinLines(change, actor)
    default:
      return fateLines(change)
  }
}

function membersLine(
  { action, participants }: Extract<GroupChange, { kind: 'members' }>,
  actor: GroupPerson | undefined,
): proto.WebMessageInfo.StubType {
  const { StubType } = proto.WebMessageInfo
  switch (action) {
    case 'add':
      return StubType.GROUP_PARTICIPANT_ADD
    case 'promote':
      return StubType.GROUP_PARTICIPANT_PROMOTE
    case 'demote':
      return StubType.GROUP_PARTICIPANT_DEMOTE
    case 'modify':
      return StubType.GROUP_PARTICIPANT_CHANGE_NUMBER
    case 'remove': {
      const [only, ...others] = participants
      const isLeaving = only !== undefined && others.length === 0 && actor !== undefined && isSamePerson(only, actor)
      return isLeaving ? StubType.GROUP_PARTICIPANT_LEAVE : StubType.GROUP_PARTICIPANT_REMOVE
    }
  }
}

function isSamePerson(left: GroupPerson, right: GroupPerson): boolean {
  const names = [right.id, right.phoneNumber, right.lid]
  return [left.id, left.phoneNumber, left.lid].some(name => names.some(other => isSameAccount(name, other)))
}

/** A member in the parameters of a line; absent names are left out. */
function asParameter({ id, phoneNumber, lid, username, admin = null }: GroupParticipant): string {
  return JSON.stringify({ id, phoneNumber, lid, username, admin })
}

function switchLine(name: GroupSwitchName): proto.WebMessageInfo.StubType {
  const { StubType } = proto.WebMessageInfo
  switch (name) {
    case 'announce':
      return StubType.GROUP_CHANGE_ANNOUNCE
    case 'restrict':
      return StubType.GROUP_CHANGE_RESTRICT
    case 'noFrequentlyForwarded':
      return StubType.GROUP_CHANGE_NO_FREQUENTLY_FORWARDED
    case 'adminReports':
      return StubType.REPORT_TO_ADMIN_ENABLED_STATUS
    case 'historySharing':
      return StubType.GROUP_CHANGE_RECENT_HISTORY_SHARING
    case 'memberSubGroups':
      return StubType.COMMUNITY_ALLOW_MEMBER_ADDED_GROUPS
  }
}

/** One line for each user. Without users, who acted asks for themselves. */
function joinLines(
  { action, users, method, isOwnWish }: Extract<GroupChange, { kind: 'join-requests' }>,
  actor: GroupPerson | undefined,
): Line[] {
  const { StubType } = proto.WebMessageInfo
  const type = isOwnWish
    ? StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST
    : StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD
  const affected = users.length > 0 || actor === undefined ? users : [actor]
  return affected.map(user => {
    const named = JSON.stringify(bothNames(user))
    if (action === 'created') return { type, parameters: [named, 'created', ...(method ? [method] : [])] }
    const isOwnAct = actor !== undefined && isSamePerson(user, actor)
    return { type, parameters: [named, isOwnAct ? 'revoked' : 'rejected'] }
  })
}

/** In groups that address by phone number, a LID may not be known: the number stands in its place. */
function bothNames({ id, lid, phoneNumber }: GroupPerson): { readonly lid: string; readonly pn: string | undefined } {
  return { lid: [id, lid].find(isLidUser) ?? id, pn: [id, phoneNumber].find(isPnUser) }
}

/** How a group begins to belong to a community, ends, and the like: lines that other clients reserve and few show. */
function fateLines(change: GroupChange): Line[] {
  const { StubType } = proto.WebMessageInfo
  switch (change.kind) {
    case 'deleted': {
      const isCommunity = change.reason === 'delete_parent'
      return [{ type: isCommunity ? StubType.COMMUNITY_PARENT_GROUP_DELETED : StubType.GROUP_DELETE, parameters: [] }]
    }
    case 'growth-lock':
      return change.isOn ? [{ type: StubType.GROUP_INVITE_LINK_GROWTH_LOCKED, parameters: [] }] : []
    case 'link': {
      const type = linkLine(change)
      return change.groups.map(({ jid, subject }) => ({
        type,
        parameters: subject === undefined ? [jid] : [jid, subject],
      }))
    }
    case 'community-admins': {
      const isPromotion = change.action === 'promote'
      const type = isPromotion ? StubType.COMMUNITY_PARTICIPANT_PROMOTE : StubType.COMMUNITY_PARTICIPANT_DEMOTE
      return [{ type, parameters: change.participants.map(asParameter) }]
    }
    case 'suggestion':
      return [{ type: StubType.SUGGESTED_SUBGROUP_ANNOUNCE, parameters: change.subject ? [change.subject] : [] }]
    default:
      return []
  }
}

function linkLine({ type, isLinked, reason }: Extract<GroupChange, { kind: 'link' }>): proto.WebMessageInfo.StubType {
  const { StubType } = proto.WebMessageInfo
  switch (type) {
    case 'parent_group':
      if (isLinked) return StubType.COMMUNITY_LINK_PARENT_GROUP
      return reason?.startsWith('integrity')
        ? StubType.INTEGRITY_UNLINK_PARENT_GROUP
        : StubType.COMMUNITY_UNLINK_PARENT_GROUP
    case 'sub_group':
      return isLinked ? StubType.COMMUNITY_LINK_SUB_GROUP : StubType.COMMUNITY_UNLINK_SUB_GROUP
    case 'sibling_group':
      return isLinked ? StubType.COMMUNITY_LINK_SIBLING_GROUP : StubType.COMMUNITY_UNLINK_SIBLING_GROUP
  }
}
