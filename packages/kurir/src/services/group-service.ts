import type { GroupCreateOptions, GroupMemberAction, GroupMemberResult, GroupMetadata } from '../groups/group-types.js'
import type { NewGroup } from '../socket/group-actions.js'
import type { WASocket } from '../socket/make-wa-socket.js'
import { chatJidOf } from './chat-address.js'
import { inviteCodeOf } from './invite-code.js'
import { type MediaFile, mediaOf } from './message-sending.js'
import { type SocketSource, socketOf } from './socket-source.js'

export type GroupServiceSocket = Pick<
  WASocket,
  | 'groupMetadata'
  | 'groupCreate'
  | 'groupLeave'
  | 'groupFetchAllParticipating'
  | 'groupUpdateSubject'
  | 'groupUpdateDescription'
  | 'groupSettingUpdate'
  | 'groupMemberAddMode'
  | 'groupJoinApprovalMode'
  | 'groupToggleEphemeral'
  | 'groupParticipantsUpdate'
  | 'groupRequestParticipantsList'
  | 'groupRequestParticipantsUpdate'
  | 'groupInviteCode'
  | 'groupRevokeInvite'
  | 'groupAcceptInvite'
  | 'groupGetInviteInfo'
  | 'updateProfilePicture'
  | 'removeProfilePicture'
  | 'updateMemberLabel'
  | 'sendMessage'
>

export interface JoinRequest {
  readonly jid: string
  readonly phoneNumber: string | undefined
  /** Unix seconds. */
  readonly requestedAt: number
  /** `invite_link`, `linked_group_join` or `non_admin_add`. */
  readonly method: string | undefined
}

const inviteLink = 'https://chat.whatsapp.com/'

/** Groups: making them, who is in them, what they allow. Members are JIDs or phone numbers with country code. */
export class GroupService {
  readonly #source: SocketSource<GroupServiceSocket>

  /** @param socket a direct or remote socket, or a function that answers the present one */
  constructor(socket: SocketSource<GroupServiceSocket>) {
    this.#source = socket
  }

  get #socket(): GroupServiceSocket {
    return socketOf(this.#source)
  }

  /** @param subject at most 100 characters */
  async create(subject: string, members: readonly string[], options?: GroupCreateOptions): Promise<NewGroup> {
    return await this.#socket.groupCreate(subject, members.map(chatJidOf), options)
  }

  info(group: string): Promise<GroupMetadata> {
    return this.#socket.groupMetadata(group)
  }

  /** All groups that the account is in. */
  async list(): Promise<readonly GroupMetadata[]> {
    return Object.values(await this.#socket.groupFetchAllParticipating())
  }

  leave(group: string): Promise<void> {
    return this.#socket.groupLeave(group)
  }

  setSubject(group: string, subject: string): Promise<void> {
    return this.#socket.groupUpdateSubject(group, subject)
  }

  /** @param description undefined takes it off */
  setDescription(group: string, description: string | undefined): Promise<void> {
    return this.#socket.groupUpdateDescription(group, description)
  }

  setPicture(group: string, picture: MediaFile): Promise<void> {
    return this.#socket.updateProfilePicture(group, mediaOf(picture))
  }

  removePicture(group: string): Promise<void> {
    return this.#socket.removeProfilePicture(group)
  }

  addParticipants(group: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#change(group, people, 'add')
  }

  removeParticipants(group: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#change(group, people, 'remove')
  }

  promote(group: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#change(group, people, 'promote')
  }

  demote(group: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#change(group, people, 'demote')
  }

  /**
   * Invites those whose privacy settings did not let them be added, with a personal invitation each. Others are left out.
   *
   * @param results of {@link addParticipants} or {@link create}
   * @returns the JIDs of those who were sent one
   */
  async inviteRefused(group: string, results: readonly GroupMemberResult[], text = ''): Promise<string[]> {
    const invited: string[] = []
    for (const { jid, invitation } of results) {
      if (jid === undefined || invitation === undefined) continue
      const { subject } = await this.info(group)
      await this.#socket.sendMessage(jid, { groupInvite: { ...invitation, jid: group, subject, text } })
      invited.push(jid)
    }
    return invited
  }

  /** The code of the link that anybody can join with. @throws KurirError `no-invite-code` (404) */
  async getInviteCode(group: string): Promise<string> {
    return inviteCodeOf(group, await this.#socket.groupInviteCode(group))
  }

  async getInviteLink(group: string): Promise<string> {
    return `${inviteLink}${await this.getInviteCode(group)}`
  }

  /** Makes the present link worthless. @returns the code of the new one */
  async revokeInvite(group: string): Promise<string> {
    return inviteCodeOf(group, await this.#socket.groupRevokeInvite(group))
  }

  /**
   * @param invite code or link
   * @returns the group; undefined when its admins have to approve first
   */
  acceptInvite(invite: string): Promise<string | undefined> {
    return this.#socket.groupAcceptInvite(invite)
  }

  /** What a link leads to. @param invite code or link */
  inviteInfo(invite: string): Promise<GroupMetadata> {
    return this.#socket.groupGetInviteInfo(invite)
  }

  async joinRequests(group: string): Promise<readonly JoinRequest[]> {
    const requests = await this.#socket.groupRequestParticipantsList(group)
    return requests.flatMap(({ jid, phone_number, request_time, request_method }) =>
      jid === undefined
        ? []
        : [{ jid, phoneNumber: phone_number, requestedAt: Number(request_time) || 0, method: request_method }],
    )
  }

  approve(group: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#decide(group, people, 'approve')
  }

  reject(group: string, people: readonly string[]): Promise<GroupMemberResult[]> {
    return this.#decide(group, people, 'reject')
  }

  /** Who may write: everybody, or admins alone. */
  setAnnouncement(group: string, adminsOnly: boolean): Promise<void> {
    return this.#socket.groupSettingUpdate(group, adminsOnly ? 'announcement' : 'not_announcement')
  }

  /** Who may change subject, description and picture: everybody, or admins alone. */
  setLocked(group: string, adminsOnly: boolean): Promise<void> {
    return this.#socket.groupSettingUpdate(group, adminsOnly ? 'locked' : 'unlocked')
  }

  /** Who may add members. */
  setMemberAddMode(group: string, adminsOnly: boolean): Promise<void> {
    return this.#socket.groupMemberAddMode(group, adminsOnly ? 'admin_add' : 'all_member_add')
  }

  /** Whether admins approve those who join. */
  setJoinApproval(group: string, isNeeded: boolean): Promise<void> {
    return this.#socket.groupJoinApprovalMode(group, isNeeded ? 'on' : 'off')
  }

  /** @param seconds 0 (off), 86400, 604800 or 7776000 */
  setDisappearing(group: string, seconds: 0 | 86_400 | 604_800 | 7_776_000): Promise<void> {
    return this.#socket.groupToggleEphemeral(group, seconds)
  }

  /** The own label in a group, of at most 30 characters; empty takes it off. */
  async setMemberLabel(group: string, label: string): Promise<void> {
    await this.#socket.updateMemberLabel(group, label)
  }

  /** Everybody has their own result: one who cannot be changed does not keep the others. */
  async #change(group: string, people: readonly string[], action: GroupMemberAction): Promise<GroupMemberResult[]> {
    return await this.#socket.groupParticipantsUpdate(group, people.map(chatJidOf), action)
  }

  async #decide(group: string, people: readonly string[], action: 'approve' | 'reject'): Promise<GroupMemberResult[]> {
    return await this.#socket.groupRequestParticipantsUpdate(group, people.map(chatJidOf), action)
  }
}
