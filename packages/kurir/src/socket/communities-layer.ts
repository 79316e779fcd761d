import type { WAMessageKey } from '../events/message-types.js'
import type { GroupMemberResult, GroupMetadata, GroupSetting, ParticipantAction } from '../groups/group-types.js'
import type { proto } from '../proto/index.js'
import { Communities, type LinkedGroups } from './communities.js'
import { extendSocket, type Layer } from './core.js'
import type { GroupParts } from './groups-layer.js'

/**
 * Communities (docs/protocol/05, 3): groups that hold groups. Errors are those of the methods for groups with the same
 * names, and changes are told by the same events. What Baileys 7 asks in ways that the service does not know is asked in
 * its present way.
 */
export interface CommunitiesMembers {
  communityMetadata(jid: string): Promise<GroupMetadata>
  /**
   * Makes a community, with a group for announcements and a general chat.
   *
   * @param body its description
   */
  communityCreate(subject: string, body: string): Promise<GroupMetadata | null>
  /** Makes a group in a community. `failed` of the result names who could not be added. */
  communityCreateGroup(
    subject: string,
    participants: string[],
    parentCommunityJid: string,
  ): Promise<GroupMetadata | null>
  /** Leaves a community and its groups. */
  communityLeave(id: string): Promise<void>
  communityUpdateSubject(jid: string, subject: string): Promise<void>
  communityUpdateDescription(jid: string, description?: string): Promise<void>
  /** Takes a group into a community; for admins of both. @throws GroupRefusal `conflict` when it belongs to another */
  communityLinkGroup(groupJid: string, parentCommunityJid: string): Promise<void>
  communityUnlinkGroup(groupJid: string, parentCommunityJid: string): Promise<void>
  /** @param jid the community, or one of its groups */
  communityFetchLinkedGroups(jid: string): Promise<LinkedGroups>
  communityRequestParticipantsList(jid: string): Promise<{ [key: string]: string }[]>
  communityRequestParticipantsUpdate(
    jid: string,
    participants: string[],
    action: 'approve' | 'reject',
  ): Promise<GroupMemberResult[]>
  /** Who is removed is removed from the groups of the community too. */
  communityParticipantsUpdate(
    jid: string,
    participants: string[],
    action: ParticipantAction,
  ): Promise<GroupMemberResult[]>
  communityInviteCode(jid: string): Promise<string | undefined>
  communityRevokeInvite(jid: string): Promise<string | undefined>
  /** @returns the community; undefined when an admin has to approve it first */
  communityAcceptInvite(code: string): Promise<string | undefined>
  communityRevokeInviteV4(communityJid: string, invitedJid: string): Promise<boolean>
  communityAcceptInviteV4(
    key: string | WAMessageKey,
    inviteMessage: proto.Message.IGroupInviteMessage,
  ): Promise<string | undefined>
  communityGetInviteInfo(code: string): Promise<GroupMetadata>
  communityToggleEphemeral(jid: string, ephemeralExpiration: number): Promise<void>
  communitySettingUpdate(jid: string, setting: GroupSetting): Promise<void>
  communityMemberAddMode(jid: string, mode: 'admin_add' | 'all_member_add'): Promise<void>
  communityJoinApprovalMode(jid: string, mode: 'on' | 'off'): Promise<void>
  /** The communities of the account by JID; also emitted as `groups.update`. */
  communityFetchAllParticipating(): Promise<{ [id: string]: GroupMetadata }>
  /** Ends a community; its groups go on without it (Kurir's own). */
  communityDeactivate(jid: string): Promise<void>
  /** Joins a group of a community that one is in; false when an admin has to approve it (Kurir's own). */
  communityJoinGroup(groupJid: string, parentCommunityJid: string): Promise<boolean>
  /** Who is in any group of a community (Kurir's own). */
  communityFetchMembers(jid: string): Promise<{ id: string; phoneNumber?: string }[]>
}

export function makeCommunitiesLayer<Below extends object>({
  core,
  socket,
  groups,
  groupActions: actions,
  groupInvitations: invitations,
  groupRequests: requests,
}: Layer<Below> & GroupParts): Layer<Below & CommunitiesMembers> {
  const communities = new Communities(core, { requests, directory: groups, actions })
  const members: CommunitiesMembers = {
    communityMetadata: jid => actions.metadata(jid),
    communityCreate: (subject, body) =>
      actions.create(subject, [], { isCommunity: true, ...(body && { description: body }) }),
    communityCreateGroup: (subject, participants, linkedParent) =>
      actions.create(subject, participants, { linkedParent }),
    communityLeave: id => communities.leave(id),
    communityUpdateSubject: (jid, subject) => actions.updateSubject(jid, subject),
    communityUpdateDescription: (jid, description) => actions.updateDescription(jid, description),
    communityLinkGroup: (group, community) => communities.link(group, community),
    communityUnlinkGroup: (group, community) => communities.unlink(group, community),
    communityFetchLinkedGroups: jid => communities.linkedGroups(jid),
    communityRequestParticipantsList: jid => actions.joinRequests(jid),
    communityRequestParticipantsUpdate: (jid, participants, action) =>
      actions.decideJoinRequests(jid, participants, action),
    communityParticipantsUpdate: (jid, participants, action) =>
      actions.updateParticipants(jid, participants, action, true),
    communityInviteCode: jid => actions.inviteCode(jid),
    communityRevokeInvite: jid => actions.revokeInvite(jid),
    communityAcceptInvite: code => actions.acceptInvite(code),
    communityRevokeInviteV4: (community, invited) => invitations.revoke(community, invited),
    communityAcceptInviteV4: (key, message) => invitations.accept(key, message),
    communityGetInviteInfo: code => actions.inviteInfo(code),
    communityToggleEphemeral: (jid, seconds) => actions.updateTimer(jid, seconds),
    communitySettingUpdate: (jid, setting) => actions.updateSetting(jid, setting),
    communityMemberAddMode: (jid, mode) => actions.updateMemberAddMode(jid, mode),
    communityJoinApprovalMode: (jid, mode) => actions.updateJoinApproval(jid, mode),
    communityFetchAllParticipating: () => communities.fetchAll(),
    communityDeactivate: jid => communities.deactivate(jid),
    communityJoinGroup: (group, community) => communities.joinGroup(group, community),
    communityFetchMembers: jid => communities.members(jid),
  }
  return { core, socket: extendSocket(socket, members) }
}
