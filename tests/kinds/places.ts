import type { Phone } from '@kurir/simulator'
import type { GroupMetadata, WASocket } from 'kurir'
import type { ChatKind } from './message-kind.js'
import type { Places } from './party.js'

/** Groups that a client takes for announcement groups of a community, by its cache: the simulator has no communities. */
export type Announcements = Map<string, GroupMetadata>

/** A group with one of them as its admin, and a channel of the same one. */
export async function newPlaces(
  kind: ChatKind,
  [owner, other]: readonly [Phone, Phone],
  { groupMetadata }: Pick<WASocket, 'groupMetadata'>,
  announcements: Announcements,
): Promise<Places> {
  const group = await owner.createGroup('Lunch', [other.jid])
  if (kind === 'announcement') {
    announcements.set(group, { ...(await groupMetadata(group)), isCommunityAnnounce: true })
  }
  const channel = owner.createNewsletter('News')
  other.followNewsletter(channel)
  return { group, channel }
}
