import { isJidBroadcast, isJidGroup, isJidNewsletter, jidDecode, jidNormalizedUser } from '../binary/jid.js'

/** The own account under both names. Device parts are kept where they are known and ignored by comparisons. */
export interface OwnAccount {
  /** Phone-number JID, with device. */
  readonly id: string
  /** LID, with device; absent before the server has told it. */
  readonly lid?: string | undefined
}

/** Both namespaces have a hosted form for the same person (docs/protocol/02, 5.7). */
const baseServers: { readonly [server: string]: string } = {
  'c.us': 's.whatsapp.net',
  hosted: 's.whatsapp.net',
  'hosted.lid': 'lid',
}

/**
 * The account without device, in its ordinary namespace: `c.us` and `hosted` become `s.whatsapp.net`, `hosted.lid`
 * becomes `lid`. Empty for what is no JID. Groups and other chats come back as they are.
 */
export function userFormOf(jid: string | null | undefined): string {
  const normalized = jidNormalizedUser(jid ?? undefined)
  const at = normalized.indexOf('@')
  const base = baseServers[normalized.slice(at + 1)]
  return base === undefined ? normalized : `${normalized.slice(0, at)}@${base}`
}

/**
 * Whether two JIDs name the same account, compared inside one namespace: a phone number never equals a LID here, even
 * when the digits agree. Baileys' `areJidsSameUser` looks at the digits alone.
 */
export function isSameAccount(left: string | null | undefined, right: string | null | undefined): boolean {
  if (!left || !right) return false
  const end = userEnd(left)
  // Most comparisons end here: other digits.
  if (end < 1 || end !== userEnd(right) || left.slice(0, end) !== right.slice(0, end)) return false
  return userFormOf(left) === userFormOf(right)
}

/** Where the user part ends: before agent, device or server. */
function userEnd(jid: string): number {
  for (let index = 0; index < jid.length; index += 1) {
    const code = jid.charCodeAt(index)
    if (code === 0x40 || code === 0x3a || code === 0x5f) return index
  }
  return 0
}

/** Whether a JID names the own account, as phone number or as LID. */
export function isOwnAccount(jid: string | null | undefined, me: OwnAccount): boolean {
  return isSameAccount(jid, me.id) || isSameAccount(jid, me.lid)
}

/** Whether a JID names a person or device, not a group, broadcast or channel. */
export function isUserChat(jid: string): boolean {
  return jidDecode(jid) !== undefined && !isJidGroup(jid) && !isJidBroadcast(jid) && !isJidNewsletter(jid)
}

/** Chats in which a message names its author: groups, status, broadcast lists. */
export function hasParticipants(jid: string): boolean {
  return isJidGroup(jid) === true || isJidBroadcast(jid) === true
}
