import { isJidGroup, isPnUser, jidDecode, jidNormalizedUser } from '../binary/jid.js'
import type { ChatUpdate } from '../chats/chat-types.js'
import { KurirError } from '../errors/index.js'
import type { WAMessage } from '../events/message-types.js'
import type {
  GroupMetadata,
  GroupParticipant,
  ParticipantAction,
  RequestJoinAction,
  RequestJoinMethod,
} from '../groups/group-types.js'
import { proto } from '../proto/index.js'
import type { EventEffect, MessageEffect } from './message-effects.js'
import { isOwnAccount, type OwnAccount } from './own-account.js'

/** What a system line of a group changes, and what it changes about its chat. */
export interface StubEffects {
  readonly effects: readonly MessageEffect[]
  readonly chat: ChatUpdate
}

/** Most members that one line names. */
const maxParticipants = 10_000

function memberActionOf(type: WAMessage['messageStubType']): ParticipantAction | undefined {
  const { StubType } = proto.WebMessageInfo
  switch (type) {
    case StubType.GROUP_PARTICIPANT_ADD:
    case StubType.GROUP_PARTICIPANT_INVITE:
    case StubType.GROUP_PARTICIPANT_ADD_REQUEST_JOIN:
      return 'add'
    case StubType.GROUP_PARTICIPANT_LEAVE:
    case StubType.GROUP_PARTICIPANT_REMOVE:
      return 'remove'
    case StubType.GROUP_PARTICIPANT_PROMOTE:
      return 'promote'
    case StubType.GROUP_PARTICIPANT_DEMOTE:
      return 'demote'
    case StubType.GROUP_PARTICIPANT_CHANGE_NUMBER:
      return 'modify'
    default:
      return undefined
  }
}

/** The events of a system line of a group (docs/protocol/03, 11); other lines have none. */
export function stubEffects(message: WAMessage, me: OwnAccount): StubEffects {
  const parameters = message.messageStubParameters ?? []
  const action = memberActionOf(message.messageStubType)
  try {
    if (action !== undefined) return memberChange(message, action, parameters.map(parseParticipant), me)
    return settingChange(message, parameters)
  } catch (error) {
    if (!KurirError.is(error)) throw error
    return { effects: [{ kind: 'unreadable', error }], chat: {} }
  }
}

/** Who made the change, under the names that events give them. */
function authorOfChange({ key }: WAMessage) {
  const authorPn = isPnUser(key.participantAlt) ? key.participantAlt : undefined
  return { author: key.participant ?? '', authorPn, authorUsername: key.participantUsername }
}

function memberChange(
  message: WAMessage,
  action: ParticipantAction,
  participants: GroupParticipant[],
  me: OwnAccount,
): StubEffects {
  const id = message.key.remoteJid ?? ''
  if (participants.length > maxParticipants) throw unreadable(message.messageStubType)
  // Groups name their members by LID: comparing the phone number alone would miss us there.
  const concernsUs = participants.some(({ id: jid, lid, phoneNumber }) =>
    [jid, lid, phoneNumber].some(name => isOwnAccount(name, me)),
  )
  const readOnly = action === 'add' ? false : action === 'remove' ? true : undefined
  return {
    effects: [
      {
        kind: 'event',
        event: 'group-participants.update',
        data: { id, ...authorOfChange(message), participants, action },
      },
    ],
    chat: concernsUs && readOnly !== undefined ? { readOnly } : {},
  }
}

function settingChange(message: WAMessage, parameters: readonly string[]): StubEffects {
  const [value = ''] = parameters
  const { StubType } = proto.WebMessageInfo
  const isOn = value === 'on' || value === 'true'
  switch (message.messageStubType) {
    case StubType.GROUP_CHANGE_ANNOUNCE:
      return { effects: [groupUpdate(message, { announce: isOn })], chat: {} }
    case StubType.GROUP_CHANGE_RESTRICT:
      return { effects: [groupUpdate(message, { restrict: isOn })], chat: {} }
    case StubType.GROUP_CHANGE_SUBJECT:
      return { effects: [groupUpdate(message, { subject: value })], chat: { name: value } }
    case StubType.GROUP_CHANGE_DESCRIPTION:
      return { effects: [groupUpdate(message, { desc: value })], chat: { description: value } }
    case StubType.GROUP_CHANGE_INVITE_LINK:
      return { effects: [groupUpdate(message, { inviteCode: value })], chat: {} }
    case StubType.GROUP_MEMBER_ADD_MODE:
      return { effects: [groupUpdate(message, { memberAddMode: value === 'all_member_add' })], chat: {} }
    case StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE:
      return { effects: [groupUpdate(message, { joinApprovalMode: value === 'on' })], chat: {} }
    case StubType.COMMUNITY_LINK_PARENT_GROUP:
      if (!isJidGroup(value)) return { effects: [], chat: {} }
      return { effects: [groupUpdate(message, { linkedParent: value })], chat: {} }
    case StubType.COMMUNITY_UNLINK_PARENT_GROUP:
    case StubType.INTEGRITY_UNLINK_PARENT_GROUP:
      return { effects: [groupUpdate(message, { linkedParent: undefined })], chat: {} }
    case StubType.GROUP_DELETE:
    case StubType.COMMUNITY_PARENT_GROUP_DELETED:
      return { effects: [], chat: { readOnly: true } }
    case StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST:
    case StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD:
      return { effects: [joinRequest(message, parameters)], chat: {} }
    default:
      return { effects: [], chat: {} }
  }
}

function groupUpdate(message: WAMessage, change: Partial<GroupMetadata>): EventEffect {
  const data = [{ id: message.key.remoteJid ?? '', ...change, ...authorOfChange(message) }]
  return { kind: 'event', event: 'groups.update', data }
}

const joinActions: ReadonlySet<string | undefined> = new Set<RequestJoinAction>(['created', 'revoked', 'rejected'])
const joinMethods: ReadonlySet<string | undefined> = new Set(['invite_link', 'linked_group_join', 'non_admin_add'])

function joinRequest(message: WAMessage, [who = '', action, method]: readonly string[]): EventEffect {
  const { lid, pn } = parseObject(who)
  if (typeof lid !== 'string' || !joinActions.has(action)) throw unreadable(message.messageStubType)
  return {
    kind: 'event',
    event: 'group.join-request',
    data: {
      id: message.key.remoteJid ?? '',
      ...authorOfChange(message),
      participant: lid,
      participantPn: typeof pn === 'string' ? pn : undefined,
      action: action as RequestJoinAction,
      method: joinMethods.has(method) ? (method as RequestJoinMethod) : undefined,
    },
  }
}

/** A member stands in the parameters as JSON text; in old history by JID alone. */
function parseParticipant(text: string): GroupParticipant {
  if (!text.startsWith('{') && jidDecode(text)?.user) return { id: jidNormalizedUser(text) }
  const { id, phoneNumber, lid, admin, username } = parseObject(text)
  if (typeof id !== 'string') throw unreadable('participant')
  const participant: GroupParticipant = { id }
  if (typeof phoneNumber === 'string') participant.phoneNumber = phoneNumber
  if (typeof lid === 'string') participant.lid = lid
  if (typeof username === 'string') participant.username = username
  if (admin === 'admin' || admin === 'superadmin' || admin === null) participant.admin = admin
  return participant
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Said below.
  }
  throw unreadable('stub parameter')
}

function unreadable(what: unknown): KurirError {
  return new KurirError('unreadable-payload', 'Cannot be read: system line of a group', {
    statusCode: 400,
    data: { what },
  })
}
