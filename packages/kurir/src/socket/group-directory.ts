import { getBinaryNodeChild } from '../binary/accessors.js'
import { KurirError } from '../errors/kurir-error.js'
import { parseGroupMetadata } from '../groups/group-metadata.js'
import type { GroupMetadata } from '../groups/group-types.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'
import { Coalescer } from './scheduling.js'

const GROUPS_KEPT = 1000
/** Notifications keep the cache fresh; the age only bounds what a missed one can do. */
const METADATA_TTL_MS = 3_600_000

/** Group metadata with a cache that notifications invalidate and that shares concurrent queries. */
export class GroupDirectory {
  readonly #core: SocketCore
  readonly #cache = new ExpiringMap<GroupMetadata>({ limit: GROUPS_KEPT, ttlMs: METADATA_TTL_MS })
  readonly #queries = new Coalescer<GroupMetadata>()

  constructor(core: SocketCore) {
    this.#core = core
  }

  /** Asks the server. @throws ServerRefusal, KurirError `invalid-group-metadata` */
  fetch(jid: string): Promise<GroupMetadata> {
    return this.#queries.run(jid, async () => {
      const answer = await this.#core.connection.query({
        tag: 'iq',
        attrs: { to: jid, type: 'get', xmlns: 'w:g2' },
        content: [{ tag: 'query', attrs: { request: 'interactive' } }],
      })
      const group = getBinaryNodeChild(answer, 'group')
      if (!group) throw new KurirError('invalid-group-metadata', 'The answer holds no group', { data: { jid } })
      const metadata = parseGroupMetadata(group)
      this.#cache.set(jid, metadata)
      await this.#learnIdentities(metadata)
      return metadata
    })
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
  }

  async #learnIdentities({ participants }: GroupMetadata): Promise<void> {
    const pairs = participants.flatMap(({ id, lid, phoneNumber }) => {
      if (phoneNumber && id.endsWith('@lid')) return [{ lid: id, pn: phoneNumber }]
      return lid && !id.endsWith('@lid') ? [{ lid, pn: id }] : []
    })
    if (pairs.length > 0) await this.#core.repository.lidMapping.storeLIDPNMappings(pairs)
  }
}
