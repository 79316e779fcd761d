import { type AuthenticationCreds, assertMeId } from '../auth/credentials.js'
import { isHostedLidUser, isLidUser, jidDecode, jidEncode, jidNormalizedUser } from '../binary/jid.js'
import type { OwnAccount } from '../messages/own-account.js'

/** The own account under both names. @throws KurirError `not-authenticated` before pairing */
export function ownAccount(creds: Pick<AuthenticationCreds, 'me'>): OwnAccount {
  return { id: assertMeId(creds), lid: creds.me?.lid }
}

/** The own user in the namespace of a chat: by LID where the chat is one and the own LID is known. */
export function ownUserLike(chat: string, me: OwnAccount): string {
  const byLid = isLidUser(chat) || isHostedLidUser(chat)
  return jidNormalizedUser(byLid && me.lid !== undefined ? me.lid : me.id)
}

/** Whether a device JID names this very device, in either namespace; `user` and `user:0` are one device. */
export function isThisDevice(jid: string, me: OwnAccount): boolean {
  return [me.id, me.lid].some(own => own !== undefined && sameDevice(own, jid))
}

function sameDevice(left: string, right: string): boolean {
  const [a, b] = [jidDecode(left), jidDecode(right)]
  return (
    a !== undefined &&
    b !== undefined &&
    a.user === b.user &&
    a.server === b.server &&
    (a.device ?? 0) === (b.device ?? 0)
  )
}

/** The same device written without `:0`. */
export function canonicalDevice(jid: string): string {
  const decoded = jidDecode(jid)
  return decoded ? jidEncode(decoded.user, decoded.server, decoded.device) : jid
}
