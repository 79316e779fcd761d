import { isJidGroup, isLidUser, isPnUser, jidDecode, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { buildGroupCreate, type CommunityParts, parseGroupCreate } from '../groups/group-create.js'
import {
  buildInvitePreview,
  buildInviteQuery,
  buildInviteReset,
  buildJoinByCode,
  inviteCodeOf,
  parseInviteCode,
  parseJoin,
} from '../groups/group-invites.js'
import {
  type AddedMember,
  buildMembersChange,
  MOST_MEMBERS_AT_ONCE,
  parseMembersChange,
} from '../groups/group-members.js'
import { parseGroupAnswer } from '../groups/group-queries.js'
import type { GroupRefusalReason } from '../groups/group-refusal.js'
import { buildReport, buildReportsQuery, type GroupReport, parseReports } from '../groups/group-reports.js'
import { inPieces } from '../groups/group-request.js'
import {
  buildAcknowledge,
  buildDescriptionChange,
  buildGroupTimer,
  buildJoinApproval,
  buildLeave,
  buildMemberAddMode,
  buildSettingChange,
  buildSubjectChange,
} from '../groups/group-settings.js'
import type {
  GroupCreateOptions,
  GroupMemberAction,
  GroupMemberResult,
  GroupMetadata,
  GroupSetting,
  ParticipantAction,
} from '../groups/group-types.js'
import {
  buildJoinCancel,
  buildJoinDecision,
  buildJoinRequestsQuery,
  MOST_REQUESTS_AT_ONCE,
  parseJoinCancel,
  parseJoinDecision,
  parseJoinRequests,
} from '../groups/join-requests.js'
import { generateMessageIDV2 } from '../messages/ids.js'
import type { ContactTokens } from './contact-tokens.js'
import type { SocketCore } from './core.js'
import type { GroupDirectory } from './group-directory.js'
import type { GroupRequests } from './group-requests.js'
import { otherNameOf } from './other-name.js'
import { ownAccount } from './own-account.js'

const memberActions: ReadonlySet<string> = new Set<GroupMemberAction>(['add', 'remove', 'promote', 'demote'])
/** Ids of descriptions: as long as other clients make them. */
const descriptionIdLength = 12

export interface GroupActionParts {
  readonly requests: GroupRequests
  readonly directory: GroupDirectory
  readonly tokens: Pick<ContactTokens, 'tokenOf'>
}

/** A new group, and who could not be added to it. */
export type NewGroup = GroupMetadata & {
  /** People who are not in it, and why; `invitation` is what to send to those whose privacy forbids it. */
  failed: GroupMemberResult[]
}

/** Asks for and changes groups, and communities, which are groups too (docs/protocol/05, 1 and 3). */
export class GroupActions {
  readonly #core: SocketCore
  readonly #parts: GroupActionParts

  constructor(core: SocketCore, parts: GroupActionParts) {
    this.#core = core
    this.#parts = parts
  }

  async metadata(jid: string): Promise<GroupMetadata> {
    return this.#parts.directory.fetch(checkGroup(jid))
  }

  async fetchAll(): Promise<{ [id: string]: GroupMetadata }> {
    const groups = await this.#parts.directory.fetchAll()
    this.#core.ev.emit('groups.update', [...groups])
    return byId(groups)
  }

  async fetchSome(
    jids: readonly string[],
  ): Promise<{ groups: { [id: string]: GroupMetadata }; refused: { [id: string]: GroupRefusalReason } }> {
    const { groups, refused } = await this.#parts.directory.fetchSome(jids.map(checkGroup))
    return { groups: byId(groups), refused }
  }

  /** The same key never makes a second group: a caller that tries again passes it. */
  async create(
    subject: string,
    participants: readonly string[],
    options: GroupCreateOptions & CommunityParts & { readonly key?: string },
  ): Promise<NewGroup> {
    const { directory } = this.#parts
    const key = options.key ?? this.#newId()
    const members = await this.#addable(participants)
    const descriptionId = this.#newId().slice(0, descriptionIdLength)
    const answer = await this.#ask(buildGroupCreate({ ...options, subject, members, key, descriptionId }))
    const created = parseGroupCreate(answer)
    if (created.kind === 'existing') return { ...(await directory.fetch(created.jid)), failed: [] }
    await directory.learn([created.metadata])
    return { ...created.metadata, failed: [...created.failed] }
  }

  async leave(jids: readonly string[]): Promise<void> {
    await this.#ask(buildLeave(jids.map(checkGroup)))
    for (const jid of jids) await this.#parts.directory.left(jid)
  }

  async updateSubject(jid: string, subject: string): Promise<void> {
    await this.#change(buildSubjectChange(checkGroup(jid), subject))
  }

  /** The service takes a change of the present version only, so that one is asked for first. */
  async updateDescription(jid: string, text: string | undefined): Promise<void> {
    const { descId: previous } = await this.metadata(jid)
    const id = this.#newId().slice(0, descriptionIdLength)
    await this.#change(buildDescriptionChange(jid, { id, previous, text }))
  }

  async updateSetting(jid: string, setting: GroupSetting): Promise<void> {
    await this.#change(buildSettingChange(checkGroup(jid), setting))
  }

  async updateMemberAddMode(jid: string, mode: 'admin_add' | 'all_member_add'): Promise<void> {
    await this.#change(buildMemberAddMode(checkGroup(jid), mode))
  }

  async updateJoinApproval(jid: string, mode: 'on' | 'off'): Promise<void> {
    await this.#change(buildJoinApproval(checkGroup(jid), mode))
  }

  async updateTimer(jid: string, seconds: number): Promise<void> {
    await this.#change(buildGroupTimer(checkGroup(jid), seconds))
  }

  async updateParticipants(
    jid: string,
    participants: readonly string[],
    action: ParticipantAction,
    fromLinkedGroups = false,
  ): Promise<GroupMemberResult[]> {
    checkGroup(jid)
    if (!isMemberAction(action)) {
      throw new KurirError('invalid-group-request', 'This is told by groups and cannot be asked for', {
        statusCode: 400,
        data: { jid, action },
      })
    }
    const named = participants.map(checkUser)
    const members = action === 'add' ? await this.#addable(named) : named.map(user => ({ jid: user }))
    const results: GroupMemberResult[] = []
    for (const piece of inPieces(members, MOST_MEMBERS_AT_ONCE)) {
      const answer = await this.#change(buildMembersChange(jid, { action, members: piece, fromLinkedGroups }))
      results.push(...parseMembersChange(answer, action))
    }
    return results
  }

  async joinRequests(jid: string): Promise<{ [key: string]: string }[]> {
    return parseJoinRequests(await this.#ask(buildJoinRequestsQuery(checkGroup(jid))))
  }

  async decideJoinRequests(
    jid: string,
    participants: readonly string[],
    action: 'approve' | 'reject',
  ): Promise<GroupMemberResult[]> {
    checkGroup(jid)
    const results: GroupMemberResult[] = []
    for (const piece of inPieces(participants.map(checkUser), MOST_REQUESTS_AT_ONCE)) {
      results.push(...parseJoinDecision(await this.#change(buildJoinDecision(jid, action, piece)), action))
    }
    return results
  }

  /** By the name under which the group knows its members. */
  async cancelJoinRequest(jid: string): Promise<boolean> {
    const me = ownAccount(this.#core.creds)
    const answer = await this.#change(buildJoinCancel(checkGroup(jid), jidNormalizedUser(me.lid ?? me.id)))
    return parseJoinCancel(answer).every(({ reason }) => reason === undefined)
  }

  async inviteCode(jid: string): Promise<string | undefined> {
    return parseInviteCode(await this.#ask(buildInviteQuery(checkGroup(jid))))
  }

  async revokeInvite(jid: string): Promise<string | undefined> {
    return parseInviteCode(await this.#ask(buildInviteReset(checkGroup(jid))))
  }

  async acceptInvite(codeOrLink: string): Promise<string | undefined> {
    const outcome = parseJoin(await this.#ask(buildJoinByCode(inviteCodeOf(codeOrLink))))
    if (outcome?.kind !== 'joined') return undefined
    this.#parts.directory.changed(outcome.jid)
    return outcome.jid
  }

  async inviteInfo(codeOrLink: string): Promise<GroupMetadata> {
    return parseGroupAnswer(await this.#ask(buildInvitePreview(inviteCodeOf(codeOrLink))))
  }

  async acknowledge(jid: string): Promise<void> {
    await this.#change(buildAcknowledge(checkGroup(jid)))
  }

  async report(jid: string, messageId: string): Promise<void> {
    await this.#ask(buildReport(checkGroup(jid), messageId))
  }

  async reports(jid: string): Promise<GroupReport[]> {
    return parseReports(await this.#ask(buildReportsQuery(checkGroup(jid))))
  }

  /** With what lets the service find them, and shows that they trust us (docs/protocol/05, 1.5). */
  async #addable(participants: readonly string[]): Promise<AddedMember[]> {
    const users = participants.map(checkUser)
    // One question for all: tokens are filed by LID.
    await this.#core.repository.lidMapping.getLIDsForPNs(users.filter(user => isPnUser(user)))
    return Promise.all(
      users.map(async jid => ({
        jid,
        phoneNumber: isLidUser(jid) ? await otherNameOf(this.#core, jid) : undefined,
        token: await this.#parts.tokens.tokenOf(jid),
      })),
    )
  }

  #newId(): string {
    return generateMessageIDV2(this.#core.creds.me?.id)
  }

  #ask(request: BinaryNode): Promise<BinaryNode> {
    return this.#parts.requests.ask(request)
  }

  /** What follows may not rest on what was known of the group before. */
  async #change(request: BinaryNode): Promise<BinaryNode> {
    const answer = await this.#ask(request)
    this.#parts.directory.changed(request.attrs['to'] ?? '')
    return answer
  }
}

function isMemberAction(action: ParticipantAction): action is GroupMemberAction {
  return memberActions.has(action)
}

function byId(groups: readonly GroupMetadata[]): { [id: string]: GroupMetadata } {
  return Object.fromEntries(groups.map(metadata => [metadata.id, metadata]))
}

/** @throws KurirError `invalid-jid` */
export function checkGroup(jid: string): string {
  if (isJidGroup(jid) === true && jidDecode(jid)?.user) return jid
  throw new KurirError('invalid-jid', 'Not the JID of a group', { statusCode: 400, data: { jid } })
}

/** A user without device, as groups name their members. @throws KurirError `invalid-jid` */
export function checkUser(jid: string): string {
  const user = jidNormalizedUser(jid)
  const server = jidDecode(user)?.server
  if ((server === 's.whatsapp.net' || server === 'lid') && jidDecode(user)?.user) return user
  throw new KurirError('invalid-jid', 'Not the JID of a user', { statusCode: 400, data: { jid } })
}
