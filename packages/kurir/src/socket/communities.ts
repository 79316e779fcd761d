import {
  assertLinked,
  awaitsApproval,
  buildCommunityDelete,
  buildCommunityMembersQuery,
  buildLink,
  buildSubGroupJoin,
  buildSubGroupsQuery,
  buildUnlink,
  type LinkedGroup,
  parseCommunityMembers,
  parseSubGroups,
} from '../communities/linked-groups.js'
import { GroupRefusal } from '../groups/group-refusal.js'
import type { GroupMetadata } from '../groups/group-types.js'
import type { SocketCore } from './core.js'
import { checkGroup, type GroupActions } from './group-actions.js'
import type { GroupDirectory } from './group-directory.js'
import type { GroupRequests } from './group-requests.js'

export interface CommunityParts {
  readonly requests: GroupRequests
  readonly directory: GroupDirectory
  readonly actions: GroupActions
}

/** The groups of a community. */
export interface LinkedGroups {
  communityJid: string
  /** Whether the JID that was asked about is the community itself, and not one of its groups. */
  isCommunity: boolean
  linkedGroups: LinkedGroup[]
}

/** What communities can do that groups cannot (docs/protocol/05, 3). */
export class Communities {
  readonly #core: SocketCore
  readonly #parts: CommunityParts

  constructor(core: SocketCore, parts: CommunityParts) {
    this.#core = core
    this.#parts = parts
  }

  /** Of all groups, those that are communities. */
  async fetchAll(): Promise<{ [id: string]: GroupMetadata }> {
    const communities = (await this.#parts.directory.fetchAll()).filter(({ isCommunity }) => isCommunity === true)
    this.#core.ev.emit('groups.update', communities)
    return Object.fromEntries(communities.map(community => [community.id, community]))
  }

  /**
   * Nobody knows whether the service takes who leaves a community out of its groups: they are left before it. Groups
   * that can be left only with the community refuse that.
   */
  async leave(jid: string): Promise<void> {
    const { actions, directory } = this.#parts
    checkGroup(jid)
    const groups = await directory.fetchAll()
    for (const { id, linkedParent } of groups) {
      if (linkedParent !== jid) continue
      try {
        await actions.leave([id])
      } catch (error) {
        if (!(error instanceof GroupRefusal)) throw error
        this.#core.logger.debug({ err: error, jid: id }, 'a group is left with its community')
      }
    }
    await actions.leave([jid])
  }

  async linkedGroups(jid: string): Promise<LinkedGroups> {
    const { linkedParent } = await this.#parts.actions.metadata(jid)
    const communityJid = linkedParent ?? jid
    const answer = await this.#parts.requests.ask(buildSubGroupsQuery(communityJid))
    return { communityJid, isCommunity: linkedParent === undefined, linkedGroups: parseSubGroups(answer) }
  }

  async link(group: string, community: string): Promise<void> {
    const request = buildLink(checkGroup(community), checkGroup(group))
    assertLinked(request, await this.#parts.requests.ask(request))
    this.#changed(group, community)
  }

  async unlink(group: string, community: string): Promise<void> {
    const request = buildUnlink(checkGroup(community), checkGroup(group))
    assertLinked(request, await this.#parts.requests.ask(request))
    this.#changed(group, community)
  }

  async deactivate(community: string): Promise<void> {
    await this.#parts.requests.ask(buildCommunityDelete(checkGroup(community)))
    await this.#parts.directory.left(community)
  }

  /** @returns false when an admin has to approve it */
  async joinGroup(group: string, community: string): Promise<boolean> {
    const answer = await this.#parts.requests.ask(buildSubGroupJoin(checkGroup(community), checkGroup(group)))
    this.#parts.directory.changed(group)
    return !awaitsApproval(answer)
  }

  async members(community: string): Promise<{ id: string; phoneNumber?: string }[]> {
    return parseCommunityMembers(await this.#parts.requests.ask(buildCommunityMembersQuery(checkGroup(community))))
  }

  #changed(...jids: readonly string[]): void {
    for (const jid of jids) this.#parts.directory.changed(jid)
  }
}
