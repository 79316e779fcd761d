/**
 * JID strings: `[user[_agent][:device]]@server` (docs/protocol/01, JID strings). Function names and results are those
 * of Baileys, malformed input included, because programs build on them.
 */

export const S_WHATSAPP_NET = '@s.whatsapp.net'
export const OFFICIAL_BIZ_JID = '16505361212@c.us'
export const SERVER_JID = 'server@c.us'
export const PSA_WID = '0@c.us'
export const STORIES_JID = 'status@broadcast'
export const META_AI_JID = '13135550002@c.us'

export type JidServer =
  | 'c.us'
  | 'g.us'
  | 'broadcast'
  | 's.whatsapp.net'
  | 'call'
  | 'lid'
  | 'newsletter'
  | 'bot'
  | 'hosted'
  | 'hosted.lid'

/** The namespaces that have devices, numbered as in the device form of a JID on the wire. */
export const WAJIDDomains = {
  WHATSAPP: 0,
  LID: 1,
  HOSTED: 128,
  HOSTED_LID: 129,
  0: 'WHATSAPP',
  1: 'LID',
  128: 'HOSTED',
  129: 'HOSTED_LID',
} as const
export type WAJIDDomains = 0 | 1 | 128 | 129

export type JidWithDevice = {
  user: string
  device?: number
}

export type FullJid = JidWithDevice & {
  server: JidServer
  domainType?: number
}

/**
 * Builds a JID. An agent or device of 0 and an empty user are left out; nothing is checked, as in Baileys.
 */
export function jidEncode(user: string | number | null, server: JidServer, device?: number, agent?: number): string {
  const agentPart = agent ? `_${agent}` : ''
  const devicePart = device ? `:${device}` : ''
  return `${user || ''}${agentPart}${devicePart}@${server}`
}

/**
 * Takes a JID apart at the first `@`; undefined when there is none. The domain type comes from the server, else from
 * the agent, else it is 0. A device that is not a number gives NaN. The server is whatever the text says: the type is
 * the caller's expectation, not a check.
 */
export function jidDecode(jid: string | undefined): FullJid | undefined {
  if (typeof jid !== 'string') return undefined
  const at = jid.indexOf('@')
  if (at < 0) return undefined
  const server = jid.slice(at + 1) as JidServer
  const colon = jid.indexOf(':')
  const hasColon = colon >= 0 && colon < at
  const account = jid.slice(0, hasColon ? colon : at)
  const underscore = account.indexOf('_')
  const user = underscore < 0 ? account : account.slice(0, underscore)
  const agent = underscore < 0 ? '' : secondPart(account, underscore, '_')
  const device = hasColon ? secondPart(jid.slice(0, at), colon, ':') : ''
  const domainType = domainTypeOf(server, agent)
  return device === '' ? { server, user, domainType } : { server, user, domainType, device: Number(device) }
}

/** The text between the separator at `index` and the next one. */
function secondPart(text: string, index: number, separator: string): string {
  const next = text.indexOf(separator, index + 1)
  return next < 0 ? text.slice(index + 1) : text.slice(index + 1, next)
}

function domainTypeOf(server: string, agent: string): number {
  switch (server) {
    case 'lid':
      return WAJIDDomains.LID
    case 'hosted':
      return WAJIDDomains.HOSTED
    case 'hosted.lid':
      return WAJIDDomains.HOSTED_LID
    default:
      return agent === '' ? WAJIDDomains.WHATSAPP : Number.parseInt(agent, 10)
  }
}

/** The server of a domain type; `initialServer` for domain 0 and for unknown ones. */
export function getServerFromDomainType(initialServer: string, domainType?: WAJIDDomains): JidServer {
  switch (domainType) {
    case WAJIDDomains.LID:
      return 'lid'
    case WAJIDDomains.HOSTED:
      return 'hosted'
    case WAJIDDomains.HOSTED_LID:
      return 'hosted.lid'
    default:
      return initialServer as JidServer
  }
}

/** The account's JID: without agent and device, `c.us` written as `s.whatsapp.net`; `''` when it is not a JID. */
export function jidNormalizedUser(jid: string | undefined): string {
  const decoded = jidDecode(jid)
  if (decoded === undefined) return ''
  return jidEncode(decoded.user, decoded.server === 'c.us' ? 's.whatsapp.net' : decoded.server)
}

/**
 * The account that a JID belongs to, as the server names it: without device, `c.us` and `hosted` written as
 * `s.whatsapp.net`, `hosted.lid` as `lid`. Undefined when it names no user.
 */
export function accountJid(jid: string | undefined): string | undefined {
  const decoded = jidDecode(jid)
  if (decoded === undefined || decoded.user === '') return undefined
  switch (decoded.server) {
    case 'c.us':
    case 'hosted':
      return `${decoded.user}@s.whatsapp.net`
    case 'hosted.lid':
      return `${decoded.user}@lid`
    default:
      return `${decoded.user}@${decoded.server}`
  }
}

/**
 * Compares the user parts only. Servers are not looked at, and two values that are not JIDs count as equal: that is what
 * Baileys does. To compare identities across phone numbers and LIDs, use the identity mapping.
 */
export function areJidsSameUser(jid1: string | undefined, jid2: string | undefined): boolean {
  return jidDecode(jid1)?.user === jidDecode(jid2)?.user
}

/** The account of `toJid` with the device of `fromJid`. A `toJid` that is not a JID is returned unchanged. */
export function transferDevice(fromJid: string, toJid: string): string {
  const target = jidDecode(toJid)
  if (target === undefined) return toJid
  return jidEncode(target.user, target.server, jidDecode(fromJid)?.device || 0)
}

/** A phone-number account or one of its devices. */
export const isPnUser = (jid: string | undefined): boolean | undefined => jid?.endsWith('@s.whatsapp.net')
/** A LID account or one of its devices. */
export const isLidUser = (jid: string | undefined): boolean | undefined => jid?.endsWith('@lid')
export const isJidGroup = (jid: string | undefined): boolean | undefined => jid?.endsWith('@g.us')
export const isJidNewsletter = (jid: string | undefined): boolean | undefined => jid?.endsWith('@newsletter')
/** A broadcast list, or the status feed. */
export const isJidBroadcast = (jid: string | undefined): boolean | undefined => jid?.endsWith('@broadcast')
export const isJidStatusBroadcast = (jid: string): jid is 'status@broadcast' => jid === STORIES_JID
/** A cloud-hosted business device, named by phone number. */
export const isHostedPnUser = (jid: string | undefined): boolean | undefined => jid?.endsWith('@hosted')
/** A cloud-hosted business device, named by LID. */
export const isHostedLidUser = (jid: string | undefined): boolean | undefined => jid?.endsWith('@hosted.lid')
/** A bot on the bot server. */
export const isJidMetaAI = (jid: string | undefined): boolean | undefined => jid?.endsWith('@bot')

const BOT_PHONE_NUMBER = /^(?:1313555\d{4}|131655500\d{2})$/

/** A bot named by a phone number of the reserved ranges, on `c.us`. */
export function isJidBot(jid: string | undefined): boolean | '' | undefined {
  if (!jid) return jid as '' | undefined
  return jid.endsWith('@c.us') && BOT_PHONE_NUMBER.test(jid.slice(0, jid.indexOf('@')))
}
