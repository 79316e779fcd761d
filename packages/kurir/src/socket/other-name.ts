import { isLidUser, isPnUser, jidDecode, jidEncode, jidNormalizedUser } from '../binary/jid.js'
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

/** A person under the names that are stored. */
export interface KnownNames {
  readonly lid?: string
  readonly phoneNumber?: string
}

/** Both names of a person, as far as they are stored: nobody is asked, for what comes in must not wait for it. */
export async function knownNamesOf(
  { repository, keys }: Pick<SocketCore, 'repository' | 'keys'>,
  jid: string,
): Promise<KnownNames> {
  const user = jidNormalizedUser(jid)
  if (isLidUser(user)) {
    const number = await repository.lidMapping.getPNForLID(user)
    return { lid: user, ...(number && { phoneNumber: jidNormalizedUser(number) }) }
  }
  if (!isPnUser(user)) return {}
  const number = jidDecode(user)?.user ?? ''
  const { [number]: lid } = await keys.get('lid-mapping', [number])
  return { phoneNumber: user, ...(lid && { lid: jidEncode(lid, 'lid') }) }
}
