import { isPnUser, jidNormalizedUser } from '../binary/jid.js'
import { isUserChat } from '../messages/own-account.js'
import type { SocketCore } from './core.js'

/** The name of a user in the other namespace, LID or phone number; undefined when it is not known, and for groups. */
export async function otherNameOf(
  { repository }: Pick<SocketCore, 'repository'>,
  jid: string,
): Promise<string | undefined> {
  if (!isUserChat(jid)) return undefined
  const { lidMapping } = repository
  const other = isPnUser(jid) ? await lidMapping.getLIDForPN(jid) : await lidMapping.getPNForLID(jid)
  return other ? jidNormalizedUser(other) : undefined
}
