import type { BinaryNode } from '../binary/node.js'
import { applyGroupChange, type GroupChange } from '../groups/group-change.js'
import type { GroupNotification } from '../groups/group-notification.js'
import {
  buildBatchQuery,
  buildMetadataQuery,
  buildParticipatingQuery,
  MOST_GROUPS_AT_ONCE,
  parseGroupAnswer,
  parseGroupList,
} from '../groups/group-queries.js'
import type { GroupRefusalReason } from '../groups/group-refusal.js'
import { inPieces } from '../groups/group-request.js'
import type { GroupMetadata } from '../groups/group-types.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'
import { GroupRequests } from './group-requests.js'
import { Coalescer } from './scheduling.js'

const GROUPS_KEPT = 1000
/** Notifications keep the cache fresh; the age only bounds what a missed one can do. */
const METADATA_TTL_MS = 3_600_000

/** Group metadata with a cache that notifications keep fresh and that shares concurrent queries. */
export class GroupDirectory {
  readonly #core: SocketCore
  readonly #requests: GroupRequests
  /** Behind one more reference: a change is put in without making the entry younger. */
  readonly #cache: ExpiringMap<{ metadata: GroupMetadata }>
  readonly #queries = new Coalescer<GroupMetadata>()
  readonly #listings = new Coalescer<readonly GroupMetadata[]>()
  /** Groups that are being asked for; a change meanwhile makes the answer good for once. */
  readonly #asked = new Map<string, { hasChanged: boolean }>()

  readonly #leaving: ((jid: string) => Promise<void>)[] = []

  constructor(core: SocketCore, requests = new GroupRequests(core)) {
    this.#core = core
    this.#requests = requests
    this.#cache = new ExpiringMap({ limit: GROUPS_KEPT, ttlMs: METADATA_TTL_MS, clock: core.config.clock })
  }

  /** Asks the server. @throws GroupRefusal, KurirError `invalid-group-metadata` */
  fetch(jid: string): Promise<GroupMetadata> {
    return this.#queries.run(jid, async () => {
      const question = { hasChanged: false }
      this.#asked.set(jid, question)
      try {
        const metadata = parseGroupAnswer(await this.#requests.ask(buildMetadataQuery(jid)))
        if (!question.hasChanged) this.#cache.set(jid, { metadata })
        await this.#learnIdentities([metadata])
        return metadata
      } finally {
        this.#asked.delete(jid)
      }
    })
  }

  /** All groups and communities of the account. @throws GroupRefusal */
  fetchAll(): Promise<readonly GroupMetadata[]> {
    return this.#listings.run('all', async () => (await this.#list(buildParticipatingQuery())).groups)
  }

  /** Several groups, and why others were refused. @throws GroupRefusal */
  async fetchSome(
    jids: readonly string[],
  ): Promise<{ readonly groups: readonly GroupMetadata[]; readonly refused: Record<string, GroupRefusalReason> }> {
    const groups: GroupMetadata[] = []
    const refused: Record<string, GroupRefusalReason> = {}
    for (const piece of inPieces(jids, MOST_GROUPS_AT_ONCE)) {
      const listed = await this.#list(buildBatchQuery(piece))
      groups.push(...listed.groups)
      Object.assign(refused, listed.refused)
    }
    return { groups, refused }
  }

  async #list(request: BinaryNode) {
    const { groups, truncated, refused } = parseGroupList(await this.#requests.ask(request))
    await this.learn(groups)
    const whole: GroupMetadata[] = [...groups]
    for (const jid of truncated) whole.push(await this.fetch(jid))
    return { groups: whole, refused }
  }

  /** For sending: the user's cache, ours, the server. */
  async metadata(jid: string, useCache: boolean): Promise<GroupMetadata> {
    if (useCache) {
      const cached = (await this.#core.config.cachedGroupMetadata(jid)) ?? this.#cache.get(jid)?.metadata
      if (cached) return cached
    }
    return this.fetch(jid)
  }

  /** Keeps what notifications and answers have told, of groups whose members they name all. */
  async learn(groups: readonly GroupMetadata[]): Promise<void> {
    for (const metadata of groups) {
      this.changed(metadata.id)
      if ((metadata.size ?? 0) <= metadata.participants.length) this.#cache.set(metadata.id, { metadata })
    }
    await this.#learnIdentities(groups)
  }

  /** Follows a change that the group has told; what does not fit is asked for again by the next who needs it. */
  apply(jid: string, change: GroupChange, told: Pick<GroupNotification, 'author' | 'time'>): void {
    const question = this.#asked.get(jid)
    if (question) question.hasChanged = true
    const entry = this.#cache.get(jid)
    const metadata = entry && applyGroupChange(entry.metadata, change, told)
    if (metadata) entry.metadata = metadata
    else this.#cache.delete(jid)
  }

  /** Calls `handler` with every group that the account is no longer in. */
  whenLeft(handler: (jid: string) => Promise<void>): void {
    this.#leaving.push(handler)
  }

  async left(jid: string): Promise<void> {
    this.changed(jid)
    for (const handler of this.#leaving) await handler(jid)
  }

  /** Something has changed that is not told in full: the next who asks is told by the server. */
  changed(jid: string): void {
    this.#cache.delete(jid)
    const question = this.#asked.get(jid)
    if (question) question.hasChanged = true
  }

  async #learnIdentities(groups: readonly GroupMetadata[]): Promise<void> {
    const pairs = groups.flatMap(({ participants }) =>
      participants.flatMap(({ id, lid, phoneNumber }) => {
        if (phoneNumber && id.endsWith('@lid')) return [{ lid: id, pn: phoneNumber }]
        return lid && !id.endsWith('@lid') ? [{ lid, pn: id }] : []
      }),
    )
    if (pairs.length > 0) await this.#core.repository.lidMapping.storeLIDPNMappings(pairs)
  }
}
