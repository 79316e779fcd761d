import { KurirError } from '../errors/kurir-error.js'
import type { GroupMemberAction, GroupMemberResult, GroupMetadata } from '../groups/group-types.js'
import type { WASocket } from '../socket/make-wa-socket.js'
import { chatJidOf } from './chat-address.js'
import { inviteCodeOf } from './invite-code.js'
import { type SocketSource, socketOf } from './socket-source.js'

export type CommunityServiceSocket = Pick<
  WASocket,
  | 'communityMetadata'
  | 'communityCreate'
  | 'communityCreateGroup'
  | 'communityLeave'
  | 'communityDeactivate'
  | 'communityUpdateSubject'
  | 'communityUpdateDescription'
  | 'communityLinkGroup'
  | 'communityUnlinkGroup'
  | 'communityJoinGroup'
  | 'communityFetchLinkedGroups'
  | 'communityFetchMembers'
  | 'communityParticipantsUpdate'
  | 'communityInviteCode'
  | 'communityRevokeInvite'
  | 'communityAcceptInvite'
  | 'communityGetInviteInfo'
  | 'communityFetchAllParticipating'
>

/** A group of a community. */
export type CommunityGroup = Awaited<ReturnType<WASocket['communityFetchLinkedGroups']>>['linkedGroups'][number]

/** Communities: groups of groups, with one for announcements. Members are JIDs or phone numbers with country code. */
export class CommunityService {
  readonly #source: SocketSource<CommunityServiceSocket>

  /** @param socket a direct or remote socket, or a function that answers the present one */
  constructor(socket: SocketSource<CommunityServiceSocket>) {
    this.#source = socket
  }

  get #socket(): CommunityServiceSocket {
    return socketOf(this.#source)
  }

  /** @throws KurirError `community-not-made` (500) when the service made none */
  async create(subject: string, description = ''): Promise<GroupMetadata> {
    return made(await this.#socket.communityCreate(subject, description), subject)
  }

  /** A new group in a community. */
  async createGroup(community: string, subject: string, members: readonly string[]): Promise<GroupMetadata> {
    return made(await this.#socket.communityCreateGroup(subject, members.map(chatJidOf), community), subject)
  }

  info(community: string): Promise<GroupMetadata> {
    return this.#socket.communityMetadata(community)
  }

  /** The communities that the account is in. */
  async list(): Promise<readonly GroupMetadata[]> {
    return Object.values(await this.#socket.communityFetchAllParticipating())
  }

  async groups(community: string): Promise<readonly CommunityGroup[]> {
    return (await this.#socket.communityFetchLinkedGroups(community)).linkedGroups
  }

  /** Takes a group in that exists already. */
  linkGroup(community: string, group: string): Promise<void> {
    return this.#socket.communityLinkGroup(group, community)
  }

  unlinkGroup(community: string, group: string): Promise<void> {
    return this.#socket.communityUnlinkGroup(group, community)
  }

  /** Joins a group of a community that one is in; false when an admin has to approve it. */
  joinGroup(community: string, group: string): Promise<boolean> {
    return this.#socket.communityJoinGroup(group, community)
  }

  /** Who is in any of its groups. */
  async members(community: string): Promise<readonly { readonly id: string; readonly phoneNumber?: string }[]> {
    return await this.#socket.communityFetchMembers(community)
  }

  /** Removes people from the community and all of its groups. */
  removeParticipants(community: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#change(community, people, 'remove')
  }

  promote(community: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#change(community, people, 'promote')
  }

  demote(community: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#change(community, people, 'demote')
  }

  setSubject(community: string, subject: string): Promise<void> {
    return this.#socket.communityUpdateSubject(community, subject)
  }

  /** @param description undefined takes it off */
  setDescription(community: string, description: string | undefined): Promise<void> {
    return this.#socket.communityUpdateDescription(community, description)
  }

  /** @throws KurirError `no-invite-code` (404) */
  async getInviteCode(community: string): Promise<string> {
    return inviteCodeOf(community, await this.#socket.communityInviteCode(community))
  }

  /** Makes the present link worthless. @returns the code of the new one */
  async revokeInvite(community: string): Promise<string> {
    return inviteCodeOf(community, await this.#socket.communityRevokeInvite(community))
  }

  /** @param invite code or link @returns undefined when an admin has to approve first */
  acceptInvite(invite: string): Promise<string | undefined> {
    return this.#socket.communityAcceptInvite(invite)
  }

  inviteInfo(invite: string): Promise<GroupMetadata> {
    return this.#socket.communityGetInviteInfo(invite)
  }

  /** Leaves the community and its groups. */
  leave(community: string): Promise<void> {
    return this.#socket.communityLeave(community)
  }

  /** Ends it for everybody; its groups go on without it. */
  deactivate(community: string): Promise<void> {
    return this.#socket.communityDeactivate(community)
  }

  async #change(community: string, people: readonly string[], action: GroupMemberAction): Promise<GroupMemberResult[]> {
    return await this.#socket.communityParticipantsUpdate(community, people.map(chatJidOf), action)
  }
}

function made(metadata: GroupMetadata | null, subject: string): GroupMetadata {
  if (metadata !== null) return metadata
  throw new KurirError('community-not-made', 'The service does not say what it has made', {
    statusCode: 500,
    data: { subject },
  })
}
