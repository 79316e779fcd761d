import { jidNormalizedUser } from '../binary/jid.js'
import type { GroupMetadata } from '../groups/group-types.js'
import type { OwnAccount } from '../messages/own-account.js'
import { ExpiringMap } from '../time/expiring-map.js'
import { participantHash } from '../usync/participant-hash.js'
import type { SocketCore } from './core.js'
import type { DeviceDirectory } from './device-directory.js'
import { isHosted } from './message-copies.js'
import { isThisDevice } from './own-account.js'

const GROUPS_KEPT = 200
/** Lists of devices age too: this much later at most they are seen to have. */
const TTL_MS = 60_000

/** The devices that a message to a group is for. */
export interface GroupAudience {
  /** This one included, when the account's list names it. */
  readonly all: readonly string[]
  /** All but this one. */
  readonly others: readonly string[]
  /** Names the others and this one. */
  readonly phash: string
}

interface KnownAudience {
  readonly audience: GroupAudience
  /** The members that it was made for, and the state of the lists of devices. */
  readonly members: string
  readonly revision: number
}

/**
 * Finds the devices of groups, and remembers them while neither the members nor anybody's devices change: looking
 * through a thousand of them takes longer than the encryption of a message.
 */
export class GroupAudiences {
  readonly #devices: Pick<DeviceDirectory, 'devicesOf' | 'revision'>
  readonly #known: ExpiringMap<KnownAudience>

  constructor({ config }: Pick<SocketCore, 'config'>, devices: Pick<DeviceDirectory, 'devicesOf' | 'revision'>) {
    this.#devices = devices
    this.#known = new ExpiringMap({ limit: GROUPS_KEPT, ttlMs: TTL_MS, clock: config.clock })
  }

  /** @param meId this device, by the name that the group knows it by */
  async of(
    { id, participants }: GroupMetadata,
    meId: string,
    me: OwnAccount,
    useCache: boolean,
  ): Promise<GroupAudience> {
    const users = new Set([...participants.map(participant => participant.id), jidNormalizedUser(meId)])
    const members = [...users].join()
    const { revision } = this.#devices
    const known = useCache ? this.#known.get(id) : undefined
    if (known?.members === members && known.revision === revision) return known.audience
    const listed = await this.#devices.devicesOf([...users], useCache)
    const all = listed.filter(device => !isHosted(device))
    const others = all.filter(device => !isThisDevice(device, me))
    const audience = { all, others, phash: participantHash([...others, meId]) }
    // Lists that came meanwhile may differ from those that were read.
    if (revision === this.#devices.revision) this.#known.set(id, { audience, members, revision })
    return audience
  }
}
