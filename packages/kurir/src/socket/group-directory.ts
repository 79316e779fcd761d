import { getBinaryNodeChild } from '../binary/accessors.js'
import { ServerRefusal } from '../binary/server-refusal.js'
import { KurirError } from '../errors/kurir-error.js'
import { parseGroupMetadata } from '../groups/group-metadata.js'
import type { GroupMetadata } from '../groups/group-types.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'
import { Coalescer } from './scheduling.js'

const GROUPS_KEPT = 1000
/** Notifications keep the cache fresh; the age only bounds what a missed one can do. */
const METADATA_TTL_MS = 3_600_000
const TOO_MANY_QUESTIONS = 429
/** Where the service does not say how long to wait. */
const PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 600_000

/** Group metadata with a cache that notifications invalidate and that shares concurrent queries. */
export class GroupDirectory {
  readonly #core: SocketCore
  readonly #cache = new ExpiringMap<GroupMetadata>({ limit: GROUPS_KEPT, ttlMs: METADATA_TTL_MS })
  readonly #queries = new Coalescer<GroupMetadata>()
  /** Groups that are being asked for; a change meanwhile makes the answer good for once. */
  readonly #asked = new Map<string, { hasChanged: boolean }>()
  /** The service asked us to wait. */
  #pause: { readonly error: ServerRefusal; readonly untilMs: number } | undefined

  constructor(core: SocketCore) {
    this.#core = core
  }

  /**
   * Asks the server. After it has refused for too many questions (429), others are refused here until its time is over.
   *
   * @throws ServerRefusal, KurirError `invalid-group-metadata`
   */
  fetch(jid: string): Promise<GroupMetadata> {
    return this.#queries.run(jid, async () => {
      const question = { hasChanged: false }
      this.#asked.set(jid, question)
      try {
        const metadata = await this.#ask(jid)
        if (!question.hasChanged) this.#cache.set(jid, metadata)
        await this.#learnIdentities(metadata)
        return metadata
      } finally {
        this.#asked.delete(jid)
      }
    })
  }

  async #ask(jid: string): Promise<GroupMetadata> {
    const { connection, config } = this.#core
    if (this.#pause && config.clock() < this.#pause.untilMs) throw this.#pause.error
    try {
      const answer = await connection.query({
        tag: 'iq',
        attrs: { to: jid, type: 'get', xmlns: 'w:g2' },
        content: [{ tag: 'query', attrs: { request: 'interactive' } }],
      })
      const group = getBinaryNodeChild(answer, 'group')
      if (!group) throw new KurirError('invalid-group-metadata', 'The answer holds no group', { data: { jid } })
      return parseGroupMetadata(group)
    } catch (error) {
      if (error instanceof ServerRefusal && error.data === TOO_MANY_QUESTIONS) {
        const pauseMs = error.backoffSeconds === undefined ? PAUSE_MS : error.backoffSeconds * 1000
        this.#pause = { error, untilMs: config.clock() + Math.min(pauseMs, LONGEST_PAUSE_MS) }
      }
      throw error
    }
  }

  /** For sending: the user's cache, ours, the server. */
  async metadata(jid: string, useCache: boolean): Promise<GroupMetadata> {
    if (useCache) {
      const cached = (await this.#core.config.cachedGroupMetadata(jid)) ?? this.#cache.get(jid)
      if (cached) return cached
    }
    return this.fetch(jid)
  }

  changed(jid: string): void {
    this.#cache.delete(jid)
    const question = this.#asked.get(jid)
    if (question) question.hasChanged = true
  }

  async #learnIdentities({ participants }: GroupMetadata): Promise<void> {
    const pairs = participants.flatMap(({ id, lid, phoneNumber }) => {
      if (phoneNumber && id.endsWith('@lid')) return [{ lid: id, pn: phoneNumber }]
      return lid && !id.endsWith('@lid') ? [{ lid, pn: id }] : []
    })
    if (pairs.length > 0) await this.#core.repository.lidMapping.storeLIDPNMappings(pairs)
  }
}
