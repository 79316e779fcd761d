import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Switches of the service that this library follows (docs/protocol/04, 6.3). */
export interface ServerProps {
  /** Tokens of trust go along with messages to single people. */
  privacyTokenOn1to1: boolean
  /** They go along with questions for profile pictures. */
  profilePicPrivacyToken: boolean
  /** They are issued to LIDs instead of phone numbers. */
  lidTrustedTokenIssueToLid: boolean
}

/** What counts until the service has said otherwise; the values are Baileys'. */
export const defaultServerProps: Readonly<ServerProps> = {
  privacyTokenOn1to1: true,
  profilePicPrivacyToken: true,
  lidTrustedTokenIssueToLid: false,
}

/** Under which names the service speaks of each switch: by number, and by text in older answers. */
const namesOf: Readonly<Record<keyof ServerProps, readonly string[]>> = {
  privacyTokenOn1to1: ['10518', 'privacy_token_sending_on_all_1_on_1_messages'],
  profilePicPrivacyToken: ['9666', 'profile_scraping_privacy_token_in_photo_iq'],
  lidTrustedTokenIssueToLid: ['14303', 'lid_trusted_token_issue_to_lid'],
}

const truths: ReadonlySet<string> = new Set(['1', 'true', 'True'])

/** @param hash of the properties that are known; the service then tells what differs, or nothing */
export function buildPropsQuery(hash: string | undefined): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'abt' },
    content: [{ tag: 'props', attrs: { protocol: '1', ...(hash ? { hash } : {}) } }],
  }
}

export interface PropsAnswer {
  readonly hash: string | undefined
  /** Only what differs from the known properties was told. */
  readonly isDelta: boolean
  /** Seconds until they should be asked for again, where the service says so: ten minutes to a week. */
  readonly refreshSeconds: number | undefined
  /** The switches that were told. */
  readonly props: Partial<ServerProps>
}

const shortestRefresh = 600
const longestRefresh = 604_800

/** An answer without any property repeats nothing: the hash was the present one. */
export function parsePropsAnswer(answer: BinaryNode): PropsAnswer {
  const node = getBinaryNodeChild(answer, 'props')
  const listed = getBinaryNodeChildren(node, 'prop')
  const { hash, delta_update, refresh } = node?.attrs ?? {}
  const seconds = refresh !== undefined && /^\d{1,9}$/.test(refresh) ? Number(refresh) : undefined
  return {
    hash: hash || undefined,
    isDelta: delta_update === 'true' || listed.length === 0,
    refreshSeconds: seconds && Math.min(Math.max(seconds, shortestRefresh), longestRefresh),
    props: switchesIn(listed),
  }
}

function switchesIn(listed: readonly BinaryNode[]): Partial<ServerProps> {
  const values = new Map<string, string | undefined>()
  for (const { attrs } of listed) {
    const name = attrs['name'] ?? attrs['config_code']
    if (name !== undefined) values.set(name, attrs['value'] ?? attrs['config_value'])
  }
  const props: Partial<ServerProps> = {}
  for (const [prop, names] of Object.entries(namesOf) as [keyof ServerProps, readonly string[]][]) {
    const value = names.map(name => values.get(name)).find(text => text !== undefined)
    if (value !== undefined) props[prop] = truths.has(value)
  }
  return props
}
