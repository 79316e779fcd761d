import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Privacy settings by category (docs/protocol/04, 5.1); the connection adds the id. */

/** Who may see the last seen, the profile picture, the about text: `contact_blacklist` is contacts with exceptions. */
export type WAPrivacyValue = 'all' | 'contacts' | 'contact_blacklist' | 'none'
export type WAPrivacyOnlineValue = 'all' | 'match_last_seen'
export type WAPrivacyGroupAddValue = 'all' | 'contacts' | 'contact_blacklist'
export type WAReadReceiptsValue = 'all' | 'none'
export type WAPrivacyCallValue = 'all' | 'known'
export type WAPrivacyMessagesValue = 'all' | 'contacts'

/** The settings that this library changes, by their names on the wire. */
export interface PrivacyValues {
  readonly last: WAPrivacyValue
  readonly online: WAPrivacyOnlineValue
  readonly profile: WAPrivacyValue
  readonly status: WAPrivacyValue
  readonly readreceipts: WAReadReceiptsValue
  readonly groupadd: WAPrivacyGroupAddValue
  readonly calladd: WAPrivacyCallValue
  readonly messages: WAPrivacyMessagesValue
}

export type PrivacyCategory = keyof PrivacyValues

export function buildPrivacyQuery(): BinaryNode {
  return iq('get', { tag: 'privacy', attrs: {} })
}

export function buildPrivacyChange(name: PrivacyCategory, value: string): BinaryNode {
  return iq('set', { tag: 'privacy', attrs: {}, content: [{ tag: 'category', attrs: { name, value } }] })
}

/** Category to value, categories that we do not know included; a value that the service could not tell is left out. */
export function parsePrivacySettings(answer: BinaryNode): Record<string, string> {
  return settingsIn(getBinaryNodeChild(answer, 'privacy'))
}

/** What has changed of the settings, as an `account_sync` notification tells it; undefined: ask for all of them. */
export function parsePrivacyChange(privacy: BinaryNode): Record<string, string> | undefined {
  const changed = settingsIn(privacy)
  return Object.keys(changed).length > 0 ? changed : undefined
}

function settingsIn(privacy: BinaryNode | undefined): Record<string, string> {
  const settings: [string, string][] = []
  for (const { attrs } of getBinaryNodeChildren(privacy, 'category')) {
    const { name, value } = attrs
    if (name && value && value !== 'error') settings.push([name, value])
  }
  return Object.fromEntries(settings)
}

function iq(type: 'get' | 'set', child: BinaryNode): BinaryNode {
  return { tag: 'iq', attrs: { to: S_WHATSAPP_NET, type, xmlns: 'privacy' }, content: [child] }
}
