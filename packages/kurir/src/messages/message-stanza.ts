import { isJidBroadcast, isJidGroup, isJidNewsletter, jidDecode } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import type { StanzaAttributes } from './stanza-attributes.js'
import { definedAttributes, isMessageId } from './stanza-values.js'

/** What the builders of message stanzas share: parts, their order, and the checks before anything is built. */

/** Largest ciphertext that the service takes in one `<enc>` (docs/protocol/03, 12). */
export const maxEncLength = 1_048_576
/** Most devices that one stanza may name. */
export const maxFanOutDevices = 2_000

/** The message for one device, already encrypted. */
export interface EncryptedCopy {
  /** Device JID; device 0 is written without device part. */
  readonly jid: string
  readonly type: 'msg' | 'pkmsg'
  readonly ciphertext: Uint8Array
}

/** What every message stanza has, whatever its destination. */
export interface MessageStanzaParts {
  readonly id: string
  readonly to: string
  /** From {@link stanzaAttributesOf}. */
  readonly attributes: StanzaAttributes
  /**
   * Own ADVSignedDeviceIdentity with account key and device signature. Written exactly when a copy is a `pkmsg`, so it
   * may always be passed.
   */
  readonly deviceIdentity: Uint8Array | undefined
  /** `<biz/>`, `<bot>` companions of business and bot kinds. */
  readonly biz?: BinaryNode | undefined
  readonly bot?: BinaryNode | undefined
  /** Further `<meta/>` attributes, merged over those that follow from the message. */
  readonly meta?: { readonly [name: string]: string } | undefined
  /** `<reporting>` node, see `reporting-token.ts`. Not for resends. */
  readonly reporting?: BinaryNode | undefined
  /** Attributes and children that a caller of `relayMessage` adds. They win over computed ones. */
  readonly extra?: ExtraStanzaParts | undefined
}

export interface ExtraStanzaParts {
  readonly attributes?: { readonly [name: string]: string } | undefined
  readonly nodes?: readonly BinaryNode[] | undefined
}

/** Attributes of stanzas without content of their own. */
export const plainAttributes: StanzaAttributes = {
  type: 'text',
  mediatype: undefined,
  edit: undefined,
  decryptFail: false,
  meta: {},
}

export function messageNode(
  parts: Pick<MessageStanzaParts, 'id' | 'to' | 'attributes' | 'extra'>,
  attributes: { readonly [name: string]: string | undefined },
  children: readonly BinaryNode[],
): BinaryNode {
  return {
    tag: 'message',
    attrs: {
      ...definedAttributes({
        id: parts.id,
        to: parts.to,
        type: parts.attributes.type,
        edit: parts.attributes.edit,
        ...attributes,
      }),
      ...parts.extra?.attributes,
    },
    content: mergeExtraNodes(children, parts.extra?.nodes),
  }
}

/** Extra `<meta>` merges into ours (the service takes one); other tags replace ours or are appended. */
function mergeExtraNodes(children: readonly BinaryNode[], extra: readonly BinaryNode[] | undefined): BinaryNode[] {
  if (extra === undefined || extra.length === 0) return [...children]
  const merged = [...children]
  for (const node of extra) {
    const position = merged.findIndex(child => child.tag === node.tag && singleTags.has(child.tag))
    const existing = merged[position]
    if (existing === undefined) merged.push(node)
    else if (node.tag === 'meta')
      merged[position] = { ...existing, ...node, attrs: { ...existing.attrs, ...node.attrs } }
    else merged[position] = node
  }
  return merged
}

const singleTags: ReadonlySet<string> = new Set([
  'meta',
  'biz',
  'bot',
  'reporting',
  'device-identity',
  'tctoken',
  'cstoken',
])

function encAttributes(
  type: string,
  attributes: Pick<StanzaAttributes, 'mediatype' | 'decryptFail'>,
): BinaryNode['attrs'] {
  return definedAttributes({
    v: '2',
    type,
    mediatype: attributes.mediatype,
    'decrypt-fail': attributes.decryptFail ? 'hide' : undefined,
  })
}

export function directEnc(copy: Omit<EncryptedCopy, 'jid'>, attributes: StanzaAttributes): BinaryNode {
  return { tag: 'enc', attrs: encAttributes(copy.type, attributes), content: copy.ciphertext }
}

export function addressedCopy(copy: EncryptedCopy, attributes: Partial<StanzaAttributes>): BinaryNode {
  const { mediatype, decryptFail = false } = attributes
  return {
    tag: 'to',
    attrs: { jid: copy.jid },
    content: [{ tag: 'enc', attrs: encAttributes(copy.type, { mediatype, decryptFail }), content: copy.ciphertext }],
  }
}

/** Key distribution has no content of its own: no mediatype (docs/protocol/02, 7.3). */
export function keyDistributionNodes(copies: readonly EncryptedCopy[], decryptFail: boolean): BinaryNode[] {
  if (copies.length === 0) return []
  return [{ tag: 'participants', attrs: {}, content: copies.map(copy => addressedCopy(copy, { decryptFail })) }]
}

export function senderKeyEnc(parts: { attributes: StanzaAttributes; senderKeyMessage: Uint8Array }): BinaryNode {
  return { tag: 'enc', attrs: encAttributes('skmsg', parts.attributes), content: parts.senderKeyMessage }
}

export function deviceIdentityNodes(
  parts: Pick<MessageStanzaParts, 'deviceIdentity' | 'id'>,
  copies: readonly Pick<EncryptedCopy, 'type'>[],
): BinaryNode[] {
  if (!copies.some(copy => copy.type === 'pkmsg')) return []
  if (parts.deviceIdentity === undefined) throw invalidMessage('deviceIdentity', parts.id)
  return [{ tag: 'device-identity', attrs: {}, content: parts.deviceIdentity }]
}

/** biz, meta, bot, reporting: in the order in which the web client writes them. */
export function companionNodes(parts: MessageStanzaParts): BinaryNode[] {
  const nodes: BinaryNode[] = []
  if (parts.biz !== undefined) nodes.push(parts.biz)
  nodes.push(...metaNodes(parts))
  if (parts.bot !== undefined) nodes.push(parts.bot)
  if (parts.reporting !== undefined) nodes.push(parts.reporting)
  return nodes
}

export function metaNodes(parts: Pick<MessageStanzaParts, 'attributes' | 'meta'>): BinaryNode[] {
  const attrs = { ...parts.attributes.meta, ...parts.meta }
  return Object.keys(attrs).length === 0 ? [] : [{ tag: 'meta', attrs }]
}

// ─── checks ──────────────────────────────────────────────────────────────────

export function isUserJid(jid: string): boolean {
  const server = jidDecode(jid)?.server
  return server !== undefined && !isJidGroup(jid) && !isJidBroadcast(jid) && !isJidNewsletter(jid)
}

export function checkDestination(parts: { id: string; to: string }, fits: boolean): void {
  if (!isMessageId(parts.id)) throw invalidMessage('id', parts.id)
  if (!fits || jidDecode(parts.to) === undefined) throw invalidMessage('to', parts.id, { to: parts.to })
}

export function checkCopies(copies: readonly EncryptedCopy[], id: string): void {
  if (copies.length === 0 || copies.length > maxFanOutDevices) {
    throw invalidMessage('copies', id, { count: copies.length })
  }
  const seen = new Set<string>()
  for (const copy of copies) {
    checkCiphertext(copy.ciphertext, id)
    if (seen.has(copy.jid)) throw invalidMessage('copies', id, { duplicate: copy.jid })
    seen.add(copy.jid)
  }
}

export function checkCiphertext(ciphertext: Uint8Array, id: string): void {
  if (ciphertext.byteLength < 1 || ciphertext.byteLength > maxEncLength) {
    throw invalidMessage('ciphertext', id, { length: ciphertext.byteLength })
  }
}

export function invalidMessage(field: string, id: string, detail: Record<string, unknown> = {}): KurirError {
  return new KurirError('invalid-message-stanza', `No valid message stanza: ${field}`, {
    statusCode: 400,
    data: { field, id, ...detail },
  })
}
