import type { WAMessageKey } from '../events/message-types.js'
import type { GroupRefusalReason } from '../groups/group-refusal.js'
import type { GroupReport } from '../groups/group-reports.js'
import type {
  GroupCreateOptions,
  GroupMemberResult,
  GroupMetadata,
  GroupSetting,
  ParticipantAction,
} from '../groups/group-types.js'
import type { proto } from '../proto/index.js'
import type { ChatsSocket } from './chats-layer.js'
import type { ContactTokens } from './contact-tokens.js'
import { extendSocket, type Layer } from './core.js'
import { GroupActions, type NewGroup } from './group-actions.js'
import { GroupDirectory } from './group-directory.js'
import { GroupInvitations } from './group-invitations.js'
import { GroupNotifications } from './group-notifications.js'
import { GroupRequests } from './group-requests.js'

/**
 * Groups (docs/protocol/05, 1). What the service refuses rejects with a `GroupRefusal`, whose `reason` says why; a wrong
 * JID with KurirError `invalid-jid` (400), and nothing is sent then. Changes show as events when the service has told
 * them to all members, this device included.
 */
export interface GroupsMembers {
  /** Who is in a group and how it is set up, fresh from the server. @throws GroupRefusal `forbidden` for no member */
  groupMetadata(jid: string): Promise<GroupMetadata>
  /** All groups of the account by JID, communities included; also emitted as `groups.update`. */
  groupFetchAllParticipating(): Promise<{ [id: string]: GroupMetadata }>
  /** Several groups with one question, and why others were refused (Kurir's own). */
  groupFetch(
    jids: string[],
  ): Promise<{ groups: { [id: string]: GroupMetadata }; refused: { [id: string]: GroupRefusalReason } }>
  /**
   * Makes a group with the own account as its superadmin. `failed` of the result names who could not be added.
   *
   * @param subject at most 100 characters
   */
  groupCreate(subject: string, participants: string[], options?: GroupCreateOptions): Promise<NewGroup>
  /** Leaves a group; its sender key is deleted. */
  groupLeave(id: string): Promise<void>
  /** @param subject at most 100 characters. @throws GroupRefusal `not-acceptable` for longer ones */
  groupUpdateSubject(jid: string, subject: string): Promise<void>
  /**
   * @param description at most 2048 characters; empty or absent removes it
   * @throws GroupRefusal `conflict` when somebody else changed it at the same time
   */
  groupUpdateDescription(jid: string, description?: string): Promise<void>
  /** `announcement`: only admins write; `locked`: only admins change subject, picture, description and timer. */
  groupSettingUpdate(jid: string, setting: GroupSetting): Promise<void>
  groupMemberAddMode(jid: string, mode: 'admin_add' | 'all_member_add'): Promise<void>
  groupJoinApprovalMode(jid: string, mode: 'on' | 'off'): Promise<void>
  /** @param ephemeralExpiration 86400, 604800 or 7776000 seconds; 0: messages stay */
  groupToggleEphemeral(jid: string, ephemeralExpiration: number): Promise<void>
  /**
   * Adds, removes, promotes or demotes members; each has its own result. More than 1024 are split.
   *
   * @throws KurirError `invalid-group-request` (400) for `modify`, which only groups themselves tell
   */
  groupParticipantsUpdate(jid: string, participants: string[], action: ParticipantAction): Promise<GroupMemberResult[]>
  /** Who wants to join: the attributes that the service gives of each. */
  groupRequestParticipantsList(jid: string): Promise<{ [key: string]: string }[]>
  groupRequestParticipantsUpdate(
    jid: string,
    participants: string[],
    action: 'approve' | 'reject',
  ): Promise<GroupMemberResult[]>
  /** Takes back the own request to join; false when there was none (Kurir's own). */
  groupCancelJoinRequest(jid: string): Promise<boolean>
  /** The code of the link: `https://chat.whatsapp.com/` and the code. */
  groupInviteCode(jid: string): Promise<string | undefined>
  /** Makes a new code; who has the old one cannot join any more. */
  groupRevokeInvite(jid: string): Promise<string | undefined>
  /**
   * Joins by a code or a whole link.
   *
   * @returns the group; undefined when an admin has to approve it first
   * @throws GroupRefusal `gone` for a link that was reset, `not-allowed` when an admin has removed us before, `full` …
   */
  groupAcceptInvite(code: string): Promise<string | undefined>
  /** What a code or link leads to, without joining; its members are not told. */
  groupGetInviteInfo(code: string): Promise<GroupMetadata>
  /**
   * Accepts an invitation that came in a message. With the message's key that message shows as used up.
   *
   * @param key the message's key, or the JID of who sent it
   * @returns the group
   */
  groupAcceptInviteV4(
    key: string | WAMessageKey,
    inviteMessage: proto.Message.IGroupInviteMessage,
  ): Promise<string | undefined>
  /** What an invitation in a message leads to, without joining (Kurir's own). */
  groupGetInviteV4Info(inviter: string, inviteMessage: proto.Message.IGroupInviteMessage): Promise<GroupMetadata>
  /** Withdraws an invitation that was sent in a message; false when there was none. */
  groupRevokeInviteV4(groupJid: string, invitedJid: string): Promise<boolean>
  /** Accepts having been added to a group whose metadata say `needsAcknowledgement` (Kurir's own). */
  groupAcknowledge(jid: string): Promise<void>
  /** Reports a message to the admins of its group, where the setting allows it (Kurir's own). */
  groupReportMessage(jid: string, messageId: string): Promise<void>
  /** What members have reported, for admins (Kurir's own). */
  groupReports(jid: string): Promise<GroupReport[]>
}

export type GroupsSocket = ChatsSocket & GroupsMembers

/** Internal: what higher layers need of groups. */
export interface GroupParts {
  readonly groups: GroupDirectory
  readonly groupActions: GroupActions
  readonly groupInvitations: GroupInvitations
  readonly groupRequests: GroupRequests
}

export function makeGroupsLayer({
  core,
  socket,
  tokens,
}: Layer<ChatsSocket> & { readonly tokens: ContactTokens }): Layer<GroupsSocket> & GroupParts {
  const groupRequests = new GroupRequests(core)
  const groups = new GroupDirectory(core, groupRequests)
  const groupActions = new GroupActions(core, { requests: groupRequests, directory: groups, tokens })
  const groupInvitations = new GroupInvitations(core, {
    requests: groupRequests,
    directory: groups,
    upsert: message => socket.upsertMessage(message, 'notify'),
  })
  const notifications = new GroupNotifications(core, {
    directory: groups,
    upsert: message => socket.upsertMessage(message, 'append'),
  })
  core.notifications.on('w:gp2', node => notifications.receive(node))
  core.dirtyBits.on('groups', async () => void (await groupActions.fetchAll()))
  core.hooks.groupMetadata = async jid => {
    try {
      return await groups.metadata(jid, true)
    } catch (error) {
      core.logger.warn({ err: error, jid }, 'the members of a group are not known')
      return undefined
    }
  }
  const members = groupMembers(groupActions, groupInvitations)
  return { core, socket: extendSocket(socket, members), groups, groupActions, groupInvitations, groupRequests }
}

function groupMembers(actions: GroupActions, invitations: GroupInvitations): GroupsMembers {
  return {
    groupMetadata: jid => actions.metadata(jid),
    groupFetchAllParticipating: () => actions.fetchAll(),
    groupFetch: jids => actions.fetchSome(jids),
    groupCreate: (subject, participants, options = {}) => actions.create(subject, participants, options),
    groupLeave: id => actions.leave([id]),
    groupUpdateSubject: (jid, subject) => actions.updateSubject(jid, subject),
    groupUpdateDescription: (jid, description) => actions.updateDescription(jid, description),
    groupSettingUpdate: (jid, setting) => actions.updateSetting(jid, setting),
    groupMemberAddMode: (jid, mode) => actions.updateMemberAddMode(jid, mode),
    groupJoinApprovalMode: (jid, mode) => actions.updateJoinApproval(jid, mode),
    groupToggleEphemeral: (jid, seconds) => actions.updateTimer(jid, seconds),
    groupParticipantsUpdate: (jid, participants, action) => actions.updateParticipants(jid, participants, action),
    groupRequestParticipantsList: jid => actions.joinRequests(jid),
    groupRequestParticipantsUpdate: (jid, participants, action) =>
      actions.decideJoinRequests(jid, participants, action),
    groupCancelJoinRequest: jid => actions.cancelJoinRequest(jid),
    groupInviteCode: jid => actions.inviteCode(jid),
    groupRevokeInvite: jid => actions.revokeInvite(jid),
    groupAcceptInvite: code => actions.acceptInvite(code),
    groupGetInviteInfo: code => actions.inviteInfo(code),
    groupAcceptInviteV4: (key, message) => invitations.accept(key, message),
    groupGetInviteV4Info: (inviter, message) => invitations.preview(inviter, message),
    groupRevokeInviteV4: (group, invited) => invitations.revoke(group, invited),
    groupAcknowledge: jid => actions.acknowledge(jid),
    groupReportMessage: (jid, messageId) => actions.report(jid, messageId),
    groupReports: jid => actions.reports(jid),
  }
}
