import { isLidUser, isPnUser } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'
import { userFormOf } from '../messages/own-account.js'
import type { SocketCore } from './core.js'
import { otherNameOf } from './other-name.js'

/** How lists of the account name a person. */
export interface PersonAddress {
  /** LID; the phone number's JID for accounts that have not moved to LIDs. */
  readonly jid: string
  readonly phoneNumber?: string
}

/**
 * The names under which the blocklist and lists of exceptions keep somebody (docs/protocol/04, 5.2 and 5.3).
 *
 * @throws KurirError `invalid-jid` (400) for what is no person, `lid-unknown` (400) when the account goes by LIDs and that
 *   of a number cannot be found out
 */
export async function addressOf(core: SocketCore, jid: string): Promise<PersonAddress> {
  const user = userFormOf(jid)
  const other = isLidUser(user) || isPnUser(user) ? await otherNameOf(core, user) : undefined
  if (isLidUser(user)) return { jid: user, ...(other && { phoneNumber: other }) }
  if (!isPnUser(user)) {
    throw new KurirError('invalid-jid', `Invalid jid: ${jid}`, { statusCode: 400, data: { jid } })
  }
  if (other) return { jid: other, phoneNumber: user }
  if (core.creds.me?.lid === undefined) return { jid: user }
  throw new KurirError('lid-unknown', `Unable to resolve LID for PN JID: ${jid}`, { statusCode: 400, data: { jid } })
}
