import type { GroupMetadata } from '../groups/group-types.js'
import { identityOf } from './identity.js'

/** What the buffer holds of groups.update: one entry per group, later members win (docs/protocol/04, 7.5). */
export class PendingGroupChanges {
  readonly updates = new Map<unknown, Partial<GroupMetadata>>()

  update(update: Partial<GroupMetadata>): void {
    const id = identityOf(update)
    const known = this.updates.get(id)
    if (known) Object.assign(known, update)
    else this.updates.set(id, { ...update })
  }
}
