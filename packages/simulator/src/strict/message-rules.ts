import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { encryptedParts } from './message-form.js'

/** Who sent a message, as far as rules depend on it. */
export interface SenderRole {
  /** Device 0, which has no device identity. */
  readonly phone: boolean
  readonly lenient: boolean
}

/** What the tree of a message cannot say: rules between its parts. */
export const messageRuleMisfit = (node: BinaryNode, form: string, role: SenderRole): string | undefined => {
  if (form === 'user' || form === 'peer') {
    return identityMisfit(node, role) ?? (form === 'user' ? (twinMisfit(node) ?? fanOutMisfit(node)) : undefined)
  }
  if (form === 'group' || form === 'groupKeyOnly') {
    return identityMisfit(node, role) ?? phashMisfit(node) ?? fanOutMisfit(node) ?? revokeMisfit(node)
  }
  if (form.startsWith('retry')) return identityMisfit(node, role) ?? countMisfit(node)
  return undefined
}

/** device-identity stands there exactly when a part opens a session (docs/protocol/02 §7.4). */
const identityMisfit = (node: BinaryNode, { phone, lenient }: SenderRole): string | undefined => {
  if (phone) return undefined
  const opens = encryptedParts(node).some(part => part.attrs['type'] === 'pkmsg')
  const present = getBinaryNodeChild(node, 'device-identity') !== undefined
  if (opens && !present) return 'device-identity must accompany a pkmsg'
  if (!opens && present && !lenient) return 'device-identity stands only with a pkmsg'
  return undefined
}

const twinMisfit = (node: BinaryNode): string | undefined => {
  const lid = node.attrs['to']?.endsWith('@lid') === true
  if (!lid && node.attrs['peer_recipient_pn'] !== undefined) return 'peer_recipient_pn goes with a LID in to'
  if (lid && node.attrs['peer_recipient_lid'] !== undefined) return 'peer_recipient_lid goes with a number in to'
  return undefined
}

const fanOutMisfit = (node: BinaryNode): string | undefined => {
  const participants = getBinaryNodeChild(node, 'participants')
  if (participants === undefined) return undefined
  const seen = new Set<string>()
  for (const { attrs } of getBinaryNodeChildren(participants, 'to')) {
    const jid = attrs['jid'] ?? ''
    if (seen.has(jid)) return `participants name ${jid} twice`
    seen.add(jid)
  }
  return undefined
}

const phashMisfit = (node: BinaryNode): string | undefined => {
  const phash = node.attrs['phash']
  if (phash === undefined || /^2:[A-Za-z0-9+/]{8}$/.test(phash)) return undefined
  return 'phash is 2: and 8 characters of base64'
}

const revokeMisfit = (node: BinaryNode): string | undefined => {
  if (node.attrs['edit'] !== '8') return undefined
  const hidden = encryptedParts(node).some(part => part.attrs['decrypt-fail'] !== undefined)
  return hidden ? 'an admin revoke has no decrypt-fail' : undefined
}

const countMisfit = (node: BinaryNode): string | undefined => {
  const count = Number(getBinaryNodeChild(node, 'enc')?.attrs['count'])
  return count >= 1 && count <= 5 ? undefined : 'the count of a repeated message is 1 to 5'
}
